"""Moves of a charge that more than one operation makes, with the event that tells of them."""

from dataclasses import replace
from datetime import datetime

from shared.domain import charge as charges
from shared.domain.account import OPENING
from shared.domain.charge import (
    PUBLIC_EVENT,
    UNSENT,
    Attempt,
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
    """Tell whether it is proven that nothing of this charge has left us.

    While somebody holds its lease it may leave the next moment.
    """
    if charge.status is ChargeStatus.CREATED:
        return True
    if charge.pays_on_page:
        # No page was shown: that is another status.
        return charge.status is ChargeStatus.SUBMITTING
    return (
        charge.status is ChargeStatus.SUBMITTING
        and attempt is not None
        and was_never_asked(charge, attempt)
    )


def was_never_asked(charge: Charge, attempt: Attempt) -> bool:
    """Tell whether no money was asked for under this attempt, or will be without a new claim.

    Where the operator makes the reference none can have been without one, whatever the attempt's
    status says: a sender that knows of no opening leaves `sending`.
    """
    if charge.operator in OPENING and attempt.operator_reference is None:
        return True
    return attempt.status in UNSENT


def abandoned(
    charge: Charge,
    *,
    at: datetime,
    message: Message,
    consumer: str,
    base_url: str,
    language: str,
) -> Move:
    """Return the move of an unsent charge whose time to be sent is over, and its lease too.

    Whoever took that lease anew, or began it anew, wins.
    """
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
        lease=Lease.MINE,
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
