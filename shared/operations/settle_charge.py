"""Reads the operator's word on a charge and, where it proves something, moves state and money.

The port it is given cannot send a payment.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from shared.domain import absence, ledger, receipt
from shared.domain import charge as charges
from shared.domain.charge import (
    FINAL,
    Attempt,
    AttemptStatus,
    Charge,
    ChargeEvent,
    ChargeStatus,
)
from shared.domain.deadline import HANDLER_SECONDS, Deadline
from shared.domain.errors import AskAgain, LedgerRefused
from shared.domain.events import CHARGE_CREATED, PAYMENT_FINAL, Message
from shared.domain.ids import new_id
from shared.domain.late_payment import LateRule
from shared.domain.notification import Kind, Notification
from shared.operations import moves
from shared.operations.late_payments import late_booking
from shared.operations.late_store import LateBooks
from shared.operations.ports import (
    ChargeStore,
    Lease,
    Move,
    NewReceipt,
    PaymentRead,
    PaymentReader,
    Reached,
    ReadNote,
    ReadState,
)
from shared.operations.read_pages import MORE_THAN_ONCE

CONSUMER: Final = "settle_charge"
LOST_RACE: Final = "lost_race"
TRIES: Final = 3
ECHO: Final = timedelta(minutes=10)
"""For how long after a success notices of it come again, and cost the operator nothing."""
FAILED_AFTER_SUCCESS: Final = "failed_after_success"
# What a failure is called whatever the operator says beside it.
_CODES: Final = {ChargeEvent.LAPSED: "expired", ChargeEvent.NOT_RECEIVED: "not_received"}


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling needs beside its store and its operator."""

    base_url: str
    language: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    reached: Reached
    late: LateBooks
    late_rule: Callable[[], LateRule]


def settle_charge(
    message: Message,
    *,
    store: ChargeStore,
    reader_of: Callable[[Charge], PaymentReader],
    how: Settlement,
) -> str:
    """Read once and apply what it proves; return a word for the log.

    A payer who paid after the end has her money kept as a late payment. One who paid otherwise
    than asked before it is a riddle: the next answer may say what was asked.

    The sender's own record may come between: whoever loses that race looks again, since what the
    operator said stays true.
    """
    read: PaymentRead | None = None
    for _ in range(TRIES):
        found = store.find_with_attempt(message.object_id)
        if found is None:
            return "unknown_charge"
        charge, attempt = found
        if charge.status in FINAL:
            store.end_checks(charge.id, at=how.now())
            return _look_back(charge, attempt, store=store, reader_of=reader_of, how=how)
        if attempt is None or moves.is_unsent(charge, attempt):
            return _wait_or_abandon(charge, attempt, store=store, how=how, message=message)
        if read is None:
            deadline = Deadline.after(HANDLER_SECONDS, how.monotonic)
            how.reached("settle_charge.before_read")
            read = reader_of(charge).read_payment(attempt.known_as, deadline=deadline)
            how.reached("settle_charge.after_read")
        outcome = _apply(charge, attempt, read, store=store, how=how, message=message)
        if outcome != LOST_RACE:
            return outcome
    raise AskAgain(LOST_RACE)


def _look_back(
    charge: Charge,
    attempt: Attempt | None,
    *,
    store: ChargeStore,
    reader_of: Callable[[Charge], PaymentReader],
    how: Settlement,
) -> str:
    """Ask once more about a charge that failed after it may have been sent, or was paid long ago.

    It stays as it is; what a payer paid all the same is a late payment, and where the operator has
    taken its word back two persons book that. Raises AskAgain when the operator says nothing of one
    that failed, since whoever woke us may be right.
    """
    if attempt is None or moves.was_never_asked(charge, attempt):
        return "final_already"
    if is_long_ago(charge.succeeded_at, how.now()):
        return _long_paid(charge, attempt, store=store, reader_of=reader_of, how=how)
    if charge.status not in {ChargeStatus.FAILED, ChargeStatus.EXPIRED}:
        return "final_already"
    deadline = Deadline.after(HANDLER_SECONDS, how.monotonic)
    read = reader_of(charge).read_payment(attempt.known_as, deadline=deadline)
    if read.state is ReadState.UNKNOWN:
        raise AskAgain(read.operator_word)
    if read.state is ReadState.SUCCEEDED:
        note = _note(charge, attempt, read, how.now())
        return _late(note, attempt, read, store=store, how=how)
    return "final_already"


def is_long_ago(paid_at: datetime | None, now: datetime) -> bool:
    """Tell whether whoever wakes us about what was paid is no echo of its success."""
    return paid_at is not None and now - paid_at > ECHO


def _long_paid(
    charge: Charge,
    attempt: Attempt,
    *,
    store: ChargeStore,
    reader_of: Callable[[Charge], PaymentReader],
    how: Settlement,
) -> str:
    deadline = Deadline.after(HANDLER_SECONDS, how.monotonic)
    read = reader_of(charge).read_payment(attempt.known_as, deadline=deadline)
    note = _note(charge, attempt, read, how.now())
    if read.operator_word == MORE_THAN_ONCE:
        return _case(note, mismatch(charge, read) or MORE_THAN_ONCE, store=store)
    if read.state not in {ReadState.FAILED, ReadState.EXPIRED}:
        return "final_already"
    return _case(note, FAILED_AFTER_SUCCESS, store=store)


