"""The public form of webhook endpoints and of what was sent to them."""

from datetime import datetime
from typing import Any

from shared.domain.webhook_endpoint import EndpointStatus, WebhookEndpoint, shown_events
from shared.operations.objects import seconds_or_none, unix_seconds
from shared.operations.webhook_deliveries import Resent, SentDelivery
from shared.operations.webhook_endpoint_store import MadeEndpoint


def webhook_endpoint_object(endpoint: WebhookEndpoint, *, now: datetime) -> dict[str, Any]:
    """Return an endpoint without its secret, in Stripe's manner and a few fields more."""
    return {
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "url": endpoint.url,
        "enabled_events": shown_events(endpoint.enabled_events),
        "status": endpoint.status.value,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": seconds_or_none(endpoint.failing_since),
        "description": endpoint.description,
        "metadata": dict(endpoint.metadata),
        "api_version": endpoint.api_version,
        "payload": endpoint.payload.value,
        "signature": endpoint.scheme.value,
        "signing": endpoint.signing.value,
        "order": endpoint.order.value,
        "public_key": endpoint.public_key,
        "overlap_until": seconds_or_none(endpoint.overlap_until(now)),
        "created": unix_seconds(endpoint.created_at),
        "livemode": endpoint.livemode,
    }


def made_endpoint_object(made: MadeEndpoint, *, now: datetime) -> dict[str, Any]:
    """Return an endpoint with its new secret, which no other answer holds."""
    return {**webhook_endpoint_object(made.endpoint, now=now), "secret": made.secret}


def deleted_endpoint_object(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Return what is left to say of an endpoint."""
    is_deleted = endpoint.status is EndpointStatus.DELETED
    return {"id": endpoint.id, "object": "webhook_endpoint", "deleted": is_deleted}


def webhook_delivery_object(
    delivery: SentDelivery, *, livemode: bool, with_log: bool = False
) -> dict[str, Any]:
    """Return an event on its way to an endpoint; `attempt_log` where one is asked for alone."""
    is_pending = delivery.status == "pending"
    shown = {
        "id": delivery.id,
        "object": "webhook_delivery",
        "event": delivery.event,
        "event_type": delivery.event_type,
        "endpoint": delivery.endpoint,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status or None,
        "last_error": delivery.last_error,
        "next_attempt_at": seconds_or_none(delivery.next_attempt_at) if is_pending else None,
        "delivered_at": seconds_or_none(delivery.delivered_at),
        "created": unix_seconds(delivery.created_at),
        "livemode": livemode,
    }
    if with_log:
        shown["attempt_log"] = [
            {
                "at": unix_seconds(datetime.fromisoformat(line["at"])),
                "status": line["status"] or None,
                "error": line["error"],
                "duration_ms": line["ms"],
                "answer": line.get("answer", ""),
            }
            for line in delivery.attempt_log
        ]
    return shown


def resent_object(resent: Resent) -> dict[str, Any]:
    """Return how many events are sent anew, and where the next call goes on."""
    return {
        "object": "webhook_resend",
        "endpoint": resent.endpoint,
        "count": resent.count,
        "has_more": resent.has_more,
        "last_event": resent.last_event,
    }
