"""What was sent to a tenant's webhook endpoints, to be read, and to be sent anew."""

from collections.abc import Mapping
from datetime import datetime
from itertools import combinations
from typing import Any, Final

from shared.db.audit import append
from shared.db.event_parts import wants
from shared.db.reading import FIRST, LAST, cut
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.db.webhook_endpoints import WebhookEndpoints
from shared.domain.account import Tenant
from shared.domain.audit import AuditEntry
from shared.domain.events import ENDPOINT_TEST, WEBHOOK_DUE, Event, Message
from shared.domain.ids import first_id, new_id
from shared.domain.webhook_endpoint import WebhookEndpoint
from shared.operations.lists import Page, PageOf
from shared.operations.webhook_deliveries import ResendOrder, Resent, SentDelivery, parts_of

_COLUMNS: Final = """d.event_id, d.endpoint_id, v.type, d.status, d.attempts, d.next_attempt_at,
    d.last_status, d.last_error, d.created_at, d.delivered_at"""
_SOURCE: Final = "webhook_deliveries d JOIN events v ON v.id = d.event_id"
FIND: Final = Statement(f"""
SELECT {_COLUMNS}, d.attempt_log FROM {_SOURCE}
WHERE d.event_id = :event::text AND d.endpoint_id = :endpoint::text
""")

# Bounds of the event alone stand beside those of both, because an endpoint's own index knows them.
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM {_SOURCE}
WHERE d.event_id >= :after_event::text AND d.event_id <= :before_event::text
  AND (d.event_id, d.endpoint_id) > (:after_event::text, :after_endpoint::text)
  AND (d.event_id, d.endpoint_id) < (:before_event::text, :before_endpoint::text)
  AND (:status::text IS NULL OR d.status = :status::text)
  AND (:created_from::bigint IS NULL OR d.created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR d.created_at < to_timestamp(:created_until::bigint))"""
_FILTERS: Final = {
    "endpoint": "d.endpoint_id = :endpoint::text",
    "event": "d.event_id = :event::text",
}


def _filtered(order: str) -> Mapping[frozenset[str], Statement]:
    """Return a statement for each set of filters: one that is not given must hide no index."""
    return {
        frozenset(names): Statement(
            " AND ".join([_PAGE, *(_FILTERS[name] for name in names)])
            + f" ORDER BY d.event_id {order}, d.endpoint_id {order} LIMIT :limit::int"
        )
        for count in range(len(_FILTERS) + 1)
        for names in combinations(_FILTERS, count)
    }


NEWEST: Final = _filtered("DESC")
OLDEST: Final = _filtered("ASC")

# Events are as old as their ids say, but for the clock of whoever wrote them: an hour on each side.
_SLACK: Final = 3600

# A delivery begins anew with all its attempts, unless somebody is sending it now. The endpoint is
# held, so that it is not deleted in between.
_SEND: Final = """
endpoint AS MATERIALIZED (
    SELECT id, delivery_order FROM webhook_endpoints
    WHERE id = :endpoint::text AND status = 'enabled' FOR SHARE
),
sent AS (
    INSERT INTO webhook_deliveries AS d (event_id, endpoint_id, status, next_attempt_at, created_at,
                                         ordered_object)
    SELECT c.id, e.id, 'pending', :at::timestamptz, :at::timestamptz,
           CASE WHEN e.delivery_order = 'object' THEN c.object_id END
    FROM chosen c, endpoint e
    ON CONFLICT (event_id, endpoint_id) DO UPDATE
    SET status = 'pending', attempts = 0, next_attempt_at = excluded.next_attempt_at,
        lease_until = NULL, delivered_at = NULL, ordered_object = excluded.ordered_object
    WHERE d.status <> 'pending' OR COALESCE(d.lease_until, '-infinity') < :at::timestamptz
),
due AS (
    UPDATE platform.due_work SET due_at = :at::timestamptz, lease_until = NULL
    WHERE kind = 'webhook' AND object_id = :endpoint::text AND EXISTS (SELECT FROM chosen, endpoint)
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
    SELECT :message::text, 'webhook-due', :account::text, :livemode::boolean, id
    FROM endpoint WHERE EXISTS (SELECT FROM chosen)
)"""

RESEND_ONE: Final = Statement(f"""
WITH chosen AS MATERIALIZED (
    SELECT id, object_id FROM events WHERE id = :event::text
),
{_SEND}
SELECT id FROM chosen
""")

RESEND_RANGE: Final = Statement(f"""
WITH found AS MATERIALIZED (
    SELECT id, object_id FROM events
    WHERE id > :after::text AND id < :before::text
      AND created_at >= to_timestamp(:created_from::bigint)
      AND created_at < to_timestamp(:created_until::bigint)
      AND {wants(":words::text[]", "type")} AND type <> :left_out::text
    ORDER BY id LIMIT :most::bigint + 1
),
chosen AS MATERIALIZED (
    SELECT id, object_id FROM found ORDER BY id LIMIT :most::bigint
),
{_SEND}
SELECT (SELECT count(*) FROM chosen), (SELECT max(id) FROM chosen),
       (SELECT count(*) FROM found) > :most::bigint
