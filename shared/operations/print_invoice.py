"""Writes an invoice into locked storage, once, and tells the merchant."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from shared.domain.events import Event, Message
from shared.domain.ids import new_id
from shared.domain.invoice import Invoice
from shared.domain.receipt import retain_until
from shared.operations import invoice_objects, objects
from shared.operations.ports import LockedStore, Reached, StoredObject


class InvoicePapers(Protocol):
    """The invoices of one tenant; each call is one transaction."""

    def find(self, invoice_id: str) -> Invoice | None:
        """Return the invoice, or None."""

    def mark_stored(
        self,
        invoice: Invoice,
        stored: StoredObject,
        *,
        event: Event,
        now: datetime,
        traceparent: str | None,
    ) -> bool:
        """Keep where it lies and tell the merchant; False when that was done before."""


@dataclass(frozen=True, slots=True)
class InvoicePress:
    """What printing needs: the press (invoice and its address to PDF) and time."""

    press: Callable[[Invoice, str], bytes]
    base_url: str
    retention_days: int
    now: Callable[[], datetime]
    locked_at: Callable[[], datetime]
    reached: Reached


def print_invoice(
    message: Message, *, papers: InvoicePapers, locked: LockedStore, how: InvoicePress
) -> str:
    """Print, lock, record; return a word for the log. The same invoice gives the same bytes.

    Raises StoreDownError, after which the message must come again.
    """
    invoice = papers.find(message.object_id)
    if invoice is None:
        return "nothing_to_print"
    if invoice.is_stored:
        return "stored_already"
    body = how.press(invoice, f"{how.base_url}/verify/{invoice.code}")
    now, locked_at = how.now(), how.locked_at()
    how.reached("print_invoice.before_put")
    stored = locked.put(
        invoice.object_key,
        body,
        content_type="application/pdf",
        retain_until=retain_until(
            min(invoice.created_at, locked_at),
            livemode=invoice.livemode,
            now=locked_at,
            retention_days=how.retention_days,
        ),
    )
    how.reached("print_invoice.after_put")
    public = invoice_objects.invoice_object(replace(invoice, is_stored=True), base_url=how.base_url)
    event = Event(
        id=new_id("evt", int(now.timestamp() * 1000)),
        type="invoice.available",
        object_id=invoice.id,
        data=objects.to_json(public),
        created_at=now,
    )
    how.reached("print_invoice.before_commit")
    won = papers.mark_stored(invoice, stored, event=event, now=now, traceparent=message.traceparent)
    how.reached("print_invoice.after_commit")
    return "stored" if won else "stored_already"
