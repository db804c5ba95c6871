"""Takes a charge, and takes one back that was not sent yet."""

from shared.operations import objects
from shared.operations.cancel_charge import cancel_charge as cancel_operation
from shared.operations.create_charge import CreateCharge
from shared.operations.create_charge import create_charge as create_operation
from shared.operations.ports import Replayed
from shared.runtime import callers, charging, wiring
from shared.runtime.crash import reached
from shared.runtime.http import Answer, Call, http_function
from shared.runtime.idempotency import read_key
from shared.runtime.settings import settings


def create(call: Call) -> Answer:
    """POST /v1/charges."""
    caller = call.authenticated()
    command = CreateCharge.parse(call.body())
    outcome = create_operation(
        command,
        caller,
        terms=charging.terms(command.operator, caller.tenant, on_page=command.phone is None),
        store=wiring.charges(caller.tenant),
        now=wiring.now(),
        base_url=settings().public_base_url,
        request_id=call.request_id,
        idempotency_key=read_key(call.idempotency_key),
        traceparent=call.traceparent,
        reached=reached,
    )
    replayed = {"Idempotent-Replayed": "true"} if isinstance(outcome, Replayed) else {}
    return Answer(body=outcome.response, headers=replayed)


def cancel(call: Call) -> Answer:
    """POST /v1/charges/{id}/cancel; the same call again is harmless, with or without a key."""
    caller = call.authenticated()
    call.refuse_fields()
    read_key(call.idempotency_key)
    charge = cancel_operation(
        call.path_params["id"],
        caller,
        store=wiring.charges(caller.tenant),
        now=wiring.now(),
        base_url=settings().public_base_url,
        language=call.language,
    )
    return Answer(
        body=objects.charge_object(
            charge, base_url=settings().public_base_url, language=call.language
        )
    )


create_charge = http_function(
    "create_charge",
    {"create_charge": create, "cancel_charge": cancel},
    authenticate=callers.authenticate,
    admit=callers.admit,
)
