"""A tenant's customers: each change with its event and its idempotency key in one round trip."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db.charge_rows import metadata_json
from shared.db.charges import NOT_LOCKED, key_lock, replayed
from shared.db.event_parts import EVENTS_PARTS, TOLD, events_values, messages_of
from shared.db.reading import bounds, cut
from shared.db.statement import Statement
from shared.db.transaction import UNIQUE_VIOLATION, Database, Once, constraint_of, error_code
from shared.domain.account import Tenant
from shared.domain.errors import InProgress, InvalidRequest
from shared.domain.events import Event
from shared.domain.merchant_customer import Locale, MerchantCustomer
from shared.domain.phone import PhoneNumber
from shared.operations.customer_store import WantedCustomers
from shared.operations.lists import Page, PageOf
from shared.operations.ports import IdempotencyUse, Replayed, Stored

_COLUMNS: Final = """id, created_at, name, phone, email, description, reference, metadata,
    preferred_locale, change_count, deleted_at"""

# As in `charge_statements.CREATE`: without the lock on its key nothing is written.
_MAY_WRITE: Final = """
earlier AS MATERIALIZED (
    SELECT fingerprint, response FROM idempotency_keys
    WHERE operation = :operation::text AND key = :key::text
      AND created_at > now() - interval '24 hours'
),
free AS MATERIALIZED (
    SELECT 1 WHERE NOT EXISTS (SELECT FROM earlier)
      AND COALESCE(current_setting('pay.key_lock', true), '') <> 'false'
)"""
_KEPT: Final = """
kept AS (
    INSERT INTO idempotency_keys (operation, key, account_id, fingerprint, object_id, response,
                                  created_at)
    SELECT :operation::text, :key::text, :account::text, :fingerprint::text, id, :response::text,
           now()
    FROM gate WHERE :key::text IS NOT NULL
    ON CONFLICT (operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, object_id = excluded.object_id,
        response = excluded.response, created_at = excluded.created_at
)"""
_BECAME: Final = f"""
SELECT (SELECT fingerprint FROM earlier), (SELECT response FROM earlier),
       (SELECT id FROM gate), {TOLD}"""

CREATE: Final = Statement(f"""
WITH {_MAY_WRITE},
gate AS (
    INSERT INTO customers (id, account_id, created_at, name, phone, email, description, reference,
                           metadata, preferred_locale)
    SELECT :id::text, :account::text, :at::timestamptz, :name::text, :phone::text, :email::text,
           :description::text, :reference::text, :metadata::jsonb, :preferred_locale::text
    FROM free
    RETURNING id
),
{_KEPT},
{EVENTS_PARTS}
{_BECAME}
""")

UPDATE: Final = Statement(f"""
WITH {_MAY_WRITE},
gate AS (
    UPDATE customers c
    SET name = :name::text, phone = :phone::text, email = :email::text,
        description = :description::text, reference = :reference::text,
        metadata = :metadata::jsonb, preferred_locale = :preferred_locale::text,
        change_count = c.change_count + 1
    FROM free
    WHERE c.id = :id::text AND c.deleted_at IS NULL AND c.change_count = :change_count::int
    RETURNING c.id
),
{_KEPT},
{EVENTS_PARTS}
{_BECAME}
""")

# What was answered about it stands with keys that may come again: they get what is left.
DELETE: Final = Statement(f"""
WITH gate AS (
    UPDATE customers
    SET name = NULL, phone = NULL, email = NULL, description = NULL, reference = NULL,
        metadata = '{{}}', preferred_locale = NULL, change_count = change_count + 1,
        deleted_at = :at::timestamptz
    WHERE id = :id::text AND deleted_at IS NULL
    RETURNING id
),
forgotten AS (
    UPDATE idempotency_keys k SET response = :response::text
    FROM gate
    WHERE k.object_id = gate.id AND k.operation IN ('create_customer', 'update_customer')
),
{EVENTS_PARTS}
SELECT (SELECT id FROM gate), {TOLD}
""")

_FIND: Final = f"SELECT {_COLUMNS} FROM customers WHERE id"
FIND: Final = Statement(f"{_FIND} = :id::text")
FIND_SEVERAL: Final = Statement(f"{_FIND} = ANY(:ids::text[])")


def _page(lead: str, order: str) -> Statement:
    """Return a page led by one filter, so that its index serves; the others narrow it."""
    return Statement(f"""
SELECT {_COLUMNS} FROM customers
WHERE id > :after::text AND id < :before::text AND deleted_at IS NULL {lead}
  AND (:phone::text IS NULL OR phone = :phone::text)
  AND (:email::text IS NULL OR email = :email::text)
  AND (:reference::text IS NULL OR reference = :reference::text)
  AND (:created_from::bigint IS NULL OR created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR created_at < to_timestamp(:created_until::bigint))
ORDER BY id {order} LIMIT :limit::int""")


_LEADS: Final = ("reference", "email", "phone")
_PAGES: Final[Mapping[tuple[str | None, str], Statement]] = {
    (name, order): _page("" if name is None else f"AND {name} = :{name}::text", order)
    for name in (None, *_LEADS)
    for order in ("ASC", "DESC")
}


class MerchantCustomers:
    """CustomerStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def create(
        self,
        customer: MerchantCustomer,
        *,
        event: Event,
        idempotency: IdempotencyUse | None,
        response: str,
    ) -> Stored | Replayed:
        """Store all or nothing."""
        became = self._write(
            CREATE, idempotency, [event], response, **_words(customer), at=customer.created_at
        )
        if became is None:
            message = "a customer that is neither stored nor was"
            raise AssertionError(message)
        return became

    def find(self, customer_id: str) -> MerchantCustomer | None:
        """Return a customer, a deleted one too, or None."""
        rows = self._database.once(self._tenant, FIND, id=customer_id).rows
        return customer_from_row(rows[0], self._tenant) if rows else None

    def page(self, page: Page, wanted: WantedCustomers) -> PageOf[MerchantCustomer]:
        """Return a page of those that are not deleted, newest first."""
        given: dict[str, Any] = {
            "reference": wanted.reference,
            "email": wanted.email,
            "phone": None if wanted.phone is None else wanted.phone.e164,
        }
        lead = next((name for name in _LEADS if given[name] is not None), None)
        statement = _PAGES[lead, "DESC" if page.ending_before is None else "ASC"]
        rows = self._database.once(self._tenant, statement, **bounds(page), **given).rows
        return cut([customer_from_row(row, self._tenant) for row in rows], page)

    def update(
        self,
        customer: MerchantCustomer,
        *,
        event: Event | None,
        idempotency: IdempotencyUse | None,
        response: str,
    ) -> Stored | Replayed | None:
        """Store it in the place of what has the same `change_count`; None where that is gone."""
        events = [] if event is None else [event]
        at = customer.created_at if event is None else event.created_at
        return self._write(
            UPDATE,
            idempotency,
            events,
            response,
            **_words(customer),
            change_count=customer.change_count,
            at=at,
        )

    def delete(self, customer: MerchantCustomer, *, event: Event, response: str) -> bool:
        """Store what is left of it; False where it is deleted already."""
        deleted, told = self._database.once(
            self._tenant,
            DELETE,
            **events_values([event], self._tenant, None),
            id=customer.id,
            response=response,
            at=event.created_at,
        ).rows[0]
        self._database.hand_on(messages_of(told, self._tenant, None))
        return deleted is not None

    def _write(
        self,
        statement: Statement,
        use: IdempotencyUse | None,
        events: Sequence[Event],
        response: str,
        *,
        at: datetime,
        **values: Any,
    ) -> Stored | Replayed | None:
        try:
            once = self._database.once(
                self._tenant,
                statement,
                key_lock=None if use is None else key_lock(use, self._tenant),
                **events_values(events, self._tenant, None),
                operation=None if use is None else use.operation,
                key=None if use is None else use.key,
                fingerprint=None if use is None else use.fingerprint,
                response=response,
                at=at,
                **values,
            )
        except DatabaseError as error:
            is_taken = constraint_of(error) == "customers_reference"
            if is_taken and error_code(error) == UNIQUE_VIOLATION:
                raise InvalidRequest("reference_in_use", "reference") from None
            raise
        return self._became(once, use, response)

    def _became(
        self, once: Once, use: IdempotencyUse | None, response: str
    ) -> Stored | Replayed | None:
        if use is not None and once.opened == NOT_LOCKED:
            raise InProgress("idempotency_in_progress", retry_after_seconds=1)
        known, earlier, changed, told = once.rows[0]
        if known is not None:
            return replayed(use, known, earlier)
        self._database.hand_on(messages_of(told, self._tenant, None))
        return None if changed is None else Stored(response)


def customer_from_row(row: Sequence[Any], tenant: Tenant) -> MerchantCustomer:
    """Build a customer from the columns of `FIND`, in their order."""
    return MerchantCustomer(
        id=row[0],
        livemode=tenant.livemode,
        created_at=row[1],
        name=row[2],
        phone=None if row[3] is None else PhoneNumber(row[3]),
        email=row[4],
        description=row[5],
        reference=row[6],
        metadata=row[7],
        preferred_locale=None if row[8] is None else Locale(row[8]),
        change_count=row[9],
        deleted_at=row[10],
    )


def _words(customer: MerchantCustomer) -> dict[str, Any]:
    """Return what may change of a customer, and its id."""
    locale = customer.preferred_locale
    return {
        "id": customer.id,
        "name": customer.name,
        "phone": None if customer.phone is None else customer.phone.e164,
        "email": customer.email,
        "description": customer.description,
        "reference": customer.reference,
        "metadata": metadata_json(customer.metadata),
        "preferred_locale": None if locale is None else locale.value,
    }
