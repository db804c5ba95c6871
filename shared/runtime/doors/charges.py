"""The writes on charges, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations import objects
from shared.operations.cancel_charge import cancel_charge
from shared.operations.charge_customer import read_charge_order
from shared.operations.create_charge import CreateCharge, create_charge
from shared.operations.ports import Replayed
from shared.operations.update_charge import UpdateCharge, update_charge
from shared.runtime import charging, merchant_customers, wiring
from shared.runtime.crash import reached
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key
from shared.runtime.settings import settings
from shared.runtime.stored_answers import shown


def create(call: Call) -> Answer:
    """POST /v1/charges."""
    caller = call.authenticated()
    command = read_order(call)
    if isinstance(command, Replayed):
        return shown(command)
    outcome = create_charge(
        command,
        caller,
        terms=charging.terms(command.operator, caller.tenant, on_page=command.phone is None),
        store=wiring.charges(caller.tenant),
        now=wiring.time_of(caller.tenant),
        base_url=settings().public_base_url,
        request_id=call.request_id,
        idempotency_key=read_key(call.idempotency_key),
        traceparent=call.traceparent,
        reached=reached,
    )
    return shown(outcome)


def read_order(call: Call) -> CreateCharge | Replayed:
    """Read what is ordered, or what its key was answered before where a customer has changed."""
    tenant = call.authenticated().tenant
    return read_charge_order(
        call.body(),
        find_customer=merchant_customers.store(tenant).find,
        replay=wiring.charges(tenant).replay,
        idempotency_key=read_key(call.idempotency_key),
    )


def cancel(call: Call) -> Answer:
    """POST /v1/charges/{id}/cancel; the same call again is harmless, with or without a key."""
    caller = call.authenticated()
    call.refuse_fields()
    read_key(call.idempotency_key)
    charge = cancel_charge(
        call.path_params["id"],
        caller,
        store=wiring.charges(caller.tenant),
        now=wiring.time_of(caller.tenant),
        base_url=settings().public_base_url,
        language=call.language,
    )
    return Answer(
        body=objects.charge_object(
            charge, base_url=settings().public_base_url, language=call.language
        )
    )


def update(call: Call) -> Answer:
    """POST /v1/charges/{id}."""
    caller, charge_id = call.authenticated(), call.path_params["id"]
    outcome = update_charge(
        charge_id,
        UpdateCharge.parse(call.body(), charge_id),
        caller,
        store=wiring.charge_details(caller.tenant),
        idempotency_key=read_key(call.idempotency_key),
        base_url=settings().public_base_url,
        language=call.language,
    )
    return shown(outcome)


HANDLERS: Final[Mapping[str, Handler]] = {
    "create_charge": create,
    "cancel_charge": cancel,
    "update_charge": update,
}
