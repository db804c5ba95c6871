"""The public form of payments and balances, in answers, events and webhooks."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from shared.domain import ledger
from shared.domain.approval import Approval
from shared.domain.balance_transaction import BalanceTransaction
from shared.domain.charge import PUBLIC_STATUS, Charge, ChargeStatus
from shared.domain.events import Event
from shared.domain.fees import Bearer, FeeLine
from shared.domain.language import payout_text, refund_text, text
from shared.domain.outgoing import FINAL, Outgoing
from shared.domain.payout import PUBLIC_STATUS as PAYOUT_STATUS
from shared.domain.payout import Payout
from shared.domain.payout_batch import PUBLIC_STATUS as PUBLIC_BATCH_STATUS
from shared.domain.payout_batch import PayoutBatch
from shared.domain.refund import PUBLIC_STATUS as REFUND_STATUS
from shared.domain.refund import Refund
from shared.domain.topup import TopUp

_ENCODER: Final = msgspec.json.Encoder()


def unix_seconds(moment: datetime) -> int:
    """Return whole seconds since 1970."""
    return int(moment.timestamp())


def seconds_or_none(moment: datetime | None) -> int | None:
    """Return the same, None for what has not happened."""
    return None if moment is None else unix_seconds(moment)


def charge_object(charge: Charge, *, base_url: str, language: str) -> dict[str, Any]:
    """Return a charge as design and OpenAPI describe it; `amount` in whole XAF."""
    failure = charge.failure_code
    stored = charge.receipt_code is not None and charge.receipt_stored
    return {
        "id": charge.id,
        "object": "charge",
        "amount": charge.money.amount,
        "amount_refunded": charge.amount_refunded,
        "amount_reversed": charge.amount_reversed,
        "currency": charge.money.currency.lower(),
        "status": PUBLIC_STATUS[charge.status],
        "status_detail": charge.status.value,
        "paid": charge.status is ChargeStatus.SUCCEEDED,
        "refunded": charge.amount_refunded == charge.money.amount,
        "reversed": charge.amount_reversed == charge.money.amount,
        "failure_code": failure,
        "failure_message": None if failure is None else text(failure, language),
        "next_action": _next_action(charge, base_url=base_url),
        "payment_method_details": {
            "mobile_money": {
                "operator": charge.operator.value,
                "phone": None if charge.phone is None else charge.phone.masked,
                "operator_transaction_id": charge.operator_transaction_id,
            },
        },
        "balance_transaction": charge.balance_transaction,
        "receipt_url": f"{base_url}/verify/{charge.receipt_code}.pdf" if stored else None,
        "receipt_number": charge.receipt_number,
        "reference": charge.reference,
        "description": charge.description,
        "customer": charge.customer,
        "page": charge.page,
        "metadata": dict(charge.metadata),
        "created": unix_seconds(charge.created_at),
        "livemode": charge.livemode,
    }


def page_url(charge: Charge, *, base_url: str) -> str:
    """Return where a payer goes to pay on the operator's page: ours, which leads there."""
    return f"{base_url}/pay/{charge.id}"


def _next_action(charge: Charge, *, base_url: str) -> dict[str, Any] | None:
    if charge.status is not ChargeStatus.REQUIRES_ACTION:
        return None
    return {
        "type": "redirect_to_url",
        "redirect_to_url": {
            "url": page_url(charge, base_url=base_url),
            "return_url": charge.return_url,
        },
    }


def outgoing_object(
    outgoing: Outgoing, *, language: str, base_url: str | None = None
) -> dict[str, Any]:
    """Return money that goes out as OpenAPI describes it. Raises TypeError for an unknown kind."""
    match outgoing:
        case Refund():
            return refund_object(outgoing, language=language, base_url=base_url)
        case Payout():
            return payout_object(outgoing, language=language, base_url=base_url)
    raise TypeError(type(outgoing))


def refund_object(refund: Refund, *, language: str, base_url: str | None = None) -> dict[str, Any]:
    """Return a refund as OpenAPI describes it; `amount` and `fee` in whole XAF.

    Without `base_url` it tells no address of its receipt: before it was paid there is none.
    """
    failure = refund.failure_code
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.money.amount,
        "fee": refund.fee,
        "currency": refund.money.currency.lower(),
        "charge": refund.charge_id,
        "status": REFUND_STATUS[refund.status],
        "status_detail": refund.status.value,
        "waiting_reason": _waits_for(refund),
        "failure_code": failure,
        "failure_message": None if failure is None else refund_text(failure, language),
        "payment_method_details": {
            "mobile_money": {
                "operator": refund.operator.value,
                "phone": refund.phone.masked,
                "operator_transaction_id": refund.operator_transaction_id,
            },
        },
        "balance_transaction": refund.balance_transaction,
        "late_payment": refund.late_payment,
        **_receipt(refund, base_url),
        "reason": refund.reason,
        "metadata": dict(refund.metadata),
        "created": unix_seconds(refund.created_at),
        "livemode": refund.livemode,
    }


