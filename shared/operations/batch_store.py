"""What batches of payouts need from the database, as a Protocol; each call is one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.audit import AuditEntry
from shared.domain.batch_admission import BatchAdmission
from shared.domain.events import Event, Message
from shared.domain.notification import Notification
from shared.domain.payout import Payout
from shared.domain.payout_batch import BatchEvent, BatchStatus, PayoutBatch
from shared.operations.ports import IdempotencyUse, Replayed, Stored


@dataclass(frozen=True, slots=True)
class BatchMove:
    """One compare-and-set of a batch with what belongs to it, committed together.

    `next_look_at` moves its due row, None closes it. With `gives_back`, the id of a ledger
    transaction, the lines that wait for their turn end as canceled, and all of theirs goes back.
    `entry` is what the account's audit chain tells of it.
    """

    batch: PayoutBatch
    expected: BatchStatus
    cause: BatchEvent
    at: datetime
    next_look_at: datetime | None
    event: Event | None = None
    gives_back: str | None = None
    entry: AuditEntry | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Lines of a batch whose turn it is, as many as their operators take now.

    `most` bounds them for each operator account; `message_id` names a message for each.
    """

    batch: PayoutBatch
    most: int
    message_id: Callable[[], str]
    at: datetime
    first_check_at: datetime
    submit_before: datetime
    next_look_at: datetime
    traceparent: str | None = None


class BatchStore(Protocol):
    """The batches of payouts of one tenant; each call is one transaction."""

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        """Return what a key was ever answered before, or None. Raises KeyReused."""

    def find(self, batch_id: str) -> PayoutBatch | None:
        """Return the batch with its progress, or None."""

    def create(
        self,
        batch: PayoutBatch,
        lines: Sequence[Payout],
        *,
        admission: BatchAdmission,
        event: Event,
        first_look_at: datetime,
        idempotency: IdempotencyUse,
        response: str,
        notice: Notification | None = None,
    ) -> Stored | Replayed:
        """Store the batch, its lines and one hold for all of them, all or nothing.

        Whom `notice` is for is told in the same transaction. A key never expires. Raises
        InProgress, KeyReused, InvalidLines for what its lines break,
        what `admission` refuses with, and InvalidRequest `balance_insufficient`.
        """

    def release(self, release: Release) -> Sequence[Message]:
        """Have lines sent whose turn it is, and look again later; return their messages.

        None of a batch that is not being processed any more.
        """

    def move(self, move: BatchMove) -> bool:
        """Apply; False when another worker was first (nothing changed)."""

    def change(
        self, batch_id: str, decide: Callable[[PayoutBatch], BatchMove | None]
    ) -> PayoutBatch | None:
        """Apply what `decide` says of the batch while nobody can release any of it.

        Return the batch as it is then, None where there is none. What `decide` raises changes
        nothing.
        """

    def lines(self, batch_id: str) -> Sequence[Payout]:
        """Return all lines of a batch, in their order."""

    def makers(self, made_by: str) -> frozenset[str]:
        """Return the people behind who made something: herself, or whoever made the key."""

    def postpone(self, batch_id: str, *, until: datetime) -> None:
        """Look at it again then."""

    def end_looks(self, batch_id: str, *, at: datetime) -> None:
        """Close the due row of a batch that has ended."""
