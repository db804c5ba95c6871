"""An operator's statement: what it says moved, and what each line of it means for our books.

Our keys are exact, so that a line needs no window to be found. Absence needs one: a payment is
missing there once statements cover the day it was made and the day after, whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.audit import AuditEntry, Origin
from shared.domain.receipt import DOUALA

MOST_LINES: Final = 50_000
LARGEST_BYTES: Final = 6 * 1024 * 1024
LONGEST: Final = timedelta(days=31)
WINDOW: Final = timedelta(days=1)


class LineKind(StrEnum):
    """What moved. A transfer fills a float from elsewhere, or takes from it."""

    COLLECTION = "collection"
    DISBURSEMENT = "disbursement"
    REFUND = "refund"
    FEE = "fee"
    REVERSAL = "reversal"
    TRANSFER = "transfer"


class LineState(StrEnum):
    """What a line means for our books, or a payment of ours for the statement."""

    MATCHED = "matched"
    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE = "duplicate"
    REVERSED = "reversed"
    FEE = "fee"


SETTLED: Final = frozenset({LineState.MATCHED, LineState.FEE})
"""States that leave nothing for a person."""

_KINDS: Final[Mapping[LineKind, frozenset[str]]] = {
    LineKind.COLLECTION: frozenset({"charge", "late_payment"}),
    # Orange has no refund: it gives back by a cash-in.
    LineKind.DISBURSEMENT: frozenset({"refund", "payout"}),
    LineKind.REFUND: frozenset({"refund"}),
}
PAID: Final = frozenset({"succeeded", "paid"})
"""The states of payments whose money moved."""


@dataclass(frozen=True, slots=True)
class StatementHead:
    """What a statement says of itself. Days are those of Douala, the last one within; balances are
    in whole XAF. `account` is what the operator calls the account."""

    version: str
    account: str
    currency: str
    first_day: date
    last_day: date
    opening: int

    def covers(self, moment: datetime) -> bool:
        """Tell whether a moment lies in its days."""
        return self.first_day <= moment.astimezone(DOUALA).date() <= self.last_day


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line. `amount`, in whole XAF, has its sign: money in is positive. Numbers begin at 1."""

    number: int
    at: datetime
    transaction_id: str
    reference: str | None
    external_id: str | None
    kind: LineKind
    amount: int
    fee: int


@dataclass(frozen=True, slots=True)
class StatementSummary:
    """A statement that was read to its end: how many lines, and what was there after the last."""

    head: StatementHead
    line_count: int
    closing: int


@dataclass(frozen=True, slots=True)
class KnownPayment:
    """A payment as the platform's index has it. `amount` is in whole XAF, never negative."""

    id: str
    kind: str
    account: str
    livemode: bool
    state: str
    amount: int
    operator_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stands in statements of this operator account before the lines at hand.

    `transactions` are those of this statement; `taken` says which transaction was the first to be
    matched with a payment by a line of a kind.
    """

    transactions: frozenset[str] = frozenset()
    taken: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """A line, what it means, and of which payment it is, if of any."""

    line: StatementLine
    state: LineState
    payment: KnownPayment | None


class Judge:
    """Judges lines one after the other: of two that say the same the second is the duplicate."""

    def __init__(self, earlier: Earlier) -> None:
        """Begin with what was judged before."""
        self._transactions = set(earlier.transactions)
        self._taken = dict(earlier.taken)

    def judge(self, line: StatementLine, payment: KnownPayment | None) -> JudgedLine:
        """Say what a line means beside the payment that its keys name."""
        state = self._state(line, payment)
        self._transactions.add(line.transaction_id)
        if payment is not None:
            self._taken.setdefault((payment.id, line.kind.value), line.transaction_id)
        return JudgedLine(line, state, payment)

    def _state(self, line: StatementLine, payment: KnownPayment | None) -> LineState:
        if line.transaction_id in self._transactions:
            return LineState.DUPLICATE
        if line.kind is LineKind.FEE:
            return LineState.FEE
        if payment is None:
            return LineState.MISSING_HERE
        if self._taken.get((payment.id, line.kind.value), line.transaction_id) != (
            line.transaction_id
        ):
            return LineState.DUPLICATE
        if line.kind is LineKind.REVERSAL:
            return LineState.REVERSED
        return _compared(line, payment)


def _compared(line: StatementLine, payment: KnownPayment) -> LineState:
    """Compare a payment's line with it: kind, state, transaction, amount."""
    is_of_its_kind = payment.kind in _KINDS.get(line.kind, frozenset())
    # What came late came to light after it had moved.
    is_late = payment.kind == "late_payment"
    is_before_it = not is_late and line.at < payment.created_at - WINDOW
    if not is_of_its_kind or is_before_it or payment.state not in PAID:
        return LineState.MISSING_HERE
    if payment.operator_id is not None and payment.operator_id != line.transaction_id:
        return LineState.DUPLICATE
    return LineState.MATCHED if abs(line.amount) == payment.amount else LineState.AMOUNT_DIFFERS


@dataclass(frozen=True, slots=True)
class OperatorStatement:
    """A statement as stored. `account` owns the operator account, None where the platform does."""

    id: str
    operator_account: str
    account: str | None
    livemode: bool
    version: str
    sha256: str
    object_key: str
    version_id: str
    first_day: date
    last_day: date
    opening: int
    closing: int
    line_count: int
    uploaded_by: str
    uploaded_at: datetime
    lines_done: int = 0
    processed_at: datetime | None = None

    @property
    def status(self) -> str:
        """`received` until each line is judged and what is missing was looked for."""
        return "received" if self.processed_at is None else "processed"

    @property
    def last_whole_day(self) -> date:
        """The last of its days that was over when it was uploaded; it may lie before the first."""
        today = self.uploaded_at.astimezone(DOUALA).date()
        return min(self.last_day, today - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class StatementCase:
    """A case that a statement opens: about a payment, or a line that fits none."""

    kind: str
    account: str | None
    livemode: bool
    object_id: str
    state: LineState

    @property
    def reason(self) -> str:
        """The word that the case is found by."""
        return f"statement_{self.state.value}"


def case_of(judged: JudgedLine, statement: OperatorStatement, line_id: str) -> StatementCase | None:
    """Return the case of a line that is not settled; `line_id` names one that fits no payment."""
    if judged.state in SETTLED:
        return None
    payment = judged.payment
    if payment is None:
        account, mode = statement.account, statement.livemode
        return StatementCase("statement_line", account, mode, line_id, judged.state)
    return StatementCase(payment.kind, payment.account, payment.livemode, payment.id, judged.state)


def uploading(statement: OperatorStatement, origin: Origin) -> AuditEntry:
    """Return what the platform's chain tells of a statement that was uploaded."""
    after = {
        "operator_account": statement.operator_account,
        "version": statement.version,
        "sha256": statement.sha256,
        "first_day": statement.first_day.isoformat(),
        "last_day": statement.last_day.isoformat(),
        "lines": statement.line_count,
    }
    return origin.entry("statement.uploaded", "statement", statement.id, after=after)
