"""Lists cases, shows the evidence of one, and closes it for a reason."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from shared.domain.audit import AuditEntry, Origin
from shared.domain.case import (
    CHECKS,
    LONGEST_REASON,
    SHORTEST_REASON,
    Case,
    CaseStatus,
    Evidence,
    Watched,
    checking,
    closing,
)
from shared.domain.errors import InvalidRequest, NotFound
from shared.domain.ids import is_id
from shared.domain.redaction import redacted_text
from shared.operations.account_orders import spaced
from shared.operations.lists import read_limit, refuse_unknown

_REASON: Final = re.compile(r"[a-z_]{1,60}")


@dataclass(frozen=True, slots=True)
class PageOfCases:
    """Which cases are wanted; None is any."""

    limit: int
    after: str | None
    status: CaseStatus | None
    reason: str | None
    account: str | None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """Read a query. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(query, {"limit", "starting_after", "status", "reason", "account"})
        limit = read_limit(query)
        after, status, reason, account = (
            query.get(name) for name in ("starting_after", "status", "reason", "account")
        )
        if after is not None and not is_id(after, "case"):
            raise InvalidRequest("cursor_invalid", "starting_after")
        if status is not None and status not in set(CaseStatus):
            raise InvalidRequest("parameter_invalid", "status")
        if reason is not None and not _REASON.fullmatch(reason):
            raise InvalidRequest("parameter_invalid", "reason")
        if account is not None and not is_id(account, "acct"):
            raise InvalidRequest("parameter_invalid", "account")
        return cls(limit, after, None if status is None else CaseStatus(status), reason, account)


class HeldCase(Protocol):
    """A case held for one transaction; what is written commits when the context ends."""

    @property
    def case(self) -> Case:
        """The case as it is."""

    def watched(self) -> Watched:
        """Return what looks after its payment beside it."""

    def close(self, case: Case, entry: AuditEntry) -> None:
        """Store that it was closed, and what the platform's chain tells of it."""

    def have_it_read(self, entry: AuditEntry) -> None:
        """Make a check of its payment due now, and store what the platform's chain tells of it."""


class CasesStore(Protocol):
    """The cases of all accounts."""

    def find(self, case_id: str) -> Case | None:
        """Return a case, or None."""

    def page(self, page: PageOfCases) -> Sequence[Case]:
        """Return one more than fits on the page, if there are as many, newest first."""

    def evidence(self, case: Case) -> Evidence:
        """Return what is stored of a case's payment."""

    def hold(self, case_id: str) -> AbstractContextManager[HeldCase | None]:
        """Take hold of a case, None where there is none."""


def read_close_reason(body: Mapping[str, Any]) -> str:
    """Read a body that says why a case is closed, without secrets and whole numbers.

    Raises InvalidRequest.
    """
    refuse_unknown(body, {"reason"})
    given = body.get("reason")
    if given is None:
        raise InvalidRequest("parameter_missing", "reason")
    typed = spaced(given) if isinstance(given, str) else ""
    reason = redacted_text(typed)
    is_fit = typed.replace("\n", " ").isprintable()
    if not is_fit or not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise InvalidRequest("parameter_invalid", "reason")
    return reason


def read_case(case_id: str, store: CasesStore) -> tuple[Case, Evidence]:
    """Return a case and what we hold of it. Raises NotFound."""
    case = store.find(case_id) if is_id(case_id, "case") else None
    if case is None:
        raise NotFound("resource_missing", "id")
    return case, store.evidence(case)


def check_case(case_id: str, store: CasesStore, origin: Origin) -> Case:
    """Have the operator asked about the payment of a case now; a check sends nothing.

    Raises NotFound, and InvalidRequest `case_not_readable` for what is no payment in our books.
    """
    if not is_id(case_id, "case"):
        raise NotFound("resource_missing", "id")
    with store.hold(case_id) as held:
        if held is None:
            raise NotFound("resource_missing", "id")
        case = held.case
        if case.kind not in CHECKS or held.watched().payment_status is None:
            raise InvalidRequest("case_not_readable")
        held.have_it_read(checking(case, origin))
    return case


def close_case(case_id: str, store: CasesStore, origin: Origin, *, reason: str) -> Case:
    """Close a case; one that is closed stays as it is.

    A payment that has not ended must have something left that looks after it. Raises NotFound, and
    InvalidRequest `case_needed`.
    """
    if not is_id(case_id, "case"):
        raise NotFound("resource_missing", "id")
    with store.hold(case_id) as held:
        if held is None:
            raise NotFound("resource_missing", "id")
        case = held.case
        if case.status is CaseStatus.CLOSED:
            return case
        if held.watched().is_forgotten_without(case):
            raise InvalidRequest("case_needed", object_id=case.object_id)
        case = case.closed(origin, reason)
        held.close(case, closing(case, origin))
    return case
