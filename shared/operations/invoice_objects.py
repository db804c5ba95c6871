"""The public form of invoices, and their reads."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from shared.domain.errors import NotFound
from shared.domain.ids import is_id
from shared.domain.invoice import Invoice, begins, next_month
from shared.operations import objects
from shared.operations.lists import PAGE_PARAMS, Page, PageOf, refuse_unknown
from shared.operations.objects import unix_seconds
from shared.operations.read_payments import Read


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
    refuse_unknown(read.query)
    invoice_id = read.path_params["id"]
    invoice = store.find_invoice(invoice_id) if is_id(invoice_id, "in") else None
    if invoice is None:
        raise NotFound("resource_missing", "id")
    return invoice_object(invoice, base_url=read.base_url)


def list_invoices(read: Read, store: InvoiceReads) -> dict[str, Any]:
    """Return a page of invoices."""
    refuse_unknown(read.query, PAGE_PARAMS)
    found = store.list_invoices(Page.parse(read.query, "in"))
    data = [invoice_object(invoice, base_url=read.base_url) for invoice in found.items]
    return objects.list_object("/v1/invoices", data, has_more=found.has_more)


INVOICE_READS: Final[Mapping[str, Callable[[Read, InvoiceReads], dict[str, Any]]]] = {
    "read_invoice": read_invoice,
    "list_invoices": list_invoices,
}
