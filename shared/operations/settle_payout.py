"""Reads the operator's word on money that goes out and, where it proves something, moves state.

The port it is given cannot send. Only an operator's own word ends what may have been sent: where it
knows nothing of it, the money stays held, and after a day two persons may allow to give it back, if
the operator still knows nothing then.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final, assert_never

from shared.domain import charge as charges
from shared.domain import ending
from shared.domain.adjustment import PAID_AFTER_THE_END, paid_after_all
from shared.domain.charge import Attempt, AttemptStatus, Charge
from shared.domain.deadline import HANDLER_SECONDS, Deadline
from shared.domain.errors import AskAgain, LedgerRefused
from shared.domain.events import PAYMENT_FINAL, Event, Message
from shared.domain.ids import new_id
from shared.domain.outgoing import Outgoing, OutgoingEvent, OutgoingStatus
from shared.domain.refund import Refund
from shared.operations import objects
from shared.operations import outgoing_moves as moves
from shared.operations.open_payout import is_unpaid
from shared.operations.outgoing_store import (
    CorrectionStore,
    OutgoingMove,
    OutgoingNote,
    OutgoingStore,
    PaidAfterAll,
)
from shared.operations.ports import PaymentRead, PayoutReader, Reached, ReadState
from shared.operations.settling import (
    FAILED_AFTER_SUCCESS,
    FINAL_ALREADY,
    LOST_RACE,
    Settling,
    is_long_ago,
    new_receipt,
)
from shared.operations.unsent_payout import CONSUMER, Unsent

UNKNOWN_OBJECT: Final = "unknown_object"
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
    """Read once and apply what it proves; return a word for the log."""
    return _PayoutSettling(message, store, reader_of, how).settle()


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


@dataclass(frozen=True, slots=True)
class _PayoutSettling(Settling[Outgoing, OutgoingNote]):
    unknown: ClassVar[str] = UNKNOWN_OBJECT

    store: OutgoingStore
    reader_of: Callable[[Outgoing], PayoutReader]
    how: PayoutSettlement

    def _is_unsent(self, payment: Outgoing, attempt: Attempt) -> bool:
        return moves.is_unsent(payment, attempt)

    def _unsent(self, payment: Outgoing, attempt: Attempt | None) -> str:
        how = self.how
        unsent = Unsent(
            self.message, self.store, self.reader_of, how.language, how.now, how.monotonic
        )
        return unsent.settle(payment, attempt)

    def _read(self, payment: Outgoing, attempt: Attempt) -> PaymentRead:
        deadline = Deadline.after(HANDLER_SECONDS, self.how.monotonic)
        self.how.reached("settle_payout.before_read")
        read = self.reader_of(payment).read_payout(attempt.known_as, deadline=deadline)
        self.how.reached("settle_payout.after_read")
        return read

    def _look_back(self, payment: Outgoing, attempt: Attempt | None) -> str:
        """Ask once more about one that failed after it may have been sent, or was paid long ago.

        It stays as it is; what was paid all the same is taken of available, and a person looks.
        Raises AskAgain when the operator says nothing of one that failed, since whoever woke us may
        be right.
        """
        self.store.end_checks(payment.id, at=self.how.now())
        was_sent = attempt is not None and attempt.status is not AttemptStatus.NOT_SENT
        is_paid = payment.status is OutgoingStatus.SUCCEEDED
        is_asked = is_long_ago(payment.ended_at, self.how.now()) if is_paid else was_sent
        if attempt is None or not is_asked or payment.status not in _LOOKED_BACK_AT:
            return FINAL_ALREADY
        deadline = Deadline.after(HANDLER_SECONDS, self.how.monotonic)
        read = self.reader_of(payment).read_payout(attempt.known_as, deadline=deadline)
        note = _note(payment, attempt, read, self.how.now())
        if is_paid:
            is_taken_back = read.state in {ReadState.FAILED, ReadState.EXPIRED}
            return self._case(note, FAILED_AFTER_SUCCESS) if is_taken_back else FINAL_ALREADY
        if read.state is ReadState.UNKNOWN:
            raise AskAgain(read.operator_word)
        if read.state is ReadState.SUCCEEDED:
            return self._paid_after_all(note, attempt, read)
        return FINAL_ALREADY

    def _paid_after_all(self, note: OutgoingNote, attempt: Attempt, read: PaymentRead) -> str:
        """Correct the books, once; what was paid otherwise, or out of suspense, is a case alone."""
        outgoing = note.outgoing
        reason = mismatch(outgoing, read) or PAID_AFTER_THE_END
        is_late_refund = isinstance(outgoing, Refund) and outgoing.late_payment is not None
        if reason != PAID_AFTER_THE_END or is_late_refund:
            return self._case(note, reason)
        transaction = read.operator_transaction_id or attempt.known_as
        adjustment = paid_after_all(outgoing, operator_transaction_id=transaction, at=note.at)
        correction = PaidAfterAll(
            outgoing,
            adjustment,
            moves.corrected_event(adjustment, f"{outgoing.kind}.corrected"),
            new_id("case", int(note.at.timestamp() * 1000)),
            moves.case_notice(outgoing, reason, at=note.at),
        )
        self.how.reached("settle_payout.before_commit")
        try:
            self.how.corrections.paid_after_all(correction)
        except LedgerRefused:
            return self._case(note, reason)
        self.how.reached("settle_payout.after_commit")
        return reason

    def _apply(self, payment: Outgoing, attempt: Attempt, read: PaymentRead) -> str:
        now = self.how.now()
        note = _note(payment, attempt, read, now)
        match read.state:
            case ReadState.SUCCEEDED | ReadState.FAILED | ReadState.EXPIRED:
                difference = mismatch(payment, read)
                if difference is not None:
                    return self._case(note, difference)
                move = self._ended(payment, read, now)
            case ReadState.PENDING:
                return self._waiting(note, attempt, read)
            case ReadState.NOT_FOUND:
                seen = replace(
                    attempt,
                    not_found_reads=attempt.not_found_reads + 1,
                    first_not_found_at=attempt.first_not_found_at or now,
                )
                # Nobody asks before a person may: a day of reads is over then.
                if note.next_check_at is not None or not self.how.may_give_up(payment.id):
                    return self._keep(replace(note, attempt=seen))
                move = self._given_up(payment, now)
            case ReadState.UNKNOWN:
                return self._keep_unread(note)
            case _:
                assert_never(read.state)
        return self._finish(replace(move, operator_word=read.operator_word), note)

    def _finish(self, move: OutgoingMove, note: OutgoingNote) -> str:
        """Apply a move that ends it; a ledger that refuses it is a riddle for a person."""
        move = replace(
            move,
            attempt_id=None if note.attempt is None else note.attempt.id,
            attempt_status=AttemptStatus.CLOSED,
            consumer=CONSUMER,
            message_id=self.message.event_id,
            traceparent=self.message.traceparent,
        )
        self.how.reached("settle_payout.before_commit")
        try:
            won = self.store.move(move)
        except LedgerRefused:
            return self._case(note, "ledger_refused")
        self.how.reached("settle_payout.after_commit")
        return move.cause.value if won else LOST_RACE

    def _ended(self, outgoing: Outgoing, read: PaymentRead, now: datetime) -> OutgoingMove:
        if read.state is ReadState.SUCCEEDED:
            return self._succeeded(outgoing, read, now)
        return moves.failed(
            replace(outgoing, operator_transaction_id=read.operator_transaction_id),
            OutgoingEvent.DECLINED,
            code=read.failure_code or "operator_error",
            at=now,
            language=self.how.language,
        )

    def _given_up(self, outgoing: Outgoing, now: datetime) -> OutgoingMove:
        code, language = ending.FAILURE_CODE, self.how.language
        return moves.failed(outgoing, OutgoingEvent.GIVEN_UP, code=code, at=now, language=language)

    def _succeeded(self, outgoing: Outgoing, read: PaymentRead, now: datetime) -> OutgoingMove:
        how, at_ms = self.how, int(now.timestamp() * 1000)
        receipt = new_receipt(outgoing.id, now)
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
            again=replace(self.message, event_id=new_id("msg", at_ms), topic=PAYMENT_FINAL),
        )

    def _waiting(self, note: OutgoingNote, attempt: Attempt, read: PaymentRead) -> str:
        """It is on its way: what we did not know about is now in transit."""
        outgoing = note.outgoing
        status = outgoing.after(OutgoingEvent.SEEN_WAITING)
        if status is None or is_unpaid(read):
            # That its operator has a reference for it says nothing of money.
            return self._keep(note)
        if note.next_check_at is None:
            return self._case(note, "waiting_for_a_day")
        waiting = replace(outgoing, status=status)
        won = self.store.move(
            OutgoingMove(
                outgoing=waiting,
                expected=outgoing.status,
                cause=OutgoingEvent.SEEN_WAITING,
                at=note.at,
                next_check_at=note.next_check_at,
                attempt_id=attempt.id,
                attempt_status=AttemptStatus.ACCEPTED,
                operator_word=note.operator_word,
                events=moves.told(waiting, at=note.at, language=self.how.language),
            )
        )
        return "waiting" if won else LOST_RACE

    def _for_a_person(self, note: OutgoingNote, reason: str) -> OutgoingNote:
        return moves.case(note, reason)


def _charge_refunded(charge: Charge, *, at: datetime, how: PayoutSettlement) -> Event:
    public = objects.charge_object(charge, base_url=how.base_url, language=how.language)
    return Event(
        id=new_id("evt", int(at.timestamp() * 1000)),
        type="charge.refunded",
        object_id=charge.id,
        data=objects.to_json(public),
        created_at=at,
    )


def _note(outgoing: Outgoing, attempt: Attempt, read: PaymentRead, now: datetime) -> OutgoingNote:
    return OutgoingNote(
        outgoing=outgoing,
        attempt=attempt,
        operator_word=read.operator_word,
        next_check_at=charges.next_check_at(outgoing.checked_since, now),
        at=now,
    )
