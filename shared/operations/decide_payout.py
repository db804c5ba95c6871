"""Approves or rejects what waits for a second person; of several at once one decision stands."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

from shared.domain import charge as charges
from shared.domain.account import Caller
from shared.domain.approval import Approval
from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Unavailable
from shared.domain.events import Message
from shared.domain.ids import is_id, new_id
from shared.domain.outgoing import SUBMIT_WITHIN, OutgoingEvent, OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.redaction import redacted_text
from shared.operations import outgoing_moves as moves
from shared.operations.account_orders import read_sha256, spaced
from shared.operations.lists import refuse_unknown
from shared.operations.outgoing_store import OutgoingMove, PayoutStore

LONGEST_REASON: Final = 300
_HALF: Final = 32


@dataclass(frozen=True, slots=True)
class Approve:
    """A yes to what was seen, by its hash; it needs no reason."""

    content_sha256: str
    reason: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"content_sha256", "reason"})
        return cls(read_sha256(body, "content_sha256"), _reason(body))


@dataclass(frozen=True, slots=True)
class Reject:
    """A no, and why."""

    reason: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"reason"})
        reason = _reason(body)
        if reason is None:
            raise InvalidRequest("parameter_missing", "reason")
        return cls(reason)


@dataclass(frozen=True, slots=True)
class By:
    """Who decides, from where, and in which language the merchant is told.

    `at` is the time of what is decided about, where a test mode is ahead of the machine's.
    """

    caller: Caller
    origin: Origin
    language: str
    traceparent: str | None = None
    at: datetime | None = None

    @property
    def now(self) -> datetime:
        """When it is decided, by the time of what is decided about."""
        return self.at or self.origin.at

    @property
    def person(self) -> str:
        """Who decides. Raises NotPermitted for whoever is no member; no key ever is."""
        if self.caller.member is None:
            raise NotPermitted("permission_denied")
        return self.caller.member.person


def approve_payout(payout_id: str, order: Approve, by: By, *, store: PayoutStore) -> Payout:
    """Let a payout go, at once or at its time; the same person's same word again is harmless.

    Raises NotPermitted (`account_suspended`, `payouts_disabled`, `maker_cannot_approve`), NotFound,
    and InvalidRequest (`approval_not_open`, `approval_changed`).
    """
    payout = _find(payout_id, by, store)
    if by.caller.tenant.livemode and not by.caller.payouts_enabled:
        raise NotPermitted("payouts_disabled")
    approval, now = payout.approval, by.now
    if payout.status is not OutgoingStatus.AWAITING_APPROVAL or approval is None:
        return _decided(payout, by, is_approval=True)
    approval.may_be_approved(
        by=by.person,
        makers=frozenset() if payout.made_by is None else store.makers(payout.made_by),
        content=payout.content_sha256(approval.expires_at),
        seen=order.content_sha256,
        now=now,
    )
    is_ahead = payout.scheduled_at is not None and payout.scheduled_at > now
    cause = OutgoingEvent.APPROVED_AHEAD if is_ahead else OutgoingEvent.APPROVED
    approved = replace(
        payout,
        status=moves.following(payout, cause),
        approval=approval.decided(by=by.person, at=now, reason=order.reason),
        submit_before=max(payout.scheduled_at or now, now) + SUBMIT_WITHIN,
    )
    move = OutgoingMove(
        outgoing=approved,
        expected=payout.status,
        cause=cause,
        at=now,
        next_check_at=payout.scheduled_at if is_ahead else now + charges.CHECK_OFFSETS[0],
        events=(moves.event_of(approved, at=now, language=by.language),),
        again=None if is_ahead else _ready(approved, by),
        traceparent=by.traceparent,
    )
    return _decide(payout, move, approved, by, store=store)


def reject_payout(payout_id: str, order: Reject, by: By, *, store: PayoutStore) -> Payout:
    """End a payout that waits for a second person, one's own too: all that was held is available.

    Raises NotPermitted `account_suspended`, NotFound, InvalidRequest `approval_not_open`.
    """
    payout = _find(payout_id, by, store)
    approval, now = payout.approval, by.now
    if payout.status is not OutgoingStatus.AWAITING_APPROVAL or approval is None:
        return _decided(payout, by, is_approval=False)
    decided = approval.decided(by=by.person, at=now, reason=order.reason)
    move = moves.taken_back(
        replace(payout, approval=decided), OutgoingEvent.REJECTED, at=now, language=by.language
    )
    status = moves.following(payout, OutgoingEvent.REJECTED)
    rejected = replace(payout, status=status, approval=decided, ended_at=now)
    return _decide(payout, replace(move, traceparent=by.traceparent), rejected, by, store=store)


def decision(payout: Payout, cause: OutgoingEvent, origin: Origin) -> AuditEntry:
    """Return what the account's chain tells of a decision: who, when, why, and of what."""
    approval = payout.approval
    is_rejected = cause is OutgoingEvent.REJECTED
    after = {
        "content_sha256": approved_content(approval),
        "amount": payout.money.amount,
        "made_by": payout.made_by,
    }
    why = replace(origin, reason=None if approval is None else approval.reason)
    word = "payout.rejected" if is_rejected else "payout.approved"
    return why.entry(word, "payout", payout.id, after=after)


def approved_content(approval: Approval | None) -> list[str]:
    """Return the hash in two halves: what is as long as a token is hidden from the chain."""
    digest = "" if approval is None else approval.content_sha256
    return [digest[:_HALF], digest[_HALF:]]


def _decide(
    payout: Payout, move: OutgoingMove, decided: Payout, by: By, *, store: PayoutStore
) -> Payout:
    if store.decide(move, decision(decided, move.cause, by.origin)):
        return decided
    found = store.find(payout.id)
    if found is None:
        raise NotFound("resource_missing", "id")
    if found.status is payout.status:
        # A database that was put back may have forgotten that it was sent.
        raise Unavailable("temporarily_unavailable", retry_after_seconds=60)
    return _decided(found, by, is_approval=move.cause is not OutgoingEvent.REJECTED)


def _decided(payout: Payout, by: By, *, is_approval: bool) -> Payout:
    """Return what this person has decided so before; refuse what is decided or over otherwise."""
    was_rejected = payout.status is OutgoingStatus.REJECTED
    is_hers = payout.approval is not None and payout.approval.decided_by == by.person
    if not is_hers or was_rejected is is_approval:
        raise InvalidRequest("approval_not_open", "id")
    return payout


def _find(payout_id: str, by: By, store: PayoutStore) -> Payout:
    if by.caller.suspended:
        raise NotPermitted("account_suspended")
    payout = store.find(payout_id) if is_id(payout_id, "po") else None
    if payout is None:
        raise NotFound("resource_missing", "id")
    return payout


def _ready(payout: Payout, by: By) -> Message:
    return Message(
        event_id=new_id("msg", int(by.now.timestamp() * 1000)),
        topic=payout.topic,
        account=payout.account,
        livemode=payout.livemode,
        object_id=payout.id,
        traceparent=by.traceparent,
    )


def _reason(body: Mapping[str, Any]) -> str | None:
    given = body.get("reason")
    if given is None:
        return None
    typed = spaced(given) if isinstance(given, str) else ""
    if not 0 < len(typed) <= LONGEST_REASON or not typed.replace("\n", " ").isprintable():
        raise InvalidRequest("parameter_invalid", "reason")
    return redacted_text(typed)
