"""The operations on a merchant's customers, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.domain.merchant_customer import PREFIX
from shared.operations import manage_customers as customers
from shared.operations.customer_objects import customer_object
from shared.operations.customer_orders import (
    FILTERS,
    CreateCustomer,
    UpdateCustomer,
    read_wanted,
)
from shared.operations.lists import PAGE_PARAMS, Page, refuse_unknown
from shared.operations.manage_customers import CustomerHand
from shared.operations.reads import page_object
from shared.runtime import merchant_customers, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key
from shared.runtime.stored_answers import shown


def create(call: Call) -> Answer:
    """POST /v1/customers."""
    command = CreateCustomer.parse(call.body())
    return shown(customers.create_customer(command, _hand(call)))


def update(call: Call) -> Answer:
    """POST /v1/customers/{id}."""
    customer_id = call.path_params["id"]
    command = UpdateCustomer.parse(call.body(), customer_id)
    return shown(customers.update_customer(customer_id, command, _hand(call)))


def delete(call: Call) -> Answer:
    """DELETE /v1/customers/{id}; the same again answers the same."""
    call.refuse_fields()
    return Answer(body=customers.delete_customer(call.path_params["id"], _hand(call)))


def read(call: Call) -> Answer:
    """GET /v1/customers/{id}."""
    call.refuse_query()
    store = merchant_customers.store(call.authenticated().tenant)
    return Answer(body=customers.read_customer(call.path_params["id"], store.find))


def show_page(call: Call) -> Answer:
    """GET /v1/customers."""
    query = call.query()
    refuse_unknown(query, PAGE_PARAMS.union(FILTERS))
    found = customers.list_customers(
        Page.parse(query, PREFIX),
        read_wanted(query),
        merchant_customers.store(call.authenticated().tenant),
    )
    return Answer(body=page_object("/v1/customers", found, customer_object))


def _hand(call: Call) -> CustomerHand:
    caller = call.authenticated()
    return CustomerHand(
        caller,
        merchant_customers.store(caller.tenant),
        wiring.time_of(caller.tenant),
        call.request_id,
        read_key(call.idempotency_key),
    )


HANDLERS: Final[Mapping[str, Handler]] = {
    "create_customer": create,
    "list_customers": show_page,
    "read_customer": read,
    "update_customer": update,
    "delete_customer": delete,
}
