"""Reports whose end is worked out from all that was read: a balance, and a reconciliation."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from shared.domain.balance_transaction import TYPE_OF
from shared.domain.ledger import AVAILABLE, HELD, PENDING
from shared.domain.receipt import Language
from shared.operations.report_tables import Column, Row, Source, sums, texts
from shared.operations.report_words import WORDS


@dataclass(slots=True)
class BalanceTable:
    """What a merchant had, what moved it, and what it had then, for each of its three accounts."""

    language: Language
    columns: tuple[Column, ...] = (*texts("balance", "entry"), Column("amount", is_amount=True))
    sources: tuple[Source, ...] = (
        Source("balance", "txn", shown=lambda row: row, counts=lambda _: True),
    )
    is_from_the_beginning: bool = True
    _opening: dict[str, int] = field(default_factory=dict)
    _moved: dict[tuple[str, str], int] = field(default_factory=dict)

    def fed(self, source: Source, rows: Sequence[Row]) -> Iterable[Row]:
        """Add up (is before, kind, account, sum of postings); write nothing yet."""
        del source
        for is_before, kind, code, amount in rows:
            if is_before:
                self._opening[code] = self._opening.get(code, 0) - amount
            else:
                entry = code, TYPE_OF.get(kind, kind)
                self._moved[entry] = self._moved.get(entry, 0) - amount
        return ()

    def ending(self) -> Iterator[Row]:
        """Yield opening, movements by their kinds, closing; the closing is the ledger's."""
        for code in (AVAILABLE, PENDING, HELD):
            balance = self._opening.get(code, 0)
            yield self._line(code, "opening", balance)
            for (moved, kind), amount in sorted(self._moved.items()):
                if moved == code:
                    balance += amount
                    yield self._line(code, kind, amount)
            yield self._line(code, "closing", balance)

    def _line(self, code: str, entry: str, amount: int) -> Row:
        words = WORDS.get(f"entry_{entry}")
        return [
            WORDS[f"balance_{code}"].in_(self.language),
            entry if words is None else words.in_(self.language),
            amount,
        ]


@dataclass(slots=True)
class ReconciliationTable:
    """What succeeded by our books, each beside what the operator's statements say of it.

    Below, how much of each operator's is in which state.
    """

    language: Language
    columns: tuple[Column, ...] = (
        *texts("type", "id", "created", "ended", "operator"),
        *sums("amount"),
        *texts("operator_transaction_id", "reference", "statement"),
        *sums("stated_amount"),
        *texts("booked"),
    )
    sources: tuple[Source, ...] = tuple(
        Source(f"stated_{name}", prefix, shown=lambda row: row, counts=lambda _: True)
        for name, prefix in (("charges", "ch"), ("refunds", "rf"), ("payouts", "po"))
    )
    is_from_the_beginning: bool = False
    _found: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def fed(self, source: Source, rows: Sequence[Row]) -> Iterable[Row]:
        """Show rows, and add them up by operator, kind and state."""
        del source
        shown = []
        for row in rows:
            kind, operator, amount, state, stated = (row[place] for place in (0, 4, 5, 8, 9))
            sums_of = self._found.setdefault((operator, kind, state), [0, 0, 0])
            sums_of[0] += 1
            sums_of[1] += amount
            sums_of[2] += stated or 0
            shown.append([*row[:8], WORDS[f"state_{state}"].in_(self.language), *row[9:]])
        return shown

    def ending(self) -> Iterator[Row]:
        """Yield a line for each operator, kind and state: its name, how many, both amounts."""
        for (operator, kind, state), (count, amount, stated) in sorted(self._found.items()):
            said = WORDS[f"state_{state}"].in_(self.language)
            name = WORDS["total"].in_(self.language)
            yield [name, kind, str(count), None, operator, amount, None, None, said, stated, None]
