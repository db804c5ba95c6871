"""A move of money that no payment made, told by one administrator and approved by another.

What people do in an operator's portal or at the bank is booked here: in the platform's own books,
or, where a merchant put money in, in the merchant's. It is booked once by the word that operator or
bank have for it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain import ledger
from shared.domain.account_access import US
from shared.domain.audit import AuditEntry, Origin
from shared.domain.ledger import CREDIT, DEBIT, LedgerAccount, Posting, Transaction

PROPOSAL_LASTS: Final = timedelta(hours=72)
LARGEST: Final = 10**12
"""The most that one move may be, in whole XAF: more is a slip of the finger."""

TAXES_PAID: Final = "taxes:paid"
CAPITAL: Final = "capital"


class MoveKind(StrEnum):
    """Why money moved."""

    SWEEP = "sweep"  # from one wallet to another, at the operator
    TOP_UP = "top_up"  # from the bank into a wallet
    WITHDRAWAL = "withdrawal"  # from a wallet to the bank
    TAX_PAID = "tax_paid"  # from a wallet to the state
    OPENING = "opening"  # what a wallet held before it was watched
    MERCHANT_TOP_UP = "merchant_top_up"  # a merchant put it in, by wallet or bank


LEAVES: Final = frozenset({MoveKind.SWEEP, MoveKind.WITHDRAWAL, MoveKind.TAX_PAID})
ARRIVES: Final = frozenset({MoveKind.SWEEP, MoveKind.TOP_UP, MoveKind.OPENING})
MAY_ARRIVE: Final = ARRIVES | {MoveKind.MERCHANT_TOP_UP}
"""The kinds that name the wallet from which money leaves, and into which it comes or may come."""

_BESIDE: Final[Mapping[MoveKind, str]] = {
    MoveKind.TOP_UP: ledger.BANK,
    MoveKind.WITHDRAWAL: ledger.BANK,
    MoveKind.TAX_PAID: TAXES_PAID,
    MoveKind.OPENING: CAPITAL,
}
"""What stands against the wallet in the platform's own books."""


class MoveOutcome(StrEnum):
    """How a proposal ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class FloatMove:
    """One move as proposed, and what became of it. `amount` is in whole XAF.

    `reference` is what operator or bank call it. `account` is the merchant's who put money in, and
    `transaction` the ledger transaction that booked it, once it was approved.
    """

    id: str
    livemode: bool
    kind: MoveKind
    from_account: str | None
    to_account: str | None
    account: str | None
    amount: int
    reference: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    content_sha256: str = ""
    outcome: MoveOutcome | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    transaction: str | None = None

    def status(self, now: datetime) -> str:
        """Tell how it stands; a proposal that nobody decided on in time is expired."""
        if self.outcome is not None:
            return self.outcome.value
        return "open" if now <= self.expires_at else MoveOutcome.EXPIRED.value

    def decided(
        self, outcome: MoveOutcome, *, by: str, at: datetime, transaction: str | None = None
    ) -> "FloatMove":
        """Return it with its end."""
        return replace(self, outcome=outcome, decided_by=by, decided_at=at, transaction=transaction)

    def posting(self, transaction_id: str) -> Transaction:
        """Return what it posts in the platform's own books.

        Raises ValueError for a merchant's, which stands in his.
        """
        if self.kind is MoveKind.MERCHANT_TOP_UP:
            raise ValueError("a merchant's top-up stands in his own books")
        beside = _BESIDE.get(self.kind, "")
        source = _float(self.from_account) or beside
        destination = _float(self.to_account) or beside
        return Transaction(
            transaction_id,
            self.kind.value,
            self.id,
            (Posting(destination, self.amount), Posting(source, -self.amount)),
        )


def own_account(code: str) -> LedgerAccount:
    """Return an account of the platform's own books; none of them has a floor."""
    return LedgerAccount(code, CREDIT if code == CAPITAL else DEBIT, None)


def content_sha256(move: FloatMove) -> str:
    """Return the SHA-256, in hex, of what a proposal is about."""
    content = {
        "move": [move.id, move.livemode, move.kind.value, move.amount],
        "wallets": [move.from_account, move.to_account, move.account],
        "why": [move.reference, move.reason, move.proposed_by],
        "expires": move.expires_at.astimezone(UTC).isoformat(),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def told(move: FloatMove, word: str, origin: Origin) -> AuditEntry:
    """Return what the platform's chain tells of a proposal's way."""
    after = {
        "kind": move.kind.value,
        "from": move.from_account,
        "to": move.to_account,
        "account": move.account,
        "amount": move.amount,
        "reference": move.reference,
        "content_sha256": move.content_sha256,
    }
    return origin.entry(f"float_move.{word}", "float_move", move.id, after=after)


def told_to_the_account(move: FloatMove, topup: str, origin: Origin) -> AuditEntry:
    """Return what a merchant's chain tells of money that was put in: that it was the platform."""
    ours = Origin(US, origin.at, request_id=origin.request_id, reason=move.reason)
    after = {"amount": move.amount, "reference": move.reference}
    return ours.entry("topup.booked", "topup", topup, after=after)


def _float(wallet: str | None) -> str | None:
    return None if wallet is None else ledger.float_account(wallet).code
