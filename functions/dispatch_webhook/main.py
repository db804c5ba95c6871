"""Sends one endpoint of a merchant the events that are due to it."""

from shared.runtime import webhooks, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Claim up to fifty, send them at once, record."""
    tenant = wiring.tenant_of(push.message)
    webhooks.run(push.message, tenant, wiring.deliveries(tenant))


dispatch_webhook = push_function("dispatch_webhook", handle)
