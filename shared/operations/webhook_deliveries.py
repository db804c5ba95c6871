"""What was sent to a merchant's endpoints: reads it, sends it anew, and tries an endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, Self

from shared.domain.account import Caller
from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.events import ENDPOINT_TEST, Event
from shared.domain.ids import is_id, new_id
from shared.domain.webhook_endpoint import PREFIX, EndpointStatus, WebhookEndpoint
from shared.operations.lists import LATEST, Page, PageOf, refuse_unknown
from shared.operations.objects import to_json

DELIVERY_PREFIX: Final = "wd"
MOST_AT_ONCE: Final = 10_000
STATUSES: Final = ("pending", "succeeded", "exhausted", "dropped")
_BOUNDS: Final = ("gte", "lt")


@dataclass(frozen=True, slots=True)
class SentDelivery:
    """An event on its way to an endpoint, and how each attempt ended, the oldest first."""

    event: str
    endpoint: str
    event_type: str
    status: str
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None
    attempt_log: Sequence[Mapping[str, Any]] = ()

    @property
    def id(self) -> str:
        """Made of its event's and its endpoint's, so that it sorts by the event's time."""
        return delivery_id(self.event, self.endpoint)


def delivery_id(event: str, endpoint: str) -> str:
    """Return the id of a delivery."""
    return f"{DELIVERY_PREFIX}_{event.partition('_')[2]}{endpoint.partition('_')[2]}"


def parts_of(delivery: str) -> tuple[str, str]:
    """Return the event and the endpoint that the id of a delivery is made of."""
    tail = delivery.partition("_")[2]
    half = len(tail) // 2
    return f"evt_{tail[:half]}", f"{PREFIX}_{tail[half:]}"


@dataclass(frozen=True, slots=True)
class Resent:
    """How many events are pending for an endpoint because of a call, and the last of them."""

    endpoint: str
    count: int
    last_event: str | None
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class ResendOrder:
    """Which events to send anew: one, or those of a range in seconds, behind one of them."""

    event: str | None
    created_from: int
    created_until: int
    starting_after: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"event", "created", "starting_after"})
        event, created = body.get("event"), body.get("created")
        if event is None and created is None:
            raise InvalidRequest("parameter_missing", "event")
        if event is not None:
            for name in ("created", "starting_after"):
                if body.get(name) is not None:
                    raise InvalidRequest("parameter_invalid", name)
            return cls(_event_id(event, "event"), 0, 0, None)
        if not isinstance(created, dict):
            raise InvalidRequest("parameter_invalid", "created")
        refuse_unknown(created, _BOUNDS, within="created")
        bounds = [_second(created.get(name), f"created[{name}]") for name in _BOUNDS]
        after = body.get("starting_after")
        behind = None if after is None else _event_id(after, "starting_after")
        return cls(None, bounds[0], bounds[1], behind)


class SentStore(Protocol):
    """The deliveries of one account and mode, to be read."""

    def find(self, event: str, endpoint: str) -> SentDelivery | None:
        """Return a delivery with its log, or None."""

    def page(
        self, page: Page, *, endpoint: str | None, event: str | None, status: str | None
    ) -> PageOf[SentDelivery]:
        """Return a page of deliveries without their logs, those of the newest events first."""


class ResendStore(Protocol):
    """What sends anew; each call is one transaction, with the entry that tells of it.

    To an endpoint that is disabled or deleted nothing is sent, and nothing is told.
    """

    def find_endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        """Return an endpoint, a deleted one too, or None."""

    def resend_one(self, endpoint: WebhookEndpoint, event: str, entry: AuditEntry) -> bool:
        """Have an event pending for an endpoint; False where there is no such event."""

    def resend_range(
        self, endpoint: WebhookEndpoint, order: ResendOrder, *, most: int, entry: AuditEntry
    ) -> Resent:
        """Have the events of a range pending that the endpoint asks for, the oldest first."""

    def send_test(self, endpoint: WebhookEndpoint, event: Event, entry: AuditEntry) -> None:
        """Store an event that goes to this endpoint alone."""


def resend_webhooks(
    endpoint_id: str, order: ResendOrder, caller: Caller, origin: Origin, *, store: ResendStore
) -> Resent:
    """Send an event or a range of events to an endpoint anew, each with all its attempts again.

    What is pending already stays one delivery. One event is sent whatever the endpoint asks for.
    Raises NotPermitted, NotFound, InvalidRequest `webhook_endpoint_disabled`.
    """
    endpoint = _enabled(endpoint_id, caller, store)
    if order.event is None:
        span = {"created_from": order.created_from, "created_until": order.created_until}
        entry = _entry(origin, "resent", endpoint, {**span, "starting_after": order.starting_after})
        return store.resend_range(endpoint, order, most=MOST_AT_ONCE, entry=entry)
    entry = _entry(origin, "resent", endpoint, {"event": order.event})
    if not store.resend_one(endpoint, order.event, entry):
        raise NotFound("resource_missing", "event")
    return Resent(endpoint.id, 1, order.event)


def test_webhook_endpoint(
    endpoint_id: str, caller: Caller, origin: Origin, *, store: ResendStore, now: datetime
) -> Event:
    """Send an endpoint, and no other, an event that says no more than that it is tried.

    Raises what `resend_webhooks` does.
    """
    endpoint = _enabled(endpoint_id, caller, store)
    event = Event(
        id=new_id("evt", int(now.timestamp() * 1000)),
        type=ENDPOINT_TEST,
        object_id=endpoint.id,
        data=to_json({"id": endpoint.id, "object": "webhook_endpoint"}),
        created_at=now,
        request_id=origin.request_id,
        api_version=endpoint.api_version,
    )
    store.send_test(endpoint, event, _entry(origin, "tested", endpoint, {"event": event.id}))
    return event


def _enabled(endpoint_id: str, caller: Caller, store: ResendStore) -> WebhookEndpoint:
    if caller.suspended:
        raise NotPermitted("account_suspended")
    endpoint = store.find_endpoint(endpoint_id) if is_id(endpoint_id, PREFIX) else None
    if endpoint is None or endpoint.status is EndpointStatus.DELETED:
        raise NotFound("resource_missing", "id")
    if endpoint.status is EndpointStatus.DISABLED:
        raise InvalidRequest("webhook_endpoint_disabled", "id")
    return endpoint


def _entry(
    origin: Origin, fact: str, endpoint: WebhookEndpoint, after: Mapping[str, object]
) -> AuditEntry:
    return origin.entry(f"webhook_endpoint.{fact}", "webhook_endpoint", endpoint.id, after=after)


def _event_id(value: object, param: str) -> str:
    if not isinstance(value, str) or not is_id(value, "evt"):
        raise InvalidRequest("parameter_invalid", param)
    return value


def _second(value: object, param: str) -> int:
    if value is None:
        raise InvalidRequest("parameter_missing", param)
    if type(value) is not int or not 0 <= value <= LATEST:
        raise InvalidRequest("parameter_invalid", param)
    return value
