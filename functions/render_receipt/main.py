"""Prints the receipt of a paid charge into write-once storage."""

from shared.operations.render_receipt import render_receipt as render
from shared.runtime import receipts, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> str:
    """Print, lock, record, tell the merchant."""
    tenant = wiring.tenant_of(push.message)
    return render(
        push.message,
        charges=wiring.charges(tenant),
        store=wiring.receipts(tenant),
        locked=receipts.locked_store(),
        how=receipts.printing(tenant),
    )


render_receipt = push_function("render_receipt", handle)
