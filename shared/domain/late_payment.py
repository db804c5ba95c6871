"""A late payment: money that an operator took for a charge that had ended, or otherwise than asked.

The charge stays as it ended. The money waits in suspense until it is given back to the number that
paid, or accepted as a charge of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from shared.domain import ledger
from shared.domain.charge import Charge, ChargeStatus
from shared.domain.fees import FeeLine
from shared.domain.money import Money
from shared.domain.phone import Operator, PhoneNumber

PREFIX: Final = "lp"
REFUND_AFTER: Final = timedelta(hours=24)


class LateStatus(StrEnum):
    """Where the money is; in suspense only while it is open."""

    OPEN = "open"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"


FINAL: Final = frozenset({LateStatus.REFUNDED, LateStatus.ACCEPTED, LateStatus.CORRECTED})


class LateDecision(StrEnum):
    """What becomes of it where nobody says otherwise."""

    REFUND = "refund"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class LateRule:
    """What an account's setting says: what is done, and after how long."""

    decision: LateDecision = LateDecision.REFUND
    after: timedelta = REFUND_AFTER

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Read a dated rule. Raises KeyError and ValueError."""
        return cls(LateDecision(data["decision"]), timedelta(seconds=int(data["after_seconds"])))


@dataclass(frozen=True, slots=True)
class LatePayment:
    """One late payment as stored.

    `charge` is the one that it was asked for, `phone` the number that paid; both are None for money
    that only a statement names. `decision` is done at `due_at`. `refund` is the one at work or the
    last one, `refunds` how many there were; `accepted_as` the charge that it became.
    """

    id: str
    account: str
    livemode: bool
    money: Money
    reason: str
    charge: str | None
    operator: Operator
    operator_account: str
    operator_transaction_id: str
    phone: PhoneNumber | None
    balance_transaction: str
    created_at: datetime
    decision: LateDecision
    due_at: datetime
    status: LateStatus = LateStatus.OPEN
    refund: str | None = None
    refunds: int = 0
    accepted_as: str | None = None
    ended_at: datetime | None = None

    @property
    def data(self) -> dict[str, Any]:
        """What is stored of it beside the columns that all adjustments have."""
        return {
            "operator": self.operator.value,
            "phone": None if self.phone is None else self.phone.e164,
            "decision": self.decision.value,
            "due_at": self.due_at.isoformat(),
        }

    def as_charge(
        self,
        asked: Charge,
        charge_id: str,
        *,
        at: datetime,
        hold: timedelta,
        fees: tuple[FeeLine, ...],
        balance_transaction: str,
    ) -> Charge:
        """Return the charge that it becomes: paid, with what was said of the one asked for.

        Its number is the one that paid, if anybody knows it: refunds go there.
        The merchant's reference stays with that one: it may have been used again since.
        """
        return Charge(
            id=charge_id,
            account=self.account,
            livemode=self.livemode,
            money=self.money,
            status=ChargeStatus.SUCCEEDED,
            operator=self.operator,
            operator_account=self.operator_account,
            phone=self.phone,
            created_at=at,
            submit_before=at,
            operator_transaction_id=self.operator_transaction_id,
            description=asked.description,
            metadata=asked.metadata,
            balance_transaction=balance_transaction,
            succeeded_at=at,
            hold=hold,
            fees=fees,
            customer=asked.customer,
        )

    def booked(self) -> ledger.Transaction:
        """Return what is posted when it comes to light."""
        return ledger.late_payment(
            self.balance_transaction,
            self.id,
            amount=self.money.amount,
            operator_account=self.operator_account,
        )
