"""Wires a tenant's webhook endpoints and what was sent to them."""

from shared.db.sent_webhooks import SentWebhooks
from shared.db.webhook_endpoints import WebhookEndpoints
from shared.domain.account import Tenant
from shared.runtime import wiring


def endpoints(tenant: Tenant) -> WebhookEndpoints:
    """Return a tenant's webhook endpoints."""
    return WebhookEndpoints(wiring.app_database(), tenant)


def store(tenant: Tenant) -> SentWebhooks:
    """Return what was sent to them, to be read or sent anew."""
    return SentWebhooks(wiring.app_database(), tenant)
