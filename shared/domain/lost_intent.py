"""Money out that a database which was put back does not know, as the journal tells of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.money import Money
from shared.domain.phone import Operator

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
