"""Takes a batch back: what waits for its turn is available again at once, the rest ends itself."""

from datetime import datetime
from typing import Final

from shared.domain.account import Caller
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.ids import is_id
from shared.domain.payout_batch import BatchEvent, BatchStatus, PayoutBatch
from shared.operations import batch_moves as moves
from shared.operations.batch_store import BatchMove, BatchStore

_TAKEN_BACK: Final = frozenset({BatchStatus.CANCELING, BatchStatus.CANCELED})


def cancel_payout_batch(
    batch_id: str, caller: Caller, *, store: BatchStore, now: datetime
) -> PayoutBatch:
    """Return the batch as it is then; the same call again returns it again.

    Raises NotPermitted for a suspended account, NotFound, and InvalidRequest
    `payout_batch_not_cancelable` once no line waits for its turn.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")

    def decide(batch: PayoutBatch) -> BatchMove | None:
        if batch.status in _TAKEN_BACK:
            return None
        if not batch.queued:
            raise InvalidRequest("payout_batch_not_cancelable", "id")
        if batch.after(BatchEvent.CANCELED) is None:
            raise InvalidRequest("payout_batch_not_cancelable", "id")
        return moves.taken_back(batch, BatchEvent.CANCELED, at=now)

    batch = store.change(batch_id, decide) if is_id(batch_id, "pb") else None
    if batch is None:
        raise NotFound("resource_missing", "id")
    return batch