def _late(
    note: ReadNote,
    attempt: Attempt,
    read: PaymentRead,
    *,
    store: ChargeStore,
    how: Settlement,
) -> str:
    """Keep the money as a late payment; what names no whole francs, or fits no books, is a case.

    So is a sum of several payments, of which each may be booked. So is, beside the money, what was
    not even asked for: another amount, payer or order.
    """
    charge, rule = note.charge, how.late_rule()
    difference = mismatch(charge, read)
    reason = difference or "paid_after_the_end"
    booking = late_booking(charge, attempt, read, reason, rule=rule, at=note.at)
    if booking is None or read.operator_word == MORE_THAN_ONCE:
        return _case(note, reason, store=store)
    if difference is not None:
        asked = _for_a_person(note, reason)
        booking = replace(booking, case_id=asked.case_id, notice=asked.notice)
    how.reached("settle_charge.before_commit")
    try:
        how.late.book(booking)
    except LedgerRefused:
        return _case(note, reason, store=store)
    how.reached("settle_charge.after_commit")
    return reason


def _apply(
    charge: Charge,
    attempt: Attempt,
    read: PaymentRead,
    *,
    store: ChargeStore,
    how: Settlement,
    message: Message,
) -> str:
    now = how.now()
    note = _note(charge, attempt, read, now)
    match read.state:
        case ReadState.SUCCEEDED:
            difference = mismatch(charge, read)
            if difference is not None:
                return _case(note, difference, store=store)
            move = _succeeded(charge, read, now=now, message=message)
        case ReadState.FAILED:
            move = _failed(charge, read, ChargeEvent.DECLINED, now=now)
        case ReadState.EXPIRED:
            move = _failed(charge, read, ChargeEvent.LAPSED, now=now)
        case ReadState.PENDING:
            return _waiting(charge, attempt, note, store=store)
        case ReadState.NOT_FOUND:
            found = absence.weigh(charge, attempt, now)
            note = _weighed(note, found, message)
            if not found.is_proven:
                return _keep(note, store=store)
            # Of a resend claimed meanwhile, and even silent again, this read proves nothing.
            move = _failed(charge, read, ChargeEvent.NOT_RECEIVED, now=now)
            move = replace(move, lease=Lease.UNTOUCHED)
        case ReadState.UNKNOWN:
            again = absence.after_silence(attempt, note.next_check_at, now)
            return _keep_unread(replace(note, next_check_at=again), store=store)
        case _:
            assert_never(read.state)
    return _finish(move, note, store=store, how=how, message=message)


def _finish(
    move: Move, note: ReadNote, *, store: ChargeStore, how: Settlement, message: Message
) -> str:
    """Apply a move that ends the charge; a ledger that refuses it is a riddle for a person."""
    event = moves.final_event(move.charge, at=move.at, base_url=how.base_url, language=how.language)
    move = replace(
        move,
        event=event,
        attempt_id=None if note.attempt is None else note.attempt.id,
        attempt_status=AttemptStatus.CLOSED,
        consumer=CONSUMER,
        message_id=message.event_id,
        traceparent=message.traceparent,
    )
    how.reached("settle_charge.before_commit")
    try:
        won = store.move(move)
    except LedgerRefused:
        return _case(note, "ledger_refused", store=store)
    how.reached("settle_charge.after_commit")
    return move.cause.value if won else LOST_RACE


def mismatch(charge: Charge, read: PaymentRead) -> str | None:
    """Say what of a success differs from what we asked for, or None.

    An operator that leaves a field out says nothing against it; an amount it must repeat. Another
    payer comes first: what she paid, whatever it was, must not go to the number that was asked.
    """
    if charge.phone is not None and read.payer not in (None, charge.phone):
        return "payer_differs"
    if read.money is None or read.money != charge.money:
        return "amount_or_currency_differs"
    if read.order is not None and not charge.id.endswith(read.order):
        return "order_differs"
    return None


def _succeeded(charge: Charge, read: PaymentRead, *, now: datetime, message: Message) -> Move:
    at_ms = int(now.timestamp() * 1000)
    posting = ledger.charge_succeeded(
        new_id("txn", at_ms),
        charge.id,
        gross=charge.money,
        operator_account=charge.operator_account,
        fees=charge.fees,
    )
    new_receipt = NewReceipt(
        new_id("rcp", at_ms),
        receipt.receipt_number(charge.id, now),
        receipt.new_receipt_code(),
    )
    succeeded = replace(
        charge,
        status=_next(charge, ChargeEvent.CONFIRMED),
        operator_transaction_id=read.operator_transaction_id,
        succeeded_at=now,
        balance_transaction=posting.id,
        receipt_number=new_receipt.number,
        receipt_code=new_receipt.code,
    )
    final = Message(
        event_id=new_id("msg", at_ms),
        topic=PAYMENT_FINAL,
        account=charge.account,
        livemode=charge.livemode,
        object_id=charge.id,
        traceparent=message.traceparent,
    )
    return Move(
        charge=succeeded,
        expected=charge.status,
        cause=ChargeEvent.CONFIRMED,
        at=now,
        next_check_at=None,
        operator_word=read.operator_word,
        posting=posting,
        receipt=new_receipt,
        messages=(final,),
    )


