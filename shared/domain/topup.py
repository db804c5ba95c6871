"""Money that a merchant put in: available at once, by a wallet or by the bank."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.ledger import AVAILABLE, BANK, Posting, Transaction, float_account
from shared.domain.money import Money

KIND: Final = "topup"
"""What ledger, adjustments and events call it."""
SUCCEEDED: Final = "topup.succeeded"


@dataclass(frozen=True, slots=True)
class TopUp:
    """One top-up as booked; `operator_account` is None where it came by the bank."""

    id: str
    account: str
    livemode: bool
    money: Money
    operator_account: str | None
    reference: str
    balance_transaction: str
    created_at: datetime

    @property
    def posting(self) -> Transaction:
        """What it posts: wallet or bank against what is available."""
        where = BANK if self.operator_account is None else float_account(self.operator_account).code
        amount = self.money.amount
        return Transaction(
            self.balance_transaction,
            KIND,
            self.id,
            (Posting(where, amount), Posting(AVAILABLE, -amount)),
        )