""")

SEND_TEST: Final = Statement(f"""
WITH chosen AS MATERIALIZED (
    SELECT :event::text AS id, :endpoint::text AS object_id
),
{_SEND},
told AS (
    INSERT INTO events (id, type, object_id, data, request_id, api_version, created_at)
    SELECT :event::text, :type::text, :endpoint::text, :data::text, :request_id::text,
           :api_version::text, :at::timestamptz
    FROM endpoint
)
SELECT 1
""")


class SentWebhooks:
    """SentStore and ResendStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant
        self.find_endpoint = WebhookEndpoints(database, tenant).find

    def find(self, event: str, endpoint: str) -> SentDelivery | None:
        """Return a delivery with its log, or None."""
        rows = self._database.once(self._tenant, FIND, event=event, endpoint=endpoint).rows
        return SentDelivery(*rows[0]) if rows else None

    def page(
        self, page: Page, *, endpoint: str | None, event: str | None, status: str | None
    ) -> PageOf[SentDelivery]:
        """Return a page of deliveries without their logs, those of the newest events first."""
        asked = {"endpoint": endpoint, "event": event}
        given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
        statements = NEWEST if page.ending_before is None else OLDEST
        before, after = page.starting_after, page.ending_before
        before_event, before_endpoint = (LAST, LAST) if before is None else parts_of(before)
        after_event, after_endpoint = (FIRST, FIRST) if after is None else parts_of(after)
        rows = self._database.once(
            self._tenant,
            statements[frozenset(given)],
            **given,
            before_event=before_event,
            before_endpoint=before_endpoint,
            after_event=after_event,
            after_endpoint=after_endpoint,
            status=status,
            created_from=page.created_from,
            created_until=page.created_until,
            limit=page.limit + 1,
        ).rows
        return cut([SentDelivery(*row) for row in rows], page)

    def resend_one(self, endpoint: WebhookEndpoint, event: str, entry: AuditEntry) -> bool:
        """Have an event pending for an endpoint; False where there is no such event."""
        with self._database.tenant(self._tenant) as transaction:
            values = self._values(endpoint, entry.at)
            rows = transaction.run(RESEND_ONE, **values, event=event)
            if rows:
                self._tell(transaction, endpoint, values, entry)
        return bool(rows)

    def resend_range(
        self, endpoint: WebhookEndpoint, order: ResendOrder, *, most: int, entry: AuditEntry
    ) -> Resent:
        """Have the events of a range pending that the endpoint asks for, the oldest first."""
        after = first_id("evt", max(0, order.created_from - _SLACK) * 1000)
        with self._database.tenant(self._tenant) as transaction:
            values = self._values(endpoint, entry.at)
            [[count, last, has_more]] = transaction.run(
                RESEND_RANGE,
                **values,
                after=max(after, order.starting_after or after),
                before=first_id("evt", (order.created_until + _SLACK) * 1000),
                created_from=order.created_from,
                created_until=order.created_until,
                words=list(endpoint.enabled_events),
                left_out=ENDPOINT_TEST,
                most=most,
            )
            if count:
                self._tell(transaction, endpoint, values, entry.also(count=count))
        return Resent(endpoint.id, count, last, has_more)

    def send_test(self, endpoint: WebhookEndpoint, event: Event, entry: AuditEntry) -> None:
        """Store an event that goes to this endpoint alone."""
        with self._database.tenant(self._tenant) as transaction:
            values = self._values(endpoint, entry.at)
            transaction.run(
                SEND_TEST,
                **values,
                event=event.id,
                type=event.type,
                data=event.data,
                request_id=event.request_id,
                api_version=event.api_version,
            )
            self._tell(transaction, endpoint, values, entry)

    def _values(self, endpoint: WebhookEndpoint, at: datetime) -> dict[str, Any]:
        return {
            "endpoint": endpoint.id,
            "at": at,
            "message": new_id("msg", int(at.timestamp() * 1000)),
            "account": self._tenant.account,
            "livemode": self._tenant.livemode,
        }

    def _tell(
        self,
        transaction: Transaction,
        endpoint: WebhookEndpoint,
        values: Mapping[str, Any],
        entry: AuditEntry,
    ) -> None:
        account, livemode = self._tenant.account, self._tenant.livemode
        message = Message(values["message"], WEBHOOK_DUE, account, livemode, endpoint.id)
        transaction.messages.append(message)
        append(transaction, entry)
