"""A refund: money that goes back to the number that paid, on the way of all that goes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from shared.domain import ledger
from shared.domain.events import REFUND_CREATED
from shared.domain.fees import FeeLine, borne_by_merchant, ours_in
from shared.domain.outgoing import OF_EACH, Outgoing, OutgoingEvent, OutgoingStatus, part

_S = OutgoingStatus

PUBLIC_STATUS: Final[Mapping[OutgoingStatus, str]] = {
    _S.CREATED: "pending",
    _S.SUBMITTING: "pending",
    _S.IN_TRANSIT: "pending",
    _S.UNKNOWN: "pending",
    _S.SUCCEEDED: "succeeded",
    _S.FAILED: "failed",
}

PUBLIC_EVENT: Final[Mapping[OutgoingStatus, str]] = {
    _S.CREATED: "refund.pending",
    _S.SUCCEEDED: "refund.succeeded",
    _S.FAILED: "refund.failed",
}

EVENTS: Final = OF_EACH
TRANSITIONS: Final = part(EVENTS)
"""What of the table of all that goes out a refund reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Outgoing):
    """One refund as stored.

    `phone` is the number that paid the charge, and `charge_reference` what its operator knows that
    payment by. `fees` is what it costs. `returned` is what came back of the charge's fees for it,
    by ledger account in whole XAF; None where they are kept. Of amount and cost, less what came
    back, `from_pending` came from the charge's own pending money, the rest from available; all of
    it from suspense where it gives back a late payment.
    """

    kind: ClassVar[str] = "refund"
    operation: ClassVar[str] = "create_refund"
    topic: ClassVar[str] = REFUND_CREATED
    events: ClassVar[frozenset[OutgoingEvent]] = EVENTS
    public_statuses: ClassVar[Mapping[OutgoingStatus, str]] = PUBLIC_STATUS
    public_events: ClassVar[Mapping[OutgoingStatus, str]] = PUBLIC_EVENT

    charge_id: str
    charge_reference: str
    from_pending: int = 0
    fees: tuple[FeeLine, ...] = ()
    returned: Mapping[str, int] | None = None
    reason: str | None = None
    late_payment: str | None = None

    @property
    def about(self) -> str:
        """The charge."""
        return self.charge_id

    @property
    def note(self) -> str:
        """The reason, or the charge."""
        return self.reason or self.charge_id

    @property
    def refunds(self) -> str:
        """The payment that it gives back, as its operator knows it."""
        return self.charge_reference

    @property
    def counted_as_refunded(self) -> int:
        """The whole amount; nothing of a late payment, which is no money of the charge's."""
        return 0 if self.late_payment is not None else self.money.amount

    @property
    def fee(self) -> int:
        """What it costs in all, in whole XAF."""
        return borne_by_merchant(self.fees)

    @property
    def from_available(self) -> int:
        """What of it came from available, in whole XAF."""
        back = sum((self.returned or {}).values())
        return self.money.amount + self.fee - back - self.from_pending

    def held(self) -> ledger.Transaction:
        """Return what is posted when it is made: amount and cost, each part from its place."""
        if self.late_payment is not None:
            return ledger.late_refund_created(
                self.balance_transaction, self.id, amount=self.money.amount
            )
        return ledger.refund_created(
            self.balance_transaction,
            self.id,
            from_pending=self.from_pending,
            from_available=self.from_available,
            returned=self.returned or {},
        )

    def paid(self, transaction_id: str) -> ledger.Transaction:
        """Return what is posted when it was paid: held leaves through the float."""
        return ledger.refund_succeeded(
            transaction_id,
            self.id,
            amount=self.money.amount,
            operator_account=self.operator_account,
            fees=ledger.owed(self.fees),
        )

    def given_back(self, transaction_id: str) -> ledger.Transaction:
        """Return what is posted when it failed: each part goes back to where it came from."""
        if self.late_payment is not None:
            return ledger.late_refund_failed(transaction_id, self.id, amount=self.money.amount)
        return ledger.refund_failed(
            transaction_id,
            self.id,
            from_pending=self.from_pending,
            from_available=self.from_available,
            returned=self.returned or {},
        )


@dataclass(frozen=True, slots=True)
class Refundable:
    """A charge while nobody else can refund it.

    `rest` is what was paid and is not refunded, what is under way counted; `pending` what of the
    charge's money still waits in the account's pending. `gross` is what was paid, `fees` what was
    taken of it. `given` of the gross was refunded so that fees came back with it, and `came_back`
    is what that was, by ledger account. All in whole XAF.
    """

    is_succeeded: bool
    rest: int
    pending: int
    gross: int = 0
    fees: Sequence[FeeLine] = ()
    given: int = 0
    came_back: Mapping[str, int] = field(default_factory=dict)

    def from_pending(self, amount: int) -> int:
        """Return what of an amount the charge's own pending money bears: as much as there is."""
        return max(0, min(amount, self.pending))

    def back_with(self, amount: int) -> dict[str, int]:
        """Return what of our fee comes back with a refund of so much, by ledger account.

        With the last of several comes what their rounding left, so that what was refunded whole
        cost nothing of ours; never more than the refund itself.
        """
        whole = ledger.owed(ours_in(self.fees, gross=self.gross, part=self.given + amount))
        left, back = amount, {}
        for account, of_all in whole.items():
            back[account] = max(0, min(left, of_all - self.came_back.get(account, 0)))
            left -= back[account]
        return {account: part for account, part in back.items() if part}
