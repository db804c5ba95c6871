"""The operations on a merchant's webhook endpoints, from a call to an answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.domain.egress import check_url
from shared.domain.webhook_endpoint import PREFIX, WebhookEndpoint
from shared.operations import manage_webhook_endpoints as endpoints
from shared.operations import webhook_deliveries
from shared.operations.lists import PAGE_PARAMS, Page, refuse_unknown
from shared.operations.manage_webhook_endpoints import EndpointHand
from shared.operations.objects import event_object
from shared.operations.reads import page_object
from shared.operations.webhook_deliveries import ResendOrder
from shared.operations.webhook_endpoint_orders import (
    CreateEndpoint,
    UpdateEndpoint,
    read_overlap_of,
)
from shared.operations.webhook_objects import (
    deleted_endpoint_object,
    made_endpoint_object,
    resent_object,
    webhook_endpoint_object,
)
from shared.runtime import sent_webhooks, webhook_secrets, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key
from shared.runtime.settings import settings

_NOT_KEPT: Final = {"Cache-Control": "no-store"}


def create(call: Call) -> Answer:
    """POST /v1/webhook_endpoints. No answer is kept for a second try: it would keep the secret."""
    read_key(call.idempotency_key)
    command = CreateEndpoint.parse(call.body(), check_url=_check_url(call))
    made = endpoints.create_webhook_endpoint(command, _hand(call))
    return Answer(body=made_endpoint_object(made, now=wiring.now()), headers=_NOT_KEPT)


def update(call: Call) -> Answer:
    """POST /v1/webhook_endpoints/{id}; the same again changes nothing."""
    read_key(call.idempotency_key)
    command = UpdateEndpoint.parse(call.body(), check_url=_check_url(call))
    endpoint = endpoints.update_webhook_endpoint(call.path_params["id"], command, _hand(call))
    return Answer(body=webhook_endpoint_object(endpoint, now=wiring.now()))


def delete(call: Call) -> Answer:
    """DELETE /v1/webhook_endpoints/{id}; the same again answers the same."""
    call.refuse_fields()
    endpoint = endpoints.delete_webhook_endpoint(call.path_params["id"], _hand(call))
    return Answer(body=deleted_endpoint_object(endpoint))


def rotate(call: Call) -> Answer:
    """POST /v1/webhook_endpoints/{id}/rotate_secret."""
    read_key(call.idempotency_key)
    overlap = read_overlap_of(call.body_or_nothing())
    made = endpoints.rotate_webhook_secret(call.path_params["id"], overlap, _hand(call))
    return Answer(body=made_endpoint_object(made, now=wiring.now()), headers=_NOT_KEPT)


def resend(call: Call) -> Answer:
    """POST /v1/webhook_endpoints/{id}/resend; what is pending already stays one delivery."""
    read_key(call.idempotency_key)
    order, caller = ResendOrder.parse(call.body()), call.authenticated()
    resent = webhook_deliveries.resend_webhooks(
        call.path_params["id"],
        order,
        caller,
        wiring.origin(call),
        store=sent_webhooks.store(caller.tenant),
    )
    return Answer(body=resent_object(resent))


def try_out(call: Call) -> Answer:
    """POST /v1/webhook_endpoints/{id}/test; again it sends another event."""
    read_key(call.idempotency_key)
    call.refuse_fields()
    caller = call.authenticated()
    event = webhook_deliveries.test_webhook_endpoint(
        call.path_params["id"],
        caller,
        wiring.origin(call),
        store=sent_webhooks.store(caller.tenant),
        now=wiring.time_of(caller.tenant),
    )
    data = {"id": event.object_id, "object": "webhook_endpoint"}
    return Answer(body=event_object(event, data, livemode=caller.tenant.livemode))


def read(call: Call) -> Answer:
    """GET /v1/webhook_endpoints/{id}."""
    call.refuse_query()
    store = sent_webhooks.endpoints(call.authenticated().tenant)
    endpoint = endpoints.read_webhook_endpoint(call.path_params["id"], store)
    return Answer(body=webhook_endpoint_object(endpoint, now=wiring.now()))


def show_page(call: Call) -> Answer:
    """GET /v1/webhook_endpoints."""
    query = call.query()
    refuse_unknown(query, PAGE_PARAMS)
    store, now = sent_webhooks.endpoints(call.authenticated().tenant), wiring.now()
    found = endpoints.list_webhook_endpoints(Page.parse(query, PREFIX), store)

    def show(endpoint: WebhookEndpoint) -> dict[str, Any]:
        return webhook_endpoint_object(endpoint, now=now)

    return Answer(body=page_object("/v1/webhook_endpoints", found, show))


def _hand(call: Call) -> EndpointHand:
    caller = call.authenticated()
    return EndpointHand(
        caller,
        wiring.origin(call),
        sent_webhooks.endpoints(caller.tenant),
        make_secret=webhook_secrets.make_secret,
        seal=webhook_secrets.seal,
    )


def _check_url(call: Call) -> Callable[[str], object]:
    livemode, allowed = call.authenticated().tenant.livemode, settings().webhook_allow_loopback
    return lambda url: check_url(url, livemode, allow_loopback=allowed)


HANDLERS: Final[Mapping[str, Handler]] = {
    "create_webhook_endpoint": create,
    "list_webhook_endpoints": show_page,
    "read_webhook_endpoint": read,
    "update_webhook_endpoint": update,
    "delete_webhook_endpoint": delete,
    "rotate_webhook_secret": rotate,
    "resend_webhooks": resend,
    "test_webhook_endpoint": try_out,
}
