"""Stand-ins for ports in pure tests: a charge store in memory that keeps the store's promises."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.domain.account import Tenant
from shared.domain.charge import UNSENT, Attempt, AttemptStatus, Charge, ChargeStatus
from shared.domain.deadline import Deadline
from shared.domain.events import Event, Message
from shared.domain.rules import Admission
from shared.operations.ports import (
    Accepted,
    IdempotencyUse,
    Lease,
    Move,
    NotSent,
    Opened,
    PaymentRead,
    PaymentRequest,
    ReadNote,
    Refused,
    Replayed,
    Stored,
    Unknown,
)

START = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
TENANT = Tenant("acct_2222222222222222", livemode=False)


class Clock:
    """A clock that moves only when told to."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def pass_time(self, **span: int) -> None:
        self.at += timedelta(**span)


class MemoryCharges:
    """One charge in memory, moved by compare-and-set like the real store."""

    def __init__(self, charge: Charge, attempt: Attempt | None = None) -> None:
        self.charge = charge
        self.attempt = attempt
        self.moves: list[Move] = []
        self.notes: list[ReadNote] = []
        self.before_move: Callable[[], None] = lambda: None
        self.before_keep: Callable[[], None] = lambda: None
        self.checks_ended_at: datetime | None = None

    def create(
        self,
        charge: Charge,
        *,
        event: Event,
        message: Message,
        first_check_at: datetime,
        idempotency: IdempotencyUse | None,
        response: str,
        admission: Admission | None = None,
    ) -> Stored | Replayed:
        self.charge = charge
        return Stored(response)

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        return None

    def find(self, charge_id: str) -> Charge | None:
        return self.charge if charge_id == self.charge.id else None

    def find_with_attempt(self, charge_id: str) -> tuple[Charge, Attempt | None] | None:
        return (self.charge, self.attempt) if charge_id == self.charge.id else None

    def claim(
        self,
        attempt: Attempt,
        *,
        consumer: str,
        message_id: str,
        callback_token_hash: str,
        number_hmac: str,
        now: datetime,
        lease_until: datetime,
    ) -> tuple[Charge, Attempt] | None:
        charge, standing = self.charge, self.attempt
        if (consumer, message_id) in {(move.consumer, move.message_id) for move in self.moves}:
            return None
        is_leased = charge.lease_until is not None and charge.lease_until >= now
        again = charge.status in {ChargeStatus.SUBMITTING, ChargeStatus.UNKNOWN} and (
            charge.resends == 1 or (standing is not None and _may_go_again(standing, attempt))
        )
        if now >= charge.submit_before or is_leased:
            return None
        if charge.status is not ChargeStatus.CREATED and not again:
            return None
        kept = standing or attempt
        if kept.status is AttemptStatus.NOT_SENT:
            kept = replace(kept, operator_reference=None)
        self.attempt = replace(
            kept,
            status=AttemptStatus.SENDING if kept.operator_reference else attempt.status,
            not_found_reads=0,
            first_not_found_at=None,
        )
        self.charge = replace(
            charge,
            status=ChargeStatus.SUBMITTING,
            lease_until=lease_until,
            resends=2 if charge.resends == 1 else charge.resends,
        )
        return self.charge, self.attempt

    def keep_opened(
        self, charge: Charge, attempt: Attempt, *, lease_until: datetime
    ) -> Charge | None:
        self.before_keep()
        if self.charge.status is not ChargeStatus.SUBMITTING:
            return None
        if self.charge.lease_until != charge.lease_until:
            return None
        self.attempt = replace(attempt, status=AttemptStatus.SENDING)
        self.charge = replace(charge, lease_until=lease_until)
        return self.charge

    def release(self, charge: Charge, attempt: Attempt, *, reason: str) -> None:
        self.charge = replace(self.charge, lease_until=None)
        self.attempt = replace(attempt, status=AttemptStatus.NOT_SENT)

    def move(self, move: Move) -> bool:
        self.before_move()
        holds = {
            Lease.ANY: True,
            Lease.MINE: self.charge.lease_until == move.charge.lease_until,
            Lease.FREE: self.charge.lease_until is None,
            Lease.UNTOUCHED: (self.charge.lease_until, self.charge.resends)
            == (move.charge.lease_until, move.charge.resends),
        }[move.lease]
        if self.charge.status is not move.expected or not holds:
            return False
        self.charge = replace(move.charge, lease_until=None)
        self.moves.append(move)
        return True

    def note(self, note: ReadNote) -> None:
        self.notes.append(note)
        if note.attempt is not None and self.charge.resends == note.charge.resends:
            self.attempt = note.attempt
        if note.resend is not None and self.charge.resends == 0:
            self.charge = replace(self.charge, resends=1)

    def end_checks(self, charge_id: str, *, at: datetime) -> None:
        self.checks_ended_at = at


def _may_go_again(standing: Attempt, attempt: Attempt) -> bool:
    """As CLAIM says: proven unsent, or never opened where there is something to open."""
    is_unopened = standing.operator_reference is None and attempt.status is AttemptStatus.OPENING
    return is_unopened or standing.status in UNSENT


class PlayedOperator:
    """Answers submits, reads and openings from lists, in order, and keeps what it was asked."""

    def __init__(
        self,
        answers: Sequence[Accepted | Refused | Unknown | NotSent] = (),
        reads: Sequence[PaymentRead] = (),
        openings: Sequence[Opened | NotSent] = (),
    ) -> None:
        self.answers = list(answers)
        self.reads = list(reads)
        self.openings = list(openings)
        self.requests: list[PaymentRequest] = []
        self.read_references: list[str] = []
        self.deadlines: list[float] = []

    def request_payment(
        self, request: PaymentRequest, *, deadline: Deadline
    ) -> Accepted | Refused | Unknown | NotSent:
        self.requests.append(request)
        self.deadlines.append(deadline.remaining())
        return self.answers.pop(0)

    def open_payment(self, *, deadline: Deadline) -> Opened | NotSent:
        self.deadlines.append(deadline.remaining())
        return self.openings.pop(0)

    def read_payment(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        self.read_references.append(reference)
        return self.reads.pop(0)
