"""Facts that merchants hear of, and the messages that carry our own work between functions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

API_VERSION: Final = "2026-11-30"
PLATFORM: Final = "platform"
"""Stands for an account's id in messages about what is nobody's alone."""

CHARGE_CREATED: Final = "charge-created"
CHARGE_CHECK_DUE: Final = "charge-check-due"
FILE_UPLOADED: Final = "file-uploaded"
FLOAT_CHECK_DUE: Final = "float-check-due"
INVOICE_ISSUED: Final = "invoice-issued"
NOTIFICATION_DUE: Final = "notification-due"
PAYMENT_FINAL: Final = "payment-final"
PAYOUT_CHECK_DUE: Final = "payout-check-due"
PAYOUT_READY: Final = "payout-ready"
REFUND_CREATED: Final = "refund-created"
REPORT_REQUESTED: Final = "report-requested"
SETTLEMENT_DUE: Final = "settlement-due"
STATEMENT_UPLOADED: Final = "statement-uploaded"
WEBHOOK_DUE: Final = "webhook-due"
IDENTITY_DUE: Final = "identity-due"


EVENT_TYPES: Final = (
    "charge.pending",
    "charge.requires_action",
    "charge.succeeded",
    "charge.failed",
    "charge.canceled",
    "charge.refunded",
    "charge.reversed",
    "charge.late_payment",
    "refund.pending",
    "refund.succeeded",
    "refund.failed",
    "refund.corrected",
    "payout.requires_approval",
    "payout.pending",
    "payout.in_transit",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.corrected",
    "payout.returned",
    "payout_batch.requires_approval",
    "payout_batch.processing",
    "payout_batch.completed",
    "payout_batch.canceled",
    "payout_batch.rejected",
    "balance.corrected",
    "topup.succeeded",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "receipt.available",
    "invoice.available",
    "file.available",
    "file.refused",
    "checkout.completed",
    "checkout.expired",
    "report.succeeded",
    "report.failed",
)
"""What an endpoint can ask for; who asked for a family (`charge.*`) gets each type added to it."""

ENDPOINT_TEST: Final = "webhook_endpoint.test"
"""Sent when somebody asks for it, to the one endpoint that is tried."""


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