def _failed(charge: Charge, read: PaymentRead, event: ChargeEvent, *, now: datetime) -> Move:
    code = _CODES.get(event) or read.failure_code or "operator_error"
    return Move(
        charge=replace(
            charge,
            status=_next(charge, event),
            failure_code=code,
            operator_transaction_id=read.operator_transaction_id,
        ),
        expected=charge.status,
        cause=event,
        at=now,
        next_check_at=None,
        operator_word=read.operator_word,
    )


def _waiting(charge: Charge, attempt: Attempt, note: ReadNote, *, store: ChargeStore) -> str:
    """The payer has not decided: a charge we did not know about becomes one that waits."""
    if charges.after(charge.status, ChargeEvent.SEEN_WAITING) is None:
        return _keep(note, store=store)
    if attempt.operator_reference is not None and charge.is_leased(note.at):
        # An operator knows its own reference before it is asked: somebody may be about to ask.
        return _keep(replace(note, next_check_at=charge.lease_until), store=store)
    if note.next_check_at is None:
        return _case(note, "waiting_for_a_day", store=store)
    won = store.move(
        Move(
            charge=replace(charge, status=_next(charge, ChargeEvent.SEEN_WAITING)),
            expected=charge.status,
            cause=ChargeEvent.SEEN_WAITING,
            at=note.at,
            next_check_at=note.next_check_at,
            attempt_id=attempt.id,
            attempt_status=AttemptStatus.ACCEPTED,
            operator_word=note.operator_word,
        )
    )
    return "waiting" if won else LOST_RACE


def _weighed(note: ReadNote, found: absence.Absence, message: Message) -> ReadNote:
    """What is noted of a "not found"; the message that a resend takes is one of its own."""
    note = replace(note, attempt=found.attempt, next_check_at=found.next_read_at)
    if not found.grants_resend:
        return note
    event_id = new_id("msg", int(note.at.timestamp() * 1000))
    return replace(note, resend=replace(message, event_id=event_id, topic=CHARGE_CREATED))


def _wait_or_abandon(
    charge: Charge,
    attempt: Attempt | None,
    *,
    store: ChargeStore,
    how: Settlement,
    message: Message,
) -> str:
    """Nothing was sent: there is nothing to read, only a time that may be over, and a lease."""
    now = how.now()
    if now >= charge.submit_before and not charge.is_leased(now):
        move = moves.abandoned(
            charge,
            at=now,
            message=message,
            consumer=CONSUMER,
            base_url=how.base_url,
            language=how.language,
        )
        return "abandoned" if store.move(move) else LOST_RACE
    regular = charges.next_check_at(charge.created_at, now)
    until = max(charge.submit_before, charge.lease_until or charge.submit_before)
    store.note_read(
        ReadNote(
            charge=charge,
            attempt=attempt,
            operator_word="not_sent",
            next_check_at=min(until, regular or until),
            at=now,
        )
    )
    return "not_sent_yet"


def _note(charge: Charge, attempt: Attempt, read: PaymentRead, now: datetime) -> ReadNote:
    return ReadNote(
        charge=charge,
        attempt=attempt,
        operator_word=read.operator_word,
        next_check_at=charges.next_check_at(charge.created_at, now),
        at=now,
    )


def _keep(note: ReadNote, *, store: ChargeStore) -> str:
    """Leave the state as it is; after a day of reads a person must look."""
    if note.next_check_at is None:
        return _case(note, "unresolved_for_a_day", store=store)
    store.note_read(note)
    return "resend_granted" if note.resend is not None else "undecided"


def _keep_unread(note: ReadNote, *, store: ChargeStore) -> str:
    """Keep what proves nothing. Raises AskAgain where no further check is due.

    Whoever woke us after a day, a callback or a person, may be right.
    """
    outcome = _keep(note, store=store)
    if note.next_check_at is None:
        raise AskAgain(note.operator_word)
    return outcome


def _case(note: ReadNote, reason: str, *, store: ChargeStore) -> str:
    store.note_read(_for_a_person(note, reason))
    return reason


def _for_a_person(note: ReadNote, reason: str) -> ReadNote:
    case_id = new_id("case", int(note.at.timestamp() * 1000))
    charge = note.charge
    notice = Notification.of(
        Kind.CASE_OPENED,
        charge.account,
        {"payment": charge.id},
        livemode=charge.livemode,
        now=note.at,
        once_for=charge.id,
        reason=reason,
    )
    return replace(note, next_check_at=None, case_id=case_id, case_reason=reason, notice=notice)


def _next(charge: Charge, event: ChargeEvent) -> ChargeStatus:
    status = charges.after(charge.status, event)
    if status is None:
        message = f"{charge.status} does not know {event}"
        raise AssertionError(message)
    return status
