"""Keeps an intent, opens it where the operator makes its reference, and keeps that for good.

An operator takes such a reference once. It lies in write-once storage beside the intent before
money goes out under it, and there is no second one, whatever a database has forgotten: so whoever
sends can only send what was sent before, which the operator refuses.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from shared.domain import intent as intents
from shared.domain.account import OPENING
from shared.domain.charge import Attempt
from shared.domain.deadline import Deadline
from shared.domain.errors import AskAgain
from shared.domain.outgoing import SUBMIT_LEASE, Outgoing, OutgoingEvent
from shared.domain.receipt import retain_until
from shared.operations import outgoing_moves as moves
from shared.operations.outgoing_store import OutgoingMove, OutgoingNote, OutgoingStore
from shared.operations.ports import (
    Lease,
    NotSent,
    PaymentRead,
    PayoutReader,
    PayoutSender,
    Reached,
    ReadState,
    StoredDifferentlyError,
    StoredObject,
    StoreDownError,
    Unknown,
)
from shared.operations.taken_back import IntentJournal

CONSUMER: Final = "submit_payout"
GIVEN_UP: Final = "given_up"
SENT_BEFORE: Final = "sent_before"


def is_missing(outgoing: Outgoing, attempt: Attempt | None) -> bool:
    """Tell whether its operator makes a reference, and none is known here."""
    return outgoing.operator in OPENING and (attempt is None or attempt.operator_reference is None)


def is_unpaid(read: PaymentRead) -> bool:
    """Tell whether the operator says that nobody has asked it for this yet."""
    return read.state is ReadState.NOT_FOUND or read.operator_word == moves.INITIATED


class Opening:
    """What keeping and opening need beside the payout: the journal, the database and a clock."""

    def __init__(
        self,
        store: OutgoingStore,
        journal: IntentJournal,
        *,
        retention_days: int,
        now: Callable[[], datetime],
        reached: Reached,
    ) -> None:
        """Keep them; nothing is asked yet."""
        self._store = store
        self._journal = journal
        self._retention_days = retention_days
        self._now = now
        self._reached = reached

    def keep_intent(self, outgoing: Outgoing) -> bool:
        """Write the intent down where it stays; tell whether it is there only now.

        Then nobody can have sent it. Raises StoreDownError, and StoredDifferentlyError where
        another intent lies there.
        """
        if outgoing.journaled_at is not None:
            return False
        intent = moves.intent_of(outgoing)
        self._reached("submit_payout.before_put")
        kept = self._put(outgoing, intent.object_key, intent.body)
        self._reached("submit_payout.after_put")
        return not kept.was_there

    def is_kept(self, outgoing: Outgoing) -> bool:
        """Tell whether an intent lies in its place, whosever. Raises StoreDownError."""
        return self._journal.find(moves.intent_of(outgoing).object_key) is not None

    def opened(
        self,
        outgoing: Outgoing,
        attempt: Attempt,
        sender: PayoutSender,
        reader: PayoutReader,
        *,
        deadline: Deadline,
    ) -> tuple[Outgoing, Attempt] | NotSent | Unknown | None:
        """Return both with the one reference, committed under a lease that begins anew.

        As they are where it is known, or ours. None where the lease was lost meanwhile, and nothing
        was asked. Unknown where a reference was kept before this database knew of it, and may have
        served.
        """
        if not is_missing(outgoing, attempt):
            return outgoing, attempt
        kept = self._opened(outgoing, sender, deadline=deadline)
        if isinstance(kept, NotSent):
            return kept
        reference, is_new = kept
        attempt = replace(attempt, operator_reference=reference)
        lease_until = self._now() + SUBMIT_LEASE
        held = self._store.keep_opened(outgoing, attempt, lease_until=lease_until)
        if held is None:
            return None
        self._reached("submit_payout.after_opened")
        return (held, attempt) if is_new else self._again(held, attempt, reader, deadline=deadline)

    def _opened(
        self, outgoing: Outgoing, sender: PayoutSender, *, deadline: Deadline
    ) -> tuple[str, bool] | NotSent:
        """Have the operator make a reference; return the one that is kept, and whether it is it."""
        if self._now() >= outgoing.submit_before or deadline.is_over:
            return NotSent("too_late")
        self._reached("submit_payout.before_open")
        opened = sender.open_payout(deadline=deadline)
        self._reached("submit_payout.after_open")
        if isinstance(opened, NotSent):
            return opened
        try:
            kept = self._keep(outgoing, opened.reference)
        except StoreDownError as failure:
            return NotSent(f"journal: {failure}")
        self._reached("submit_payout.after_keep")
        return NotSent(GIVEN_UP) if kept is None else (kept, kept == opened.reference)

    def is_out_of_time(self, outgoing: Outgoing, attempt: Attempt | None) -> bool:
        """Tell what only a sender can end: who reads cannot ask for it by any reference."""
        now = self._now()
        is_in_time = now < outgoing.submit_before
        is_held = is_in_time or outgoing.is_leased(now) or outgoing.stopped_at is not None
        is_open = outgoing.after(OutgoingEvent.ABANDONED) is not None
        is_unopened = is_missing(outgoing, attempt) and moves.is_unsent(outgoing, attempt)
        return is_open and is_unopened and not is_held

    def give_up(self, outgoing: Outgoing, attempt: Attempt | None, ended: OutgoingMove) -> str:
        """End what was never opened, once nobody can open it any more.

        Raises AskAgain while the journal is down.
        """
        try:
            kept = self._keep(outgoing, None)
        except StoreDownError as failure:
            raise AskAgain(f"journal: {failure}") from failure
        if kept is not None:
            note = OutgoingNote(outgoing, attempt, "opened_before", None, self._now())
            self._store.note(moves.case(note, "sent_and_forgotten", stops=True))
            return "sent_and_forgotten"
        # The lease of whoever died while opening it stands; it is over, and nobody can go on.
        return (
            ended.cause.value if self._store.move(replace(ended, lease=Lease.ANY)) else "not_ours"
        )

    def _keep(self, outgoing: Outgoing, reference: str | None) -> str | None:
        """Keep a reference, or for None that there will be none; return what is kept.

        Raises StoreDownError.
        """
        place, body = intents.opened(moves.intent_of(outgoing), reference)
        try:
            self._put(outgoing, place, body)
        except StoredDifferentlyError as there:
            return intents.opened_reference(there.found)
        return reference

    def _put(self, outgoing: Outgoing, place: str, body: bytes) -> StoredObject:
        until = retain_until(
            outgoing.created_at,
            livemode=outgoing.livemode,
            now=self._now(),
            retention_days=self._retention_days,
        )
        return self._journal.put(place, body, content_type=intents.CONTENT_TYPE, retain_until=until)

    def _again(
        self, held: Outgoing, attempt: Attempt, reader: PayoutReader, *, deadline: Deadline
    ) -> tuple[Outgoing, Attempt] | NotSent | Unknown:
        """A sender died after keeping another, or the database is one of yesterday: ask."""
        read = reader.read_payout(attempt.known_as, deadline=deadline)
        if read.state is ReadState.UNKNOWN:
            return NotSent(read.operator_word)
        return (held, attempt) if is_unpaid(read) else Unknown(SENT_BEFORE)
