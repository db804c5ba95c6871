"""Money out that a database which was put back does not know, as the journal tells of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.domain.charge import Attempt, AttemptStatus
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.refund import Refund

LOST: Final = "lost_in_restore"
RECOVERED: Final = "recovered"


@dataclass(frozen=True, slots=True)
class LostIntent:
    """One intent without a row. `kept_at` is when it was written down, right before its sending.

    `operator_reference` is what its operator knows it by where the operator makes references.
    """

    id: str
    account: str
    livemode: bool
    kind: str
    about: str
    intent_key: str
    money: Money
    operator: Operator
    operator_account: str
    reference: str
    operator_reference: str | None
    made_at: datetime
    kept_at: datetime
    found_at: datetime

    @property
    def known_as(self) -> str:
        """By what to ask the operator for it."""
        return self.operator_reference or self.reference

    def payout(self, payee: PhoneNumber, *, transaction: str) -> Payout:
        """Return it as one that may have been sent; `transaction` is that of its hold.

        What it cost nobody wrote down: nothing is taken for it.
        """
        return Payout(**self._common(payee, transaction))

    def refund(
        self, payee: PhoneNumber, *, charge: str, charge_reference: str, transaction: str
    ) -> Refund:
        """Return it as one that may have been sent, of a charge and what that was paid under."""
        common = self._common(payee, transaction)
        return Refund(**common, charge_id=charge, charge_reference=charge_reference)

    def attempt(self, attempt_id: str) -> Attempt:
        """Return its one sending: made, and never answered as far as this database knows."""
        return Attempt(
            id=attempt_id,
            charge_id=self.id,
            number=1,
            reference=self.reference,
            operator_account=self.operator_account,
            status=AttemptStatus.SILENT,
            operator_reference=self.operator_reference,
        )

    def _common(self, payee: PhoneNumber, transaction: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "account": self.account,
            "livemode": self.livemode,
            "money": self.money,
            "status": OutgoingStatus.SUBMITTING,
            "operator": self.operator,
            "operator_account": self.operator_account,
            "phone": payee,
            "intent_key": self.intent_key,
            "balance_transaction": transaction,
            "created_at": self.made_at,
            "submit_before": self.made_at,
            "journaled_at": self.kept_at,
            "claimed_at": self.kept_at,
        }
