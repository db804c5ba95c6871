"""A case: something that machines must not decide, open until a person has closed it.

What a case shows is what we and the operator said of a payment to each other. What the merchant
keeps of it stays the merchant's: no number, no description, no words of the payer's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.domain import charge, outgoing
from shared.domain.audit import AuditEntry, Origin

SHORTEST_REASON: Final = 10
LONGEST_REASON: Final = 500


class CaseStatus(StrEnum):
    """Whether a person still has to look."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Case:
    """One riddle about one object. `account` is None where nobody knows whose money it is.

    `object_id` is a payment, a line of an operator's statement that fits none, a wallet, or what
    was dropped; `statement` is the statement that brought it to light.
    """

    id: str
    kind: str
    account: str | None
    livemode: bool
    object_id: str
    reason: str
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    close_reason: str | None = None
    statement: str | None = None

    @property
    def status(self) -> CaseStatus:
        """Tell whether it is open."""
        return CaseStatus.OPEN if self.closed_at is None else CaseStatus.CLOSED

    def closed(self, origin: Origin, reason: str) -> "Case":
        """Return it as somebody has closed it."""
        return replace(self, closed_at=origin.at, closed_by=origin.actor.id, close_reason=reason)


_FINAL: Final[Mapping[str, frozenset[str]]] = {
    "charge": frozenset(status.value for status in charge.FINAL),
    "refund": frozenset(status.value for status in outgoing.FINAL),
    "payout": frozenset(status.value for status in outgoing.FINAL),
}


@dataclass(frozen=True, slots=True)
class Watched:
    """What looks after a case's payment beside the case.

    `payment_status` is None where the payment is not in the account's books, `is_due` whether a
    check of it will come, `other_cases` whether another case of it is open.
    """

    payment_status: str | None
    is_due: bool
    other_cases: bool

    def is_forgotten_without(self, case: Case) -> bool:
        """Tell whether a payment that has not ended would have nobody left to look at it."""
        final = _FINAL.get(case.kind)
        if final is None or self.payment_status is None or self.payment_status in final:
            return False
        return not (self.is_due or self.other_cases)


@dataclass(frozen=True, slots=True)
class CasePayment:
    """A payment as far as a case shows it. `amount` is in whole XAF."""

    id: str
    kind: str
    amount: int
    currency: str
    status: str
    failure_code: str | None
    operator: str
    operator_account: str
    operator_transaction_id: str | None
    charge: str | None
    created_at: datetime
    submit_before: datetime


@dataclass(frozen=True, slots=True)
class CaseAttempt:
    """One request to an operator: under which reference, how often read, and what it last said."""

    number: int
    reference: str
    operator_reference: str | None
    status: str
    operator_word: str | None
    reads: int
    not_found_reads: int
    created_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One move of the payment, and the operator's word that caused it."""

    at: datetime
    from_status: str | None
    to_status: str
    cause: str
    operator_word: str | None


@dataclass(frozen=True, slots=True)
class CaseCheck:
    """When the payment is read next; `done_at` says since when no check is due any more."""

    due_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """What a line of an operator's statement says of it. `amount`, in whole XAF, has its sign."""

    statement: str
    number: int
    at: datetime
    transaction_id: str
    reference: str | None
    external_id: str | None
    kind: str
    amount: int
    fee: int
    state: str


@dataclass(frozen=True, slots=True)
class CaseDrop:
    """What was dropped and refused: where it lies, and what is wrong in which of its lines."""

    key: str
    size: int
    dropped_at: datetime
    tries: int
    code: str | None
    line: int | None
    column: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What we hold that helps a person to decide."""

    payment: CasePayment | None = None
    attempts: Sequence[CaseAttempt] = ()
    changes: Sequence[CaseChange] = ()
    check: CaseCheck | None = None
    lines: Sequence[CaseLine] = ()
    drop: CaseDrop | None = None


CHECKS: Final[Mapping[str, str]] = {
    "charge": "payment_check",
    "refund": "payout_check",
    "payout": "payout_check",
}
"""By which kind of due work a payment is read, by its own kind."""


def checking(case: Case, origin: Origin) -> AuditEntry:
    """Return what the platform's chain tells of a payment that somebody had read again."""
    return origin.entry("case.checked", "case", case.id, after={"object": case.object_id})


def closing(case: Case, origin: Origin) -> AuditEntry:
    """Return what the platform's chain tells of a case that was closed."""
    about = {"kind": case.kind, "object": case.object_id, "case_reason": case.reason}
    after = {"status": CaseStatus.CLOSED.value, **about}
    return replace(origin, reason=case.close_reason).entry(
        "case.closed", "case", case.id, after=after
    )
