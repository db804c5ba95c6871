"""The writes on refunds, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations.create_refund import CreateRefund, create_refund
from shared.operations.update_outgoing import NewWords, WordsHand, update_refund
from shared.runtime import payouts, wiring
from shared.runtime.crash import reached
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key
from shared.runtime.settings import settings
from shared.runtime.stored_answers import shown


def create(call: Call) -> Answer:
    """POST /v1/refunds; the same idempotency key never makes a second one, however late."""
    caller = call.authenticated()
    outcome = create_refund(
        CreateRefund.parse(call.body()),
        caller,
        terms=payouts.terms(caller.tenant),
        charges_of=wiring.charges(caller.tenant),
        store=payouts.refunds(caller.tenant),
        now=wiring.time_of(caller.tenant),
        request_id=call.request_id,
        idempotency_key=read_key(call.idempotency_key),
        traceparent=call.traceparent,
        reached=reached,
    )
    return shown(outcome)


def update(call: Call) -> Answer:
    """POST /v1/refunds/{id}."""
    caller, refund_id = call.authenticated(), call.path_params["id"]
    hand = WordsHand(
        caller,
        payouts.refund_details(caller.tenant),
        read_key(call.idempotency_key),
        settings().public_base_url,
        call.language,
    )
    return shown(update_refund(refund_id, NewWords.of_refund(call.body(), refund_id), hand))


HANDLERS: Final[Mapping[str, Handler]] = {"create_refund": create, "update_refund": update}
