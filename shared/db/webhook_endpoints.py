"""A tenant's webhook endpoints: held while they change, and their deliveries follow at once."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from shared.db.audit import append
from shared.db.reading import bounds, cut
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.audit import AuditEntry
from shared.domain.events import WEBHOOK_DUE, Message
from shared.domain.ids import new_id
from shared.domain.webhook_endpoint import (
    EndpointStatus,
    OldSecret,
    Order,
    Payload,
    Scheme,
    Signing,
    WebhookEndpoint,
)
from shared.operations.lists import Page, PageOf
from shared.operations.webhook_endpoint_store import Changed

_COLUMNS: Final = """id, url, enabled_events, created_at, secret_sealed, status, disabled_reason,
    failing_since, description, metadata, api_version, payload, scheme, signing, delivery_order,
    public_key, old_secrets"""

# Held by whoever adds one, and taken by a statement of its own: the next sees what others wrote.
LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended(:schema::text, 6113407))")

ADD: Final = Statement("""
WITH endpoint AS (
    INSERT INTO webhook_endpoints (id, url, enabled_events, created_at, secret_sealed, description,
        metadata, api_version, payload, scheme, signing, delivery_order, public_key)
    SELECT :id::text, :url::text, :enabled_events::text[], :created_at::timestamptz,
        :secret_sealed::text, :description::text, :metadata::jsonb, :api_version::text,
        :payload::text, :scheme::text, :signing::text, :delivery_order::text, :public_key::text
    WHERE (SELECT count(*) FROM webhook_endpoints WHERE status <> 'deleted') < :most::bigint
    RETURNING id
),
work AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'webhook', id, :account::text, :livemode::boolean, 'infinity' FROM endpoint
)
SELECT id FROM endpoint
""")

_FIND: Final = f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE id = :id::text"
FIND: Final = Statement(_FIND)
HOLD: Final = Statement(f"{_FIND} FOR UPDATE")

_PAGE: Final = f"""
SELECT {_COLUMNS} FROM webhook_endpoints
WHERE id > :after::text AND id < :before::text AND status <> 'deleted'
  AND (:created_from::bigint IS NULL OR created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR created_at < to_timestamp(:created_until::bigint))
ORDER BY id"""
NEWEST: Final = Statement(f"{_PAGE} DESC LIMIT :limit::int")
OLDEST: Final = Statement(f"{_PAGE} LIMIT :limit::int")

SAVE: Final = Statement("""
UPDATE webhook_endpoints
SET url = :url::text, enabled_events = :enabled_events::text[], status = :status::text,
    disabled_reason = :disabled_reason::text, failing_since = :failing_since::timestamptz,
    description = :description::text, metadata = :metadata::jsonb, payload = :payload::text,
    delivery_order = :delivery_order::text, secret_sealed = :secret_sealed::text,
    public_key = :public_key::text, old_secrets = :old_secrets::jsonb
