"""What stands in each report: its columns in two languages, where its rows come from, its totals.

A row is a list of texts, whole XAF, and None, in the order of the columns; times are texts in
Douala's time. What is counted in totals is what the ledger has: a payment that did not come about
stands in the report and not in its sums.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from shared.domain import charge, payout, refund
from shared.domain.charge import ChargeStatus
from shared.domain.invoice import ADJUSTMENT, TAKEN_FOR
from shared.domain.ledger import ACCOUNT_OF
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout import RETURNED
from shared.domain.receipt import Language
from shared.operations.report_words import HEADINGS, WORDS

Row = list[Any]
_PAID: Final = payout.PUBLIC_STATUS[OutgoingStatus.SUCCEEDED]
_NOT_PRINTED: Final = frozenset(
    {
        *("ended", "currency", "operator_transaction_id", "charge", "description", "batch"),
        *("failure_code", "balance_transaction", "receipt_number", "amount_reversed"),
    }
)
_LINE_OF: Final = {account: line.value for line, account in ACCOUNT_OF.items()}


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name; amounts are whole XAF, and are added up where they are `is_summed`.

    Paper has not room for all: those that are `is_printed` stand there too.
    """

    name: str
    is_amount: bool = False
    is_summed: bool = False

    @property
    def is_printed(self) -> bool:
        """Whether it stands on paper."""
        return self.name not in _NOT_PRINTED


def texts(*names: str) -> tuple[Column, ...]:
    """Return columns of texts."""
    return tuple(Column(name) for name in names)


def sums(*names: str) -> tuple[Column, ...]:
    """Return columns of amounts that are added up."""
    return tuple(Column(name, is_amount=True, is_summed=True) for name in names)


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one kind of object: how each is shown, and whether it counts."""

    name: str
    prefix: str
    shown: Callable[[Row], Row]
    counts: Callable[[Row], bool]


class Table(Protocol):
    """One report while it is written: it is fed with what its sources have, in their order."""

    columns: tuple[Column, ...]
    sources: tuple[Source, ...]
    is_from_the_beginning: bool

    def fed(self, source: Source, rows: Sequence[Row]) -> Iterable[Row]:
        """Take rows of a source, and return those to be written now."""

    def ending(self) -> Iterator[Row]:
        """Yield what is written behind the rows: totals."""


def headings(table: Table, language: Language) -> list[str]:
    """Return what stands above the columns."""
    return [HEADINGS[column.name].in_(language) for column in table.columns]


@dataclass(slots=True)
class ListTable:
    """A row for each object, and a line of totals for each kind."""

    columns: tuple[Column, ...]
    sources: tuple[Source, ...]
    language: Language
    is_from_the_beginning: bool = False
    _totals: dict[str, list[int]] = field(default_factory=dict)

    def fed(self, source: Source, rows: Sequence[Row]) -> Iterable[Row]:
        """Show rows, and add up those that count."""
        shown = [source.shown(row) for row in rows]
        counted = [row for row in shown if source.counts(row)]
        added = self._totals.setdefault(source.name, [0] * len(self.columns))
        for place, column in enumerate(self.columns):
            if column.is_summed:
                added[place] += sum(row[place] for row in counted)
        return shown

    def ending(self) -> Iterator[Row]:
        """Yield the totals of each source, also where it had nothing."""
        nothing = [0] * len(self.columns)
        for source in self.sources:
            added = self._totals.get(source.name, nothing)
            line: Row = [
                total if column.is_summed else None
                for column, total in zip(self.columns, added, strict=True)
            ]
            line[0] = WORDS[f"total_{source.name}"].in_(self.language)
            yield line


def masked(phone: str | None) -> str | None:
    """Return the form of a stored number that may be shown: `2376****01`, never a formula."""
    return None if phone is None else f"{phone[1:5]}****{phone[-2:]}"


PAYMENT: Final = (
    *texts("type", "id", "created", "ended", "status"),
    *sums("amount", "fee", "tax", "net", "amount_refunded", "amount_reversed"),
    *texts(
        "currency", "operator", "phone", "operator_transaction_id", "charge", "reference",
        "description", "failure_code", "balance_transaction", "receipt_number",
    ),
)  # fmt: skip
PAYOUT: Final = (
    *texts("id", "created", "ended", "status"),
    *sums("amount", "fee", "tax", "amount_returned"),
    *texts(
        "currency", "operator", "phone", "operator_transaction_id", "name", "batch", "reference",
        "description", "failure_code", "balance_transaction", "receipt_number",
    ),
)  # fmt: skip
FEE: Final = (
    *texts("balance_transaction", "created", "purpose", "object", "line"),
    *sums("amount"),
)
_STATUS_OF_PAYMENT: Final = 4
_PHONE_OF_PAYMENT: Final = 13
_STATUS_OF_PAYOUT: Final = 3
_PHONE_OF_PAYOUT: Final = 10


def _shown_with(statuses: Mapping[str, str], *, status: int, phone: int) -> Callable[[Row], Row]:
    def shown(row: Row) -> Row:
        row[status] = statuses[row[status]]
        row[phone] = masked(row[phone])
        return row

    return shown


def _is(status: int, *words: str) -> Callable[[Row], bool]:
    return lambda row: row[status] in words


CHARGES: Final = Source(
    "charges",
    "ch",
    shown=_shown_with(
        {each.value: word for each, word in charge.PUBLIC_STATUS.items()},
        status=_STATUS_OF_PAYMENT,
        phone=_PHONE_OF_PAYMENT,
    ),
    counts=_is(_STATUS_OF_PAYMENT, charge.PUBLIC_STATUS[ChargeStatus.SUCCEEDED]),
)
REFUNDS: Final = Source(
    "refunds",
    "rf",
    shown=_shown_with(
        {each.value: word for each, word in refund.PUBLIC_STATUS.items()},
        status=_STATUS_OF_PAYMENT,
        phone=_PHONE_OF_PAYMENT,
    ),
    counts=_is(_STATUS_OF_PAYMENT, refund.PUBLIC_STATUS[OutgoingStatus.SUCCEEDED]),
)
PAYOUTS: Final = Source(
    "payouts",
    "po",
    shown=_shown_with(
        {
            **{each.value: word for each, word in payout.PUBLIC_STATUS.items()},
            RETURNED: RETURNED,
        },
        status=_STATUS_OF_PAYOUT,
        phone=_PHONE_OF_PAYOUT,
    ),
    counts=_is(_STATUS_OF_PAYOUT, _PAID, RETURNED),
)


def fees(language: Language) -> Source:
    """Return the lines that were taken, said in a language."""

    def shown(row: Row) -> Row:
        row[2] = WORDS[f"purpose_{TAKEN_FOR.get(row[2], ADJUSTMENT)}"].in_(language)
        row[4] = WORDS[f"line_{_LINE_OF[row[4]]}"].in_(language)
        return row

    return Source("fees", "txn", shown=shown, counts=lambda _: True)
