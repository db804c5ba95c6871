"""What a wallet at an operator holds: by its own word, by our books, and what lies between them.

Payments that are under way may have moved money which is not booked yet, and nobody can tell which.
So our books say a range, and only what lies outside of it is a difference. A balance is read
between two looks at our books: whatever ended meanwhile stands in one of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.receipt import DOUALA

EVERY: Final = timedelta(hours=1)
"""How often each wallet is looked at."""
AGAIN_AFTER: Final = timedelta(minutes=10)
"""How soon again where its operator did not say."""
FLOAT_DIFFERS: Final = "float_differs"
FLOAT_TOO_LOW: Final = "float_too_low"
"""The reasons of cases about a wallet."""


class Source(StrEnum):
    """Who says what a wallet holds."""

    OPERATOR = "operator"  # asked at that moment
    STATEMENT = "statement"  # the closing balance of its newest one, and our books since


BELIEVED_FOR: Final = {
    Source.OPERATOR: timedelta(hours=6),
    Source.STATEMENT: timedelta(days=3),
}
"""How old what a wallet is known to hold may be when money is taken out of it.

Nothing waits for a wallet of which nothing younger is known: whoever sends hears from its operator.
"""


@dataclass(frozen=True, slots=True)
class WalletBooks:
    """What our books say of a wallet, in whole XAF.

    `share` is of all merchants, `own` the platform's. `coming` is what payers may have paid, and
    `going` what may have left, both not booked yet.
    """

    share: int
    own: int
    coming: int
    going: int

    @property
    def total(self) -> int:
        """What is booked."""
        return self.share + self.own

    @property
    def least(self) -> int:
        """What it holds if all that may have left it has."""
        return self.total - self.going

    @property
    def most(self) -> int:
        """What it holds if all that may have come has."""
        return self.total + self.coming


def difference(balance: int, *looks: WalletBooks) -> int:
    """Return by how much a balance lies outside of what the looks allow, with its sign; else 0."""
    least = min(look.least for look in looks)
    most = max(look.most for look in looks)
    return max(0, balance - most) + min(0, balance - least)


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of the newest statement of a wallet, and the books that stood nearest before it."""

    balance: int
    until: datetime
    then: WalletBooks | None


@dataclass(frozen=True, slots=True)
class FloatReading:
    """One look at a wallet; `balance` is of `as_of`, None where nobody said, and `word` says why.

    `difference` is what our books do not explain, None without a balance.
    """

    id: str
    operator_account: str
    livemode: bool
    at: datetime
    source: Source
    as_of: datetime
    books: WalletBooks
    balance: int | None = None
    difference: int | None = None
    word: str | None = None

    @property
    def next_at(self) -> datetime:
        """When to look again: where statements alone tell, at the end of their day too."""
        if self.source is Source.STATEMENT:
            return min(self.at + EVERY, _day_after(self.at))
        return self.at + (AGAIN_AFTER if self.balance is None else EVERY)

    @property
    def case_reason(self) -> str | None:
        """Why a person must look, or None.

        In the test mode the wallet is the stand-in's, and merchants empty their books at will.
        """
        return FLOAT_DIFFERS if self.livemode and self.difference else None


def _day_after(at: datetime) -> datetime:
    """Return the end of a moment's day in Douala."""
    midnight = at.astimezone(DOUALA).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.astimezone(UTC) + timedelta(days=1)
