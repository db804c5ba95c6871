"""Takes a batch back: what waits for its turn is available again at once, the rest ends itself."""

from datetime import datetime
from typing import Final

from shared.domain.account import Caller
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.ids import is_id
from shared.domain.payout_batch import BatchEvent, BatchStatus, PayoutBatch
from shared.operations import batch_moves as moves
from shared.operations.batch_store import BatchMove, BatchStore
from shared.operations.taken_back import TakenBack

_TAKEN_BACK: Final = frozenset({BatchStatus.CANCELING, BatchStatus.CANCELED})


def cancel_payout_batch(
    batch_id: str, caller: Caller, *, store: BatchStore, taken_back: TakenBack, now: datetime
) -> PayoutBatch:
    """Return the batch as it is then; the same call again returns it again.

    Write-once storage is told first, as of a payout. Raises NotPermitted for a suspended account,
    NotFound, InvalidRequest `payout_batch_not_cancelable` once no line waits for its turn, and
    Unavailable while that storage is away.
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

    found = store.find(batch_id) if is_id(batch_id, "pb") else None
    if found is None:
        raise NotFound("resource_missing", "id")
    if decide(found) is not None:
        taken_back.keep(found, now=now)
    return store.change(batch_id, decide) or found
