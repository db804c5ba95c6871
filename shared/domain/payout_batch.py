"""A batch of payouts: thousands of lines taken or refused as one, held at once, sent in turn.

Each line is a payout of its own (`payout.py`) and ends by itself. The batch has the lines that wait
for their turn released at their operator's rate, and ends when all of them have.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain import ledger
from shared.domain.approval import Approval, content_sha256
from shared.domain.outgoing import FINAL as ENDS_OF_LINES
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout import Payout


class BatchStatus(StrEnum):
    """Where a batch stands; what is not final has a due row."""

    AWAITING_APPROVAL = "awaiting_approval"
    PROCESSING = "processing"
    CANCELING = "canceling"
    COMPLETED = "completed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class BatchEvent(StrEnum):
    """What can happen to it."""

    APPROVED = "approved"  # a second person approved it: its lines may be sent
    REJECTED = "rejected"  # a person said no
    LAPSED = "lapsed"  # nobody decided in time
    STOPPED = "stopped"  # taken back while lines were on their way
    CANCELED = "canceled"  # taken back, and nothing of it is on its way
    LINES_ENDED = "lines_ended"  # its last line has ended


_S = BatchStatus
_E = BatchEvent

TRANSITIONS: Final[Mapping[tuple[BatchStatus, BatchEvent], BatchStatus]] = {
    (_S.AWAITING_APPROVAL, _E.APPROVED): _S.PROCESSING,
    (_S.AWAITING_APPROVAL, _E.REJECTED): _S.REJECTED,
    (_S.AWAITING_APPROVAL, _E.LAPSED): _S.EXPIRED,
    (_S.AWAITING_APPROVAL, _E.CANCELED): _S.CANCELED,
    # Put back to before the yes by which lines of it were sent.
    (_S.AWAITING_APPROVAL, _E.STOPPED): _S.CANCELING,
    (_S.PROCESSING, _E.STOPPED): _S.CANCELING,
    (_S.PROCESSING, _E.CANCELED): _S.CANCELED,
    (_S.PROCESSING, _E.LINES_ENDED): _S.COMPLETED,
    (_S.CANCELING, _E.LINES_ENDED): _S.CANCELED,
}

FINAL: Final[frozenset[BatchStatus]] = frozenset(
    {_S.COMPLETED, _S.CANCELED, _S.REJECTED, _S.EXPIRED}
)

PUBLIC_STATUS: Final[Mapping[BatchStatus, str]] = {
    _S.AWAITING_APPROVAL: "requires_approval",
    _S.PROCESSING: "processing",
    _S.CANCELING: "processing",
    _S.COMPLETED: "completed",
    _S.CANCELED: "canceled",
    _S.REJECTED: "rejected",
    _S.EXPIRED: "canceled",
}

PUBLIC_EVENT: Final[Mapping[BatchStatus, str]] = {
    _S.AWAITING_APPROVAL: "payout_batch.requires_approval",
    _S.PROCESSING: "payout_batch.processing",
    _S.COMPLETED: "payout_batch.completed",
    _S.CANCELED: "payout_batch.canceled",
    _S.REJECTED: "payout_batch.rejected",
    _S.EXPIRED: "payout_batch.canceled",
}

OPERATION: Final = "create_payout_batch"
MOST_LINES: Final = 10_000
LARGEST_BYTES: Final = 4 * 1024 * 1024
PORTION: Final = 100
"""How many lines of one operator account are released in one transaction at most."""
PAUSE: Final = timedelta(seconds=1)
"""Between two looks at a batch with lines that wait for their turn."""
_LONGEST_PAUSE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many lines are in one status, and what they pay in all, in whole XAF."""

    count: int
    amount: int


Progress = Mapping[OutgoingStatus, Tally]


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutBatch:
    """One batch as stored; `amount` and `fees` are of all its lines, in whole XAF.

    `fees` stand by the ledger account that they are owed to. `balance_transaction` is by what all
    of it was held. `made_by` and `approval` are as of a payout.
    """

    id: str
    account: str
    livemode: bool
    status: BatchStatus
    line_count: int
    amount: int
    fees: Mapping[str, int]
    balance_transaction: str
    made_by: str
    created_at: datetime
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    approval: Approval | None = None
    ended_at: datetime | None = None
    progress: Progress = field(default_factory=dict)

    @property
    def fee(self) -> int:
        """What it costs in all, in whole XAF."""
        return sum(self.fees.values())

    @property
    def queued(self) -> int:
        """How many lines wait for their turn."""
        return self._count(lambda status: status is OutgoingStatus.QUEUED)

    @property
    def is_under_way(self) -> bool:
        """Whether a line was released and has not ended."""
        ended = ENDS_OF_LINES | {OutgoingStatus.QUEUED}
        return self._count(lambda status: status not in ended) > 0

    def without_queued(self) -> Progress:
        """Return the progress as it is once what waits for its turn is canceled."""
        nothing = Tally(0, 0)
        progress = dict(self.progress)
        queued = progress.pop(OutgoingStatus.QUEUED, nothing)
        ended = progress.get(OutgoingStatus.CANCELED, nothing)
        progress[OutgoingStatus.CANCELED] = Tally(
            ended.count + queued.count, ended.amount + queued.amount
        )
        return progress

    def _count(self, fits: Callable[[OutgoingStatus], bool]) -> int:
        return sum(tally.count for status, tally in self.progress.items() if fits(status))

    def after(self, event: BatchEvent) -> BatchStatus | None:
        """Return the status that follows, or None where this event means nothing any more."""
        return TRANSITIONS.get((self.status, event))

    def content_sha256(self, lines: Iterable[Payout], expires_at: datetime) -> str:
        """Return what binds an approval of all its lines, in their order, given until then."""
        head = [
            [self.id, self.account, self.livemode, self.made_by, self.created_at, expires_at],
            [self.line_count, self.amount, self.fees, self.description, self.metadata],
        ]
        return content_sha256(head, (line.content for line in lines))

    def held(self) -> ledger.Transaction:
        """Return what is posted when it is made: one hold for all lines."""
        return ledger.payout_batch_created(
            self.balance_transaction, self.id, total=self.amount + self.fee
        )


def next_look_at(created_at: datetime, now: datetime) -> datetime:
    """Return when to see again whether the last lines have ended: the older, the later."""
    return now + min(max((now - created_at) // 20, PAUSE), _LONGEST_PAUSE)
