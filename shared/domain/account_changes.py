"""What administrators decide about an account: on which documents, who with whom, on what terms.

A proposal is bound by the SHA-256 of all that the second administrator is shown: the account as it
stands, its documents, and what is proposed, why, by whom and until when.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.account_states import AccountState, Action, Standing, Switches
from shared.domain.audit import Link
from shared.domain.receipt_look import PLAIN, ReceiptLook

PROPOSAL_LASTS: Final = timedelta(hours=72)
MOST_BELOW_ZERO: Final = 10_000_000
"""How far below zero an account's refunds may ever go, in whole XAF; the database holds it too."""


class DocumentKind(StrEnum):
    """What a document proves."""

    TRADE_REGISTER = "trade_register"
    TAX_CARD = "tax_card"
    OWNER_IDENTITY = "owner_identity"
    ADDRESS_PROOF = "address_proof"
    OTHER = "other"


REQUIRED: Final = (
    DocumentKind.TRADE_REGISTER,
    DocumentKind.TAX_CARD,
    DocumentKind.OWNER_IDENTITY,
)
"""Without these no account is activated."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that an administrator has looked at: its name and SHA-256 (hex), never itself."""

    id: str
    kind: DocumentKind
    file_name: str
    sha256: str
    looked_by: str
    looked_at: datetime


class Outcome(StrEnum):
    """How a proposal ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    VOIDED = "voided"  # what it was bound to had changed
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one administrator asks another to approve. `content_sha256` is what binds it."""

    id: str
    action: Action
    switches: Switches
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    content_sha256: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as administrators see it. `modes` are those that have a schema, test first.

    `decisions` are the newest entries about it in the platform's audit chain, newest first.
    `refunds_below_zero_limit` is how far refunds may take each mode's `available` below zero, in
    whole XAF; 0 where not at all.
    """

    id: str
    name: str
    language: str
    country: str
    created_at: datetime
    standing: Standing
    modes: tuple[bool, ...]
    documents: tuple[Document, ...] = ()
    proposal: Proposal | None = None
    decisions: tuple[Link, ...] = field(default=(), compare=False)
    refunds_below_zero_limit: int = 0


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """An account as its members and keys see it; `missing` is what its activation waits for.

    `refunds_below_zero_limit` is in whole XAF, as in AccountRow; `look` is of the mode asked for.
    """

    id: str
    name: str
    state: AccountState
    switches: Switches
    language: str
    country: str
    created_at: datetime
    modes: tuple[bool, ...]
    missing: tuple[DocumentKind, ...]
    refunds_below_zero_limit: int = 0
    look: ReceiptLook = PLAIN


def missing(kinds: Collection[str]) -> tuple[DocumentKind, ...]:
    """Return what is still needed for an activation, of which these kinds are there."""
    return tuple(kind for kind in REQUIRED if kind not in kinds)


def content_sha256(account: AccountRow, proposal: Proposal) -> str:
    """Return the SHA-256, in hex, of what a proposal is about at this moment."""
    standing = account.standing
    content = {
        "account": [account.id, account.name, account.language, account.country],
        "standing": [standing.state, *_words(standing.switches), standing.suspended_from],
        "since": _moment(standing.since),
        "documents": [
            [d.id, d.kind, d.file_name, d.sha256, d.looked_by] for d in _by_id(account.documents)
        ],
        "proposal": [proposal.id, proposal.action, *_words(proposal.switches), proposal.reason],
        "by": [proposal.proposed_by, _moment(proposal.expires_at)],
    }
    if account.refunds_below_zero_limit:
        content["lent"] = account.refunds_below_zero_limit
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _words(switches: Switches) -> tuple[bool, bool]:
    return switches.charges_enabled, switches.payouts_enabled


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _by_id(documents: Sequence[Document]) -> list[Document]:
    return sorted(documents, key=lambda document: document.id)
