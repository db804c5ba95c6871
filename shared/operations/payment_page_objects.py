"""The public form of checkouts and payment links, in answers, events and webhooks."""

from datetime import datetime
from typing import Any

from shared.domain.money import XAF
from shared.domain.payment_page import PaymentPage
from shared.operations.objects import seconds_or_none, unix_seconds


def page_address(page_id: str, *, base_url: str) -> str:
    """Return where payers pay."""
    return f"{base_url}/pay/{page_id}"


def payment_page_object(page: PaymentPage, *, base_url: str, now: datetime) -> dict[str, Any]:
    """Return a checkout or a payment link as OpenAPI describes it; amounts in whole XAF."""
    shown: dict[str, Any] = {
        "id": page.id,
        "object": page.kind.value,
        "url": page_address(page.id, base_url=base_url),
        "status": page.shown_status(now).value,
        "amount": page.asked.amount,
        "amount_min": page.asked.least,
        "amount_max": page.asked.most,
        "currency": XAF.lower(),
        "description": page.description,
        "reference": page.reference,
        "metadata": dict(page.metadata),
        "success_url": page.success_url,
        "cancel_url": page.cancel_url,
        "language": page.language or "auto",
        "charge": page.charge_id,
        "expires_at": seconds_or_none(page.expires_at),
        "created": unix_seconds(page.created_at),
        "livemode": page.livemode,
    }
    return shown if page.is_checkout else {**shown, "active": page.active}
