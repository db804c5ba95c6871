"""A payout: a merchant's money sent to any number, at once or at its time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final

from shared.domain import ledger
from shared.domain.approval import Approval, content_sha256
from shared.domain.events import PAYOUT_READY
from shared.domain.outgoing import Outgoing, OutgoingEvent, OutgoingStatus, part

_S = OutgoingStatus

PUBLIC_STATUS: Final[Mapping[OutgoingStatus, str]] = {
    _S.AWAITING_APPROVAL: "requires_approval",
    _S.QUEUED: "pending",
    _S.SCHEDULED: "pending",
    _S.CREATED: "pending",
    _S.SUBMITTING: "in_transit",
    _S.IN_TRANSIT: "in_transit",
    _S.UNKNOWN: "in_transit",
    _S.SUCCEEDED: "paid",
    _S.FAILED: "failed",
    _S.CANCELED: "canceled",
    _S.REJECTED: "canceled",
    _S.EXPIRED: "canceled",
}

RETURNED: Final = "returned"
"""The public word for one that was paid and came back."""

PUBLIC_EVENT: Final[Mapping[OutgoingStatus, str]] = {
    _S.AWAITING_APPROVAL: "payout.requires_approval",
    _S.SCHEDULED: "payout.pending",
    _S.CREATED: "payout.pending",
    _S.IN_TRANSIT: "payout.in_transit",
    _S.SUCCEEDED: "payout.paid",
    _S.FAILED: "payout.failed",
    _S.CANCELED: "payout.canceled",
    _S.REJECTED: "payout.canceled",
    _S.EXPIRED: "payout.canceled",
}

EVENTS: Final = frozenset(OutgoingEvent)
TRANSITIONS: Final = part(EVENTS)
"""What of the table of all that goes out a payout reaches."""

LATEST: Final = timedelta(days=90)
"""How far ahead one may be put off: its money is held all the while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout(Outgoing):
    """One payout as stored.

    `fees` is what it costs, by the ledger account that it is owed to, in whole XAF; it is held and
    taken with the amount. `name` is whom the merchant says the number belongs to. `scheduled_at` is
    when it shall be sent, None for at once; `amount_returned` what came back after it was paid.
    `made_by` is the person or key who asked for it, `approval` is there where a second person
    decides about it, or has. A line of a batch names it and its own `line` in it; it was
    `released_at` to be sent, None while it waits for its turn.
    """

    kind: ClassVar[str] = "payout"
    operation: ClassVar[str] = "create_payout"
    topic: ClassVar[str] = PAYOUT_READY
    events: ClassVar[frozenset[OutgoingEvent]] = EVENTS
    public_statuses: ClassVar[Mapping[OutgoingStatus, str]] = PUBLIC_STATUS
    public_events: ClassVar[Mapping[OutgoingStatus, str]] = PUBLIC_EVENT

    fees: Mapping[str, int] = field(default_factory=dict)
    name: str | None = None
    description: str | None = None
    reference: str | None = None
    scheduled_at: datetime | None = None
    made_by: str | None = None
    approval: Approval | None = None
    amount_returned: int = 0
    batch: str | None = None
    line: int | None = None
    released_at: datetime | None = None

    @property
    def public_status(self) -> str:
        """What its merchant is told of it."""
        return RETURNED if self.is_returned else self.public_statuses[self.status]

    @property
    def is_returned(self) -> bool:
        """Tell whether all that was paid came back."""
        return self.amount_returned >= self.money.amount

    @property
    def about(self) -> str:
        """One place for each key in the live mode; in the test mode one for each payout.

        Test data may be deleted, and the same keys come again: they are not the same wish. A line
        has a key of its own, made of its batch's.
        """
        if not self.livemode:
            return self.id
        return "payouts" if self.batch is None else "payout_batches"

    @property
    def note(self) -> str:
        """The merchant's description or reference, else the id."""
        return self.description or self.reference or self.id

    @property
    def fee(self) -> int:
        """What it costs in all, in whole XAF."""
        return sum(self.fees.values())

    @property
    def ready_since(self) -> datetime:
        """From when on it may be sent."""
        planned = self.scheduled_at or self.created_at
        approved = None if self.approval is None else self.approval.decided_at
        ready = planned if approved is None else max(planned, approved)
        return self.released_at or ready

    @property
    def content(self) -> Sequence[object]:
        """All that is approved with it, as it is now.

        `intent_key` nobody can guess: whoever may not see the number cannot find it by its hash.
        """
        return [
            [self.id, self.account, self.livemode, self.intent_key, self.made_by],
            [self.money.amount, self.money.currency, self.fees],
            [self.operator, self.operator_account, self.phone.e164, self.name],
            [self.reference, self.description, self.metadata, self.created_at, self.scheduled_at],
        ]

    def content_sha256(self, expires_at: datetime) -> str:
        """Return what binds an approval of it, which can be given until then."""
        return content_sha256([self.content, expires_at])

    @property
    def is_as_approved(self) -> bool:
        """Whether nobody had to approve it, or somebody did, and it is what she approved."""
        approval = self.approval
        return approval is None or (
            approval.decided_by is not None
            and approval.content_sha256 == self.content_sha256(approval.expires_at)
        )

    def held(self) -> ledger.Transaction:
        """Return what is posted when it is made: amount and cost out of available."""
        return ledger.payout_created(
            self.balance_transaction, self.id, amount=self.money.amount, fees=self.fees
        )

    def paid(self, transaction_id: str) -> ledger.Transaction:
        """Return what is posted when it was paid: held leaves through the float, and as fees."""
        return ledger.payout_succeeded(
            transaction_id,
            self.id,
            amount=self.money.amount,
            fees=self.fees,
            operator_account=self.operator_account,
        )

    def given_back(self, transaction_id: str) -> ledger.Transaction:
        """Return what is posted when it failed or was canceled: all is available again."""
        return ledger.payout_given_back(
            transaction_id, self.id, amount=self.money.amount, fees=self.fees
        )
