"""A tenant's checkouts and payment links: held while they change, and while a payment is begun.

Held by a statement of its own, so that the next one sees the charge that was begun meanwhile.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db import charge_statements
from shared.db.charge_rows import metadata_json
from shared.db.charges import (
    NOT_LOCKED,
    Charges,
    creation_values,
    key_lock,
    refuse_taken,
    replayed,
    webhook_messages,
)
from shared.db.event_parts import EVENTS_PARTS, TOLD, events_values, messages_of
from shared.db.reading import bounds, cut
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.charge import Charge, ChargeStatus
from shared.domain.errors import InProgress, LostRace
from shared.domain.events import Event, Message
from shared.domain.money import XAF
from shared.domain.payment_page import Asked, PageKind, PageStatus, PaymentPage
from shared.domain.rules import Admission
from shared.operations.lists import Page, PageOf
from shared.operations.payment_page_store import Changed
from shared.operations.ports import IdempotencyUse, Replayed, Stored

_COLUMNS: Final = """p.id, p.kind, p.status, p.active, p.amount, p.amount_min, p.amount_max,
    p.description, p.reference, p.metadata, p.success_url, p.cancel_url, p.language, p.charge_id,
    p.expires_at, p.created_at, c.status"""
_SOURCE: Final = "payment_pages p LEFT JOIN charges c ON c.id = p.charge_id"

LOCK: Final = Statement("SELECT 1 FROM payment_pages WHERE id = :id::text FOR UPDATE")
FIND: Final = Statement(f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE p.id = :id::text")

_PAGE: Final = f"""
SELECT {_COLUMNS} FROM {_SOURCE}
WHERE p.kind = :kind::text AND p.id > :after::text AND p.id < :before::text
  AND (:created_from::bigint IS NULL OR p.created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR p.created_at < to_timestamp(:created_until::bigint))
