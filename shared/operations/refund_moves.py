"""Moves of a refund that more than one operation makes, with the events that tell of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain import charge as charges
from shared.domain import ledger
from shared.domain import refund as refunds
from shared.domain.charge import Attempt, AttemptStatus
from shared.domain.errors import LostRace
from shared.domain.events import Event, Message
from shared.domain.ids import new_id
from shared.domain.intent import Intent
from shared.domain.notification import Kind, Notification
from shared.domain.refund import PUBLIC_EVENT, Refund, RefundEvent, RefundStatus
from shared.operations import objects
from shared.operations.ports import Lease
from shared.operations.refund_store import RefundMove, RefundNote

OPERATION: Final = "create_refund"
WAKE_AFTER: Final = timedelta(hours=1)


def intent_of(refund: Refund) -> Intent:
    """Return what is kept of a refund in write-once storage before it is sent."""
    return Intent(
        id=refund.id,
        operation=OPERATION,
        account=refund.account,
        livemode=refund.livemode,
        about=refund.charge_id,
        key=refund.intent_key,
        money=refund.money,
        operator_account=refund.operator_account,
        reference=refunds.reference_of(refund.id),
        created_at=refund.created_at,
    )


def is_unsent(refund: Refund, attempt: Attempt | None) -> bool:
    """Tell whether it is proven that nothing of this refund ever left us."""
    if refund.status is RefundStatus.CREATED:
        return True
    return (
        refund.status is RefundStatus.SUBMITTING
        and attempt is not None
        and attempt.status is AttemptStatus.NOT_SENT
    )


def following(refund: Refund, event: RefundEvent) -> RefundStatus:
    """Return the status that follows. Raises LostRace where the event means nothing any more."""
    status = refunds.after(refund.status, event)
    if status is None:
        raise LostRace(refund.id)
    return status


def failed(
    refund: Refund, cause: RefundEvent, *, code: str, at: datetime, language: str
) -> RefundMove:
    """Return the move that ends a refund whose money did not go: all of it goes back."""
    ended = replace(refund, status=following(refund, cause), failure_code=code, ended_at=at)
    return RefundMove(
        refund=ended,
        expected=refund.status,
        cause=cause,
        at=at,
        next_check_at=None,
        events=(event_of(ended, at=at, language=language),),
        posting=ledger.refund_failed(
            new_id("txn", int(at.timestamp() * 1000)),
            refund.id,
            from_pending=refund.from_pending,
            from_available=refund.from_available,
        ),
        gives_back=refund.money.amount,
    )


def abandoned(
    refund: Refund, *, at: datetime, message: Message, consumer: str, language: str
) -> RefundMove:
    """Return the move of an unsent refund whose time to be sent is over."""
    code = "operator_unavailable"
    move = failed(refund, RefundEvent.ABANDONED, code=code, at=at, language=language)
    return replace(
        move,
        lease=Lease.FREE,
        consumer=consumer,
        message_id=message.event_id,
        traceparent=message.traceparent,
    )


def event_of(refund: Refund, *, at: datetime, language: str) -> Event:
    """Return the event that tells the merchant of the refund's new public state."""
    return Event(
        id=new_id("evt", int(at.timestamp() * 1000)),
        type=PUBLIC_EVENT[refund.status],
        object_id=refund.id,
        data=objects.to_json(objects.refund_object(refund, language=language)),
        created_at=at,
    )


def case(note: RefundNote, reason: str, *, stops: bool = False) -> RefundNote:
    """Return a note that hands the refund to a person; nobody reads it on a schedule any more."""
    refund = note.refund
    notice = Notification.of(
        Kind.CASE_OPENED,
        refund.account,
        {"payment": refund.id},
        livemode=refund.livemode,
        now=note.at,
        once_for=refund.id,
        reason=reason,
    )
    return replace(
        note,
        next_check_at=None,
        stops=stops,
        case_id=new_id("case", int(note.at.timestamp() * 1000)),
        case_reason=reason,
        notice=notice,
    )


def soon(refund: Refund, now: datetime) -> datetime:
    """Return when to read next, at the latest 10 s from now."""
    first = now + charges.CHECK_OFFSETS[0]
    return min(first, charges.next_check_at(refund.checked_since, now) or first)


def wakes_sender(refund: Refund, now: datetime) -> bool:
    """Tell whether the sender is to be asked again for what is still unsent.

    The broker asks it for hours; what it has given up by then the hourly checks bring back.
    """
    return now - refund.created_at >= WAKE_AFTER
