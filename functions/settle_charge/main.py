"""Reads the operator's word on one charge and moves state and money by it."""

from shared.operations.settle_charge import settle_charge as settle
from shared.runtime import charges, logs, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Read, compare, move."""
    message = push.message
    tenant = wiring.tenant_of(message)
    outcome = settle(
        message,
        store=wiring.charges(tenant),
        reader_of=charges.operators().reader,
        how=charges.settlement(tenant),
    )
    logs.info("charge_settled", charge_id=message.object_id, outcome=outcome)


settle_charge = push_function("settle_charge", handle)
