"""What moves money beside payments, booked once: reversals, returns, corrections, true-ups.

Of a payment that has ended nothing changes but what its operator did with the money afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from shared.domain import ledger
from shared.domain.ids import new_id
from shared.domain.ledger import Transaction
from shared.domain.outgoing import Outgoing


class AdjustmentKind(StrEnum):
    """Why money moved."""

    LATE_PAYMENT = "late_payment"  # it came after the end of its charge, or otherwise than asked
    REVERSAL = "reversal"  # an operator took a charge back
    RETURN = "return"  # a payout came back
    CORRECTION = "correction"  # between named accounts, or what was paid after it had failed
    FEE_TRUE_UP = "fee_true_up"  # what an operator took for itself, by its statement


PREFIXES: Final[Mapping[AdjustmentKind, str]] = {
    AdjustmentKind.LATE_PAYMENT: "lp",
    AdjustmentKind.REVERSAL: "rv",
    AdjustmentKind.RETURN: "rv",
    AdjustmentKind.CORRECTION: "adj",
    AdjustmentKind.FEE_TRUE_UP: "adj",
}
PAID_AFTER_THE_END: Final = "paid_after_the_end"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One of them as booked. `amount`, in whole XAF, is below 0 where money went.

    `about` is the payment, or the late payment, that it is about.
    """

    id: str
    account: str
    livemode: bool
    kind: AdjustmentKind
    amount: int
    posting: Transaction
    reason: str
    created_at: datetime
    about: str | None = None
    operator_account: str | None = None
    operator_transaction_id: str | None = None
    proposed_by: str | None = None
    approved_by: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    status: str = "booked"


@dataclass(frozen=True, slots=True)
class Reversal:
    """What came back, or was taken back, of a payment after its end, as it is shown.

    `amount`, in whole XAF, is below 0 for a charge that was reversed.
    """

    id: str
    kind: AdjustmentKind
    amount: int
    reason: str
    about: str
    operator_account: str
    operator_transaction_id: str | None
    balance_transaction: str
    created_at: datetime


def paid_after_all(outgoing: Outgoing, *, operator_transaction_id: str, at: datetime) -> Adjustment:
    """Return the correction of what failed for us, was given back, and was paid all the same.

    What it would have taken of held is taken of available, which may fall below 0.
    """
    at_ms = int(at.timestamp() * 1000)
    own_id = new_id(PREFIXES[AdjustmentKind.CORRECTION], at_ms)
    paid = outgoing.paid(new_id("txn", at_ms))
    posting = replace(
        paid,
        kind=f"{outgoing.kind}_corrected",
        object_id=own_id,
        postings=tuple(
            replace(each, account=ledger.AVAILABLE) if each.account == ledger.HELD else each
            for each in paid.postings
        ),
    )
    return Adjustment(
        id=own_id,
        account=outgoing.account,
        livemode=outgoing.livemode,
        kind=AdjustmentKind.CORRECTION,
        amount=-posting.by_account()[ledger.AVAILABLE],
        posting=posting,
        reason=PAID_AFTER_THE_END,
        created_at=at,
        about=outgoing.id,
        operator_account=outgoing.operator_account,
        operator_transaction_id=operator_transaction_id,
    )
