"""Refunds and payouts in memory, their journal and whoever pays them: for tests of money out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.domain.charge import Attempt, AttemptStatus, Charge
from shared.domain.deadline import Deadline
from shared.domain.errors import CutOff, Unavailable
from shared.domain.events import PAYOUT_CHECK_DUE, Event, Message
from shared.domain.outgoing import Outgoing, OutgoingEvent, OutgoingStatus, reference_of
from shared.domain.payout import Payout
from shared.domain.refund import Refund, Refundable
from shared.operations.outgoing_store import Decide, OutgoingMove, OutgoingNote, PaidAfterAll
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


class MemoryOutgoing:
    """One refund or payout in memory, moved by compare-and-set like the real store."""

    def __init__(self, outgoing: Outgoing, attempt: Attempt | None = None) -> None:
        self.outgoing = outgoing
        self.attempt = attempt
        self.moves: list[OutgoingMove] = []
        self.on_claim: Callable[[], None] = lambda: None
        self.on_open: Callable[[], None] = lambda: None
        self.notes: list[OutgoingNote] = []
        self.before_move: Callable[[], None] = lambda: None
        self.hiccups = 0
        self.is_claim_cut: bool | None = None
        self.checks_ended_at: datetime | None = None
        self.kept: Replayed | None = None

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        return self.kept

    def find(self, object_id: str) -> Outgoing | None:
        return self.outgoing if object_id == self.outgoing.id else None

    def find_with_attempt(self, object_id: str) -> tuple[Outgoing, Attempt | None] | None:
        return (self.outgoing, self.attempt) if object_id == self.outgoing.id else None

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
    ) -> tuple[Outgoing, Attempt] | None:
        self.on_claim()
        if self.is_claim_cut is False:
            raise CutOff
        outgoing, standing = self.outgoing, self.attempt
        is_leased = outgoing.lease_until is not None and outgoing.lease_until >= now
        is_unsent = standing is not None and (
            standing.status is AttemptStatus.NOT_SENT
            or (attempt.status is AttemptStatus.OPENING and standing.operator_reference is None)
        )
        is_ours = outgoing.status is OutgoingStatus.CREATED or (
            outgoing.status is OutgoingStatus.SUBMITTING and is_unsent
        )
        if is_leased or not is_ours or outgoing.stopped_at or now >= outgoing.submit_before:
            return None
        claimed = standing or attempt
        was_opened = claimed.operator_reference is not None
        status = AttemptStatus.SENDING if was_opened else attempt.status
        self.attempt = replace(claimed, status=status)
        submitting = outgoing.after(OutgoingEvent.CLAIMED)
        assert submitting is not None
        self.outgoing = replace(
            outgoing,
            status=submitting,
            lease_until=lease_until,
            journaled_at=outgoing.journaled_at or now,
            claimed_at=now,
            waiting_reason=None,
        )
        if self.is_claim_cut:
            raise CutOff
        return self.outgoing, self.attempt

    def keep_opened(
        self, outgoing: Outgoing, attempt: Attempt, *, lease_until: datetime
    ) -> Outgoing | None:
        self.on_open()
        mine = self.attempt
        if mine is None or mine.operator_reference is not None:
            return None
        if self.outgoing.lease_until != outgoing.lease_until:
            return None
        self.attempt = replace(attempt, status=AttemptStatus.SENDING)
        self.outgoing = replace(self.outgoing, lease_until=lease_until)
        return self.outgoing

    def release(self, outgoing: Outgoing, attempt: Attempt, *, reason: str) -> None:
        self._hiccup()
        is_mine = self.attempt is not None and self.attempt.id == attempt.id
        if is_mine and self.outgoing.lease_until == outgoing.lease_until:
            self.outgoing = replace(self.outgoing, lease_until=None)
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
            Lease.MINE: self.outgoing.lease_until == move.outgoing.lease_until,
            Lease.FREE: self.outgoing.lease_until is None,
        }[move.lease]
        if self.outgoing.status is not move.expected or not holds:
            return False
        self.outgoing = replace(move.outgoing, lease_until=None)
        self.moves.append(move)
        return True

    def note(self, note: OutgoingNote) -> None:
        self.notes.append(note)
        self.attempt = note.attempt or self.attempt
        if note.stops:
            self.outgoing = replace(self.outgoing, stopped_at=note.at)
        if note.waits_for is not None:
            self.outgoing = replace(self.outgoing, waiting_reason=note.waits_for)

    def end_checks(self, object_id: str, *, at: datetime) -> None:
        self.checks_ended_at = at


class MemoryRefunds(MemoryOutgoing):
    """The same, in which refunds are made."""

    def __init__(self, refund: Refund, attempt: Attempt | None = None) -> None:
        super().__init__(refund, attempt)
        self.refundable = Refundable(is_succeeded=True, rest=5000, pending=5000)
        self.made: list[Refund] = []

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
        self.made.append(decide(self.refundable))
        return Stored(response)


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
            raise StoredDifferentlyError(key, self.kept[key])
        return StoredObject(key, "1", "0" * 64, was_there=was_there)

    def get(self, key: str, version_id: str) -> bytes:
        return self.kept[key]

    def find(self, key: str) -> bytes | None:
        if self.is_down:
            raise StoreDownError("down")
        return self.kept.get(key)


class PlayedPayer:
    """Answers what it is told to pay and what it is asked, in order; keeps what it was told."""

    def __init__(self) -> None:
        self.answers: list[Accepted | Refused | Unknown | NotSent] = []
        self.openings: list[Opened | NotSent] = []
        self.reads: list[PaymentRead] = []
        self.requests: list[PayoutRequest] = []
        self.read_references: list[str] = []
        self.deadlines: list[float] = []
        self.on_send: Callable[[], None] = lambda: None

    def open_payout(self, *, deadline: Deadline) -> Opened | NotSent:
        """What is to be opened next; nobody asks where the reference is ours."""
        return self.openings.pop(0)

    def send_payout(
        self, request: PayoutRequest, *, deadline: Deadline
    ) -> Accepted | Refused | Unknown | NotSent:
        self.on_send()
        self.requests.append(request)
        self.deadlines.append(deadline.remaining())
        return self.answers.pop(0)

    def read_payout(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        self.read_references.append(reference)
        return self.reads.pop(0)


class Scene:
    """One refund of 2 000 XAF, or what `of` is given; one operator, one journal, one clock."""

    def __init__(
        self,
        *told: Accepted | Refused | Unknown | NotSent | PaymentRead,
        opened: Sequence[Opened | NotSent] = (),
        sent: AttemptStatus | None = None,
        of: Outgoing | None = None,
        **changes: Any,
    ) -> None:
        self.charge: Charge | None = a_charge(TENANT)
        times: dict[str, Any] = {"created_at": START, "submit_before": START + timedelta(hours=24)}
        outgoing = of or a_refund(self.charge, **times, **changes)
        attempt = None
        if sent is not None:
            reference = reference_of(outgoing.id)
            attempt = Attempt(an_id("att"), outgoing.id, 1, reference, "opa_x", sent)
        self.clock, self.journal, self.payer = Clock(), MemoryJournal(), PlayedPayer()
        self.store = MemoryOutgoing(outgoing, attempt)
        self.payer.answers = [each for each in told if not isinstance(each, PaymentRead)]
        self.payer.reads = [each for each in told if isinstance(each, PaymentRead)]
        self.payer.openings = [*opened]
        self.points: list[str] = []
        self.has_no_credentials = False
        self.may_go_out = True
        self.journal_is_read = True
        self.is_away = False
        self.has_float = True
        self.has_turn = True
        self.given_up: set[str] = set()
        self.corrected: list[PaidAfterAll] = []

    @property
    def refund(self) -> Refund:
        """As it is now."""
        assert isinstance(self.store.outgoing, Refund)
        return self.store.outgoing

    @property
    def payout(self) -> Payout:
        """As it is now."""
        assert isinstance(self.store.outgoing, Payout)
        return self.store.outgoing

    def submit(self) -> str:
        """Have it sent."""
        how = PayoutSubmission(
            callback_base_url="https://callbacks.example",
            callback_token_key=KEY,
            number_key=KEY,
            language="fr",
            retention_days=3650,
            may_go_out=lambda _: self.may_go_out,
            journal_is_read=lambda: self.journal_is_read,
            is_away=lambda _: self.is_away,
            takes_float=lambda _: self.has_float,
            takes_turn=lambda _: self.has_turn,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            sleep=self.clock.sleep,
            reached=self.points.append,
        )
        return submit_payout(
            self._message(self.store.outgoing.topic),
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

    def paid_after_all(self, correction: PaidAfterAll) -> bool:
        """CorrectionStore: a transaction of the operator's is booked once."""
        known = {each.adjustment.operator_transaction_id for each in self.corrected}
        if correction.adjustment.operator_transaction_id in known:
            return False
        self.corrected.append(correction)
        return True

    def settle(self) -> str:
        """Have it read."""
        how = PayoutSettlement(
            base_url="https://api.example",
            language="fr",
            charge_of=lambda _: self.charge,
            may_give_up=self.given_up.__contains__,
            corrections=self,
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
        return Message(an_id("msg"), topic, TENANT.account, TENANT.livemode, self.store.outgoing.id)
