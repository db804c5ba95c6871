"""Takes a refund of a charge that was paid, and decides about payments that came late."""

from shared.operations.create_refund import CreateRefund
from shared.operations.create_refund import create_refund as create_operation
from shared.operations.ports import Replayed
from shared.runtime import callers, payouts, wiring
from shared.runtime.crash import reached
from shared.runtime.doors import late_payments
from shared.runtime.http import Answer, Call, http_function
from shared.runtime.idempotency import read_key


def create(call: Call) -> Answer:
    """POST /v1/refunds; the same idempotency key never makes a second one, however late."""
    caller = call.authenticated()
    outcome = create_operation(
        CreateRefund.parse(call.body()),
        caller,
        terms=payouts.terms(caller.tenant),
        charges_of=wiring.charges(caller.tenant),
        store=payouts.refunds(caller.tenant),
        now=wiring.now(),
        request_id=call.request_id,
        idempotency_key=read_key(call.idempotency_key),
        traceparent=call.traceparent,
        reached=reached,
    )
    replayed = {"Idempotent-Replayed": "true"} if isinstance(outcome, Replayed) else {}
    return Answer(body=outcome.response, headers=replayed)


create_refund = http_function(
    "create_refund",
    {"create_refund": create, **late_payments.HANDLERS},
    authenticate=callers.authenticate,
    admit=callers.admit,
)
