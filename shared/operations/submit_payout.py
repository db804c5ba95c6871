"""Sends money out: keep the intent, claim and commit, call once, then record and commit.

Refunds and payouts go this way. It has no second try once a byte may have left: nobody is asked
for a PIN, so what was sent twice was paid twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from shared.domain.charge import Attempt, AttemptStatus
from shared.domain.deadline import HANDLER_SECONDS, Deadline
from shared.domain.errors import AskAgain, CutOff, Unavailable
from shared.domain.events import Message
from shared.domain.ids import new_id
from shared.domain.outgoing import (
    SUBMIT_LEASE,
    Outgoing,
    OutgoingEvent,
    WaitingReason,
    reference_of,
)
from shared.domain.payout import Payout
from shared.operations import outgoing_moves as moves
from shared.operations.gate import OPEN, OVER_RATE
from shared.operations.open_payout import (
    CONSUMER,
    SENT_BEFORE,
    Opening,
    is_missing,
    is_unpaid,
)
from shared.operations.outgoing_store import OutgoingMove, OutgoingNote, OutgoingStore
from shared.operations.ports import (
    Accepted,
    Lease,
    NotSent,
    PayoutReader,
    PayoutRequest,
    PayoutSender,
    Reached,
    ReadState,
    Refused,
    StoredDifferentlyError,
    StoreDownError,
    Unknown,
)
from shared.operations.submit_charge import SEND_SECONDS, callback_token, token_hash
from shared.operations.taken_back import IntentJournal, is_taken_back

_Kept = TypeVar("_Kept")
RECORD_SECONDS: Final = 5
RECORD_PAUSE_SECONDS: Final = 0.25
PREPARING_SECONDS: Final = HANDLER_SECONDS - SEND_SECONDS - RECORD_SECONDS
"""What keeping the intent and a first read may take: sending and recording need the rest."""


@dataclass(frozen=True, slots=True)
class PayoutSubmission:
    """What a submission needs beside its stores and its operator.

    `may_go_out` says whether the account is as it must be for money to leave it now,
    `journal_is_read` whether this database knows all that was sent: one that was put back may not.
    `is_away` says whether its operator does not answer, and `takes_float` takes the amount out of
    what the wallet that pays is known to hold: False where that is too little. `takes_turn` takes
    one of what its operator account may be asked for in this second: False where none is left.
    """

    callback_base_url: str
    callback_token_key: bytes
    number_key: bytes
    language: str
    retention_days: int
    may_go_out: Callable[[Outgoing], bool]
    journal_is_read: Callable[[], bool]
    is_away: Callable[[Outgoing], bool]
    takes_float: Callable[[Outgoing], bool]
    takes_turn: Callable[[Outgoing], bool]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    reached: Reached


def submit_payout(
    message: Message,
    *,
    store: OutgoingStore,
    journal: IntentJournal,
    sender_of: Callable[[Outgoing], PayoutSender],
    reader_of: Callable[[Outgoing], PayoutReader],
    how: PayoutSubmission,
) -> str:
    """Send it at most once; return a word for the log.

    What was never sent and has run out of time is for the reader to give back, and what the float
    does not cover for it to bring back. Raises AskAgain while the journal is down or slow or has to
    be read in first, while the operator is away, has no turn left or another has it opened, and
    when it is proven that nothing was sent and there is still time.
    """
    if not how.journal_is_read():
        # Nothing is kept either: what lies in the journal counts as sent when it is read in.
        raise AskAgain("journal_not_read")
    preparing = Deadline.after(PREPARING_SECONDS, how.monotonic)
    known = store.find_with_attempt(message.object_id)
    opening = Opening(
        store, journal, retention_days=how.retention_days, now=how.now, reached=how.reached
    )
    if known is None or not _may_be_sent(*known, how):
        return _not_sent(known, opening, how=how, message=message)
    found, standing = known
    stays = _what_keeps(found, standing, opening, store=store, journal=journal, how=how)
    if stays is not None:
        return stays
    # Before the claim: whatever fails in making it ready leaves nothing that looks like sent.
    sender, reader = sender_of(found), reader_of(found)
    try:
        is_new = _keep_intent(found, opening, store=store, how=how)
    except StoredDifferentlyError:
        # The same wish was kept before under another id, which this database does not know.
        note = OutgoingNote(found, None, "intent_differs", None, how.now())
        store.note(moves.case(note, "intent_differs", stops=True))
        return "intent_differs"
    was_sent = not is_new and (
        _is_taken_back(found, store=store, journal=journal, how=how)
        or _is_known(found, standing, reader, deadline=preparing)
    )
    if preparing.is_over:
        raise AskAgain("prepared_too_slowly")
    now = how.now()
    # Begun before the claim: nothing goes out late because the claim took long.
    deadline = Deadline.after(SEND_SECONDS, how.monotonic)
    attempt = _attempt(found, standing, now)
    how.reached("submit_payout.before_claim")
    claimed = _claim(found, attempt, now, store=store, how=how, message=message)
    if claimed is None:
        return "not_ours"
    how.reached("submit_payout.after_claim")
    outgoing, attempt = claimed
    left = (outgoing.submit_before - how.now()).total_seconds()
    deadline = Deadline.after(max(0, min(deadline.remaining(), left)), how.monotonic)
    opened: tuple[Outgoing, Attempt] | NotSent | Unknown | None = Unknown(SENT_BEFORE)
    if not was_sent:
        opened = opening.opened(outgoing, attempt, sender, reader, deadline=deadline)
    if opened is None:
        return "lease_lost"
    answer: Accepted | Refused | Unknown | NotSent
    if isinstance(opened, NotSent | Unknown):
        answer = opened
    else:
        outgoing, attempt = opened
        answer = _call(outgoing, attempt, sender, how=how, deadline=deadline)
    how.reached("submit_payout.after_send")
    return _record(outgoing, attempt, answer, store=store, how=how, message=message)


def _not_sent(
    known: tuple[Outgoing, Attempt | None] | None,
    opening: Opening,
    *,
    how: PayoutSubmission,
    message: Message,
) -> str:
    """Say why nothing goes out, and end what only a sender can end.

    What an account holds back its hourly checks ask for again, until its time is over.
    """
    if known is None:
        return "unknown_object"
    if opening.is_out_of_time(*known):
        abandoned = moves.abandoned(
            known[0], at=how.now(), message=message, consumer=CONSUMER, language=how.language
        )
        return opening.give_up(*known, abandoned)
    if _is_being_opened(*known, how.now()):
        # Whoever opens it may have died of it: once the lease is over it is opened anew.
        raise AskAgain("being_opened")
    return "not_ours" if how.may_go_out(known[0]) else "held_back"


def _is_being_opened(outgoing: Outgoing, attempt: Attempt | None, now: datetime) -> bool:
    is_unopened = is_missing(outgoing, attempt) and moves.is_unsent(outgoing, attempt)
    return outgoing.is_leased(now) and is_unopened and outgoing.stopped_at is None


def _may_be_sent(outgoing: Outgoing, attempt: Attempt | None, how: PayoutSubmission) -> bool:
    """Tell early what the claim decides: nothing is kept of what will not be sent anyway."""
    now = how.now()
    if outgoing.stopped_at is not None or now >= outgoing.submit_before:
        return False
    is_claimable = outgoing.after(OutgoingEvent.CLAIMED) is not None
    is_unsent = moves.is_unsent(outgoing, attempt)
    is_ready = is_claimable and is_unsent and not outgoing.is_leased(now)
    return is_ready and how.may_go_out(outgoing)


def _what_keeps(
    outgoing: Outgoing,
    standing: Attempt | None,
    opening: Opening,
    *,
    store: OutgoingStore,
    journal: IntentJournal,
    how: PayoutSubmission,
) -> str | None:
    """Say what keeps it from being sent, as it now stands there too; None where nothing does.

    Raises AskAgain while the operator or the journal is away, or has no turn left.
    """
    if isinstance(outgoing, Payout) and not outgoing.is_as_approved:
        note = OutgoingNote(outgoing, standing, "approved_otherwise", None, how.now())
        store.note(moves.case(note, "approved_otherwise", stops=True))
        return "approved_otherwise"
    if _is_taken_back(outgoing, store=store, journal=journal, how=how):
        return _take_back(outgoing, standing, opening, store=store, how=how)
    if how.is_away(outgoing):
        _wait(outgoing, WaitingReason.OPERATOR, store=store, how=how)
        raise AskAgain(OPEN)
    if not how.takes_float(outgoing):
        _wait(outgoing, WaitingReason.FLOAT, store=store, how=how)
        return "float_too_low"
    # Last: what waits for anything else leaves its turn to others.
    if not how.takes_turn(outgoing):
        _wait(outgoing, WaitingReason.OPERATOR, store=store, how=how)
        raise AskAgain(OVER_RATE)
    return None


def _wait(
    outgoing: Outgoing, reason: WaitingReason, *, store: OutgoingStore, how: PayoutSubmission
) -> None:
    """Tell whoever looks what it waits for, once for each reason; what has a float is looked at."""
    if outgoing.waiting_reason is reason:
        return
    now = how.now()
    next_check_at = moves.soon(outgoing, now)
    if reason is WaitingReason.FLOAT:
        next_check_at = min(now + moves.FLOAT_AFTER, outgoing.submit_before)
    note = OutgoingNote(outgoing, None, f"waits_for_{reason}", next_check_at, now)
    store.note(replace(note, waits_for=reason))


def _claim(
    outgoing: Outgoing,
    attempt: Attempt,
    now: datetime,
    *,
    store: OutgoingStore,
    how: PayoutSubmission,
    message: Message,
) -> tuple[Outgoing, Attempt] | None:
    """Take the lease. Raises AskAgain where nobody knows whether it was taken.

    It is given back then, as far as it was: a claim that stands alone looks like a sending.
    """
    lease_until = now + SUBMIT_LEASE
    token = callback_token(how.callback_token_key, attempt.reference)
    try:
        return store.claim(
            attempt,
            consumer=CONSUMER,
            message_id=message.event_id,
            callback_token_hash=token_hash(token),
            number_hmac=outgoing.phone.keyed(how.number_key),
            now=now,
            lease_until=lease_until,
        )
    except (CutOff, Unavailable) as failure:
        mine = replace(outgoing, lease_until=lease_until)
        _insist(lambda: store.release(mine, attempt, reason="claim_cut_off"), how)
        raise AskAgain("claim_cut_off") from failure


def _is_taken_back(
    outgoing: Outgoing, *, store: OutgoingStore, journal: IntentJournal, how: PayoutSubmission
) -> bool:
    """Tell whether its merchant took it back, and this database has forgotten that.

    What was claimed before could not be taken back any more. Raises AskAgain.
    """
    if not isinstance(outgoing, Payout) or outgoing.journaled_at is not None:
        return False
    try:
        return is_taken_back(outgoing, journal)
    except StoreDownError as failure:
        raise _store_down(outgoing, failure, store=store, how=how) from failure


def _take_back(
    outgoing: Outgoing,
    standing: Attempt | None,
    opening: Opening,
    *,
    store: OutgoingStore,
    how: PayoutSubmission,
) -> str | None:
    """Take it back where nobody has sent it; None where somebody may have, which then counts.

    A sender that had kept the intent may have claimed it while the merchant was refused. Where the
    operator makes the reference, whether one is kept tells. Raises AskAgain.
    """
    canceled = OutgoingEvent.CANCELED
    move = moves.taken_back(outgoing, canceled, at=how.now(), language=how.language)
    try:
        if not opening.is_kept(outgoing):
            return canceled.value if store.move(move) else "not_ours"
    except StoreDownError as failure:
        raise _store_down(outgoing, failure, store=store, how=how) from failure
    return opening.give_up(outgoing, standing, move) if is_missing(outgoing, standing) else None


def _keep_intent(
    outgoing: Outgoing, opening: Opening, *, store: OutgoingStore, how: PayoutSubmission
) -> bool:
    """Keep it as Opening does. Raises AskAgain while the journal is down."""
    try:
        return opening.keep_intent(outgoing)
    except StoreDownError as failure:
        raise _store_down(outgoing, failure, store=store, how=how) from failure


def _store_down(
    outgoing: Outgoing, failure: StoreDownError, *, store: OutgoingStore, how: PayoutSubmission
) -> AskAgain:
    _wait(outgoing, WaitingReason.STORE, store=store, how=how)
    return AskAgain(f"journal: {failure}")


def _is_known(
    outgoing: Outgoing, standing: Attempt | None, reader: PayoutReader, *, deadline: Deadline
) -> bool:
    """Ask the operator about an intent that was kept before: was it sent all the same?

    A sender died, or proved that no byte left; or the database was put back and has forgotten.
    Where the operator makes the reference, and this database knows of none, opening tells.
    Raises AskAgain where the operator does not say.
    """
    if is_missing(outgoing, standing):
        return False
    known_as = reference_of(outgoing.id) if standing is None else standing.known_as
    read = reader.read_payout(known_as, deadline=deadline)
    if read.state is ReadState.UNKNOWN:
        raise AskAgain(f"kept before: {read.operator_word}")
    return not is_unpaid(read)


def _attempt(outgoing: Outgoing, standing: Attempt | None, now: datetime) -> Attempt:
    """Return the one attempt as it shall look from the claim on, under its own id if it stands."""
    return Attempt(
        id=new_id("att", int(now.timestamp() * 1000)) if standing is None else standing.id,
        charge_id=outgoing.id,
        number=1,
        reference=reference_of(outgoing.id),
        operator_account=outgoing.operator_account,
        status=AttemptStatus.OPENING if is_missing(outgoing, None) else AttemptStatus.SENDING,
    )


def _call(
    outgoing: Outgoing,
    attempt: Attempt,
    sender: PayoutSender,
    *,
    how: PayoutSubmission,
    deadline: Deadline,
) -> Accepted | Refused | Unknown | NotSent:
    if how.now() >= outgoing.submit_before or deadline.is_over:
        return NotSent("too_late")
    token = callback_token(how.callback_token_key, attempt.reference)
    request = PayoutRequest(
        reference=attempt.known_as,
        money=outgoing.money,
        payee=outgoing.phone,
        external_id=outgoing.id,
        message=outgoing.note,
        callback_url=f"{how.callback_base_url}/callbacks/{outgoing.operator.value}/{token}",
        refunds=outgoing.refunds,
    )
    how.reached("submit_payout.before_send")
    return sender.send_payout(request, deadline=deadline)


def _record(
    outgoing: Outgoing,
    attempt: Attempt,
    answer: Accepted | Refused | Unknown | NotSent,
    *,
    store: OutgoingStore,
    how: PayoutSubmission,
    message: Message,
) -> str:
    now = how.now()
    match answer:
        case NotSent(reason=reason):
            _insist(lambda: store.release(outgoing, attempt, reason=reason), how)
            if now >= outgoing.submit_before:
                return "out_of_time"
            raise AskAgain(reason)
        case Accepted():
            move = _moved(outgoing, OutgoingEvent.ACCEPTED, AttemptStatus.ACCEPTED, now)
            told = moves.told(move.outgoing, at=now, language=how.language)
            move = replace(move, events=told)
        case Refused(failure_code=code, operator_word=word):
            move = moves.failed(
                outgoing, OutgoingEvent.REFUSED, code=code, at=now, language=how.language
            )
            move = replace(move, attempt_status=AttemptStatus.REFUSED, operator_word=word)
        case Unknown(reason=word):
            move = _moved(outgoing, OutgoingEvent.WENT_SILENT, AttemptStatus.SILENT, now)
            move = replace(move, operator_word=word)
    move = replace(
        move,
        lease=Lease.MINE,
        attempt_id=attempt.id,
        consumer=CONSUMER,
        message_id=message.event_id,
        traceparent=message.traceparent,
    )
    how.reached("submit_payout.before_record")
    won = _insist(lambda: store.move(move), how)
    how.reached("submit_payout.after_record")
    return move.cause.value if won else "settled_first"


def _insist(keep: Callable[[], _Kept], how: PayoutSubmission) -> _Kept:
    """Write down what only we know, and once: a database that starts again must not lose it.

    Each write is by compare-and-set, so that one which was done unseen does nothing again.
    """
    deadline = Deadline.after(RECORD_SECONDS, how.monotonic)
    while True:
        try:
            return keep()
        except (CutOff, Unavailable):
            if deadline.is_over:
                raise
            how.sleep(RECORD_PAUSE_SECONDS)


def _moved(
    outgoing: Outgoing, event: OutgoingEvent, attempt_status: AttemptStatus, at: datetime
) -> OutgoingMove:
    return OutgoingMove(
        outgoing=replace(outgoing, status=moves.following(outgoing, event)),
        expected=outgoing.status,
        cause=event,
        at=at,
        next_check_at=moves.soon(outgoing, at),
        attempt_status=attempt_status,
    )
