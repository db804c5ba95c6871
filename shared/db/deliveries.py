"""Webhook deliveries of one tenant: leased in batches, recorded in batches, never lost.

The due row of an endpoint always names the earliest moment at which something of it wants
attention, a lease that may be lost included.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from shared.db.notices import NOTICE_PARTS, notice_message, notice_values
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.events import Event
from shared.domain.notification import Notification
from shared.operations.webhook_ports import Delivery, DeliveryResult, Endpoint

CLAIM: Final = Statement("""
WITH due AS MATERIALIZED (
    SELECT d.event_id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
    WHERE d.endpoint_id = :endpoint_id::text AND e.status = 'enabled' AND d.status = 'pending'
      AND d.next_attempt_at <= :now::timestamptz
      AND (d.lease_until IS NULL OR d.lease_until < :now::timestamptz)
    ORDER BY d.next_attempt_at LIMIT :limit::int
    FOR UPDATE OF d SKIP LOCKED
),
claimed AS (
    UPDATE webhook_deliveries d SET lease_until = :lease_until::timestamptz
    FROM due WHERE d.endpoint_id = :endpoint_id::text AND d.event_id = due.event_id
    RETURNING d.event_id, d.attempts
),
guard AS (
    UPDATE platform.due_work SET due_at = :lease_until::timestamptz, lease_until = NULL
    WHERE kind = 'webhook' AND object_id = :endpoint_id::text AND EXISTS (SELECT FROM claimed)
)
SELECT e.id, e.url, e.secret_sealed, e.failing_since,
       v.id, v.type, v.object_id, v.data, v.created_at, c.attempts
FROM claimed c
JOIN events v ON v.id = c.event_id
JOIN webhook_endpoints e ON e.id = :endpoint_id::text
ORDER BY v.id
""")

# The next due time looks at every pending delivery but the ones just recorded, whose new times come
# in as values, because this statement's snapshot still shows their old ones. Who records nothing,
# since others have taken all it held, says nothing of the endpoint either, and moves no time. Of
# several that disable one endpoint the first tells: the row's lock puts them in order.
RECORD: Final = Statement(f"""
WITH answers AS MATERIALIZED (
    SELECT * FROM unnest(:event_ids::text[], :statuses::text[], :next_at::timestamptz[],
                         :http_statuses::int[], :errors::text[], :logs::jsonb[])
        AS a(event_id, status, next_at, http_status, error, log)
),
recorded AS (
    UPDATE webhook_deliveries d
    SET status = a.status, attempts = d.attempts + 1, lease_until = NULL,
        next_attempt_at = COALESCE(a.next_at, d.next_attempt_at),
        last_status = a.http_status, last_error = a.error,
        attempt_log = d.attempt_log || a.log,
        delivered_at = CASE WHEN a.status = 'succeeded' THEN :now::timestamptz END
    FROM answers a
    WHERE d.endpoint_id = :endpoint_id::text AND d.event_id = a.event_id
      AND d.status = 'pending' AND d.lease_until = :lease_until::timestamptz
    RETURNING a.event_id, a.status, a.next_at
),
told AS MATERIALIZED (
    SELECT id FROM webhook_endpoints
    WHERE id = :endpoint_id::text AND status = 'enabled' AND :disable_reason::text IS NOT NULL
      AND EXISTS (SELECT FROM recorded)
    FOR UPDATE
),
endpoint AS (
    UPDATE webhook_endpoints
    SET failing_since = :failing_since::timestamptz,
        status = CASE WHEN EXISTS (SELECT FROM told) THEN 'disabled' ELSE status END,
        disabled_reason =
            CASE WHEN EXISTS (SELECT FROM told) THEN :disable_reason::text ELSE disabled_reason END
    WHERE id = :endpoint_id::text AND EXISTS (SELECT FROM recorded)
      AND (failing_since IS DISTINCT FROM :failing_since::timestamptz
           OR EXISTS (SELECT FROM told))
),
work AS (
    UPDATE platform.due_work
    SET lease_until = NULL, due_at = CASE WHEN :disable_reason::text IS NOT NULL
        THEN 'infinity'::timestamptz ELSE LEAST(
        (SELECT min(next_at) FROM recorded WHERE status = 'pending'),
        (SELECT min(GREATEST(d.next_attempt_at, COALESCE(d.lease_until, d.next_attempt_at)))
         FROM webhook_deliveries d
         WHERE d.endpoint_id = :endpoint_id::text AND d.status = 'pending'
           AND NOT EXISTS (SELECT FROM recorded r WHERE r.event_id = d.event_id)),
        'infinity'::timestamptz) END
    WHERE kind = 'webhook' AND object_id = :endpoint_id::text AND EXISTS (SELECT FROM recorded)
),
{NOTICE_PARTS}
SELECT count(*) FROM told
""")


class Deliveries:
    """DeliveryStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def claim(
        self, endpoint_id: str, *, now: datetime, lease_until: datetime, limit: int
    ) -> tuple[Endpoint, Sequence[Delivery]] | None:
        """Lease up to `limit` due deliveries, oldest first; None where nothing is due."""
        rows = self._database.once(
            self._tenant,
            CLAIM,
            endpoint_id=endpoint_id,
            now=now,
            lease_until=lease_until,
            limit=limit,
        ).rows
        if not rows:
            return None
        first = rows[0]
        endpoint = Endpoint(first[0], first[1], first[2], first[3], lease_until)
        return endpoint, [_delivery(row[4:]) for row in rows]

    def record(
        self,
        endpoint: Endpoint,
        results: Sequence[DeliveryResult],
        *,
        disable_reason: str | None,
        failing_since: datetime | None,
        now: datetime,
        notice: Notification | None = None,
    ) -> None:
        """Keep the results, the endpoint's state, and when to come back.

        Where this disables the endpoint, `notice` is written with it.
        """
        [[told]] = self._database.once(
            self._tenant,
            RECORD,
            endpoint_id=endpoint.id,
            event_ids=[result.event_id for result in results],
            statuses=[result.status for result in results],
            next_at=[_moment(result.next_attempt_at) for result in results],
            http_statuses=[result.answer.status for result in results],
            errors=[result.answer.error for result in results],
            logs=[_log_line(result, now) for result in results],
            lease_until=endpoint.lease_until,
            disable_reason=disable_reason,
            failing_since=failing_since,
            now=now,
            **notice_values(notice),
        ).rows
        if told and notice is not None:
            self._database.hand_on([notice_message(notice)])


def _delivery(row: Sequence[Any]) -> Delivery:
    return Delivery(Event(*row[:5]), attempts=row[5])


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _log_line(result: DeliveryResult, now: datetime) -> str:
    answer = result.answer
    return json.dumps(
        [
            {
                "at": now.isoformat(),
                "status": answer.status,
                "error": answer.error,
                "ms": answer.duration_ms,
            }
        ]
    )
