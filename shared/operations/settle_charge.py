"""Reads the operator's word on a charge and, where it proves something, moves state and money.

The port it is given cannot send a payment.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final, assert_never

from shared.domain import absence, ledger
from shared.domain import charge as charges
from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeEvent, ChargeStatus
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
    PaymentRead,
    PaymentReader,
    Reached,
    ReadNote,
    ReadState,
)
from shared.operations.read_pages import MORE_THAN_ONCE
from shared.operations.settling import (
    FAILED_AFTER_SUCCESS,
    FINAL_ALREADY,
    LOST_RACE,
    UNDECIDED,
    Settling,
    is_long_ago,
    new_receipt,
)

CONSUMER: Final = "settle_charge"
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
    """
    return _ChargeSettling(message, store, reader_of, how).settle()


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


@dataclass(frozen=True, slots=True)
class _ChargeSettling(Settling[Charge, ReadNote]):
    unknown: ClassVar[str] = "unknown_charge"

    store: ChargeStore
    reader_of: Callable[[Charge], PaymentReader]
    how: Settlement

    def _is_unsent(self, payment: Charge, attempt: Attempt) -> bool:
        return moves.is_unsent(payment, attempt)

    def _read(self, payment: Charge, attempt: Attempt) -> PaymentRead:
        deadline = Deadline.after(HANDLER_SECONDS, self.how.monotonic)
        self.how.reached("settle_charge.before_read")
        read = self.reader_of(payment).read_payment(attempt.known_as, deadline=deadline)
        self.how.reached("settle_charge.after_read")
        return read

    def _look_back(self, payment: Charge, attempt: Attempt | None) -> str:
        """Ask once more about one that failed after it may have been sent, or was paid long ago.

        It stays as it is; what a payer paid all the same is a late payment, and where the operator
        has taken its word back two persons book that. Raises AskAgain when the operator says
        nothing of one that failed, since whoever woke us may be right.
        """
        self.store.end_checks(payment.id, at=self.how.now())
        if attempt is None or moves.was_never_asked(payment, attempt):
            return FINAL_ALREADY
        is_paid = is_long_ago(payment.succeeded_at, self.how.now())
        if not is_paid and payment.status not in {ChargeStatus.FAILED, ChargeStatus.EXPIRED}:
            return FINAL_ALREADY
        deadline = Deadline.after(HANDLER_SECONDS, self.how.monotonic)
        read = self.reader_of(payment).read_payment(attempt.known_as, deadline=deadline)
        note = _note(payment, attempt, read, self.how.now())
        if is_paid:
            return self._long_paid(note, read)
        if read.state is ReadState.UNKNOWN:
            raise AskAgain(read.operator_word)
        return (
            self._late(note, attempt, read) if read.state is ReadState.SUCCEEDED else FINAL_ALREADY
        )

    def _long_paid(self, note: ReadNote, read: PaymentRead) -> str:
        if read.operator_word == MORE_THAN_ONCE:
            return self._case(note, mismatch(note.charge, read) or MORE_THAN_ONCE)
        is_taken_back = read.state in {ReadState.FAILED, ReadState.EXPIRED}
        return self._case(note, FAILED_AFTER_SUCCESS) if is_taken_back else FINAL_ALREADY

    def _late(self, note: ReadNote, attempt: Attempt, read: PaymentRead) -> str:
        """Keep the money as a late payment; without whole francs, or a place in the books, a case.

        So is a sum of several payments, of which each may be booked. So is, beside the money, what
        was not even asked for: another amount, payer or order.
        """
        charge, rule = note.charge, self.how.late_rule()
        difference = mismatch(charge, read)
        reason = difference or "paid_after_the_end"
        booking = late_booking(charge, attempt, read, reason, rule=rule, at=note.at)
        if booking is None or read.operator_word == MORE_THAN_ONCE:
            return self._case(note, reason)
        if difference is not None:
            asked = self._for_a_person(note, reason)
            booking = replace(booking, case_id=asked.case_id, notice=asked.notice)
        self.how.reached("settle_charge.before_commit")
        try:
            self.how.late.book(booking)
        except LedgerRefused:
            return self._case(note, reason)
        self.how.reached("settle_charge.after_commit")
        return reason

    def _apply(self, payment: Charge, attempt: Attempt, read: PaymentRead) -> str:
        now = self.how.now()
        note = _note(payment, attempt, read, now)
        match read.state:
            case ReadState.SUCCEEDED:
                difference = mismatch(payment, read)
                if difference is not None:
                    return self._case(note, difference)
                move = _succeeded(payment, read, now=now, message=self.message)
            case ReadState.FAILED:
                move = _failed(payment, read, ChargeEvent.DECLINED, now=now)
            case ReadState.EXPIRED:
                move = _failed(payment, read, ChargeEvent.LAPSED, now=now)
            case ReadState.PENDING:
                return self._waiting(payment, attempt, note)
            case ReadState.NOT_FOUND:
                found = absence.weigh(payment, attempt, now)
                note = _weighed(note, found, self.message)
                if not found.is_proven:
                    return self._keep(note, "resend_granted" if found.grants_resend else UNDECIDED)
                # Of a resend claimed meanwhile, and even silent again, this read proves nothing.
                move = _failed(payment, read, ChargeEvent.NOT_RECEIVED, now=now)
                move = replace(move, lease=Lease.UNTOUCHED)
            case ReadState.UNKNOWN:
                again = absence.after_silence(attempt, note.next_check_at, now)
                return self._keep_unread(replace(note, next_check_at=again))
            case _:
                assert_never(read.state)
        return self._finish(move, note)

    def _finish(self, move: Move, note: ReadNote) -> str:
        """Apply a move that ends the charge; a ledger that refuses it is a riddle for a person."""
        how = self.how
        move = replace(
            move,
            event=moves.final_event(
                move.charge, at=move.at, base_url=how.base_url, language=how.language
            ),
            attempt_id=None if note.attempt is None else note.attempt.id,
            attempt_status=AttemptStatus.CLOSED,
            consumer=CONSUMER,
            message_id=self.message.event_id,
            traceparent=self.message.traceparent,
        )
        how.reached("settle_charge.before_commit")
        try:
            won = self.store.move(move)
        except LedgerRefused:
            return self._case(note, "ledger_refused")
        how.reached("settle_charge.after_commit")
        return move.cause.value if won else LOST_RACE

    def _waiting(self, charge: Charge, attempt: Attempt, note: ReadNote) -> str:
        """The payer has not decided: a charge we did not know about becomes one that waits."""
        if charges.after(charge.status, ChargeEvent.SEEN_WAITING) is None:
            return self._keep(note)
        if attempt.operator_reference is not None and charge.is_leased(note.at):
            # An operator knows its own reference before it is asked: somebody may be about to ask.
            return self._keep(replace(note, next_check_at=charge.lease_until))
        if note.next_check_at is None:
            return self._case(note, "waiting_for_a_day")
        won = self.store.move(
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

    def _unsent(self, payment: Charge, attempt: Attempt | None) -> str:
        """Nothing was sent: there is nothing to read, only a time that may be over, and a lease."""
        now = self.how.now()
        if now >= payment.submit_before and not payment.is_leased(now):
            move = moves.abandoned(
                payment,
                at=now,
                message=self.message,
                consumer=CONSUMER,
                base_url=self.how.base_url,
                language=self.how.language,
            )
            return "abandoned" if self.store.move(move) else LOST_RACE
        regular = charges.next_check_at(payment.created_at, now)
        until = max(payment.submit_before, payment.lease_until or payment.submit_before)
        self.store.note(ReadNote(payment, attempt, "not_sent", min(until, regular or until), now))
        return "not_sent_yet"

    def _for_a_person(self, note: ReadNote, reason: str) -> ReadNote:
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


def _succeeded(charge: Charge, read: PaymentRead, *, now: datetime, message: Message) -> Move:
    at_ms = int(now.timestamp() * 1000)
    posting = ledger.charge_succeeded(
        new_id("txn", at_ms),
        charge.id,
        gross=charge.money,
        operator_account=charge.operator_account,
        fees=charge.fees,
    )
    receipt = new_receipt(charge.id, now)
    succeeded = replace(
        charge,
        status=_next(charge, ChargeEvent.CONFIRMED),
        operator_transaction_id=read.operator_transaction_id,
        succeeded_at=now,
        balance_transaction=posting.id,
        receipt_number=receipt.number,
        receipt_code=receipt.code,
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
        receipt=receipt,
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


def _weighed(note: ReadNote, found: absence.Absence, message: Message) -> ReadNote:
    """What is noted of a "not found"; the message that a resend takes is one of its own."""
    note = replace(note, attempt=found.attempt, next_check_at=found.next_read_at)
    if not found.grants_resend:
        return note
    event_id = new_id("msg", int(note.at.timestamp() * 1000))
    return replace(note, resend=replace(message, event_id=event_id, topic=CHARGE_CREATED))


def _note(charge: Charge, attempt: Attempt, read: PaymentRead, now: datetime) -> ReadNote:
    return ReadNote(
        charge=charge,
        attempt=attempt,
        operator_word=read.operator_word,
        next_check_at=charges.next_check_at(charge.created_at, now),
        at=now,
    )


def _next(charge: Charge, event: ChargeEvent) -> ChargeStatus:
    status = charges.after(charge.status, event)
    if status is None:
        message = f"{charge.status} does not know {event}"
        raise AssertionError(message)
    return status
