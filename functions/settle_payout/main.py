"""Reads the operator's word on money that goes out and moves state and money by it."""

from shared.operations.settle_payout import settle_payout as settle
from shared.runtime import logs, payouts, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Read, compare, move."""
    message = push.message
    tenant = wiring.tenant_of(message)
    outcome = settle(
        message,
        store=payouts.store_of(tenant, message.object_id),
        reader_of=payouts.operators().reader,
        how=payouts.settlement(tenant),
    )
    logs.info("payout_settled", object_id=message.object_id, outcome=outcome)


settle_payout = push_function("settle_payout", handle)
