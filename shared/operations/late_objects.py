"""The public form of what moved money beside payments, as merchants read it."""

from typing import Any

from shared.domain.adjustment import Adjustment, AdjustmentKind, Reversal
from shared.domain.late_payment import LatePayment
from shared.operations.objects import unix_seconds


def late_payment_object(late: LatePayment) -> dict[str, Any]:
    """Return a late payment as OpenAPI describes it; `amount` in whole XAF."""
    return {
        "id": late.id,
        "object": "late_payment",
        "amount": late.money.amount,
        "currency": late.money.currency.lower(),
        "status": late.status.value,
        "reason": late.reason,
        "charge": late.charge,
        "accepted_as": late.accepted_as,
        "refund": late.refund,
        "decision": late.decision.value,
        "decides_at": unix_seconds(late.due_at),
        "payment_method_details": {
            "mobile_money": {
                "operator": late.operator.value,
                "phone": None if late.phone is None else late.phone.masked,
                "operator_transaction_id": late.operator_transaction_id,
            },
        },
        "balance_transaction": late.balance_transaction,
        "created": unix_seconds(late.created_at),
        "livemode": late.livemode,
    }


def correction_object(adjustment: Adjustment) -> dict[str, Any]:
    """Return a correction as events tell it; `amount` is what the balance changed by."""
    return {
        "id": adjustment.id,
        "object": "correction",
        "amount": adjustment.amount,
        "currency": "xaf",
        "reason": adjustment.reason,
        "source": adjustment.about,
        "balance_transaction": adjustment.posting.id,
        "created": unix_seconds(adjustment.created_at),
        "livemode": adjustment.livemode,
    }


def reversal_object(reversal: Reversal, *, livemode: bool) -> dict[str, Any]:
    """Return a reversal or return as OpenAPI describes it; `amount` in whole XAF, above 0."""
    return {
        "id": reversal.id,
        "object": "reversal",
        "type": "payout_return" if reversal.kind is AdjustmentKind.RETURN else "charge_reversal",
        "amount": abs(reversal.amount),
        "currency": "xaf",
        "source": reversal.about,
        "operator_transaction_id": reversal.operator_transaction_id,
        "balance_transaction": reversal.balance_transaction,
        "created": unix_seconds(reversal.created_at),
        "livemode": livemode,
    }
