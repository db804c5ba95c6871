"""Two administrators allow that what went out, and the operator knows nothing of, is ended."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from shared.domain.audit import AuditEntry, Origin
from shared.domain.case import Case, CaseStatus
from shared.domain.ending import (
    APPROVAL_LASTS,
    ENDED_BY_HAND,
    PROPOSAL_LASTS,
    Doubt,
    Ending,
    EndingOutcome,
    content_sha256,
    told,
)
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.ids import is_id, new_id


class HeldDoubt(Protocol):
    """A case and its payment held for one transaction, which commits when the context ends."""

    @property
    def case(self) -> Case:
        """The case as it is."""

    @property
    def ending(self) -> Ending | None:
        """The proposal of its payment that nobody decided on, if there is one."""

    def doubt(self) -> Doubt | None:
        """Return what is known of the payment; None where the account's books do not have it."""

    def add(self, ending: Ending) -> None:
        """Keep a proposal, the only undecided one."""

    def decide(self, ending: Ending) -> None:
        """Keep how a proposal ended."""

    def have_it_read(self, *, at: datetime) -> None:
        """Make a check of the payment due."""

    def record(self, entries: tuple[AuditEntry, AuditEntry]) -> None:
        """Add to the account's chain and the platform's, last of all."""


class DoubtsStore(Protocol):
    """Cases whose payments administrators end."""

    def hold(self, case_id: str) -> AbstractContextManager[HeldDoubt]:
        """Take hold of a case. Raises NotFound where there is none."""


@dataclass(frozen=True, slots=True)
class By:
    """Who asks, when and from where, and of which store."""

    origin: Origin
    store: DoubtsStore

    @property
    def id(self) -> str:
        """The administrator."""
        return self.origin.actor.id

    @property
    def now(self) -> datetime:
        """When it is."""
        return self.origin.at


def propose_ending(case_id: str, by: By, *, reason: str) -> None:
    """Ask another administrator to allow it, bound to the payment as it stands.

    Raises NotFound, and InvalidRequest: `proposal_open`, and what `Doubt.refuse` does.
    """
    with _held(case_id, by) as held:
        case, doubt = _open(held)
        earlier = held.ending
        if earlier is not None:
            if by.now <= earlier.expires_at:
                raise InvalidRequest("proposal_open")
            held.decide(_decided(earlier, EndingOutcome.EXPIRED, by))
        doubt.refuse(by.now)
        ending = Ending(
            id=new_id("end", int(by.now.timestamp() * 1000)),
            case=case.id,
            kind=case.kind,
            account=case.account or "",
            livemode=case.livemode,
            object_id=case.object_id,
            reason=reason,
            proposed_by=by.id,
            proposed_at=by.now,
            expires_at=by.now + PROPOSAL_LASTS,
        )
        ending = replace(ending, content_sha256=content_sha256(ending, doubt))
        held.add(ending)
        held.record(told(ending, "proposed", replace(by.origin, reason=reason)))


def approve_ending(case_id: str, ending_id: str, by: By, *, seen_sha256: str) -> None:
    """Allow the reader to end it, and have it read now.

    Raises NotFound; NotPermitted `second_person_required`; InvalidRequest: `proposal_not_open`,
    `proposal_changed`, and what `Doubt.refuse` does.
    """
    with _held(case_id, by) as held:
        ending = _proposal(held, ending_id, by)
        _, doubt = _open(held)
        if ending.proposed_by == by.id:
            raise NotPermitted("second_person_required")
        if not seen_sha256 == ending.content_sha256 == content_sha256(ending, doubt):
            raise InvalidRequest("proposal_changed", "content_sha256")
        doubt.refuse(by.now)
        approved = replace(
            _decided(ending, EndingOutcome.APPROVED, by), works_until=by.now + APPROVAL_LASTS
        )
        held.decide(approved)
        held.have_it_read(at=by.now)
        held.record(told(approved, "approved", replace(by.origin, reason=ending.reason)))


def reject_ending(case_id: str, ending_id: str, by: By, *, reason: str) -> None:
    """End a proposal, one's own too. Raises NotFound and InvalidRequest `proposal_not_open`."""
    with _held(case_id, by) as held:
        ending = _proposal(held, ending_id, by)
        rejected = _decided(ending, EndingOutcome.REJECTED, by)
        held.decide(rejected)
        held.record(told(rejected, "rejected", replace(by.origin, reason=reason)))


def _held(case_id: str, by: By) -> AbstractContextManager[HeldDoubt]:
    if not is_id(case_id, "case"):
        raise NotFound("resource_missing", "id")
    return by.store.hold(case_id)


def _open(held: HeldDoubt) -> tuple[Case, Doubt]:
    """Return an open case of money that went out, and what is known of it."""
    case = held.case
    is_fit = case.status is CaseStatus.OPEN and case.kind in ENDED_BY_HAND
    doubt = held.doubt() if is_fit and case.account is not None else None
    if doubt is None:
        raise InvalidRequest("ending_not_possible")
    return case, doubt


def _proposal(held: HeldDoubt, ending_id: str, by: By) -> Ending:
    ending = held.ending
    if ending is None or ending.id != ending_id or by.now > ending.expires_at:
        raise InvalidRequest("proposal_not_open", "ending")
    return ending


def _decided(ending: Ending, outcome: EndingOutcome, by: By) -> Ending:
    return replace(ending, outcome=outcome, decided_by=by.id, decided_at=by.now)
