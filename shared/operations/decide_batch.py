"""Approves or rejects a batch that waits for a second person; all its lines go, or none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from shared.domain.audit import AuditEntry
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.ids import is_id
from shared.domain.payout_batch import BatchEvent, BatchStatus, PayoutBatch
from shared.operations import batch_moves as moves
from shared.operations.batch_store import BatchMove, BatchStore
from shared.operations.decide_payout import Approve, By, Reject, approved_content

_WORDS: Final = {
    BatchEvent.APPROVED: "payout_batch.approved",
    BatchEvent.REJECTED: "payout_batch.rejected",
}


def approve_payout_batch(
    batch_id: str, order: Approve, by: By, *, store: BatchStore
) -> PayoutBatch:
    """Let a batch go; the same person's same word again is harmless.

    Raises NotPermitted (`account_suspended`, `payouts_disabled`, `maker_cannot_approve`), NotFound,
    and InvalidRequest (`approval_not_open`, `approval_changed`).
    """
    found = _find(batch_id, by, store)
    if by.caller.tenant.livemode and not by.caller.payouts_enabled:
        raise NotPermitted("payouts_disabled")
    now, person = by.now, by.person
    # What a line pays never changes: it is read before the batch is taken in hand.
    lines = store.lines(found.id)
    makers = store.makers(found.made_by)

    def decide(batch: PayoutBatch) -> BatchMove | None:
        approval = batch.approval
        if batch.status is not BatchStatus.AWAITING_APPROVAL or approval is None:
            _decided(batch, by, is_approval=True)
            return None
        approval.may_be_approved(
            by=person,
            makers=makers,
            content=batch.content_sha256(lines, approval.expires_at),
            seen=order.content_sha256,
            now=now,
        )
        decided = approval.decided(by=person, at=now, reason=order.reason)
        approved = replace(batch, approval=decided)
        move = moves.moved(approved, BatchEvent.APPROVED, at=now, next_look_at=now)
        return replace(move, entry=_decision(approved, BatchEvent.APPROVED, by))

    return _change(batch_id, decide, store)


def reject_payout_batch(batch_id: str, order: Reject, by: By, *, store: BatchStore) -> PayoutBatch:
    """End a batch that waits for a second person, one's own too: all that was held is available.

    What a database that was put back finds on its way goes on, and the batch ends with it.
    Raises NotPermitted `account_suspended`, NotFound, InvalidRequest `approval_not_open`.
    """
    _find(batch_id, by, store)
    now, person = by.now, by.person

    def decide(batch: PayoutBatch) -> BatchMove | None:
        if batch.status is not BatchStatus.AWAITING_APPROVAL or batch.approval is None:
            _decided(batch, by, is_approval=False)
            return None
        decided = batch.approval.decided(by=person, at=now, reason=order.reason)
        rejected = replace(batch, approval=decided)
        # What was sent before the database was put back had a yes: the chain alone has this no.
        standing = batch if batch.is_under_way else rejected
        move = moves.taken_back(standing, BatchEvent.REJECTED, at=now)
        return replace(move, entry=_decision(rejected, BatchEvent.REJECTED, by))

    return _change(batch_id, decide, store)


def _change(
    batch_id: str, decide: Callable[[PayoutBatch], BatchMove | None], store: BatchStore
) -> PayoutBatch:
    batch = store.change(batch_id, decide)
    if batch is None:
        raise NotFound("resource_missing", "id")
    return batch


def _decision(batch: PayoutBatch, cause: BatchEvent, by: By) -> AuditEntry:
    approval = batch.approval
    after = {
        "content_sha256": approved_content(approval),
        "amount": batch.amount,
        "count": batch.line_count,
        "made_by": batch.made_by,
    }
    why = replace(by.origin, reason=None if approval is None else approval.reason)
    return why.entry(_WORDS[cause], "payout_batch", batch.id, after=after)


def _decided(batch: PayoutBatch, by: By, *, is_approval: bool) -> None:
    """Return where this person has decided so before; refuse what is decided or over otherwise."""
    was_rejected = batch.status is BatchStatus.REJECTED
    is_hers = batch.approval is not None and batch.approval.decided_by == by.person
    if not is_hers or was_rejected is is_approval:
        raise InvalidRequest("approval_not_open", "id")


def _find(batch_id: str, by: By, store: BatchStore) -> PayoutBatch:
    if by.caller.suspended:
        raise NotPermitted("account_suspended")
    batch = store.find(batch_id) if is_id(batch_id, "pb") else None
    if batch is None:
        raise NotFound("resource_missing", "id")
    return batch
