"""What changed a merchant's balance, one line for each: what came in or went, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.domain.fees import Bearer, FeeLine, borne_by_merchant

TYPE_OF: Final[Mapping[str, str]] = {
    "charge": "charge",
    "refund_created": "refund",
    "refund_failed": "refund_failure",
    "payout_created": "payout",
    "payout_given_back": "payout_failure",
    "payout_corrected": "correction",
    "refund_corrected": "correction",
    "charge_reversed": "charge_reversal",
    "payout_returned": "payout_return",
    "correction": "correction",
    "payout_batch_created": "payout",
    "payout_batch_given_back": "payout_failure",
    "topup": "topup",
}
"""The public type of each kind of ledger transaction that changes what a merchant owns. A hold that
is over, and a refund that was paid out, only move what was counted already."""

TAKES: Final = frozenset({"refund_created", "payout_created", "payout_batch_created"})
"""The kinds by which the balance becomes less."""

RETURNS: Final = frozenset({"payout_given_back", "payout_batch_given_back", "refund_failed"})
"""The kinds by which what was taken for it comes back as well."""


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """One change of a balance, with the id of its ledger transaction.

    `moved` is in whole XAF, below 0 only where what is no payment took something; `source` is the
    id of the charge, refund, payout or batch, or of the correction. A charge's money, and what
    moved of it, is pending until the hold is over: at `available_at`, or a moment later.
    """

    id: str
    kind: str
    source: str
    moved: int
    fees: tuple[FeeLine, ...]
    created_at: datetime
    available_at: datetime
    is_pending: bool

    @property
    def type(self) -> str:
        """Its public word."""
        return TYPE_OF[self.kind]

    @property
    def amount(self) -> int:
        """What came in, below 0 what went; in whole XAF, before fees."""
        return -self.moved if self.kind in TAKES else self.moved

    @property
    def fee(self) -> int:
        """What was taken for it, in whole XAF; below 0 what was given back."""
        taken = borne_by_merchant(self.fees)
        return -taken if self.kind in RETURNS else taken

    @property
    def net(self) -> int:
        """What the balance changed by, in whole XAF."""
        return self.amount - self.fee

    def lines(self, bearer: Bearer) -> tuple[FeeLine, ...]:
        """Return the lines that somebody bears, without those of nothing, signed as `fee` is."""
        sign = -1 if self.kind in RETURNS else 1
        return tuple(
            replace(fee, amount=sign * fee.amount)
            for fee in self.fees
            if fee.bearer is bearer and fee.amount
        )
