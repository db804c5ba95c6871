"""Reads what was sent to a merchant's webhook endpoints, with cursors that are ids."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from shared.domain.errors import InvalidRequest
from shared.operations.lists import read_filter
from shared.operations.reads import Read, page_object
from shared.operations.webhook_deliveries import DELIVERY_PREFIX, STATUSES, SentStore, parts_of
from shared.operations.webhook_objects import webhook_delivery_object


def read_webhook_delivery(read: Read, store: SentStore) -> dict[str, Any]:
    """Return one delivery with its attempts. Raises NotFound."""
    found = read.one(DELIVERY_PREFIX, lambda asked: store.find(*parts_of(asked)))
    return webhook_delivery_object(found, livemode=read.livemode, with_log=True)


def list_webhook_deliveries(read: Read, store: SentStore) -> dict[str, Any]:
    """Return a page of deliveries; filters `endpoint` and `event` (ids) and `status`."""
    page = read.page(DELIVERY_PREFIX, "endpoint", "event", "status")
    status = read.query.get("status")
    if status is not None and status not in STATUSES:
        raise InvalidRequest("parameter_invalid", "status")
    found = store.page(
        page,
        endpoint=read_filter(read.query, "endpoint"),
        event=read_filter(read.query, "event"),
        status=status,
    )
    show = partial(webhook_delivery_object, livemode=read.livemode)
    return page_object("/v1/webhook_deliveries", found, show)


DELIVERY_READS: Final[Mapping[str, Callable[[Read, SentStore], dict[str, Any]]]] = {
    "list_webhook_deliveries": list_webhook_deliveries,
    "read_webhook_delivery": read_webhook_delivery,
}
