"""Says where and when what is available goes by itself, by the owner; or that it stays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.domain.account import Caller
from shared.domain.audit import Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.ids import new_id
from shared.domain.phone import PAYEE_PARAM, Operator, PhoneNumber
from shared.domain.settlement import LARGEST, Every, SettlementRule
from shared.operations.create_charge import read_method, read_operator
from shared.operations.create_payout import read_name
from shared.operations.lists import refuse_unknown
from shared.operations.objects import unix_seconds
from shared.operations.settlement_store import SettlementStore

DESTINATION: Final = "destination"
_FIELDS: Final = frozenset({DESTINATION, "every", "weekday", "hour", "minimum", "keep_back"})
_WEEKDAYS: Final = range(1, 8)
_HOURS: Final = range(24)


@dataclass(frozen=True, slots=True)
class SettlementOrder:
    """What shall hold, well formed."""

    phone: PhoneNumber
    operator: Operator
    name: str | None
    every: Every
    weekday: int | None
    hour: int
    minimum: int
    keep_back: int

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "SettlementOrder":
        """Read a body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, _FIELDS)
        known = frozenset({"type", "phone", "operator", "name"})
        destination = read_method(body.get(DESTINATION), DESTINATION, known)
        phone = destination.get("phone")
        if not isinstance(phone, str):
            code = "phone_missing" if phone is None else "phone_invalid"
            raise InvalidRequest(code, PAYEE_PARAM)
        number = PhoneNumber.parse(phone, param=PAYEE_PARAM)
        every = body.get("every")
        if every not in tuple(Every):
            code = "parameter_missing" if every is None else "parameter_invalid"
            raise InvalidRequest(code, "every")
        is_weekly = every == Every.WEEK
        if not is_weekly and body.get("weekday") is not None:
            raise InvalidRequest("parameter_invalid", "weekday")
        return cls(
            phone=number,
            operator=read_operator(destination.get("operator"), number, within=DESTINATION),
            name=read_name(destination),
            every=Every(str(every)),
            weekday=_whole(body, "weekday", _WEEKDAYS) if is_weekly else None,
            hour=_whole(body, "hour", _HOURS),
            minimum=_whole(body, "minimum", range(1, LARGEST), usual=1),
            keep_back=_whole(body, "keep_back", range(LARGEST), usual=0),
        )


def set_settlement(
    order: SettlementOrder,
    caller: Caller,
    origin: Origin,
    *,
    store: SettlementStore,
    now: datetime,
) -> SettlementRule:
    """Have it hold from its next moment on, in the place of the one before.

    Raises NotPermitted for a suspended account.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")
    tenant = caller.tenant
    rule = SettlementRule(
        id=new_id("sr", int(now.timestamp() * 1000)),
        account=tenant.account,
        livemode=tenant.livemode,
        phone=order.phone,
        operator=order.operator,
        name=order.name,
        every=order.every,
        weekday=order.weekday,
        hour=order.hour,
        minimum=order.minimum,
        keep_back=order.keep_back,
        set_by=origin.actor.id,
        set_at=now,
    )
    before = store.standing()
    entry = origin.entry(
        "settlement.set",
        "settlement",
        rule.id,
        before=None if before is None else settlement_object(before),
        after=settlement_object(rule),
    )
    store.replace(rule, entry, due_at=rule.next_moment(now))
    return rule


def read_settlement(store: SettlementStore) -> SettlementRule:
    """Return the rule that holds. Raises NotFound where none does."""
    rule = store.standing()
    if rule is None:
        raise NotFound("resource_missing")
    return rule


def end_settlement(
    caller: Caller, origin: Origin, *, store: SettlementStore, now: datetime
) -> SettlementRule:
    """Have what is available stay. Raises NotFound, and NotPermitted for a suspended account.

    Nothing goes from that one anyway.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")
    rule = read_settlement(store)
    entry = origin.entry(
        "settlement.ended", "settlement", rule.id, before=settlement_object(rule), after={}
    )
    store.end(rule, entry, at=now)
    return rule


def settlement_object(rule: SettlementRule) -> dict[str, Any]:
    """Return a rule as its merchant sees it; amounts in whole XAF."""
    return {
        "id": rule.id,
        "object": "settlement",
        "destination": {
            "type": "mobile_money",
            "operator": rule.operator.value,
            "phone": rule.phone.masked,
            "name": rule.name,
        },
        "every": rule.every.value,
        "weekday": rule.weekday,
        "hour": rule.hour,
        "minimum": rule.minimum,
        "keep_back": rule.keep_back,
        "set_by": rule.set_by,
        "created": unix_seconds(rule.set_at),
        "livemode": rule.livemode,
    }


def _whole(body: Mapping[str, Any], name: str, allowed: range, *, usual: int | None = None) -> int:
    value = body.get(name, usual)
    if value is None:
        raise InvalidRequest("parameter_missing", name)
    if type(value) is not int or value not in allowed:
        raise InvalidRequest("parameter_invalid", name)
    return value
