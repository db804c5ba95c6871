"""Charges, events and messages for tests, as plain functions with sensible defaults."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.account import Tenant
from shared.domain.audit import Actor, ActorKind, AuditEntry, Origin
from shared.domain.charge import Attempt, Charge, ChargeStatus
from shared.domain.events import CHARGE_CREATED, Event, Message
from shared.domain.ids import new_id
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.refund import Refund


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


def a_refund(charge: Charge, paying_account: str = "opa_y", **changes: Any) -> Refund:
    """A refund of 2 000 XAF of a charge, out of its own pending money, just created."""
    now = moment()
    assert charge.phone is not None, "a charge without a number is not refunded"
    refund = Refund(
        id=an_id("rf"),
        account=charge.account,
        livemode=charge.livemode,
        charge_id=charge.id,
        money=Money(2000),
        from_pending=2000,
        status=OutgoingStatus.CREATED,
        operator=charge.operator,
        operator_account=paying_account,
        phone=charge.phone,
        charge_reference=str(uuid.uuid4()),
        intent_key="0" * 64,
        balance_transaction=an_id("txn"),
        created_at=now,
        submit_before=now + timedelta(hours=24),
    )
    return replace(refund, **changes)


def a_payout(tenant: Tenant, paying_account: str = "opa_y", **changes: Any) -> Payout:
    """A payout of 2 000 XAF to an MTN number, just created."""
    now = moment()
    payout = Payout(
        id=an_id("po"),
        account=tenant.account,
        livemode=tenant.livemode,
        money=Money(2000),
        status=OutgoingStatus.CREATED,
        operator=Operator.MTN,
        operator_account=paying_account,
        phone=PhoneNumber("+237670000001"),
        intent_key="0" * 64,
        balance_transaction=an_id("txn"),
        created_at=now,
        submit_before=now + timedelta(hours=24),
    )
    return replace(payout, **changes)


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


def an_origin(at: datetime | None = None) -> Origin:
    """A key that acts now, or then, from somewhere."""
    actor = Actor(ActorKind.KEY, "key_0123456789")
    return Origin(actor, at or moment(), "192.0.2.7", an_id("req"))


def an_entry(at: datetime | None = None, **after: object) -> AuditEntry:
    """An audit entry that tells of a key."""
    return an_origin(at).entry("api_key.created", "api_key", "key_0000000000", after=after)
