"""Charges, events and messages for tests, as plain functions with sensible defaults."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.account import Tenant
from shared.domain.charge import Attempt, Charge, ChargeStatus
from shared.domain.events import CHARGE_CREATED, Event, Message
from shared.domain.ids import new_id
from shared.domain.money import Money
from shared.domain.phone import Operator, PhoneNumber


def moment() -> datetime:
    """Now, as the product sees it."""
    return datetime.now(UTC)


def an_id(prefix: str) -> str:
    """A fresh id."""
    return new_id(prefix, int(moment().timestamp() * 1000))


def a_charge(tenant: Tenant, operator_account: str = "opa_x", **changes: Any) -> Charge:
    """A charge of 5 000 XAF from an MTN number, just created."""
    now = moment()
    charge = Charge(
        id=an_id("ch"),
        account=tenant.account,
        livemode=tenant.livemode,
        money=Money(5000),
        status=ChargeStatus.CREATED,
        operator=Operator.MTN,
        operator_account=operator_account,
        phone=PhoneNumber("+237670000001"),
        created_at=now,
        submit_before=now + timedelta(seconds=120),
    )
    return replace(charge, **changes)


def an_event(charge: Charge, kind: str = "charge.pending") -> Event:
    """An event of a charge."""
    return Event(
        id=an_id("evt"),
        type=kind,
        object_id=charge.id,
        data="{}",
        created_at=charge.created_at if kind == "charge.pending" else moment(),
        request_id="req_test",
    )


def a_message(charge: Charge, topic: str = CHARGE_CREATED) -> Message:
    """A message about a charge."""
    return Message(an_id("msg"), topic, charge.account, charge.livemode, charge.id)


def an_attempt(charge: Charge) -> Attempt:
    """The first attempt of a charge."""
    return Attempt(an_id("att"), charge.id, 1, str(uuid.uuid4()), charge.operator_account)
