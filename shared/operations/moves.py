"""Moves of a charge that more than one operation makes, with the event that tells of them."""

from dataclasses import replace
from datetime import datetime

from shared.domain import charge as charges
from shared.domain.charge import (
    PUBLIC_EVENT,
    Attempt,
    AttemptStatus,
    Charge,
    ChargeEvent,
    ChargeStatus,
)
from shared.domain.errors import LostRace
from shared.domain.events import Event, Message
from shared.domain.ids import new_id
from shared.operations import objects
from shared.operations.ports import Lease, Move


def is_unsent(charge: Charge, attempt: Attempt | None) -> bool:
    """Tell whether it is proven that nothing of this charge ever left us."""
    if charge.status is ChargeStatus.CREATED:
        return True
    return (
        charge.status is ChargeStatus.SUBMITTING
        and attempt is not None
        and attempt.status is AttemptStatus.NOT_SENT
    )


def abandoned(
    charge: Charge,
    *,
    at: datetime,
    message: Message,
    consumer: str,
    base_url: str,
    language: str,
) -> Move:
    """Return the move of an unsent charge whose time to be sent is over."""
    status = charges.after(charge.status, ChargeEvent.ABANDONED)
    if status is None:
        raise LostRace(charge.id)
    failed = replace(charge, status=status, failure_code="operator_unavailable")
    return Move(
        charge=failed,
        expected=charge.status,
        cause=ChargeEvent.ABANDONED,
        at=at,
        next_check_at=None,
        lease=Lease.FREE,
        event=final_event(failed, at=at, base_url=base_url, language=language),
        consumer=consumer,
        message_id=message.event_id,
        traceparent=message.traceparent,
    )


def final_event(charge: Charge, *, at: datetime, base_url: str, language: str) -> Event:
    """Return the event that tells the merchant of the charge's new public state."""
    public = objects.charge_object(charge, base_url=base_url, language=language)
    return Event(
        id=new_id("evt", int(at.timestamp() * 1000)),
        type=PUBLIC_EVENT[charge.status],
        object_id=charge.id,
        data=objects.to_json(public),
        created_at=at,
    )
