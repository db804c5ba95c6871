"""Takes a payout back before a worker has claimed it: all that was held is available again."""

from dataclasses import replace
from datetime import datetime

from shared.domain.account import Caller
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Unavailable
from shared.domain.ids import is_id
from shared.domain.outgoing import OutgoingEvent, OutgoingStatus
from shared.domain.payout import Payout
from shared.operations import outgoing_moves as moves
from shared.operations.outgoing_store import PayoutStore
from shared.operations.taken_back import TakenBack


def cancel_payout(
    payout_id: str,
    caller: Caller,
    *,
    store: PayoutStore,
    taken_back: TakenBack,
    now: datetime,
    language: str,
) -> Payout:
    """Return the canceled payout; the same call again returns it again.

    Write-once storage is told first, so that no database that was put back sends it after all.

    Raises NotPermitted for a suspended account, NotFound, and InvalidRequest
    `payout_not_cancelable` once a worker has claimed it, or while a person must decide about it;
    Unavailable while a database that was put back may have forgotten that it was sent, and while
    that storage is away.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")
    payout = _find(payout_id, store)
    seen: OutgoingStatus | None = None
    while payout.status is not OutgoingStatus.CANCELED:
        if payout.after(OutgoingEvent.CANCELED) is None or payout.stopped_at is not None:
            raise InvalidRequest("payout_not_cancelable", "id")
        if payout.status is seen:
            if payout.lease_until is not None:
                raise InvalidRequest("payout_not_cancelable", "id")
            raise Unavailable("temporarily_unavailable", retry_after_seconds=60)
        if seen is None:
            taken_back.keep(payout, now=now)
        move = moves.taken_back(payout, OutgoingEvent.CANCELED, at=now, language=language)
        if store.move(move):
            return replace(payout, status=move.outgoing.status, ended_at=now)
        # Released, due or approved meanwhile, it is still sent by nobody: no status comes again.
        payout, seen = _find(payout_id, store), payout.status
    return payout


def _find(payout_id: str, store: PayoutStore) -> Payout:
    payout = store.find(payout_id) if is_id(payout_id, "po") else None
    if payout is None:
        raise NotFound("resource_missing", "id")
    return payout
