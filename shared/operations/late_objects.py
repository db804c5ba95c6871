"""The public form of what moved money beside payments, as merchants read it."""

from typing import Any

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
