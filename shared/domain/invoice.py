"""The monthly invoice of what was taken in fees and taxes, summed from the ledger, franc by franc.

A month is Douala's. A line is what one kind of transaction took for one purpose: below 0 what came
back. Nothing is left to pay: all of it was taken with the payments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from shared.domain.fees import Line
from shared.domain.ledger import ACCOUNT_OF, AVAILABLE, HELD, PENDING
from shared.domain.receipt import DOUALA, Language

FEE_ACCOUNTS: Final = tuple(ACCOUNT_OF.values())
MERCHANTS: Final = (AVAILABLE, HELD, PENDING)
"""Whatever touches one of these was the merchant's; a fee that an operator is paid is not."""

SETTLES: Final = timedelta(hours=1)
"""How long after its end a month is invoiced: nobody can still be about to commit into it."""

TAKEN_FOR: Final[Mapping[str, str]] = {
    "charge": "charge",
    "payout_succeeded": "payout",
    "refund_succeeded": "refund",
    "refund_created": "fee_return",
    "refund_failed": "fee_return",
}
"""What a line is for, by the kind of ledger transaction; any other is an adjustment."""

ADJUSTMENT: Final = "adjustment"
PURPOSES: Final = ("charge", "refund", "fee_return", "payout", ADJUSTMENT)
_LINE_OF: Final[Mapping[str, Line]] = {account: line for line, account in ACCOUNT_OF.items()}
_NUMBER_TAIL: Final = 8


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """What was taken for one purpose by one kind of payment: how often, and whole XAF in all."""

    purpose: str
    line: Line
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice as stored; `month` is its first day. Name and language are those of then."""

    id: str
    account: str
    livemode: bool
    sequence: int
    month: date
    lines: tuple[InvoiceLine, ...]
    account_name: str
    language: Language
    code: str
    created_at: datetime
    is_stored: bool = False

    @property
    def number(self) -> str:
        """The account's last eight letters, and 1, 2, 3 … without a gap; `T` in the test mode."""
        start = "" if self.livemode else "T"
        return f"{start}{self.account[-_NUMBER_TAIL:].upper()}-{self.sequence:06}"

    @property
    def total(self) -> int:
        """All lines, in whole XAF."""
        return sum(line.amount for line in self.lines)

    @property
    def vat(self) -> int:
        """What of it is VAT, in whole XAF."""
        return sum(line.amount for line in self.lines if line.line is Line.VAT)

    @property
    def object_key(self) -> str:
        """Where its PDF lies in locked storage."""
        return f"invoices/{self.account}/{'live' if self.livemode else 'test'}/{self.id}.pdf"


def lines_from(counted: Sequence[Mapping[str, object]]) -> tuple[InvoiceLine, ...]:
    """Return the lines of what was counted by kind and ledger account, in a fixed order."""
    counts: dict[tuple[str, Line], int] = {}
    sums: dict[tuple[str, Line], int] = {}
    for row in counted:
        key = (TAKEN_FOR.get(str(row["kind"]), ADJUSTMENT), _LINE_OF[str(row["code"])])
        counts[key] = counts.get(key, 0) + int(str(row["count"]))
        sums[key] = sums.get(key, 0) + int(str(row["amount"]))
    return tuple(
        InvoiceLine(purpose, line, counts[purpose, line], sums[purpose, line])
        for purpose in PURPOSES
        for line in Line
        if (purpose, line) in counts
    )


def month_of(moment: datetime) -> date:
    """Return the first day of a moment's month in Douala."""
    return moment.astimezone(DOUALA).date().replace(day=1)


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return (month + timedelta(days=31)).replace(day=1)


def begins(month: date) -> datetime:
    """Return the first moment of a month in Douala."""
    return datetime(month.year, month.month, 1, tzinfo=DOUALA)
