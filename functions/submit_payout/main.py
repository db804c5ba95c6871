"""Sends money out: refunds and payouts."""

from shared.operations.submit_payout import submit_payout as submit
from shared.runtime import locked, logs, paying, payouts, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Keep the intent, claim, send, record."""
    message = push.message
    tenant = wiring.tenant_of(message)
    outcome = submit(
        message,
        store=payouts.store_of(tenant, message.object_id),
        journal=locked.store(),
        sender_of=paying.operators().sender,
        reader_of=paying.operators().reader,
        how=paying.submission(tenant),
    )
    logs.info("payout_submitted", object_id=message.object_id, outcome=outcome)


submit_payout = push_function("submit_payout", handle)
