"""What money that goes out needs from the database, as Protocols; each call is one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.adjustment import Adjustment
from shared.domain.audit import AuditEntry
from shared.domain.charge import Attempt, AttemptStatus
from shared.domain.events import Event, Message
from shared.domain.ledger import Transaction
from shared.domain.notification import Notification
from shared.domain.outgoing import Outgoing, OutgoingEvent, OutgoingStatus, WaitingReason
from shared.domain.payout import Payout
from shared.domain.refund import Refund, Refundable
from shared.domain.rules import Admission
from shared.operations.ports import IdempotencyUse, Lease, NewReceipt, Replayed, Stored

Decide = Callable[[Refundable], Refund]
"""Says where the refund's money comes from, and what of the charge's fees comes back with it. May
refuse."""


@dataclass(frozen=True, slots=True)
class OutgoingMove:
    """One compare-and-set of money that goes out with what belongs to it, committed together.

    `outgoing` is as it shall be; `expected` is the status that must still hold. `gives_back` is
    what a charge counts as refunded no longer, in whole XAF. `again` asks the sender for it, or has
    the `receipt` printed that a success promises. Else as in Move.
    """

    outgoing: Outgoing
    expected: OutgoingStatus
    cause: OutgoingEvent
    at: datetime
    next_check_at: datetime | None
    lease: Lease = Lease.ANY
    attempt_id: str | None = None
    attempt_status: AttemptStatus | None = None
    operator_word: str | None = None
    events: Sequence[Event] = ()
    posting: Transaction | None = None
    gives_back: int = 0
    receipt: NewReceipt | None = None
    again: Message | None = None
    consumer: str | None = None
    message_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingNote:
    """What is kept where nothing moved.

    `again` asks the sender once more. `stops` that nothing is sent until a person has decided;
    `waits_for` tells whoever looks what it waits for, where nobody sends it at this moment.
    """

    outgoing: Outgoing
    attempt: Attempt | None
    operator_word: str
    next_check_at: datetime | None
    at: datetime
    again: Message | None = None
    stops: bool = False
    waits_for: WaitingReason | None = None
    case_id: str | None = None
    case_reason: str | None = None
    notice: Notification | None = None


@dataclass(frozen=True, slots=True)
class PaidAfterAll:
    """What failed for us and was paid all the same: its correction, what is told, and the case."""

    outgoing: Outgoing
    adjustment: Adjustment
    event: Event
    case_id: str
    notice: Notification


class CorrectionStore(Protocol):
    """Where a reader of one tenant corrects what has ended; each call is one transaction."""

    def paid_after_all(self, correction: PaidAfterAll) -> bool:
        """Book it with its case; False where this transaction of the operator's is booked.

        Raises LedgerRefused.
        """


class OutgoingStore(Protocol):
    """What of one kind goes out for one tenant; each call is one transaction."""

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        """Return what a key was ever answered before, or None. Raises KeyReused."""

    def find(self, object_id: str) -> Outgoing | None:
        """Return it, or None."""

    def find_with_attempt(self, object_id: str) -> tuple[Outgoing, Attempt | None] | None:
        """Return it and its attempt, or None."""

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
        """Take the lease of what has its intent kept; commit this attempt or keep its own.

        None when it is not ours to send: final, leased, sent before, stopped, past its time, or
        asked for by a message that has had its effect.
        """

    def keep_opened(
        self, outgoing: Outgoing, attempt: Attempt, *, lease_until: datetime
    ) -> Outgoing | None:
        """Commit the operator's own reference, and begin the lease anew; None if it is not ours."""

    def release(self, outgoing: Outgoing, attempt: Attempt, *, reason: str) -> None:
        """Give the lease back after it was proven that no byte left."""

    def move(self, move: OutgoingMove) -> bool:
        """Apply; False when another worker was first (nothing changed). Raises LedgerRefused."""

    def note(self, note: OutgoingNote) -> None:
        """Keep what was seen, move the due row, ask the sender again, stop, or open a case."""

    def end_checks(self, object_id: str, *, at: datetime) -> None:
        """Close the due row of what has ended, where it still stands open."""


class RefundStore(OutgoingStore, Protocol):
    """The refunds of one tenant; each call is one transaction."""

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
        """Store refund and hold, all or nothing, while nobody else can refund the charge.

        What `decide` refuses is refused before anything is stored. A key never expires. Raises
        InProgress, KeyReused, NotFound and InvalidRequest (`balance_insufficient`).
        """


class PayoutStore(OutgoingStore, Protocol):
    """The payouts of one tenant; each call is one transaction."""

    def find(self, object_id: str) -> Payout | None:
        """Return the payout, or None."""

    def create(
        self,
        payout: Payout,
        *,
        admission: Admission,
        event: Event,
        message: Message | None,
        first_check_at: datetime,
        idempotency: IdempotencyUse,
        response: str,
        notice: Notification | None = None,
    ) -> Stored | Replayed:
        """Store payout and hold, all or nothing; without a message it is sent later.

        Whom `notice` is for is told in the same transaction. A key never expires. Raises
        InProgress, KeyReused, what `admission` refuses with, and InvalidRequest
        (`balance_insufficient`, `reference_in_use`).
        """

    def makers(self, made_by: str) -> frozenset[str]:
        """Return the people behind who made something: herself, or whoever made the key."""

    def decide(self, move: OutgoingMove, entry: AuditEntry) -> bool:
        """Apply the move of one that waited for approval, and keep its decision and the entry.

        False when it waits no more (nothing changed). Raises LedgerRefused.
        """
