"""Webhook deliveries of one tenant: leased in batches, recorded in batches, never lost.

The due row of an endpoint always names the earliest moment at which something of it wants
attention, a lease that may be lost included.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.db.notices import NOTICE_PARTS, notice_message, notice_values
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.db.webhook_endpoints import old_secrets
from shared.domain.account import Tenant
from shared.domain.events import Event
from shared.domain.notification import Notification
from shared.domain.redaction import redacted_text
from shared.domain.webhook_endpoint import Order, Payload, Scheme
from shared.operations.webhook_ports import SLOW_AFTER, Delivery, DeliveryResult, Endpoint

OF_FAILING: Final = 5
"""How many deliveries of an endpoint that only fails are tried at once, by all processes."""
LOOK_AGAIN: Final = timedelta(seconds=5)
LONGEST_LOG: Final = 30
"""How many attempts a delivery's log holds; the oldest go."""
LONGEST_ANSWER: Final = 1024
"""How many bytes of an answer's body a log holds."""

# What waits for its turn has an earlier event of its object pending: whatever becomes of that one,
# delivered, dropped or given up, lets it go. `ordered_object` is null where nothing waits so.
_EARLIER: Final = """SELECT FROM webhook_deliveries p
        WHERE p.endpoint_id = d.endpoint_id AND p.ordered_object = d.ordered_object
          AND p.status = 'pending' AND p.event_id < d.event_id"""
_DUE: Final = """d.endpoint_id = :endpoint_id::text AND d.status = 'pending'
      AND d.next_attempt_at <= :now::timestamptz
      AND (d.lease_until IS NULL OR d.lease_until < :now::timestamptz)"""

# An endpoint that lets somebody wait for an answer gets no more until it has come or is given up,
# and one that fails is tried with few at once, however many messages ask for it: neither may hold
# all the threads that there are. Whoever therefore, or because of the order, leaves something lying
# says so in the due row, since whoever sends now may not have seen it. A due time that is over and
# finds nothing moves on.
CLAIM: Final = Statement(f"""
WITH endpoint AS MATERIALIZED (
    SELECT * FROM webhook_endpoints WHERE id = :endpoint_id::text AND status = 'enabled'
),
busy AS MATERIALIZED (
    SELECT EXISTS (
        SELECT FROM webhook_deliveries d
        WHERE d.endpoint_id = :endpoint_id::text AND d.status = 'pending'
          AND d.next_attempt_at <= :now::timestamptz AND d.lease_until > :now::timestamptz
          AND (d.lease_until < :slow_before::timestamptz
               OR (SELECT failing_since IS NOT NULL FROM endpoint))) AS is_so
),
due AS MATERIALIZED (
    SELECT d.event_id FROM webhook_deliveries d
    WHERE {_DUE} AND EXISTS (SELECT FROM endpoint) AND NOT (SELECT is_so FROM busy)
      AND (d.ordered_object IS NULL OR NOT EXISTS ({_EARLIER}))
    ORDER BY d.next_attempt_at
    LIMIT (SELECT CASE WHEN failing_since IS NULL THEN :limit::int ELSE :fewer::int END
           FROM endpoint)
    FOR UPDATE OF d SKIP LOCKED
),
claimed AS (
    UPDATE webhook_deliveries d SET lease_until = :lease_until::timestamptz
    FROM due WHERE d.endpoint_id = :endpoint_id::text AND d.event_id = due.event_id
    RETURNING d.event_id, d.attempts
),
left_lying AS MATERIALIZED (
    SELECT EXISTS (
        SELECT FROM webhook_deliveries d
        WHERE {_DUE} AND EXISTS (SELECT FROM endpoint) AND NOT EXISTS (SELECT FROM claimed)
          AND ((SELECT is_so FROM busy)
               OR d.ordered_object IS NOT NULL
                  AND EXISTS ({_EARLIER} AND p.lease_until > :now::timestamptz))) AS is_so
),
guard AS (
    UPDATE platform.due_work SET lease_until = NULL, due_at = CASE
        WHEN EXISTS (SELECT FROM claimed) THEN :lease_until::timestamptz
        WHEN (SELECT is_so FROM left_lying) THEN :look_again::timestamptz
        ELSE COALESCE((
            SELECT min(GREATEST(d.next_attempt_at, COALESCE(d.lease_until, d.next_attempt_at)))
            FROM webhook_deliveries d
            WHERE d.endpoint_id = :endpoint_id::text AND d.status = 'pending'
              AND EXISTS (SELECT FROM endpoint)
              AND (d.ordered_object IS NULL OR NOT EXISTS ({_EARLIER}))), 'infinity') END
    WHERE kind = 'webhook' AND object_id = :endpoint_id::text
      AND (EXISTS (SELECT FROM claimed) OR (SELECT is_so FROM left_lying)
           OR due_at <= :now::timestamptz)
)
SELECT e.id, e.url, e.secret_sealed, e.failing_since, e.payload, e.scheme, e.delivery_order,
       e.old_secrets, e.api_version, c.attempts,
       v.id, v.type, v.object_id, v.data, v.created_at, v.request_id, v.idempotency_key,
       v.api_version
FROM claimed c
JOIN events v ON v.id = c.event_id
JOIN endpoint e ON true
ORDER BY v.id
""")

