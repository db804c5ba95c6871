"""Moves of a batch that more than one operation makes, with the events that tell of them."""

from dataclasses import replace
from datetime import datetime

from shared.domain.errors import LostRace
from shared.domain.events import Event
from shared.domain.ids import new_id
from shared.domain.payout_batch import FINAL, PUBLIC_EVENT, BatchEvent, PayoutBatch
from shared.operations import objects
from shared.operations.batch_store import BatchMove


def moved(
    batch: PayoutBatch, cause: BatchEvent, *, at: datetime, next_look_at: datetime | None
) -> BatchMove:
    """Return a move with the event that tells of it, where merchants are told.

    Raises LostRace where it means nothing any more.
    """
    status = batch.after(cause)
    if status is None:
        raise LostRace(batch.id)
    after = replace(batch, status=status, ended_at=at if status in FINAL else None)
    event = event_of(after, at=at) if status in PUBLIC_EVENT else None
    return BatchMove(after, batch.status, cause, at, next_look_at, event)


def taken_back(batch: PayoutBatch, cause: BatchEvent, *, at: datetime) -> BatchMove:
    """Return the move by which what waits for its turn goes back; what is on its way goes on.

    Whatever the cause, a batch with lines on their way is stopped, and ends with the last of them.
    """
    if batch.is_under_way:
        cause = BatchEvent.STOPPED
    left = replace(batch, progress=batch.without_queued())
    move = moved(left, cause, at=at, next_look_at=at if batch.is_under_way else None)
    return replace(move, gives_back=new_id("txn", int(at.timestamp() * 1000)))


def event_of(
    batch: PayoutBatch,
    *,
    at: datetime,
    request_id: str | None = None,
    idempotency_key: str | None = None,
) -> Event:
    """Return the event that tells the merchant of its new public state."""
    return Event(
        id=new_id("evt", int(at.timestamp() * 1000)),
        type=PUBLIC_EVENT[batch.status],
        object_id=batch.id,
        data=objects.to_json(objects.payout_batch_object(batch)),
        created_at=at,
        request_id=request_id,
        idempotency_key=idempotency_key,
    )
