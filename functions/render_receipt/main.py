"""Prints the receipt of a paid charge into write-once storage."""

from shared.operations.render_receipt import render_receipt as render
from shared.runtime import locked, logs, receipts, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Print, lock, record, tell the merchant."""
    message = push.message
    tenant = wiring.tenant_of(message)
    outcome = render(
        message,
        charges=wiring.charges(tenant),
        store=wiring.receipts(tenant),
        locked=locked.store(),
        how=receipts.printing(tenant),
    )
    logs.info("receipt_rendered", charge_id=message.object_id, outcome=outcome)


render_receipt = push_function("render_receipt", handle)
