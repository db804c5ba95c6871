"""Sends one endpoint of a merchant the events that are due to it."""

from shared.operations.dispatch_webhook import dispatch_webhook as dispatch
from shared.runtime import logs, webhooks, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Claim up to fifty, send them at once, record."""
    tenant = wiring.tenant_of(push.message)
    came_to = dispatch(
        push.message,
        store=wiring.deliveries(tenant),
        sender=webhooks.sender(),
        how=webhooks.dispatch(),
    )
    logs.info("webhooks_sent", endpoint_id=push.message.object_id, **came_to)


dispatch_webhook = push_function("dispatch_webhook", handle)
