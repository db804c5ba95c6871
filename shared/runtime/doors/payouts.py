"""The operations on single payouts, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.domain.payout import Payout
from shared.operations import objects
from shared.operations.cancel_payout import cancel_payout
from shared.operations.create_payout import CreatePayout, create_payout
from shared.operations.decide_payout import Approve, By, Reject, approve_payout, reject_payout
from shared.operations.update_outgoing import NewWords, WordsHand, update_payout
from shared.runtime import payouts, wiring
from shared.runtime.crash import reached
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key
from shared.runtime.settings import settings
from shared.runtime.stored_answers import shown


def create(call: Call) -> Answer:
    """POST /v1/payouts; the same idempotency key never makes a second one, however late."""
    caller = call.authenticated()
    command = CreatePayout.parse(call.body())
    outcome = create_payout(
        command,
        caller,
        terms=payouts.payout_terms(command.operator, caller.tenant),
        store=payouts.payouts(caller.tenant),
        now=wiring.time_of(caller.tenant),
        request_id=call.request_id,
        idempotency_key=read_key(call.idempotency_key),
        traceparent=call.traceparent,
        reached=reached,
    )
    return shown(outcome)


def update(call: Call) -> Answer:
    """POST /v1/payouts/{id}."""
    caller, payout_id = call.authenticated(), call.path_params["id"]
    hand = WordsHand(
        caller,
        payouts.payout_details(caller.tenant),
        read_key(call.idempotency_key),
        settings().public_base_url,
        call.language,
    )
    return shown(update_payout(payout_id, NewWords.of_payout(call.body(), payout_id), hand))


def cancel(call: Call) -> Answer:
    """POST /v1/payouts/{id}/cancel; the same call again is harmless, with or without a key."""
    caller = call.authenticated()
    call.refuse_fields()
    read_key(call.idempotency_key)
    payout = cancel_payout(
        call.path_params["id"],
        caller,
        store=payouts.payouts(caller.tenant),
        taken_back=payouts.taken_back(),
        now=wiring.time_of(caller.tenant),
        language=call.language,
    )
    return _shown(payout, call)


def approve(call: Call) -> Answer:
    """POST /v1/payouts/{id}/approve; the same call again is harmless, with or without a key."""
    order, by = Approve.parse(call.body()), _by(call)
    store = payouts.payouts(by.caller.tenant)
    return _shown(approve_payout(call.path_params["id"], order, by, store=store), call)


def reject(call: Call) -> Answer:
    """POST /v1/payouts/{id}/reject; the same call again is harmless, with or without a key."""
    order, by = Reject.parse(call.body()), _by(call)
    store = payouts.payouts(by.caller.tenant)
    return _shown(reject_payout(call.path_params["id"], order, by, store=store), call)


def _by(call: Call) -> By:
    read_key(call.idempotency_key)
    caller = call.authenticated()
    at = wiring.time_of(caller.tenant)
    return By(caller, wiring.origin(call), call.language, call.traceparent, at)


def _shown(payout: Payout, call: Call) -> Answer:
    return Answer(body=objects.payout_object(payout, language=call.language))


WRITES: Final[Mapping[str, Handler]] = {
    "create_payout": create,
    "update_payout": update,
    "cancel_payout": cancel,
}
DECISIONS: Final[Mapping[str, Handler]] = {"approve_payout": approve, "reject_payout": reject}
