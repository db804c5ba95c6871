"""Ending by hand: two administrators say that money which went out never arrived at the operator.

They only allow it. What ends the payment is a status read after their word, and only if it says
that the operator knows nothing of it; any other word of the operator's stands against theirs.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.account_access import US
from shared.domain.audit import AuditEntry, Origin
from shared.domain.charge import UNSENT
from shared.domain.errors import InvalidRequest
from shared.domain.outgoing import FINAL

ENDED_BY_HAND: Final = frozenset({"refund", "payout"})
"""The kinds of payments that can be ended so: a charge ends by its operator's word, or waits."""
WAITS: Final = timedelta(hours=24)
PROPOSAL_LASTS: Final = timedelta(hours=72)
APPROVAL_LASTS: Final = timedelta(hours=24)
FAILURE_CODE: Final = "not_received"


class EndingOutcome(StrEnum):
    """How a proposal ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Ending:
    """A wish to end a payment. `content_sha256` binds it to the payment as it stood.

    Approved, it allows the reader to end the payment until `works_until`.
    """

    id: str
    case: str
    kind: str
    account: str
    livemode: bool
    object_id: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    content_sha256: str = ""
    outcome: EndingOutcome | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    works_until: datetime | None = None

    def status(self, now: datetime) -> str:
        """Tell how it stands; a proposal that nobody decided on in time is expired."""
        if self.outcome is not None:
            return self.outcome.value
        return "open" if now <= self.expires_at else EndingOutcome.EXPIRED.value


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is known of a payment that somebody wants to end.

    `attempt_status` and `reads_of_nothing` are the last attempt's; `is_covered` says whether
    statements cover the day it was sent and the day after, `in_statements` whether a line has it.
    `amount` is in whole XAF.
    """

    status: str
    amount: int
    operator_account: str
    reference: str | None
    attempt_status: str | None
    reads_of_nothing: int
    claimed_at: datetime | None
    submit_before: datetime
    is_stopped: bool
    is_covered: bool
    in_statements: bool

    def refuse(self, now: datetime) -> None:
        """Raise InvalidRequest unless two persons may end it: `ending_not_possible` and others.

        Others: `ending_too_early`, `ending_unread`, `ending_not_covered`, `ending_in_statement`.
        """
        was_sent = self.attempt_status is not None and self.attempt_status not in UNSENT
        if self.status in FINAL or self.is_stopped or not was_sent or self.claimed_at is None:
            raise InvalidRequest("ending_not_possible")
        if now < max(self.claimed_at + WAITS, self.submit_before):
            raise InvalidRequest("ending_too_early")
        if self.reads_of_nothing == 0:
            raise InvalidRequest("ending_unread")
        if self.in_statements:
            raise InvalidRequest("ending_in_statement")
        if not self.is_covered:
            raise InvalidRequest("ending_not_covered")


def content_sha256(ending: Ending, doubt: Doubt) -> str:
    """Return the SHA-256, in hex, of what a proposal is about at this moment."""
    claimed_at = doubt.claimed_at
    content = {
        "ending": [ending.id, ending.case, ending.reason, ending.proposed_by],
        "expires": ending.expires_at.astimezone(UTC).isoformat(),
        "payment": [ending.object_id, doubt.status, doubt.amount, doubt.operator_account],
        "sent": [doubt.reference, claimed_at and claimed_at.astimezone(UTC).isoformat()],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def told(ending: Ending, word: str, origin: Origin) -> tuple[AuditEntry, AuditEntry]:
    """Return what the account's chain and the platform's tell of a proposal's way.

    The account's names the platform, the platform's who it was.
    """
    after = {"ending": ending.id, "case": ending.case, "content_sha256": ending.content_sha256}
    action = f"{ending.kind}.ending_{word}"
    ours = Origin(US, origin.at, request_id=origin.request_id, reason=origin.reason)
    return (
        ours.entry(action, ending.kind, ending.object_id, after=after),
        origin.entry(action, ending.kind, ending.object_id, after=after),
    )
