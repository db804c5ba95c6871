"""A payout: a merchant's money sent to any number, at once or at its time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final

from shared.domain import ledger
from shared.domain.events import PAYOUT_READY
from shared.domain.outgoing import Outgoing, OutgoingEvent, OutgoingStatus, part

_S = OutgoingStatus

PUBLIC_STATUS: Final[Mapping[OutgoingStatus, str]] = {
    _S.SCHEDULED: "pending",
    _S.CREATED: "pending",
    _S.SUBMITTING: "in_transit",
    _S.IN_TRANSIT: "in_transit",
    _S.UNKNOWN: "in_transit",
    _S.SUCCEEDED: "paid",
    _S.FAILED: "failed",
    _S.CANCELED: "canceled",
}

PUBLIC_EVENT: Final[Mapping[OutgoingStatus, str]] = {
    _S.SCHEDULED: "payout.pending",
    _S.CREATED: "payout.pending",
    _S.SUCCEEDED: "payout.paid",
    _S.FAILED: "payout.failed",
    _S.CANCELED: "payout.canceled",
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
    when it shall be sent, None for at once.
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

    @property
    def about(self) -> str:
        """One place for each key in the live mode; in the test mode one for each payout.

        Test data may be deleted, and the same keys come again: they are not the same wish.
        """
        return "payouts" if self.livemode else self.id

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
        return self.scheduled_at or self.created_at

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