ORDER BY p.id"""
NEWEST: Final = Statement(f"{_PAGE} DESC LIMIT :limit::int")
OLDEST: Final = Statement(f"{_PAGE} LIMIT :limit::int")

# As in `charge_statements.CREATE`: without the lock on its key nothing is written.
ADD: Final = Statement("""
WITH earlier AS MATERIALIZED (
    SELECT fingerprint, response FROM idempotency_keys
    WHERE operation = :operation::text AND key = :key::text
      AND created_at > now() - interval '24 hours'
),
gate AS MATERIALIZED (
    SELECT 1 WHERE NOT EXISTS (SELECT FROM earlier)
      AND COALESCE(current_setting('pay.key_lock', true), '') <> 'false'
),
page AS (
    INSERT INTO payment_pages (id, account_id, kind, amount, amount_min, amount_max, currency,
        description, reference, metadata, success_url, cancel_url, language, expires_at, created_at)
    SELECT :id::text, :account::text, :kind::text, :amount::bigint, :amount_min::bigint,
        :amount_max::bigint, :currency::text, :description::text, :reference::text,
        :metadata::jsonb, :success_url::text, :cancel_url::text, :language::text,
        :expires_at::timestamptz, :created_at::timestamptz
    FROM gate
),
known AS (
    INSERT INTO platform.public_codes (code, account_id, livemode, object_id, created_at)
    SELECT :id::text, :account::text, :livemode::boolean, :id::text, :created_at::timestamptz
    FROM gate
),
due AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'checkout', :id::text, :account::text, :livemode::boolean, :expires_at::timestamptz
    FROM gate WHERE :kind::text = 'checkout'
),
kept AS (
    INSERT INTO idempotency_keys (operation, key, account_id, fingerprint, object_id, response,
                                  created_at)
    SELECT :operation::text, :key::text, :account::text, :fingerprint::text, :id::text,
           :response::text, now()
    FROM gate WHERE :key::text IS NOT NULL
    ON CONFLICT (operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, object_id = excluded.object_id,
        response = excluded.response, created_at = excluded.created_at
)
SELECT (SELECT fingerprint FROM earlier), (SELECT response FROM earlier)
""")

SAVE: Final = Statement("""
UPDATE payment_pages
SET status = :status::text, active = :active::boolean, description = :description::text,
    metadata = :metadata::jsonb, expires_at = :expires_at::timestamptz
WHERE id = :id::text
""")

TELL: Final = Statement(f"""
WITH gate AS MATERIALIZED (SELECT 1),
{EVENTS_PARTS}
SELECT {TOLD}
""")

LOOK_AT: Final = Statement("""
UPDATE platform.due_work
SET due_at = COALESCE(:look_at::timestamptz, 'infinity'), lease_until = NULL,
    done_at = CASE WHEN :look_at::timestamptz IS NULL THEN :at::timestamptz END
WHERE kind = 'checkout' AND object_id = :id::text
""")

# The charge is seen at an address of its own, which leads nobody to another payer's.
BEGUN: Final = Statement("""
WITH page AS (
    UPDATE payment_pages SET charge_id = :charge_id::text WHERE id = :id::text
)
INSERT INTO platform.public_codes (code, account_id, livemode, object_id, created_at)
VALUES (:charge_id::text, :account::text, :livemode::boolean, :charge_id::text, now())
""")


class PaymentPages:
    """PaymentPageStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def add(
        self, page: PaymentPage, *, idempotency: IdempotencyUse | None, response: str
    ) -> Stored | Replayed:
        """Store a new page, findable by its id alone."""
        use = idempotency
        once = self._database.once(
            self._tenant,
            ADD,
            key_lock=None if use is None else key_lock(use, self._tenant),
            id=page.id,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            kind=page.kind.value,
            amount=page.asked.amount,
            amount_min=page.asked.least,
            amount_max=page.asked.most,
            currency=XAF,
            description=page.description,
            reference=page.reference,
            metadata=metadata_json(page.metadata),
            success_url=page.success_url,
            cancel_url=page.cancel_url,
            language=page.language,
            expires_at=page.expires_at,
            created_at=page.created_at,
            operation=None if use is None else use.operation,
            key=None if use is None else use.key,
            fingerprint=None if use is None else use.fingerprint,
            response=response,
        )
        if use is not None and once.opened == NOT_LOCKED:
            raise InProgress("idempotency_in_progress", retry_after_seconds=1)
        known, earlier = once.rows[0]
        return Stored(response) if known is None else replayed(use, known, earlier)

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        """Return what a key was answered before, or None. Raises KeyReused."""
        return Charges(self._database, self._tenant).replay(use)

    def find(self, page_id: str) -> PaymentPage | None:
        """Return a page, or None."""
        rows = self._database.once(self._tenant, FIND, id=page_id).rows
        return page_from_row(rows[0], self._tenant) if rows else None

    def page(self, kind: PageKind, page: Page) -> PageOf[PaymentPage]:
        """Return a page of those of a kind, newest first."""
        statement = NEWEST if page.ending_before is None else OLDEST
        found = self._database.once(self._tenant, statement, kind=kind.value, **bounds(page))
        return cut([page_from_row(row, self._tenant) for row in found.rows], page)

    def change(
        self, page_id: str, decide: Callable[[PaymentPage], Changed], *, at: datetime
    ) -> PaymentPage | None:
        """Hold a page, keep what `decide` makes of it, and tell of it; None where there is none."""
        with self._database.tenant(self._tenant) as transaction:
            before = hold(transaction, page_id, self._tenant)
            if before is None:
                return None
            changed = decide(before)
            if changed.page != before:
                transaction.run(SAVE, **_values(changed.page))
            if changed.event is not None:
                told = transaction.run(
                    TELL, **events_values([changed.event], self._tenant, None), at=at
                )
                transaction.messages += messages_of(told[0][0], self._tenant, None)
            if changed.page.is_checkout:
                transaction.run(LOOK_AT, id=page_id, look_at=changed.look_at, at=at)
        return changed.page


class PageCharges(Charges):
    """ChargeStore of one page: what is begun on it is stored only while it takes payments."""

    def __init__(self, database: Database, tenant: Tenant, page_id: str) -> None:
        """Bind the store to a page of a tenant; opens nothing yet."""
        super().__init__(database, tenant)
        self._page_id = page_id

    def create(
        self,
        charge: Charge,
        *,
        event: Event,
        message: Message,
        first_check_at: datetime,
        idempotency: IdempotencyUse | None,
        response: str,
        admission: Admission | None = None,
    ) -> Stored | Replayed:
        """Store all or nothing, as a charge of this page. Raises LostRace where it takes none."""
        use = idempotency
        lock = None if use is None else key_lock(use, self._tenant)
        with self._database.tenant(self._tenant, key_lock=lock) as transaction:
            if use is not None and transaction.opening_rows[-1][-1] == NOT_LOCKED:
                raise InProgress("idempotency_in_progress", retry_after_seconds=1)
            page = hold(transaction, self._page_id, self._tenant)
            earlier = None if use is None else _outcome(transaction, use)
            if earlier is not None:
                return earlier
            if page is None or not page.takes_payment(charge.created_at):
                raise LostRace(self._page_id)
            try:
                created = transaction.run(
                    charge_statements.CREATE_ON_PAGE,
                    **creation_values(
                        charge,
                        event=event,
                        message=message,
                        first_check_at=first_check_at,
                        idempotency=use,
                        response=response,
                        admission=admission,
                    ),
                )
            except DatabaseError as error:
                refuse_taken(error)
                raise
            _, _, endpoints, refusal = created[0]
            if admission is not None and refusal is not None:
                raise admission.refusal(refusal)
            transaction.run(
                BEGUN,
                id=self._page_id,
                charge_id=charge.id,
                account=self._tenant.account,
                livemode=self._tenant.livemode,
            )
            transaction.messages += [message, *webhook_messages(event, endpoints, message)]
        return Stored(response)


def hold(transaction: Transaction, page_id: str, tenant: Tenant) -> PaymentPage | None:
    """Hold a page to the end of the transaction, and return it as it is then."""
    transaction.run(LOCK, id=page_id)
    rows = transaction.run(FIND, id=page_id)
    return page_from_row(rows[0], tenant) if rows else None


def page_from_row(row: Sequence[Any], tenant: Tenant) -> PaymentPage:
    """Build a page from its columns and the status of its charge."""
    return PaymentPage(
        id=row[0],
        account=tenant.account,
        livemode=tenant.livemode,
        kind=PageKind(row[1]),
        status=PageStatus(row[2]),
        active=row[3],
        asked=Asked(row[4], row[5], row[6]),
        description=row[7],
        reference=row[8],
        metadata=row[9],
        success_url=row[10],
        cancel_url=row[11],
        language=row[12],
        charge_id=row[13],
        expires_at=row[14],
        created_at=row[15],
        charge_status=None if row[16] is None else ChargeStatus(row[16]),
    )


def _outcome(transaction: Transaction, use: IdempotencyUse) -> Replayed | None:
    rows = transaction.run(charge_statements.FIND_OUTCOME, operation=use.operation, key=use.key)
    return replayed(use, *rows[0]) if rows else None


def _values(page: PaymentPage) -> dict[str, Any]:
    """Return what of a page may change, and its id."""
    return {
        "id": page.id,
        "status": page.status.value,
        "active": page.active,
        "description": page.description,
        "metadata": metadata_json(page.metadata),
        "expires_at": page.expires_at,
    }
