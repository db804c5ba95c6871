"""The operations on a merchant's automatic settlement, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations import set_settlement as setting
from shared.operations.set_settlement import SettlementOrder, settlement_object
from shared.runtime import settlements, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key


def read(call: Call) -> Answer:
    """GET /v1/account/settlement."""
    call.refuse_query()
    store = settlements.store(call.authenticated().tenant)
    return Answer(body=settlement_object(setting.read_settlement(store)))


def set_rule(call: Call) -> Answer:
    """POST /v1/account/settlement; again it sets the same anew."""
    read_key(call.idempotency_key)
    order, caller = SettlementOrder.parse(call.body()), call.authenticated()
    rule = setting.set_settlement(
        order,
        caller,
        wiring.origin(call),
        store=settlements.store(caller.tenant),
        now=wiring.time_of(caller.tenant),
    )
    return Answer(body=settlement_object(rule))


def end(call: Call) -> Answer:
    """POST /v1/account/settlement/end; where there is none any more it is not found."""
    read_key(call.idempotency_key)
    call.refuse_fields()
    caller = call.authenticated()
    store = settlements.store(caller.tenant)
    now = wiring.time_of(caller.tenant)
    rule = setting.end_settlement(caller, wiring.origin(call), store=store, now=now)
    return Answer(body=settlement_object(rule))


HANDLERS: Final[Mapping[str, Handler]] = {
    "read_settlement": read,
    "set_settlement": set_rule,
    "end_settlement": end,
}
