"""Moves of money out that more than one operation makes, with the events that tell of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain import charge as charges
from shared.domain.account import OPENING
from shared.domain.adjustment import Adjustment
from shared.domain.charge import Attempt, AttemptStatus
from shared.domain.errors import LostRace
from shared.domain.events import Event, Message
from shared.domain.ids import new_id
from shared.domain.intent import Intent
from shared.domain.notification import Kind, Notification
from shared.domain.outgoing import (
    Outgoing,
    OutgoingEvent,
    OutgoingStatus,
    WaitingReason,
    reference_of,
)
from shared.domain.payout import Payout
from shared.operations import objects
from shared.operations.late_objects import correction_object
from shared.operations.outgoing_store import OutgoingMove, OutgoingNote
from shared.operations.ports import Lease

WAKE_AFTER: Final = timedelta(hours=1)
FLOAT_AFTER: Final = timedelta(minutes=5)
"""How soon what waits for a float is looked at again."""
INITIATED: Final = "INITIATED"
"""What Orange says of a reference that exists and was not paid under."""
BEFORE_SENDING: Final = frozenset(
    {
        OutgoingStatus.AWAITING_APPROVAL,
        OutgoingStatus.QUEUED,
        OutgoingStatus.SCHEDULED,
        OutgoingStatus.CREATED,
    }
)


def intent_of(outgoing: Outgoing) -> Intent:
    """Return what is kept in write-once storage before it is sent."""
    return Intent(
        id=outgoing.id,
        operation=outgoing.operation,
        account=outgoing.account,
        livemode=outgoing.livemode,
        about=outgoing.about,
        key=outgoing.intent_key,
        money=outgoing.money,
        operator_account=outgoing.operator_account,
        reference=reference_of(outgoing.id),
        created_at=outgoing.created_at,
    )


def is_unsent(outgoing: Outgoing, attempt: Attempt | None) -> bool:
    """Tell whether it is proven that nothing of this ever left us."""
    if outgoing.status in BEFORE_SENDING:
        return True
    if outgoing.status is not OutgoingStatus.SUBMITTING or attempt is None:
        return False
    # Where the operator makes the reference nothing goes out without one.
    was_opened = outgoing.operator not in OPENING or attempt.operator_reference is not None
    return not was_opened or attempt.status is AttemptStatus.NOT_SENT


def following(outgoing: Outgoing, event: OutgoingEvent) -> OutgoingStatus:
    """Return the status that follows. Raises LostRace where the event means nothing any more."""
    status = outgoing.after(event)
    if status is None:
        raise LostRace(outgoing.id)
    return status


def failed(
    outgoing: Outgoing, cause: OutgoingEvent, *, code: str, at: datetime, language: str
) -> OutgoingMove:
    """Return the move that ends what did not go: all of it goes back."""
    ended = replace(outgoing, status=following(outgoing, cause), failure_code=code, ended_at=at)
    return OutgoingMove(
        outgoing=ended,
        expected=outgoing.status,
        cause=cause,
        at=at,
        next_check_at=None,
        events=(event_of(ended, at=at, language=language),),
        posting=outgoing.given_back(new_id("txn", int(at.timestamp() * 1000))),
        gives_back=outgoing.counted_as_refunded,
    )


def taken_back(
    outgoing: Outgoing, cause: OutgoingEvent, *, at: datetime, language: str
) -> OutgoingMove:
    """Return the move that ends what nobody has claimed: it was not to be, and all goes back."""
    ended = replace(outgoing, status=following(outgoing, cause), ended_at=at)
    return OutgoingMove(
        outgoing=ended,
        expected=outgoing.status,
        cause=cause,
        at=at,
        next_check_at=None,
        lease=Lease.FREE,
        events=(event_of(ended, at=at, language=language),),
        posting=outgoing.given_back(new_id("txn", int(at.timestamp() * 1000))),
    )


def abandoned(
    outgoing: Outgoing, *, at: datetime, message: Message, consumer: str, language: str
) -> OutgoingMove:
    """Return the move of what is unsent and whose time to be sent is over."""
    code = "operator_unavailable"
    move = failed(outgoing, OutgoingEvent.ABANDONED, code=code, at=at, language=language)
    return replace(
        move,
        lease=Lease.FREE,
        consumer=consumer,
        message_id=message.event_id,
        traceparent=message.traceparent,
    )


def event_of(outgoing: Outgoing, *, at: datetime, language: str) -> Event:
    """Return the event that tells the merchant of its new public state."""
    return Event(
        id=new_id("evt", int(at.timestamp() * 1000)),
        type=outgoing.public_events[outgoing.status],
        object_id=outgoing.id,
        data=objects.to_json(objects.outgoing_object(outgoing, language=language)),
        created_at=at,
    )


def case(note: OutgoingNote, reason: str, *, stops: bool = False) -> OutgoingNote:
    """Return a note that hands it to a person; nobody reads it on a schedule any more."""
    notice = case_notice(note.outgoing, reason, at=note.at)
    return replace(
        note,
        next_check_at=None,
        stops=stops,
        case_id=new_id("case", int(note.at.timestamp() * 1000)),
        case_reason=reason,
        notice=notice,
    )


def case_notice(outgoing: Outgoing, reason: str, *, at: datetime) -> Notification:
    """Return what the account's people are told of a case."""
    return Notification.of(
        Kind.CASE_OPENED,
        outgoing.account,
        {"payment": outgoing.id},
        livemode=outgoing.livemode,
        now=at,
        once_for=outgoing.id,
        reason=reason,
    )


def corrected_event(adjustment: Adjustment, event_type: str) -> Event:
    """Return the event that tells the merchant of a correction."""
    return Event(
        id=new_id("evt", int(adjustment.created_at.timestamp() * 1000)),
        type=event_type,
        object_id=adjustment.id,
        data=objects.to_json(correction_object(adjustment)),
        created_at=adjustment.created_at,
    )


def told(outgoing: Outgoing, *, at: datetime, language: str) -> tuple[Event, ...]:
    """Return the event of a state on the way, where merchants are told of that.

    Of a line its batch tells, until it ends by itself.
    """
    is_line = isinstance(outgoing, Payout) and outgoing.batch is not None
    is_told = outgoing.status in outgoing.public_events and not is_line
    return (event_of(outgoing, at=at, language=language),) if is_told else ()


def soon(outgoing: Outgoing, now: datetime) -> datetime:
    """Return when to read next, at the latest 10 s from now."""
    first = now + charges.CHECK_OFFSETS[0]
    return min(first, charges.next_check_at(outgoing.checked_since, now) or first)


def wakes_sender(outgoing: Outgoing, now: datetime) -> bool:
    """Tell whether the sender is to be asked again for what is still unsent.

    The broker asks it for hours; what it has given up by then the hourly checks bring back. Nobody
    asks it for what waits for a float: each check does.
    """
    if outgoing.waiting_reason is WaitingReason.FLOAT:
        return True
    return now - outgoing.ready_since >= WAKE_AFTER
