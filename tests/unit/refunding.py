"""A refund in memory, its journal and whoever pays it: shared by the tests of money out."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.domain.charge import Attempt, AttemptStatus, Charge
from shared.domain.deadline import Deadline
from shared.domain.errors import CutOff, Unavailable
from shared.domain.events import PAYOUT_CHECK_DUE, REFUND_CREATED, Event, Message
from shared.domain.outgoing import Outgoing, OutgoingEvent, OutgoingStatus, reference_of
from shared.domain.refund import Refund, Refundable
from shared.operations.outgoing_store import Decide, OutgoingMove, OutgoingNote
from shared.operations.ports import (
    Accepted,
    IdempotencyUse,
    Lease,
    NotSent,
    Opened,
    PaymentRead,
    PayoutRequest,
    Refused,
    Replayed,
    Stored,
    StoredDifferentlyError,
    StoredObject,
    StoreDownError,
    Unknown,
)
from shared.operations.settle_payout import PayoutSettlement, settle_payout
from shared.operations.submit_payout import PayoutSubmission, submit_payout
from tests.factories import a_charge, a_refund, an_id
from tests.fakes import START, TENANT, Clock

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = b"k" * 32


class MemoryRefunds:
    """One refund in memory, moved by compare-and-set like the real store."""

    def __init__(self, refund: Refund, attempt: Attempt | None = None) -> None:
        self.refund = refund
        self.attempt = attempt
        self.moves: list[OutgoingMove] = []
        self.on_claim: Callable[[], None] = lambda: None
        self.notes: list[OutgoingNote] = []
        self.before_move: Callable[[], None] = lambda: None
        self.hiccups = 0
        self.is_claim_cut: bool | None = None
        self.checks_ended_at: datetime | None = None
        self.kept: Replayed | None = None
        self.refundable = Refundable(is_succeeded=True, rest=5000, pending=5000)
        self.made: list[tuple[Refund, int]] = []

    def create(
        self,
        refund: Refund,
        *,
        decide: Decide,
        event: Event,
        message: Message,
        first_check_at: datetime,
        idempotency: IdempotencyUse,
        response: str,
    ) -> Stored | Replayed:
        self.made.append((refund, decide(self.refundable)))
        return Stored(response)

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        return self.kept

    def find(self, refund_id: str) -> Refund | None:
        return self.refund if refund_id == self.refund.id else None

    def find_with_attempt(self, refund_id: str) -> tuple[Refund, Attempt | None] | None:
        return (self.refund, self.attempt) if refund_id == self.refund.id else None

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
    ) -> tuple[Refund, Attempt] | None:
        self.on_claim()
        if self.is_claim_cut is False:
            raise CutOff
        refund, standing = self.refund, self.attempt
        is_leased = refund.lease_until is not None and refund.lease_until >= now
        is_unsent = standing is not None and standing.status is AttemptStatus.NOT_SENT
        is_ours = refund.status is OutgoingStatus.CREATED or (
            refund.status is OutgoingStatus.SUBMITTING and is_unsent
        )
        if is_leased or not is_ours or refund.stopped_at or now >= refund.submit_before:
            return None
        self.attempt = replace(standing or attempt, status=AttemptStatus.SENDING)
        submitting = refund.after(OutgoingEvent.CLAIMED)
        assert submitting is not None
        self.refund = replace(
            refund,
            status=submitting,
            lease_until=lease_until,
            journaled_at=refund.journaled_at or now,
            claimed_at=now,
        )
        if self.is_claim_cut:
            raise CutOff
        return self.refund, self.attempt

    def release(self, outgoing: Outgoing, attempt: Attempt, *, reason: str) -> None:
        self._hiccup()
        is_mine = self.attempt is not None and self.attempt.id == attempt.id
        if is_mine and self.refund.lease_until == outgoing.lease_until:
            self.refund = replace(self.refund, lease_until=None)
            self.attempt = replace(attempt, status=AttemptStatus.NOT_SENT)

    def _hiccup(self) -> None:
        """Be away, or cut off, in turns."""
        if self.hiccups:
            self.hiccups -= 1
            raise CutOff if self.hiccups % 2 else Unavailable("temporarily_unavailable")

    def move(self, move: OutgoingMove) -> bool:
        self.before_move()
        self._hiccup()
        holds = {
            Lease.ANY: True,
            Lease.MINE: self.refund.lease_until == move.outgoing.lease_until,
            Lease.FREE: self.refund.lease_until is None,
        }[move.lease]
        if self.refund.status is not move.expected or not holds:
            return False
        assert isinstance(move.outgoing, Refund)
        self.refund = replace(move.outgoing, lease_until=None)
        self.moves.append(move)
        return True

    def note(self, note: OutgoingNote) -> None:
        self.notes.append(note)
        self.attempt = note.attempt or self.attempt
        if note.stops:
            self.refund = replace(self.refund, stopped_at=note.at)

    def end_checks(self, refund_id: str, *, at: datetime) -> None:
        self.checks_ended_at = at


class MemoryJournal:
    """Write-once storage in memory; `is_down` while nobody reaches it, `on_put` delays it."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.is_down = False
        self.on_put: Callable[[], None] = lambda: None

    def put(
        self, key: str, body: bytes, *, content_type: str, retain_until: datetime
    ) -> StoredObject:
        if self.is_down:
            raise StoreDownError("down")
        self.on_put()
        was_there = key in self.kept
        if self.kept.setdefault(key, body) != body:
            raise StoredDifferentlyError(key)
        return StoredObject(key, "1", "0" * 64, was_there=was_there)

    def get(self, key: str, version_id: str) -> bytes:
        return self.kept[key]