# The next due time looks at every pending delivery but the ones just recorded, whose new times come
# in as values, because this statement's snapshot still shows their old ones. A time that somebody
# else has set meanwhile stays: she saw what this one did not. Who records nothing, since others
# have taken all it held, says nothing of the endpoint either, and moves no time. Of several that
# disable one endpoint the first tells: the row's lock puts them in order.
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
        attempt_log = CASE WHEN jsonb_array_length(d.attempt_log) < :longest_log::int
                           THEN d.attempt_log ELSE d.attempt_log - 0 END || a.log,
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
        CASE WHEN due_at > :now::timestamptz AND due_at <> :lease_until::timestamptz
             THEN due_at END,
        (SELECT min(next_at) FROM recorded WHERE status = 'pending'),
        (SELECT min(GREATEST(d.next_attempt_at, COALESCE(d.lease_until, d.next_attempt_at)))
         FROM webhook_deliveries d
         WHERE d.endpoint_id = :endpoint_id::text AND d.status = 'pending'
           AND NOT EXISTS (SELECT FROM recorded r WHERE r.event_id = d.event_id)
           AND (d.ordered_object IS NULL OR NOT EXISTS ({_EARLIER}
             AND NOT EXISTS (SELECT FROM recorded r
                             WHERE r.event_id = p.event_id AND r.status <> 'pending')))),
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
            fewer=min(limit, OF_FAILING),
            slow_before=lease_until - SLOW_AFTER,
            look_again=now + LOOK_AGAIN,
        ).rows
        if not rows:
            return None
        endpoint_id, url, sealed, since, payload, scheme, order, olds, version = rows[0][:9]
        endpoint = Endpoint(
            endpoint_id,
            url,
            sealed,
            since,
            lease_until,
            payload=Payload(payload),
            scheme=Scheme(scheme),
            order=Order(order),
            old_secrets=old_secrets(olds),
            api_version=version,
        )
        return endpoint, [Delivery(Event(*row[10:]), attempts=row[9]) for row in rows]

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
            longest_log=LONGEST_LOG,
            lease_until=endpoint.lease_until,
            disable_reason=disable_reason,
            failing_since=failing_since,
            now=now,
            **notice_values(notice),
        ).rows
        if told and notice is not None:
            self._database.hand_on([notice_message(notice)])


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
                "answer": answer_start(answer.body_start),
            }
        ]
    )


def answer_start(body: str) -> str:
    """Return what is kept of an answer: without secrets and numbers, and a kilobyte at most."""
    return redacted_text(body).encode()[:LONGEST_ANSWER].decode("utf-8", "ignore")
