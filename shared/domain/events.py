"""Facts that merchants hear of, and the messages that carry our own work between functions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

API_VERSION: Final = "2026-11-01"
PLATFORM: Final = "platform"
"""Stands for an account's id in messages about what is nobody's alone."""

CHARGE_CREATED: Final = "charge-created"
CHARGE_CHECK_DUE: Final = "charge-check-due"
FLOAT_CHECK_DUE: Final = "float-check-due"
INVOICE_ISSUED: Final = "invoice-issued"
NOTIFICATION_DUE: Final = "notification-due"
PAYMENT_FINAL: Final = "payment-final"
PAYOUT_CHECK_DUE: Final = "payout-check-due"
PAYOUT_READY: Final = "payout-ready"
REFUND_CREATED: Final = "refund-created"
SETTLEMENT_DUE: Final = "settlement-due"
STATEMENT_UPLOADED: Final = "statement-uploaded"
WEBHOOK_DUE: Final = "webhook-due"
IDENTITY_DUE: Final = "identity-due"


@dataclass(frozen=True, slots=True)
class Event:
    """A fact as merchants see it; `data` is the object's JSON at that moment."""

    id: str
    type: str
    object_id: str
    data: str
    created_at: datetime
    request_id: str | None = None
    idempotency_key: str | None = None
    api_version: str = API_VERSION


@dataclass(frozen=True, slots=True)
class Message:
    """Work for another function: ids only, no personal data. `event_id` is what consumers keep."""

    event_id: str
    topic: str
    account: str
    livemode: bool
    object_id: str
    traceparent: str | None = None
