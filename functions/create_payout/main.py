"""Takes payouts, one or a batch, and takes back what nobody has claimed yet."""

from shared.operations import objects
from shared.operations.cancel_payout import cancel_payout as cancel_operation
from shared.operations.create_payout import CreatePayout
from shared.operations.create_payout import create_payout as create_operation
from shared.operations.ports import Replayed
from shared.runtime import callers, payouts, wiring
from shared.runtime.crash import reached
from shared.runtime.doors import batches
from shared.runtime.http import Answer, Call, http_function
from shared.runtime.idempotency import read_key


def create(call: Call) -> Answer:
    """POST /v1/payouts; the same idempotency key never makes a second one, however late."""
    caller = call.authenticated()
    command = CreatePayout.parse(call.body())
    outcome = create_operation(
        command,
        caller,
        terms=payouts.payout_terms(command.operator, caller.tenant),
        store=payouts.payouts(caller.tenant),
        now=wiring.now(),
        request_id=call.request_id,
        idempotency_key=read_key(call.idempotency_key),
        traceparent=call.traceparent,
        reached=reached,
    )
    replayed = {"Idempotent-Replayed": "true"} if isinstance(outcome, Replayed) else {}
    return Answer(body=outcome.response, headers=replayed)


def cancel(call: Call) -> Answer:
    """POST /v1/payouts/{id}/cancel; the same call again is harmless, with or without a key."""
    caller = call.authenticated()
    call.refuse_fields()
    read_key(call.idempotency_key)
    payout = cancel_operation(
        call.path_params["id"],
        caller,
        store=payouts.payouts(caller.tenant),
        taken_back=payouts.taken_back(),
        now=wiring.now(),
        language=call.language,
    )
    return Answer(body=objects.payout_object(payout, language=call.language))


create_payout = http_function(
    "create_payout",
    {"create_payout": create, "cancel_payout": cancel, **batches.WRITES},
    authenticate=callers.authenticate,
    admit=callers.admit,
)