def payout_object(payout: Payout, *, language: str, base_url: str | None = None) -> dict[str, Any]:
    """Return a payout as OpenAPI describes it; `amount` and `fee` in whole XAF.

    `base_url` as for a refund.
    """
    failure = payout.failure_code
    return {
        "id": payout.id,
        "object": "payout",
        "amount": payout.money.amount,
        "amount_returned": payout.amount_returned,
        "fee": payout.fee,
        "currency": payout.money.currency.lower(),
        "status": payout.public_status,
        "status_detail": payout.status.value,
        "waiting_reason": _waits_for(payout),
        "failure_code": failure,
        "failure_message": None if failure is None else payout_text(failure, language),
        "destination": {
            "type": "mobile_money",
            "operator": payout.operator.value,
            "phone": payout.phone.masked,
            "name": payout.name,
        },
        "operator_transaction_id": payout.operator_transaction_id,
        "balance_transaction": payout.balance_transaction,
        **_receipt(payout, base_url),
        "description": payout.description,
        "reference": payout.reference,
        "metadata": dict(payout.metadata),
        "scheduled_at": seconds_or_none(payout.scheduled_at),
        "made_by": payout.made_by,
        "approval": approval_object(payout.approval),
        "payout_batch": payout.batch,
        "payout_batch_line": payout.line,
        "created": unix_seconds(payout.created_at),
        "livemode": payout.livemode,
    }


def approval_object(approval: Approval | None) -> dict[str, Any] | None:
    """Return what a second person decides about, or has decided; None where nobody needs to."""
    if approval is None:
        return None
    return {
        "content_sha256": approval.content_sha256,
        "expires_at": unix_seconds(approval.expires_at),
        "decided_by": approval.decided_by,
        "decided_at": seconds_or_none(approval.decided_at),
        "reason": approval.reason,
    }


def payout_batch_object(batch: PayoutBatch) -> dict[str, Any]:
    """Return a batch as OpenAPI describes it; amounts in whole XAF, lines by their public word."""
    progress = {word: {"count": 0, "amount": 0} for word in dict.fromkeys(PAYOUT_STATUS.values())}
    for status, tally in batch.progress.items():
        progress[PAYOUT_STATUS[status]]["count"] += tally.count
        progress[PAYOUT_STATUS[status]]["amount"] += tally.amount
    return {
        "id": batch.id,
        "object": "payout_batch",
        "amount": batch.amount,
        "fee": batch.fee,
        "currency": "xaf",
        "status": PUBLIC_BATCH_STATUS[batch.status],
        "status_detail": batch.status.value,
        "count": batch.line_count,
        "progress": progress,
        "made_by": batch.made_by,
        "approval": approval_object(batch.approval),
        "balance_transaction": batch.balance_transaction,
        "description": batch.description,
        "metadata": dict(batch.metadata),
        "created": unix_seconds(batch.created_at),
        "ended_at": seconds_or_none(batch.ended_at),
        "livemode": batch.livemode,
    }


def _receipt(outgoing: Outgoing, base_url: str | None) -> dict[str, Any]:
    is_stored = outgoing.receipt_code is not None and outgoing.receipt_stored
    has_url = is_stored and base_url is not None
    return {
        "receipt_url": f"{base_url}/verify/{outgoing.receipt_code}.pdf" if has_url else None,
        "receipt_number": outgoing.receipt_number,
    }


def event_object(event: Event, data: Mapping[str, Any], *, livemode: bool) -> dict[str, Any]:
    """Return an event; `data` is the object as it was when the event happened."""
    return {
        "id": event.id,
        "object": "event",
        "api_version": event.api_version,
        "created": unix_seconds(event.created_at),
        "type": event.type,
        "livemode": livemode,
        "request": {"id": event.request_id, "idempotency_key": event.idempotency_key},
        "data": {"object": data},
    }


def topup_object(topup: TopUp) -> dict[str, Any]:
    """Return money that a merchant put in; `amount` in whole XAF."""
    return {
        "id": topup.id,
        "object": "topup",
        "amount": topup.money.amount,
        "currency": topup.money.currency.lower(),
        "status": "succeeded",
        "method": "bank" if topup.operator_account is None else "mobile_money",
        "reference": topup.reference,
        "balance_transaction": topup.balance_transaction,
        "created": unix_seconds(topup.created_at),
        "livemode": topup.livemode,
    }


def _waits_for(outgoing: Outgoing) -> str | None:
    reason = outgoing.waiting_reason
    return None if reason is None or outgoing.status in FINAL else reason.value


def list_object(url: str, data: Iterable[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """Return a page, newest first."""
    return {"object": "list", "url": url, "has_more": has_more, "data": list(data)}


def balance_object(balances: Mapping[str, int], *, livemode: bool) -> dict[str, Any]:
    """Return what a merchant has, in whole XAF; `balances` is what we owe per ledger account."""
    return {
        "object": "balance",
        "livemode": livemode,
        **{
            name: [{"amount": balances.get(name, 0), "currency": "xaf"}]
            for name in (ledger.AVAILABLE, ledger.PENDING, ledger.HELD)
        },
    }


def balance_transaction_object(
    transaction: BalanceTransaction, *, livemode: bool
) -> dict[str, Any]:
    """Return a change of the balance in Stripe's manner; amounts in whole XAF."""
    return {
        "id": transaction.id,
        "object": "balance_transaction",
        "amount": transaction.amount,
        "currency": "xaf",
        "fee": transaction.fee,
        "fee_details": _fee_details(transaction.lines(Bearer.MERCHANT)),
        "payer_fee_details": _fee_details(transaction.lines(Bearer.PAYER)),
        "net": transaction.net,
        "type": transaction.type,
        "reporting_category": transaction.type,
        "source": transaction.source,
        "status": "pending" if transaction.is_pending else "available",
        "available_on": unix_seconds(transaction.available_at),
        "created": unix_seconds(transaction.created_at),
        "livemode": livemode,
    }


def _fee_details(lines: Iterable[FeeLine]) -> list[dict[str, Any]]:
    return [
        {"amount": fee.amount, "currency": "xaf", "type": fee.line.value, "rule": fee.rule}
        for fee in lines
    ]


def to_json(value: Mapping[str, Any]) -> str:
    """Write compact JSON, the same text every time for the same value."""
    return _ENCODER.encode(value).decode()
