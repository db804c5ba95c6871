"""Reads the operator's word on money that goes out and, where it proves something, moves state.

The port it is given cannot send. Only an operator's own word ends what may have been sent: where it
knows nothing of it, the money stays held, and after a day two persons may allow to give it back, if
the operator still knows nothing then.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never

from shared.domain import charge as charges
from shared.domain import ending
from shared.domain import receipt as receipts
from shared.domain.account import OPENING
from shared.domain.adjustment import PAID_AFTER_THE_END, paid_after_all
from shared.domain.charge import Attempt, AttemptStatus, Charge
from shared.domain.deadline import HANDLER_SECONDS, Deadline
from shared.domain.errors import AskAgain, LedgerRefused
from shared.domain.events import PAYMENT_FINAL, Event, Message
from shared.domain.ids import new_id
from shared.domain.outgoing import (
    FINAL,
    Outgoing,
    OutgoingEvent,
    OutgoingStatus,
    WaitingReason,
    reference_of,
)
from shared.domain.payout import Payout
from shared.domain.refund import Refund
from shared.operations import objects
from shared.operations import outgoing_moves as moves
from shared.operations.open_payout import is_missing, is_unpaid
from shared.operations.outgoing_store import (
    CorrectionStore,
    OutgoingMove,
    OutgoingNote,
    OutgoingStore,
    PaidAfterAll,
)
from shared.operations.ports import NewReceipt, PaymentRead, PayoutReader, Reached, ReadState
from shared.operations.settle_charge import FAILED_AFTER_SUCCESS, is_long_ago

CONSUMER: Final = "settle_payout"
LOST_RACE: Final = "lost_race"
UNKNOWN_OBJECT: Final = "unknown_object"
TRIES: Final = 3
_LOOKED_BACK_AT: Final = frozenset({OutgoingStatus.FAILED, OutgoingStatus.SUCCEEDED})


@dataclass(frozen=True, slots=True)
class PayoutSettlement:
    """What settling needs beside its store and its operator; `charge_of` finds a charge by id.

    `may_give_up` says whether two administrators allow to end one that the operator knows nothing
    of.
    """

    base_url: str
    language: str
    charge_of: Callable[[str], Charge | None]
    may_give_up: Callable[[str], bool]
    corrections: CorrectionStore
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    reached: Reached


def settle_payout(
    message: Message,
    *,
    store: OutgoingStore,
    reader_of: Callable[[Outgoing], PayoutReader],
    how: PayoutSettlement,
) -> str:
    """Read once and apply what it proves; return a word for the log.

    The sender's own record may come between: whoever loses that race looks again, since what the
    operator said stays true.
    """
    read: PaymentRead | None = None
    for _ in range(TRIES):
        found = store.find_with_attempt(message.object_id)
        if found is None:
            return UNKNOWN_OBJECT
        outgoing, attempt = found
        if outgoing.status in FINAL:
            store.end_checks(outgoing.id, at=how.now())
            return _look_back(outgoing, attempt, store=store, reader_of=reader_of, how=how)
        if moves.is_unsent(outgoing, attempt) or attempt is None:
            return _unsent(
                outgoing, attempt, store=store, reader_of=reader_of, how=how, message=message
            )
        if read is None:
            deadline = Deadline.after(HANDLER_SECONDS, how.monotonic)
            how.reached("settle_payout.before_read")
            read = reader_of(outgoing).read_payout(attempt.known_as, deadline=deadline)
            how.reached("settle_payout.after_read")
        outcome = _apply(outgoing, attempt, read, store=store, how=how, message=message)
        if outcome != LOST_RACE:
            return outcome
    raise AskAgain(LOST_RACE)


def _unsent(
    outgoing: Outgoing,
    attempt: Attempt | None,
    *,
    store: OutgoingStore,
    reader_of: Callable[[Outgoing], PayoutReader],
    how: PayoutSettlement,
    message: Message,
) -> str:
    """Nothing left us yet: see that it is sent, or that it goes back once its time is over."""
    if isinstance(outgoing, Payout) and outgoing.status is OutgoingStatus.AWAITING_APPROVAL:
        return _await(outgoing, store=store, how=how, message=message)
    if outgoing.status is OutgoingStatus.QUEUED:
        return outgoing.status.value
    if isinstance(outgoing, Payout) and outgoing.status is OutgoingStatus.SCHEDULED:
        return _wake(outgoing, store=store, how=how, message=message)
    if outgoing.stopped_at is not None:
        store.end_checks(outgoing.id, at=how.now())
        return "stopped"
    if how.now() < outgoing.submit_before:
        return _wait(outgoing, attempt, store=store, how=how, message=message)
    return _give_up(outgoing, attempt, reader_of(outgoing), store=store, how=how, message=message)


def _await(payout: Payout, *, store: OutgoingStore, how: PayoutSettlement, message: Message) -> str:
    """Leave one that somebody may approve still; give back what nobody has decided about."""
    now = how.now()
    if payout.approval is not None and now < payout.approval.expires_at:
        word, then = payout.status.value, payout.approval.expires_at
        store.note(OutgoingNote(payout, None, word, then, now))
        return word
    move = moves.taken_back(payout, OutgoingEvent.LAPSED, at=now, language=how.language)
    move = replace(
        move, consumer=CONSUMER, message_id=message.event_id, traceparent=message.traceparent
    )
    return move.cause.value if store.move(move) else LOST_RACE


def _wake(payout: Payout, *, store: OutgoingStore, how: PayoutSettlement, message: Message) -> str:
    """Have a payout sent whose time has come; leave one whose time is to come."""
    now = how.now()
    if now < payout.ready_since:
        store.note(OutgoingNote(payout, None, "scheduled", payout.ready_since, now))
        return "scheduled"
    move = OutgoingMove(
        outgoing=replace(payout, status=moves.following(payout, OutgoingEvent.BECAME_DUE)),
        expected=payout.status,
        cause=OutgoingEvent.BECAME_DUE,
        at=now,
        next_check_at=moves.soon(payout, now),
        again=_again(payout, message, now),
    )
    return move.cause.value if store.move(move) else LOST_RACE


def mismatch(outgoing: Outgoing, read: PaymentRead) -> str | None:
    """Say what of an end differs from what we asked for, or None.

    An operator that leaves a field out says nothing against it; of a success it must repeat the
    amount. A failure of something else is none of ours: giving back on its word could pay twice.
    """
    is_left_out = read.money is None and read.state is not ReadState.SUCCEEDED
    if read.money != outgoing.money and not is_left_out:
        return "amount_or_currency_differs"
    if read.payer is not None and read.payer != outgoing.phone:
        return "payee_differs"
    if read.order is not None and not outgoing.id.endswith(read.order):
        return "order_differs"
    return None


def _look_back(
    outgoing: Outgoing,
    attempt: Attempt | None,
    *,
    store: OutgoingStore,
    reader_of: Callable[[Outgoing], PayoutReader],
    how: PayoutSettlement,
) -> str:
    """Ask once more about one that failed after it may have been sent, or was paid long ago.

    It stays as it is; what was paid all the same is taken of available, and a person looks. Raises
    AskAgain when the operator says nothing of one that failed, since whoever woke us may be right.
    """
    was_sent = attempt is not None and attempt.status is not AttemptStatus.NOT_SENT
    is_paid = outgoing.status is OutgoingStatus.SUCCEEDED
    is_asked = is_long_ago(outgoing.ended_at, how.now()) if is_paid else was_sent
    if attempt is None or not is_asked or outgoing.status not in _LOOKED_BACK_AT:
        return "final_already"
    deadline = Deadline.after(HANDLER_SECONDS, how.monotonic)
    read = reader_of(outgoing).read_payout(attempt.known_as, deadline=deadline)
    note = _note(outgoing, attempt, read, how.now())
    if is_paid:
        is_taken_back = read.state in {ReadState.FAILED, ReadState.EXPIRED}
        return _case(note, FAILED_AFTER_SUCCESS, store=store) if is_taken_back else "final_already"
    if read.state is ReadState.UNKNOWN:
        raise AskAgain(read.operator_word)
    if read.state is ReadState.SUCCEEDED:
        return _paid_after_all(note, attempt, read, store=store, how=how)
    return "final_already"


def _paid_after_all(
    note: OutgoingNote,
    attempt: Attempt,
    read: PaymentRead,
    *,
    store: OutgoingStore,
    how: PayoutSettlement,
) -> str:
    """Correct the books, once; what was paid otherwise, or out of suspense, is a case alone."""
    outgoing = note.outgoing
    reason = mismatch(outgoing, read) or PAID_AFTER_THE_END
    is_late_refund = isinstance(outgoing, Refund) and outgoing.late_payment is not None
    if reason != PAID_AFTER_THE_END or is_late_refund:
        return _case(note, reason, store=store)
    transaction = read.operator_transaction_id or attempt.known_as
    adjustment = paid_after_all(outgoing, operator_transaction_id=transaction, at=note.at)
    correction = PaidAfterAll(
        outgoing,
        adjustment,
        moves.corrected_event(adjustment, f"{outgoing.kind}.corrected"),
        new_id("case", int(note.at.timestamp() * 1000)),
        moves.case_notice(outgoing, reason, at=note.at),
    )
    how.reached("settle_payout.before_commit")
    try:
        how.corrections.paid_after_all(correction)
    except LedgerRefused:
        return _case(note, reason, store=store)
    how.reached("settle_payout.after_commit")
    return reason


def _apply(
    outgoing: Outgoing,
    attempt: Attempt,
    read: PaymentRead,
    *,
    store: OutgoingStore,
    how: PayoutSettlement,
    message: Message,
) -> str:
    now = how.now()
    note = _note(outgoing, attempt, read, now)
    match read.state:
        case ReadState.SUCCEEDED | ReadState.FAILED | ReadState.EXPIRED:
            difference = mismatch(outgoing, read)
            if difference is not None:
                return _case(note, difference, store=store)
            move = _ended(outgoing, read, now=now, how=how, message=message)
        case ReadState.PENDING:
            return _waiting(outgoing, attempt, read, note, store=store, how=how)
        case ReadState.NOT_FOUND:
            seen = replace(
                attempt,
                not_found_reads=attempt.not_found_reads + 1,
                first_not_found_at=attempt.first_not_found_at or now,
            )
            # Nobody asks before a person may: a day of reads is over then.
            if note.next_check_at is not None or not how.may_give_up(outgoing.id):
                return _keep(replace(note, attempt=seen), store=store)
            move = _given_up(outgoing, now=now, how=how)
        case ReadState.UNKNOWN:
            return _keep_unread(note, store=store)
        case _:
            assert_never(read.state)
    return _finish(replace(move, operator_word=read.operator_word), note, store, how, message)


def _finish(
    move: OutgoingMove,
    note: OutgoingNote,
    store: OutgoingStore,
    how: PayoutSettlement,
    message: Message,
) -> str:
    """Apply a move that ends it; a ledger that refuses it is a riddle for a person."""
    move = replace(
        move,
        attempt_id=None if note.attempt is None else note.attempt.id,
        attempt_status=AttemptStatus.CLOSED,
        consumer=CONSUMER,
        message_id=message.event_id,
        traceparent=message.traceparent,
    )
    how.reached("settle_payout.before_commit")
    try:
        won = store.move(move)
    except LedgerRefused:
        return _case(note, "ledger_refused", store=store)
    how.reached("settle_payout.after_commit")
    return move.cause.value if won else LOST_RACE


def _ended(
    outgoing: Outgoing,
    read: PaymentRead,
    *,
    now: datetime,
    how: PayoutSettlement,
    message: Message,
) -> OutgoingMove:
    if read.state is ReadState.SUCCEEDED:
        return _succeeded(outgoing, read, now=now, how=how, message=message)
    return moves.failed(
        replace(outgoing, operator_transaction_id=read.operator_transaction_id),
        OutgoingEvent.DECLINED,
        code=read.failure_code or "operator_error",
        at=now,
        language=how.language,
    )


def _given_up(outgoing: Outgoing, *, now: datetime, how: PayoutSettlement) -> OutgoingMove:
    return moves.failed(
        outgoing, OutgoingEvent.GIVEN_UP, code=ending.FAILURE_CODE, at=now, language=how.language
    )


def _succeeded(
    outgoing: Outgoing,
    read: PaymentRead,
    *,
    now: datetime,
    how: PayoutSettlement,
    message: Message,
) -> OutgoingMove:
    at_ms = int(now.timestamp() * 1000)
    receipt = NewReceipt(
        new_id("rcp", at_ms),
        receipts.receipt_number(outgoing.id, now),
        receipts.new_receipt_code(),
    )
    succeeded = replace(
        outgoing,
        status=moves.following(outgoing, OutgoingEvent.CONFIRMED),
        operator_transaction_id=read.operator_transaction_id,
        ended_at=now,
        receipt_number=receipt.number,
        receipt_code=receipt.code,
    )
    events = [moves.event_of(succeeded, at=now, language=how.language)]
    is_of_charge = isinstance(outgoing, Refund) and outgoing.late_payment is None
    charge = how.charge_of(outgoing.about) if is_of_charge else None
    if charge is not None:
        events.append(_charge_refunded(charge, at=now, how=how))
    return OutgoingMove(
        outgoing=succeeded,
        expected=outgoing.status,
        cause=OutgoingEvent.CONFIRMED,
        at=now,
        next_check_at=None,
        events=events,
        posting=outgoing.paid(new_id("txn", at_ms)),
        receipt=receipt,
        again=replace(message, event_id=new_id("msg", at_ms), topic=PAYMENT_FINAL),
    )


def _charge_refunded(charge: Charge, *, at: datetime, how: PayoutSettlement) -> Event:
    public = objects.charge_object(charge, base_url=how.base_url, language=how.language)
    return Event(
        id=new_id("evt", int(at.timestamp() * 1000)),
        type="charge.refunded",
        object_id=charge.id,
        data=objects.to_json(public),
        created_at=at,
    )


def _waiting(
    outgoing: Outgoing,
    attempt: Attempt,
    read: PaymentRead,
    note: OutgoingNote,
    *,
    store: OutgoingStore,
    how: PayoutSettlement,
) -> str:
    """It is on its way: what we did not know about is now in transit."""
    status = outgoing.after(OutgoingEvent.SEEN_WAITING)
    if status is None or is_unpaid(read):
        # That its operator has a reference for it says nothing of money.
        return _keep(note, store=store)
    if note.next_check_at is None:
        return _case(note, "waiting_for_a_day", store=store)
    waiting = replace(outgoing, status=status)
    won = store.move(
        OutgoingMove(
            outgoing=waiting,
            expected=outgoing.status,
            cause=OutgoingEvent.SEEN_WAITING,
            at=note.at,
            next_check_at=note.next_check_at,
            attempt_id=attempt.id,
            attempt_status=AttemptStatus.ACCEPTED,
            operator_word=note.operator_word,
            events=moves.told(waiting, at=note.at, language=how.language),
        )
    )
    return "waiting" if won else LOST_RACE


def _wait(
    outgoing: Outgoing,
    attempt: Attempt | None,
    *,
    store: OutgoingStore,
    how: PayoutSettlement,
    message: Message,
) -> str:
    """Nothing was sent, and there is time: nothing to read, but the sender may need a word."""
    now = how.now()
    next_check_at = charges.next_check_at(outgoing.ready_since, now) or outgoing.submit_before
    if outgoing.waiting_reason is WaitingReason.FLOAT:
        next_check_at = min(next_check_at, now + moves.FLOAT_AFTER)
    note = OutgoingNote(
        outgoing=outgoing,
        attempt=attempt,
        operator_word="not_sent",
        next_check_at=next_check_at,
        at=now,
    )
    if moves.wakes_sender(outgoing, now):
        note = replace(note, again=_again(outgoing, message, now))
    store.note(note)
    return "not_sent_yet"


def _again(outgoing: Outgoing, message: Message, now: datetime) -> Message:
    """Return the message that asks the sender for it once more."""
    event_id = new_id("msg", int(now.timestamp() * 1000))
    return replace(message, event_id=event_id, topic=outgoing.topic)


def _give_up(
    outgoing: Outgoing,
    attempt: Attempt | None,
    reader: PayoutReader,
    *,
    store: OutgoingStore,
    how: PayoutSettlement,
    message: Message,
) -> str:
    """Give back what was never sent in its time, once the operator says that it knows nothing.

    Our own word is not enough here: a database that was restored may have forgotten a sending.
    """
    if is_missing(outgoing, attempt):
        # Nothing can be read; the sender sees to it that nobody opens it, and gives it back.
        at = how.now()
        note = OutgoingNote(outgoing, attempt, "never_opened", at + moves.WAKE_AFTER, at)
        store.note(replace(note, again=_again(outgoing, message, at)))
        return "not_sent_yet"
    deadline = Deadline.after(HANDLER_SECONDS, how.monotonic)
    known_as = reference_of(outgoing.id) if attempt is None else attempt.known_as
    read = reader.read_payout(known_as, deadline=deadline)
    now = how.now()
    if read.state is ReadState.NOT_FOUND or _has_lapsed(outgoing, read):
        move = moves.abandoned(
            outgoing, at=now, message=message, consumer=CONSUMER, language=how.language
        )
        move = replace(move, operator_word=read.operator_word)
        return "abandoned" if store.move(move) else LOST_RACE
    note = OutgoingNote(outgoing, attempt, read.operator_word, now + moves.WAKE_AFTER, now)
    if read.state is not ReadState.UNKNOWN and not is_unpaid(read):
        store.note(moves.case(note, "sent_and_forgotten", stops=True))
        return "sent_and_forgotten"
    store.note(note)
    return "not_sent_yet"


def _has_lapsed(outgoing: Outgoing, read: PaymentRead) -> bool:
    """Tell whether a reference that the operator made ended without having served."""
    return outgoing.operator in OPENING and read.state is ReadState.EXPIRED


def _note(outgoing: Outgoing, attempt: Attempt, read: PaymentRead, now: datetime) -> OutgoingNote:
    return OutgoingNote(
        outgoing=outgoing,
        attempt=attempt,
        operator_word=read.operator_word,
        next_check_at=charges.next_check_at(outgoing.checked_since, now),
        at=now,
    )


def _keep(note: OutgoingNote, *, store: OutgoingStore) -> str:
    """Leave the state as it is, and the money held; after a day of reads a person must look."""
    if note.next_check_at is None:
        return _case(note, "unresolved_for_a_day", store=store)
    store.note(note)
    return "undecided"


def _keep_unread(note: OutgoingNote, *, store: OutgoingStore) -> str:
    """Keep what proves nothing. Raises AskAgain where no further check is due.

    Whoever woke us after a day, a callback or a person, may be right.
    """
    outcome = _keep(note, store=store)
    if note.next_check_at is None:
        raise AskAgain(note.operator_word)
    return outcome


def _case(note: OutgoingNote, reason: str, *, store: OutgoingStore) -> str:
    store.note(moves.case(note, reason))
    return reason
