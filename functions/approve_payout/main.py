"""A second person's decision about a payout or a batch: yes, to what she saw, or no."""

from shared.domain.payout import Payout
from shared.operations import objects
from shared.operations.decide_payout import Approve, By, Reject
from shared.operations.decide_payout import approve_payout as approve_operation
from shared.operations.decide_payout import reject_payout as reject_operation
from shared.runtime import callers, payouts, wiring
from shared.runtime.doors import batches
from shared.runtime.http import Answer, Call, http_function
from shared.runtime.idempotency import read_key


def approve(call: Call) -> Answer:
    """POST /v1/payouts/{id}/approve; the same call again is harmless, with or without a key."""
    order, by = Approve.parse(call.body()), _by(call)
    store = payouts.payouts(by.caller.tenant)
    return _shown(approve_operation(call.path_params["id"], order, by, store=store), call)


def reject(call: Call) -> Answer:
    """POST /v1/payouts/{id}/reject; the same call again is harmless, with or without a key."""
    order, by = Reject.parse(call.body()), _by(call)
    store = payouts.payouts(by.caller.tenant)
    return _shown(reject_operation(call.path_params["id"], order, by, store=store), call)


def _by(call: Call) -> By:
    read_key(call.idempotency_key)
    return By(call.authenticated(), wiring.origin(call), call.language, call.traceparent)


def _shown(payout: Payout, call: Call) -> Answer:
    return Answer(body=objects.payout_object(payout, language=call.language))


approve_payout = http_function(
    "approve_payout",
    {"approve_payout": approve, "reject_payout": reject, **batches.DECISIONS},
    authenticate=callers.authenticate,
    admit=callers.admit,
)
