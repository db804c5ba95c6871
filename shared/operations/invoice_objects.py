"""The public form of invoices, and their reads."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol

from shared.domain.invoice import Invoice, begins, next_month
from shared.operations.lists import Page, PageOf
from shared.operations.objects import unix_seconds
from shared.operations.reads import Read, page_object


class InvoiceReads(Protocol):
    """What one tenant may read of its invoices."""

    def find_invoice(self, invoice_id: str) -> Invoice | None:
        """Return the invoice, or None."""

    def list_invoices(self, page: Page) -> PageOf[Invoice]:
        """Return a page of invoices, newest first."""


def invoice_object(invoice: Invoice, *, base_url: str) -> dict[str, Any]:
    """Return an invoice as OpenAPI describes it; amounts in whole XAF."""
    return {
        "id": invoice.id,
        "object": "invoice",
        "number": invoice.number,
        "period_start": unix_seconds(begins(invoice.month)),
        "period_end": unix_seconds(begins(next_month(invoice.month))),
        "currency": "xaf",
        "total": invoice.total,
        "tax": invoice.vat,
        "amount_due": 0,
        "status": "paid",
        "lines": [
            {
                "for": line.purpose,
                "type": line.line.value,
                "count": line.count,
                "amount": line.amount,
            }
            for line in invoice.lines
        ],
        "invoice_pdf": f"{base_url}/verify/{invoice.code}.pdf" if invoice.is_stored else None,
        "created": unix_seconds(invoice.created_at),
        "livemode": invoice.livemode,
    }


def read_invoice(read: Read, store: InvoiceReads) -> dict[str, Any]:
    """Return one invoice. Raises NotFound."""
    return invoice_object(read.one("in", store.find_invoice), base_url=read.base_url)


def list_invoices(read: Read, store: InvoiceReads) -> dict[str, Any]:
    """Return a page of invoices."""
    found = store.list_invoices(read.page("in"))
    return page_object("/v1/invoices", found, partial(invoice_object, base_url=read.base_url))


INVOICE_READS: Final[Mapping[str, Callable[[Read, InvoiceReads], dict[str, Any]]]] = {
    "read_invoice": read_invoice,
    "list_invoices": list_invoices,
}
