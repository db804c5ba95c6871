"""Has the lines of a batch sent when it is their turn, and ends the batch with its last line.

Its due row brings it here every second while lines wait. What is released goes the way of every
payout: it has a due row of its own, and its batch needs not remember it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from shared.domain import charge as charges
from shared.domain.events import Message
from shared.domain.ids import new_id
from shared.domain.outgoing import SUBMIT_WITHIN
from shared.domain.payout_batch import (
    FINAL,
    PAUSE,
    PORTION,
    BatchEvent,
    BatchStatus,
    PayoutBatch,
    next_look_at,
)
from shared.operations import batch_moves as moves
from shared.operations.batch_store import BatchMove, BatchStore, Release
from shared.operations.ports import Reached

ENDED: Final = "ended"


def release_batch(
    message: Message,
    *,
    store: BatchStore,
    may_go_out: Callable[[PayoutBatch], bool],
    now: Callable[[], datetime],
    reached: Reached,
) -> str:
    """Look at it once; return a word for the log.

    `may_go_out` says whether the account is as it must be for money to leave it. While it is not no
    line has its turn: it has a day from then on, and would lose it.
    """
    batch = store.find(message.object_id)
    if batch is None:
        return "unknown_object"
    at = now()
    if batch.status in FINAL:
        store.end_looks(batch.id, at=at)
        return "final_already"
    if batch.status is BatchStatus.AWAITING_APPROVAL:
        return _await(batch, store=store, at=at)
    is_waiting = batch.status is BatchStatus.PROCESSING and batch.queued > 0
    if is_waiting and may_go_out(batch):
        return _release(batch, store=store, at=at, reached=reached, message=message)
    if batch.queued or batch.is_under_way:
        store.postpone(batch.id, until=next_look_at(batch.created_at, at))
        return "held_back" if is_waiting else "under_way"
    move = moves.moved(batch, BatchEvent.LINES_ENDED, at=at, next_look_at=None)
    reached("settle_payout.before_batch_end")
    return ENDED if store.move(move) else "lost_race"


def _await(batch: PayoutBatch, *, store: BatchStore, at: datetime) -> str:
    """Leave one that somebody may approve still; give back what nobody has decided about."""
    approval = batch.approval
    if approval is not None and at < approval.expires_at:
        store.postpone(batch.id, until=approval.expires_at)
        found = store.find(batch.id)
        if found is not None and found.status is not batch.status:
            # Whoever approved it meanwhile had it looked at now, and we have put that off.
            store.postpone(batch.id, until=at)
        return batch.status.value

    def decide(now: PayoutBatch) -> BatchMove | None:
        is_open = now.status is BatchStatus.AWAITING_APPROVAL
        return moves.taken_back(now, BatchEvent.LAPSED, at=at) if is_open else None

    store.change(batch.id, decide)
    return BatchEvent.LAPSED.value


def _release(
    batch: PayoutBatch, *, store: BatchStore, at: datetime, reached: Reached, message: Message
) -> str:
    at_ms = int(at.timestamp() * 1000)
    reached("settle_payout.before_release")
    released = store.release(
        Release(
            batch=batch,
            most=PORTION,
            message_id=lambda: new_id("msg", at_ms),
            at=at,
            first_check_at=at + charges.CHECK_OFFSETS[0],
            submit_before=at + SUBMIT_WITHIN,
            next_look_at=at + PAUSE,
            traceparent=message.traceparent,
        )
    )
    reached("settle_payout.after_release")
    return f"released {len(released)}"