WHERE id = :id::text
""")

# What is under way ends by itself; whoever sends it finds nothing to record.
DROP_PENDING: Final = Statement("""
WITH dropped AS (
    UPDATE webhook_deliveries SET status = 'dropped', lease_until = NULL
    WHERE endpoint_id = :id::text AND status = 'pending'
)
UPDATE platform.due_work SET due_at = 'infinity', lease_until = NULL, done_at = :at::timestamptz
WHERE kind = 'webhook' AND object_id = :id::text
""")

REST: Final = Statement("""
UPDATE platform.due_work SET due_at = 'infinity', lease_until = NULL
WHERE kind = 'webhook' AND object_id = :id::text
""")

# Whatever was put off while it failed is sent now: its receiver is said to be well again.
WAKE: Final = Statement("""
WITH hastened AS (
    UPDATE webhook_deliveries SET next_attempt_at = :at::timestamptz
    WHERE endpoint_id = :id::text AND status = 'pending' AND next_attempt_at > :at::timestamptz
),
due AS (
    UPDATE platform.due_work SET due_at = :at::timestamptz, lease_until = NULL
    WHERE kind = 'webhook' AND object_id = :id::text
)
INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
VALUES (:message::text, 'webhook-due', :account::text, :livemode::boolean, :id::text)
""")

PUT_IN_ORDER: Final = Statement("""
UPDATE webhook_deliveries d SET ordered_object = v.object_id
FROM events v
WHERE d.endpoint_id = :id::text AND d.status = 'pending' AND v.id = d.event_id
""")
OUT_OF_ORDER: Final = Statement("""
UPDATE webhook_deliveries SET ordered_object = NULL
WHERE endpoint_id = :id::text AND status = 'pending' AND ordered_object IS NOT NULL
""")


class WebhookEndpoints:
    """WebhookEndpointStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def add(self, endpoint: WebhookEndpoint, *, most: int, entry: AuditEntry) -> bool:
        """Store a new endpoint; False where there are so many already."""
        values = _values(endpoint)
        for name in ("status", "disabled_reason", "failing_since", "old_secrets"):
            del values[name]  # as every new one
        with self._database.tenant(self._tenant) as transaction:
            transaction.run(LOCK, schema=self._tenant.schema)
            rows = transaction.run(
                ADD,
                **values,
                created_at=endpoint.created_at,
                api_version=endpoint.api_version,
                scheme=endpoint.scheme.value,
                signing=endpoint.signing.value,
                most=most,
                account=self._tenant.account,
                livemode=self._tenant.livemode,
            )
            if rows:
                append(transaction, entry)
        return bool(rows)

    def find(self, endpoint_id: str) -> WebhookEndpoint | None:
        """Return an endpoint, a deleted one too, or None."""
        rows = self._database.once(self._tenant, FIND, id=endpoint_id).rows
        return self._endpoint(rows[0]) if rows else None

    def page(self, page: Page) -> PageOf[WebhookEndpoint]:
        """Return a page of those that are not deleted, newest first."""
        statement = NEWEST if page.ending_before is None else OLDEST
        rows = self._database.once(self._tenant, statement, **bounds(page)).rows
        return cut([self._endpoint(row) for row in rows], page)

    def change(
        self, endpoint_id: str, decide: Callable[[WebhookEndpoint], Changed]
    ) -> WebhookEndpoint | None:
        """Hold an endpoint, keep what `decide` makes of it, and have its deliveries follow."""
        with self._database.tenant(self._tenant) as transaction:
            rows = transaction.run(HOLD, id=endpoint_id)
            if not rows:
                return None
            before = self._endpoint(rows[0])
            changed = decide(before)
            if changed.entry is not None:
                transaction.run(SAVE, **_values(changed.endpoint))
                self._follow(transaction, before, changed.endpoint, at=changed.entry.at)
                append(transaction, changed.entry)
        return changed.endpoint

    def _follow(
        self,
        transaction: Transaction,
        before: WebhookEndpoint,
        after: WebhookEndpoint,
        *,
        at: datetime,
    ) -> None:
        if after.order is not before.order:
            order = PUT_IN_ORDER if after.order is Order.OBJECT else OUT_OF_ORDER
            transaction.run(order, id=after.id)
        if after.status is before.status:
            return
        if after.status is EndpointStatus.DELETED:
            transaction.run(DROP_PENDING, id=after.id, at=at)
        elif after.status is EndpointStatus.DISABLED:
            transaction.run(REST, id=after.id)
        else:
            message = self._message(after, at)
            values = {"account": message.account, "livemode": message.livemode}
            transaction.run(WAKE, **values, id=after.id, at=at, message=message.event_id)
            transaction.messages.append(message)

    def _message(self, endpoint: WebhookEndpoint, at: datetime) -> Message:
        message_id = new_id("msg", int(at.timestamp() * 1000))
        account, livemode = self._tenant.account, self._tenant.livemode
        return Message(message_id, WEBHOOK_DUE, account, livemode, endpoint.id)

    def _endpoint(self, row: Sequence[Any]) -> WebhookEndpoint:
        return WebhookEndpoint(
            id=row[0],
            livemode=self._tenant.livemode,
            url=row[1],
            enabled_events=tuple(row[2]),
            created_at=row[3],
            secret_sealed=row[4],
            status=EndpointStatus(row[5]),
            disabled_reason=row[6],
            failing_since=row[7],
            description=row[8],
            metadata=row[9],
            api_version=row[10],
            payload=Payload(row[11]),
            scheme=Scheme(row[12]),
            signing=Signing(row[13]),
            order=Order(row[14]),
            public_key=row[15],
            old_secrets=old_secrets(row[16]),
        )


def old_secrets(kept: Sequence[Any]) -> tuple[OldSecret, ...]:
    """Read the former secrets of a row."""
    return tuple(OldSecret(each[0], datetime.fromisoformat(each[1])) for each in kept)


def _values(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Return what of an endpoint may change, and its id."""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "enabled_events": list(endpoint.enabled_events),
        "status": endpoint.status.value,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": endpoint.failing_since,
        "description": endpoint.description,
        "metadata": json.dumps(dict(endpoint.metadata), ensure_ascii=False),
        "payload": endpoint.payload.value,
        "delivery_order": endpoint.order.value,
        "secret_sealed": endpoint.secret_sealed,
        "public_key": endpoint.public_key,
        "old_secrets": json.dumps(
            [[old.sealed, old.until.isoformat()] for old in endpoint.old_secrets]
        ),
    }
