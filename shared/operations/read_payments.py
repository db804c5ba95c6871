"""Reads charges, events and the balance, with cursors that are ids."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from shared.domain.charge import PUBLIC_STATUS, Charge
from shared.domain.errors import InvalidRequest, NotFound
from shared.domain.events import Event
from shared.domain.ids import is_id
from shared.operations import objects

T = TypeVar("T")
DEFAULT_LIMIT: Final = 10
LARGEST_LIMIT: Final = 100
LONGEST_FILTER: Final = 100
LATEST: Final = 253_402_300_799
CREATED: Final = {
    "created[gte]": ("from", 0),
    "created[gt]": ("from", 1),
    "created[lt]": ("until", 0),
    "created[lte]": ("until", 1),
}
PAGE_PARAMS: Final = frozenset({"limit", "starting_after", "ending_before", *CREATED})


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: at most `limit` objects on one side of a cursor, between two seconds."""

    limit: int
    starting_after: str | None
    ending_before: str | None
    created_from: int | None
    created_until: int | None

    @classmethod
    def parse(cls, query: Mapping[str, str], prefix: str) -> "Page":
        """Read query parameters. Raises InvalidRequest naming the one at fault."""
        after, before = query.get("starting_after"), query.get("ending_before")
        if after is not None and before is not None:
            raise InvalidRequest("cursor_invalid", "ending_before")
        for name, cursor in (("starting_after", after), ("ending_before", before)):
            if cursor is not None and not is_id(cursor, prefix):
                raise InvalidRequest("cursor_invalid", name)
        bounds: dict[str, int] = {}
        for name, (side, shift) in CREATED.items():
            if name in query:
                bound = _whole(query[name], name, LATEST) + shift
                narrower = max if side == "from" else min
                bounds[side] = narrower(bound, bounds.get(side, bound))
        return cls(
            _limit(query.get("limit")), after, before, bounds.get("from"), bounds.get("until")
        )


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    """A page, newest first, and whether there is more beyond it."""

    items: tuple[T, ...]
    has_more: bool


class ReadStore(Protocol):
    """What a tenant may read of its own."""

    def find_charge(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""

    def list_charges(
        self, page: Page, *, reference: str | None, statuses: Sequence[str] | None
    ) -> PageOf[Charge]:
        """Return a page of charges."""

    def list_events(self, page: Page, *, object_id: str | None, kind: str | None) -> PageOf[Event]:
        """Return a page of events."""

    def find_event(self, event_id: str) -> Event | None:
        """Return the event, or None."""

    def balances(self) -> Mapping[str, int]:
        """Return each ledger account's balance on its normal side, in whole XAF."""


@dataclass(frozen=True, slots=True)
class Read:
    """One read: what the path and query say, and how to show what is found."""

    path_params: Mapping[str, str]
    query: Mapping[str, str]
    base_url: str
    language: str
    livemode: bool


def read_charge(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one charge. Raises NotFound."""
    _refuse_unknown(read.query)
    charge_id = read.path_params["id"]
    charge = store.find_charge(charge_id) if is_id(charge_id, "ch") else None
    if charge is None:
        raise NotFound("resource_missing", "id")
    return objects.charge_object(charge, base_url=read.base_url, language=read.language)


def list_charges(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of charges; filters `reference` and `status` (the public word)."""
    query = read.query
    _refuse_unknown(query, PAGE_PARAMS | {"reference", "status"})
    found = store.list_charges(
        Page.parse(query, "ch"),
        reference=_filter(query, "reference"),
        statuses=_statuses(query.get("status")),
    )
    data = [
        objects.charge_object(charge, base_url=read.base_url, language=read.language)
        for charge in found.items
    ]
    return objects.list_object("/v1/charges", data, has_more=found.has_more)


def list_events(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of events; filters `object` (an id) and `type`."""
    query = read.query
    _refuse_unknown(query, PAGE_PARAMS | {"object", "type"})
    page = Page.parse(query, "evt")
    object_id, kind = _filter(query, "object"), _filter(query, "type")
    found = store.list_events(page, object_id=object_id, kind=kind)
    data = [_event(event, livemode=read.livemode) for event in found.items]
    return objects.list_object("/v1/events", data, has_more=found.has_more)


def read_event(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one event. Raises NotFound."""
    _refuse_unknown(read.query)
    event_id = read.path_params["id"]
    event = store.find_event(event_id) if is_id(event_id, "evt") else None
    if event is None:
        raise NotFound("resource_missing", "id")
    return _event(event, livemode=read.livemode)


def read_balance(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return the balance."""
    _refuse_unknown(read.query)
    return objects.balance_object(store.balances(), livemode=read.livemode)


READS: Final[Mapping[str, Callable[[Read, ReadStore], dict[str, Any]]]] = {
    "read_charge": read_charge,
    "list_charges": list_charges,
    "list_events": list_events,
    "read_event": read_event,
    "read_balance": read_balance,
}


def _event(event: Event, *, livemode: bool) -> dict[str, Any]:
    return objects.event_object(event, json.loads(event.data), livemode=livemode)


def _statuses(public: str | None) -> Sequence[str] | None:
    if public is None:
        return None
    inner = [status.value for status, word in PUBLIC_STATUS.items() if word == public]
    if not inner:
        raise InvalidRequest("parameter_invalid", "status")
    return inner


def _filter(query: Mapping[str, str], name: str) -> str | None:
    """Return the value to compare with; PostgreSQL takes no NUL."""
    value = query.get(name)
    if value is not None and (not 0 < len(value) <= LONGEST_FILTER or "\x00" in value):
        raise InvalidRequest("parameter_invalid", name)
    return value


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    limit = _whole(text, "limit", LARGEST_LIMIT, code="limit_invalid")
    if limit == 0:
        raise InvalidRequest("limit_invalid", "limit", limit=LARGEST_LIMIT)
    return limit


def _whole(text: str, param: str, largest: int, *, code: str = "parameter_invalid") -> int:
    is_short = len(text) <= len(str(largest))
    if not (is_short and text.isascii() and text.isdigit() and int(text) <= largest):
        raise InvalidRequest(code, param, limit=largest)
    return int(text)


def _refuse_unknown(query: Mapping[str, str], known: Collection[str] = ()) -> None:
    for name in query:
        if name not in known:
            raise InvalidRequest("parameter_unknown", name[:100])
