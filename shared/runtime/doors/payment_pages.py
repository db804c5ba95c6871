"""The operations on a merchant's checkouts and payment links, from a call to an answer."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from shared.domain.account import Tenant
from shared.domain.payment_page import PageKind, PaymentPage, prefix_of
from shared.operations import manage_payment_pages as pages
from shared.operations.lists import PAGE_PARAMS, Page, refuse_unknown
from shared.operations.payment_page_objects import payment_page_object
from shared.operations.payment_page_orders import CreatePage, UpdateLink
from shared.operations.reads import page_object
from shared.runtime import payment_pages, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key
from shared.runtime.settings import settings
from shared.runtime.stored_answers import shown

_LISTS: Final = {
    PageKind.CHECKOUT: "/v1/checkouts",
    PageKind.LINK: "/v1/payment_links",
}


def create_checkout(call: Call) -> Answer:
    """POST /v1/checkouts."""
    return _create(call, PageKind.CHECKOUT)


def create_link(call: Call) -> Answer:
    """POST /v1/payment_links."""
    return _create(call, PageKind.LINK)


def list_checkouts(call: Call) -> Answer:
    """GET /v1/checkouts."""
    return _list(call, PageKind.CHECKOUT)


def list_links(call: Call) -> Answer:
    """GET /v1/payment_links."""
    return _list(call, PageKind.LINK)


def read_checkout(call: Call) -> Answer:
    """GET /v1/checkouts/{id}."""
    return _read(call, PageKind.CHECKOUT)


def read_link(call: Call) -> Answer:
    """GET /v1/payment_links/{id}."""
    return _read(call, PageKind.LINK)


def update_link(call: Call) -> Answer:
    """POST /v1/payment_links/{id}; the same again changes nothing."""
    read_key(call.idempotency_key)
    caller = call.authenticated()
    page = pages.update_payment_link(
        call.path_params["id"],
        UpdateLink.parse(call.body()),
        caller,
        payment_pages.store(caller.tenant),
        now=wiring.time_of(caller.tenant),
    )
    return Answer(body=_object(page, caller.tenant))


def expire_checkout(call: Call) -> Answer:
    """POST /v1/checkouts/{id}/expire; the same again changes nothing."""
    call.refuse_fields()
    read_key(call.idempotency_key)
    caller = call.authenticated()
    page = pages.expire_checkout(
        call.path_params["id"],
        caller,
        payment_pages.store(caller.tenant),
        now=wiring.time_of(caller.tenant),
        base_url=settings().public_base_url,
    )
    return Answer(body=_object(page, caller.tenant))


def _create(call: Call, kind: PageKind) -> Answer:
    caller = call.authenticated()
    outcome = pages.create_payment_page(
        CreatePage.parse(call.body(), kind),
        caller,
        store=payment_pages.store(caller.tenant),
        bounds=payment_pages.bounds(caller.tenant),
        now=wiring.time_of(caller.tenant),
        base_url=settings().public_base_url,
        idempotency_key=read_key(call.idempotency_key),
    )
    return shown(outcome)


def _list(call: Call, kind: PageKind) -> Answer:
    query, tenant = call.query(), call.authenticated().tenant
    refuse_unknown(query, PAGE_PARAMS)
    page = Page.parse(query, prefix_of(kind, livemode=tenant.livemode))
    found = pages.list_payment_pages(kind, page, payment_pages.store(tenant))
    show = partial(_object, tenant=tenant)
    return Answer(body=page_object(_LISTS[kind], found, show))


def _read(call: Call, kind: PageKind) -> Answer:
    call.refuse_query()
    caller = call.authenticated()
    store = payment_pages.store(caller.tenant)
    page = pages.read_payment_page(call.path_params["id"], kind, caller, store)
    return Answer(body=_object(page, caller.tenant))


def _object(page: PaymentPage, tenant: Tenant) -> dict[str, Any]:
    now = wiring.time_of(tenant)
    return payment_page_object(page, base_url=settings().public_base_url, now=now)


HANDLERS: Final[Mapping[str, Handler]] = {
    "create_checkout": create_checkout,
    "list_checkouts": list_checkouts,
    "read_checkout": read_checkout,
    "expire_checkout": expire_checkout,
    "create_payment_link": create_link,
    "list_payment_links": list_links,
    "read_payment_link": read_link,
    "update_payment_link": update_link,
}
