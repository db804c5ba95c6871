"""Sees to money out that nothing left us of: that it is sent in its time, or else goes back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.domain import charge as charges
from shared.domain.account import OPENING
from shared.domain.charge import Attempt
from shared.domain.deadline import HANDLER_SECONDS, Deadline
from shared.domain.events import Message
from shared.domain.ids import new_id
from shared.domain.outgoing import (
    Outgoing,
    OutgoingEvent,
    OutgoingStatus,
    WaitingReason,
    reference_of,
)
from shared.domain.payout import Payout
from shared.operations import outgoing_moves as moves
from shared.operations.open_payout import is_missing, is_unpaid
from shared.operations.outgoing_store import OutgoingMove, OutgoingNote, OutgoingStore
from shared.operations.ports import PaymentRead, PayoutReader, ReadState
from shared.operations.settling import LOST_RACE

CONSUMER: Final = "settle_payout"


@dataclass(frozen=True, slots=True)
class Unsent:
    """One message about it, and what is needed; each method returns a word for the log."""

    message: Message
    store: OutgoingStore
    reader_of: Callable[[Outgoing], PayoutReader]
    language: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    def settle(self, outgoing: Outgoing, attempt: Attempt | None) -> str:
        """See that it is sent, or that it goes back once its time is over."""
        if isinstance(outgoing, Payout) and outgoing.status is OutgoingStatus.AWAITING_APPROVAL:
            return self._await(outgoing)
        if outgoing.status is OutgoingStatus.QUEUED:
            return outgoing.status.value
        if isinstance(outgoing, Payout) and outgoing.status is OutgoingStatus.SCHEDULED:
            return self._wake(outgoing)
        if outgoing.stopped_at is not None:
            self.store.end_checks(outgoing.id, at=self.now())
            return "stopped"
        if self.now() < outgoing.submit_before:
            return self._wait(outgoing, attempt)
        return self._give_up(outgoing, attempt)

    def _await(self, payout: Payout) -> str:
        """Leave one that somebody may approve still; give back what nobody has decided about."""
        now = self.now()
        if payout.approval is not None and now < payout.approval.expires_at:
            word, then = payout.status.value, payout.approval.expires_at
            self.store.note(OutgoingNote(payout, None, word, then, now))
            return word
        move = replace(
            moves.taken_back(payout, OutgoingEvent.LAPSED, at=now, language=self.language),
            consumer=CONSUMER,
            message_id=self.message.event_id,
            traceparent=self.message.traceparent,
        )
        return move.cause.value if self.store.move(move) else LOST_RACE

    def _wake(self, payout: Payout) -> str:
        """Have a payout sent whose time has come; leave one whose time is to come."""
        now = self.now()
        if now < payout.ready_since:
            self.store.note(OutgoingNote(payout, None, "scheduled", payout.ready_since, now))
            return "scheduled"
        move = OutgoingMove(
            outgoing=replace(payout, status=moves.following(payout, OutgoingEvent.BECAME_DUE)),
            expected=payout.status,
            cause=OutgoingEvent.BECAME_DUE,
            at=now,
            next_check_at=moves.soon(payout, now),
            again=self._again(payout, now),
        )
        return move.cause.value if self.store.move(move) else LOST_RACE

    def _wait(self, outgoing: Outgoing, attempt: Attempt | None) -> str:
        """There is time, and nothing to read, but the sender may need a word."""
        now = self.now()
        next_check_at = charges.next_check_at(outgoing.ready_since, now) or outgoing.submit_before
        if outgoing.waiting_reason is WaitingReason.FLOAT:
            next_check_at = min(next_check_at, now + moves.FLOAT_AFTER)
        again = self._again(outgoing, now) if moves.wakes_sender(outgoing, now) else None
        self.store.note(
            OutgoingNote(outgoing, attempt, "not_sent", next_check_at, now, again=again)
        )
        return "not_sent_yet"

    def _again(self, outgoing: Outgoing, now: datetime) -> Message:
        """Return the message that asks the sender for it once more."""
        event_id = new_id("msg", int(now.timestamp() * 1000))
        return replace(self.message, event_id=event_id, topic=outgoing.topic)

    def _give_up(self, outgoing: Outgoing, attempt: Attempt | None) -> str:
        """Give back what was never sent in its time, once the operator says it knows nothing.

        Our own word is not enough here: a database that was restored may have forgotten a sending.
        """
        reader = self.reader_of(outgoing)
        if is_missing(outgoing, attempt):
            # Nothing can be read; the sender sees to it that nobody opens it, and gives it back.
            at = self.now()
            note = OutgoingNote(outgoing, attempt, "never_opened", at + moves.WAKE_AFTER, at)
            self.store.note(replace(note, again=self._again(outgoing, at)))
            return "not_sent_yet"
        deadline = Deadline.after(HANDLER_SECONDS, self.monotonic)
        known_as = reference_of(outgoing.id) if attempt is None else attempt.known_as
        read = reader.read_payout(known_as, deadline=deadline)
        now = self.now()
        if read.state is ReadState.NOT_FOUND or _has_lapsed(outgoing, read):
            move = moves.abandoned(
                outgoing, at=now, message=self.message, consumer=CONSUMER, language=self.language
            )
            move = replace(move, operator_word=read.operator_word)
            return "abandoned" if self.store.move(move) else LOST_RACE
        note = OutgoingNote(outgoing, attempt, read.operator_word, now + moves.WAKE_AFTER, now)
        if read.state is not ReadState.UNKNOWN and not is_unpaid(read):
            self.store.note(moves.case(note, "sent_and_forgotten", stops=True))
            return "sent_and_forgotten"
        self.store.note(note)
        return "not_sent_yet"


def _has_lapsed(outgoing: Outgoing, read: PaymentRead) -> bool:
    """Tell whether a reference that the operator made ended without having served."""
    return outgoing.operator in OPENING and read.state is ReadState.EXPIRED
