"""Shows merchants their charges, events and balance, and anyone the contract of the API."""

from functools import cache

from shared.contracts import OPENAPI_FILE
from shared.domain.errors import NotFound
from shared.domain.ids import is_id
from shared.operations import objects
from shared.operations import read_payments as payments
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, http_function
from shared.runtime.settings import settings


def read_charge(call: Call) -> Answer:
    """GET /v1/charges/{id}."""
    charge_id = call.path_params["id"]
    store = wiring.charges(call.authenticated().tenant)
    charge = store.find(charge_id) if is_id(charge_id, "ch") else None
    if charge is None:
        raise NotFound("resource_missing", "id")
    public = objects.charge_object(
        charge, base_url=settings().public_base_url, language=call.language
    )
    return Answer(body=public)


def list_charges(call: Call) -> Answer:
    """GET /v1/charges."""
    body = payments.list_charges(
        call.query(),
        store=wiring.reading(call.authenticated().tenant),
        base_url=settings().public_base_url,
        language=call.language,
    )
    return Answer(body=body)


def list_events(call: Call) -> Answer:
    """GET /v1/events."""
    tenant = call.authenticated().tenant
    store = wiring.reading(tenant)
    return Answer(body=payments.list_events(call.query(), store=store, livemode=tenant.livemode))


def read_event(call: Call) -> Answer:
    """GET /v1/events/{id}."""
    tenant = call.authenticated().tenant
    store, event_id = wiring.reading(tenant), call.path_params["id"]
    return Answer(body=payments.read_event(event_id, store=store, livemode=tenant.livemode))


def read_balance(call: Call) -> Answer:
    """GET /v1/balance."""
    tenant = call.authenticated().tenant
    store = wiring.reading(tenant)
    return Answer(body=payments.read_balance(store=store, livemode=tenant.livemode))


@cache
def _openapi() -> bytes:
    return OPENAPI_FILE.read_bytes()


def read_openapi(_: Call) -> Answer:
    """GET /openapi.json."""
    return Answer(body=_openapi())


read_payments = http_function(
    "read_payments",
    {
        "read_charge": read_charge,
        "list_charges": list_charges,
        "list_events": list_events,
        "read_event": read_event,
        "read_balance": read_balance,
        "read_openapi": read_openapi,
    },
    authenticate=wiring.authenticate,
)
