"""Prints receipts of charges, refunds and payouts, and invoices, into write-once storage."""

from shared.domain.events import INVOICE_ISSUED
from shared.operations.print_invoice import print_invoice
from shared.operations.render_receipt import render_receipt as render
from shared.runtime import invoices, locked, logs, receipts, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Print, lock, record, tell the merchant."""
    message = push.message
    tenant = wiring.tenant_of(message)
    if message.topic == INVOICE_ISSUED:
        outcome = print_invoice(
            message,
            papers=invoices.invoices(tenant),
            locked=locked.store(),
            how=invoices.press(tenant),
        )
    else:
        outcome = render(
            message,
            payments=receipts.payments(tenant),
            store=wiring.receipts(tenant),
            locked=locked.store(),
            how=receipts.printing(tenant),
        )
    logs.info("receipt_rendered", object_id=message.object_id, outcome=outcome)


render_receipt = push_function("render_receipt", handle)