class PlayedPayer:
    """Answers what it is told to pay and what it is asked, in order; keeps what it was told."""

    def __init__(self) -> None:
        self.answers: list[Accepted | Refused | Unknown | NotSent] = []
        self.reads: list[PaymentRead] = []
        self.requests: list[PayoutRequest] = []
        self.read_references: list[str] = []
        self.deadlines: list[float] = []

    def open_payout(self, *, deadline: Deadline) -> Opened | NotSent:
        raise AssertionError("a reference of MTN's is ours")

    def send_payout(
        self, request: PayoutRequest, *, deadline: Deadline
    ) -> Accepted | Refused | Unknown | NotSent:
        self.requests.append(request)
        self.deadlines.append(deadline.remaining())
        return self.answers.pop(0)

    def read_payout(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        self.read_references.append(reference)
        return self.reads.pop(0)


class Scene:
    """One refund of 2 000 XAF, one operator, one journal, one clock."""

    def __init__(
        self,
        *told: Accepted | Refused | Unknown | NotSent | PaymentRead,
        sent: AttemptStatus | None = None,
        **changes: Any,
    ) -> None:
        self.charge: Charge | None = a_charge(TENANT)
        refund = a_refund(
            self.charge, created_at=START, submit_before=START + timedelta(hours=24), **changes
        )
        attempt = None
        if sent is not None:
            reference = reference_of(refund.id)
            attempt = Attempt(an_id("att"), refund.id, 1, reference, "opa_x", sent)
        self.clock, self.journal, self.payer = Clock(), MemoryJournal(), PlayedPayer()
        self.store = MemoryRefunds(refund, attempt)
        self.payer.answers = [each for each in told if not isinstance(each, PaymentRead)]
        self.payer.reads = [each for each in told if isinstance(each, PaymentRead)]
        self.points: list[str] = []
        self.has_no_credentials = False

    @property
    def refund(self) -> Refund:
        """As it is now."""
        return self.store.refund

    def submit(self) -> str:
        """Have it sent."""
        how = PayoutSubmission(
            callback_base_url="https://callbacks.example",
            callback_token_key=KEY,
            number_key=KEY,
            language="fr",
            retention_days=3650,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            sleep=self.clock.sleep,
            reached=self.points.append,
        )
        return submit_payout(
            self._message(REFUND_CREATED),
            store=self.store,
            journal=self.journal,
            sender_of=self._sender_of,
            reader_of=lambda _: self.payer,
            how=how,
        )

    def _sender_of(self, _: Outgoing) -> PlayedPayer:
        if self.has_no_credentials:
            raise LookupError("no such secret")
        return self.payer

    def settle(self) -> str:
        """Have it read."""
        how = PayoutSettlement(
            base_url="https://api.example",
            language="fr",
            charge_of=lambda _: self.charge,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            reached=self.points.append,
        )
        return settle_payout(
            self._message(PAYOUT_CHECK_DUE),
            store=self.store,
            reader_of=lambda _: self.payer,
            how=how,
        )

    def _message(self, topic: str) -> Message:
        return Message(an_id("msg"), topic, TENANT.account, TENANT.livemode, self.refund.id)
