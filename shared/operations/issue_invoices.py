"""Invoices what was taken of each account in the months that are over, one invoice for each month.

What a month comes to is counted from the ledger in slices, and the number is taken in the
transaction that stores the invoice: so there is one for each month with fees, and no gap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol

from shared.domain import invoice as invoices
from shared.domain.account import Tenant
from shared.domain.events import INVOICE_ISSUED, Message
from shared.domain.ids import first_id, new_id
from shared.domain.receipt import new_receipt_code
from shared.domain.test_clock import STILL, TestClock
from shared.operations.ports import Reached

MOST_COUNTED: Final = 20_000
"""Transactions of one slice: less than a second of the database."""


class Issued(StrEnum):
    """What became of one slice."""

    MORE = "more"  # of this month's transactions some are still to be counted
    INVOICE = "invoice"
    NOTHING = "nothing"  # nothing was taken in this month
    BUSY = "busy"  # another run is at it, or was


@dataclass(frozen=True, slots=True)
class Slice:
    """A month of an account, and by which ids its invoice would go."""

    tenant: Tenant
    month: date
    first_id: str
    end_id: str
    message: Message
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """Whose month is over, by which clock; None where nothing was ever looked at."""

    tenant: Tenant
    month: date | None
    clock: TestClock = STILL


class InvoiceStore(Protocol):
    """The invoices of all tenants, as the clock's login; each call is one transaction."""

    def due(self, at: datetime) -> Sequence[Due]:
        """Return whose months that are over at a moment are not all invoiced, and from which on."""

    def begin(self, tenant: Tenant, *, at: datetime) -> None:
        """Begin with the month of the first ledger transaction, or with this one."""

    def issue(self, wanted: Slice, *, most: int) -> Issued:
        """Count one slice of a month; with the last one store its invoice, if there is any."""


def issue_invoices(
    store: InvoiceStore,
    *,
    now: Callable[[], datetime],
    has_time: Callable[[], bool],
    reached: Reached,
) -> int:
    """Invoice what is due while there is time; return how many invoices that made."""
    count = 0
    busy: set[Tenant] = set()
    while has_time():
        due = [each for each in store.due(now()) if each.tenant not in busy]
        if not due:
            break
        for each in due:
            if not has_time():
                break
            tenant, at = each.tenant, each.clock.time(now())
            if each.month is None:
                # Who posts may not have committed yet what belongs to the month that is over.
                store.begin(tenant, at=at - invoices.SETTLES)
                continue
            reached("start_due_work.before_invoice")
            outcome = store.issue(_slice(tenant, each.month, at), most=MOST_COUNTED)
            reached("start_due_work.after_invoice")
            count += outcome is Issued.INVOICE
            if outcome is Issued.BUSY:
                busy.add(tenant)
    return count


def _slice(tenant: Tenant, month: date, at: datetime) -> Slice:
    at_ms = int(at.timestamp() * 1000)
    message = Message(
        event_id=new_id("msg", at_ms),
        topic=INVOICE_ISSUED,
        account=tenant.account,
        livemode=tenant.livemode,
        object_id=new_id("in", at_ms),
    )
    return Slice(
        tenant,
        month,
        _first("txn", month),
        _first("txn", invoices.next_month(month)),
        message,
        new_receipt_code(),
        at,
    )


def _first(prefix: str, month: date) -> str:
    return first_id(prefix, int(invoices.begins(month).timestamp() * 1000))
