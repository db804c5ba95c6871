"""Invoices in PostgreSQL: rows of the platform, which is who issues them.

The clock's login counts and stores them by functions; the application's reads them, each tenant's
own, and keeps where a PDF lies as the tenant's role, with the event that tells of it.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db.charge_statements import EVENT_PARTS
from shared.db.charges import event_values, webhook_messages
from shared.db.reading import bounds, cut
from shared.db.scheduling import put_in_outbox
from shared.db.statement import Statement
from shared.db.test_clocks import clock_from
from shared.db.transaction import Database, error_code
from shared.domain.account import Tenant
from shared.domain.events import WEBHOOK_DUE, Event, Message
from shared.domain.invoice import (
    FEE_ACCOUNTS,
    MERCHANTS,
    SETTLES,
    Invoice,
    lines_from,
    month_of,
)
from shared.domain.receipt import language_of
from shared.domain.test_clock import STILL
from shared.operations.issue_invoices import Due, Issued, Slice
from shared.operations.lists import Page, PageOf
from shared.operations.ports import StoredObject

_LOG: Final = logging.getLogger(__name__)
AT_ONCE: Final = 20

# In no order, so that those which cannot be invoiced are in nobody's way. A test mode whose clock
# has just moved waits: what was begun before may still commit into the month that is over by now.
FIND_DUE: Final = Statement("""
SELECT s.account_id, s.livemode, i.month, c.was_ahead, c.ahead, c.moves_at
FROM platform.account_schemas s
LEFT JOIN platform.invoice_series i USING (account_id, livemode)
LEFT JOIN platform.test_clocks c ON c.account_id = s.account_id AND NOT s.livemode
WHERE (i.month IS NULL OR i.month < :until::date
       OR i.month < date_trunc('month', (:settled::timestamptz + make_interval(secs => c.ahead))
                               AT TIME ZONE 'Africa/Douala'))
  AND (c.moves_at < :at::timestamptz - interval '30 seconds') IS NOT FALSE
ORDER BY random() LIMIT :limit::int
""")

BEGIN: Final = Statement("""
SELECT platform.begin_invoices(:account::text, :livemode::boolean, :at::timestamptz)
""")

ISSUE: Final = Statement("""
SELECT platform.issue_invoice(:account::text, :livemode::boolean, :month::date, :first_id::text,
    :end_id::text, :most::int, :codes::text[], :merchants::text[], :invoice_id::text,
    :code::text, :at::timestamptz)
""")

_INVOICE: Final = """id, sequence, month, lines, account_name, language, code, created_at,
    stored_at"""
_OF_TENANT: Final = f"""
SELECT {_INVOICE} FROM platform.invoices
WHERE account_id = :account::text AND livemode = :livemode::boolean"""
FIND: Final = Statement(f"{_OF_TENANT} AND id = :invoice_id::text")
_PAGE: Final = f"""{_OF_TENANT}
  AND id > :after::text AND id < :before::text
  AND (:created_from::bigint IS NULL OR created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR created_at < to_timestamp(:created_until::bigint))
ORDER BY id"""
NEWEST: Final = Statement(f"{_PAGE} DESC LIMIT :limit::int")
OLDEST: Final = Statement(f"{_PAGE} LIMIT :limit::int")
FIND_STORED: Final = Statement("""
SELECT object_key, version_id, sha256 FROM platform.invoices
WHERE account_id = :account::text AND livemode = :livemode::boolean AND id = :invoice_id::text
  AND stored_at IS NOT NULL
""")

MARK_STORED: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    SELECT 1 WHERE platform.keep_invoice(:charge_id::text, :object_key::text, :version_id::text,
                                         :sha_hex::text, :at::timestamptz)
),
{EVENT_PARTS}
SELECT (SELECT count(*) FROM gate), (SELECT string_agg(endpoint_id, ' ') FROM deliveries)
""")


