"""Reads the operator's word on one charge and moves state and money by it; closes checkouts."""

from shared.domain.payment_page import is_checkout
from shared.operations.close_checkout import close_checkout
from shared.operations.settle_charge import settle_charge as settle
from shared.runtime import charges, logs, payment_pages, wiring
from shared.runtime.http import Push, push_function
from shared.runtime.settings import settings


def handle(push: Push) -> None:
    """Read, compare, move; a checkout is told by its id."""
    message = push.message
    tenant = wiring.tenant_of(message)
    if is_checkout(message.object_id):
        word = close_checkout(
            message,
            payment_pages.store(tenant),
            now=wiring.time_of(tenant),
            base_url=settings().public_base_url,
        )
        logs.info("checkout_looked_at", object_id=message.object_id, outcome=word)
        return
    outcome = settle(
        message,
        store=wiring.charges(tenant),
        reader_of=charges.operators().reader,
        how=charges.settlement(tenant),
    )
    logs.info("charge_settled", charge_id=message.object_id, outcome=outcome)


settle_charge = push_function("settle_charge", handle)
