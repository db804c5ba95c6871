"""Pays out what is available at the moment that a merchant's owner has set."""

from shared.operations.create_settlement import create_settlement as create
from shared.runtime import logs, settlements, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Look at the rule, make its payout, wait for the next moment."""
    message = push.message
    tenant = wiring.tenant_of(message)
    outcome = create(message, store=settlements.store(tenant), how=settlements.settling(tenant))
    logs.info("settlement_made", settlement=message.object_id, outcome=outcome)


create_settlement = push_function("create_settlement", handle)
