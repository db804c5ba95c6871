"""Several events of one change in SQL: their rows, places in the feed, deliveries and messages.

A statement with a `gate` takes these parts in; each event names its own object, since a change of
one object may be told of another too.
"""

from collections.abc import Sequence
from typing import Any, Final

from shared.domain.account import Tenant
from shared.domain.events import API_VERSION, WEBHOOK_DUE, Event, Message


def wants(words: str, type_: str) -> str:
    """Return, in SQL, whether an endpoint's words ask for a type: by itself, its family, or `*`.

    A family is compared as such, so that one asked for long ago has the types that came since.
    """
    return f"{words} && ARRAY['*', split_part({type_}, '.', 1) || '.*', {type_}]"


EVENTS_PARTS: Final = f"""
happened AS MATERIALIZED (
    SELECT e.id, e.type, e.object_id, e.data
    FROM gate, unnest(:event_ids::text[], :event_types::text[], :event_objects::text[],
                      :event_datas::text[]) AS e(id, type, object_id, data)
),
event AS (
    INSERT INTO events (id, account_id, type, object_id, data, request_id, idempotency_key,
                        api_version, created_at)
    SELECT id, :account::text, type, object_id, data, :request_id::text, :event_key::text,
           :api_version::text, :at::timestamptz
    FROM happened
),
feed AS (
    INSERT INTO platform.event_feed (id, account_id, livemode, type, object_id, created_at)
    SELECT id, :account::text, :livemode::boolean, type, object_id, :at::timestamptz
    FROM happened
),
deliveries AS (
    INSERT INTO webhook_deliveries (event_id, endpoint_id, account_id, status, next_attempt_at,
                                    created_at, ordered_object)
    SELECT h.id, e.id, :account::text, 'pending', :at::timestamptz, :at::timestamptz,
           CASE WHEN e.delivery_order = 'object' THEN h.object_id END
    FROM happened h, webhook_endpoints e
    WHERE e.status = 'enabled' AND {wants("e.enabled_events", "h.type")}
    RETURNING event_id, endpoint_id
),
webhook_work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT event_id || ':' || endpoint_id, 'webhook-due', :account::text, :livemode::boolean,
           endpoint_id, :traceparent::text
    FROM deliveries
)"""

TOLD: Final = "(SELECT string_agg(event_id || ':' || endpoint_id, ' ') FROM deliveries)"
"""What `messages_of` reads: each message's id, with spaces between."""


def events_values(
    events: Sequence[Event], tenant: Tenant, traceparent: str | None
) -> dict[str, Any]:
    """Return the values of `EVENTS_PARTS` beside `at`. One request caused them all, or none did."""
    first = events[0] if events else None
    return {
        "account": tenant.account,
        "livemode": tenant.livemode,
        "traceparent": traceparent,
        "event_ids": [event.id for event in events],
        "event_types": [event.type for event in events],
        "event_objects": [event.object_id for event in events],
        "event_datas": [event.data for event in events],
        "api_version": API_VERSION if first is None else first.api_version,
        "request_id": None if first is None else first.request_id,
        "event_key": None if first is None else first.idempotency_key,
    }


def messages_of(told: str | None, tenant: Tenant, traceparent: str | None) -> list[Message]:
    """Return the messages that the statement wrote to the outbox, one per event and endpoint."""
    return [
        Message(
            message_id,
            WEBHOOK_DUE,
            tenant.account,
            tenant.livemode,
            message_id.partition(":")[2],
            traceparent,
        )
        for message_id in (told or "").split()
    ]
