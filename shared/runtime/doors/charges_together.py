"""Several charges of one caller, from calls to what became of each."""

from collections.abc import Sequence

from shared.db.charges_together import ManyCharges
from shared.domain.errors import CutOff, Refusal
from shared.operations.create_charge import CreateCharge
from shared.operations.create_charges import Order, create_charges
from shared.operations.ports import Replayed
from shared.runtime import charging, wiring
from shared.runtime.crash import reached
from shared.runtime.doors.charges import read_order
from shared.runtime.http import Answer, Call
from shared.runtime.idempotency import read_key
from shared.runtime.settings import settings
from shared.runtime.stored_answers import shown


def create_together(calls: Sequence[Call]) -> list[Answer | Exception]:
    """POST /v1/charges, several times by the same caller; what one meets is returned in its place.

    Each is answered as if it had come after those before it.
    """
    caller = calls[0].authenticated()
    answers: dict[int, Answer | Exception] = {}
    orders: dict[int, Order] = {}
    for place, call in enumerate(calls):
        try:
            command = read_order(call)
            if isinstance(command, Replayed):
                answers[place] = shown(command)
            else:
                orders[place] = _order(call, command)
        except (Refusal, CutOff) as failure:
            answers[place] = failure
    became = create_charges(
        list(orders.values()),
        caller,
        store=ManyCharges(wiring.app_database(), caller.tenant),
        base_url=settings().public_base_url,
        reached=reached,
    )
    for place, outcome in zip(orders, became, strict=True):
        answers[place] = outcome if isinstance(outcome, Exception) else shown(outcome)
    return [answers[place] for place in range(len(calls))]


def _order(call: Call, command: CreateCharge) -> Order:
    tenant = call.authenticated().tenant
    return Order(
        command,
        charging.terms(command.operator, tenant, on_page=command.phone is None),
        wiring.time_of(tenant),
        call.request_id,
        read_key(call.idempotency_key),
        call.traceparent,
    )