class Issuing:
    """InvoiceStore over all tenants, as the workers' login: it enters none."""

    def __init__(self, database: Database) -> None:
        """Keep the pool; opens nothing yet."""
        self._database = database

    def due(self, at: datetime) -> Sequence[Due]:
        """Return whose months that are over at a moment are not all invoiced, and from which on."""
        settled = at - SETTLES
        rows = self._database.once(
            None, FIND_DUE, until=month_of(settled), settled=settled, at=at, limit=AT_ONCE
        ).rows
        return [
            Due(Tenant(account, livemode), month, STILL if clock[0] is None else clock_from(clock))
            for account, livemode, month, *clock in rows
        ]

    def begin(self, tenant: Tenant, *, at: datetime) -> None:
        """Begin with the month of the first ledger transaction, or with this one."""
        self._database.once(None, BEGIN, account=tenant.account, livemode=tenant.livemode, at=at)

    def issue(self, wanted: Slice, *, most: int) -> Issued:
        """Count one slice of a month; with the last one store its invoice, if there is any.

        What cannot be counted is for a person to look at, and hinders nobody.
        """
        tenant, message = wanted.tenant, wanted.message
        try:
            with self._database.platform() as transaction:
                [[word]] = transaction.run(
                    ISSUE,
                    account=tenant.account,
                    livemode=tenant.livemode,
                    month=wanted.month,
                    first_id=wanted.first_id,
                    end_id=wanted.end_id,
                    most=most,
                    codes=list(FEE_ACCOUNTS),
                    merchants=list(MERCHANTS),
                    invoice_id=message.object_id,
                    code=wanted.code,
                    at=wanted.at,
                )
                outcome = Issued(word)
                if outcome is Issued.INVOICE:
                    put_in_outbox(transaction, [message])
        except DatabaseError as error:
            code = error_code(error)
            _LOG.error("invoice_refused", extra={"account": tenant.account, "code": code})
            return Issued.BUSY
        return outcome


class Invoices:
    """InvoicePapers and InvoiceReads of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def find(self, invoice_id: str) -> Invoice | None:
        """Return the invoice, or None."""
        rows = self._rows(FIND, invoice_id=invoice_id)
        return _invoice(rows[0], self._tenant) if rows else None

    def find_invoice(self, invoice_id: str) -> Invoice | None:
        """Return the invoice, or None."""
        return self.find(invoice_id)

    def list_invoices(self, page: Page) -> PageOf[Invoice]:
        """Return a page of invoices, newest first."""
        statement = NEWEST if page.ending_before is None else OLDEST
        rows = self._rows(statement, **bounds(page))
        return cut([_invoice(row, self._tenant) for row in rows], page)

    def find_stored(self, invoice_id: str) -> StoredObject | None:
        """Return where its PDF lies, or None while there is none."""
        rows = self._rows(FIND_STORED, invoice_id=invoice_id)
        return StoredObject(*rows[0]) if rows else None

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
        tenant = self._tenant
        once = self._database.once(
            tenant,
            MARK_STORED,
            **{**event_values(event, tenant, traceparent), "at": now},
            charge_id=invoice.id,
            object_key=stored.key,
            version_id=stored.version_id,
            sha_hex=stored.sha256,
        )
        marked, endpoints = once.rows[0]
        like = Message(
            event.id, WEBHOOK_DUE, tenant.account, tenant.livemode, invoice.id, traceparent
        )
        self._database.hand_on(webhook_messages(event, endpoints, like))
        return bool(marked)

    def _rows(self, statement: Statement, **given: Any) -> list[list[Any]]:
        """Read as the application: the wall is in each statement."""
        whose: dict[str, Any] = {"account": self._tenant.account, "livemode": self._tenant.livemode}
        return self._database.once(None, statement, **whose, **given).rows


def _invoice(row: Sequence[Any], tenant: Tenant) -> Invoice:
    return Invoice(
        id=row[0],
        account=tenant.account,
        livemode=tenant.livemode,
        sequence=row[1],
        month=row[2],
        lines=lines_from(row[3]),
        account_name=row[4],
        language=language_of(row[5]),
        code=row[6],
        created_at=row[7],
        is_stored=row[8] is not None,
    )
