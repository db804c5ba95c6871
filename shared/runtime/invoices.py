"""Wires the invoices: who issues, prints and reads them."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from shared.db.invoices import Invoices, Issuing
from shared.domain.account import Tenant
from shared.domain.invoice import Invoice
from shared.domain.receipt import RETENTION_DAYS
from shared.operations.issue_invoices import issue_invoices
from shared.operations.print_invoice import InvoicePress
from shared.runtime import wiring
from shared.runtime.crash import reached
from shared.runtime.settings import settings

TEMPLATE: Final = (
    Path(__file__).parents[2] / "functions" / "render_receipt" / "templates" / "invoice.typ"
)


def invoices(tenant: Tenant) -> Invoices:
    """Return a tenant's invoices."""
    return Invoices(wiring.app_database(), tenant)


def issue(*, has_time: Callable[[], bool]) -> int:
    """Invoice what is due, as the clock; return how many invoices that made."""
    return issue_invoices(
        Issuing(wiring.worker_database()), now=wiring.now, has_time=has_time, reached=reached
    )


def _press(invoice: Invoice, verify_url: str) -> bytes:
    from shared.runtime import documents  # noqa: PLC0415 - only whoever prints pays for it

    return documents.render_invoice_pdf(invoice, verify_url=verify_url, template=TEMPLATE)


def press(tenant: Tenant) -> InvoicePress:
    """Return what printing an invoice needs."""
    return InvoicePress(
        press=_press,
        base_url=settings().public_base_url,
        retention_days=settings().retention_days or RETENTION_DAYS,
        now=wiring.clock_of(tenant),
        locked_at=wiring.now,
        reached=reached,
    )
