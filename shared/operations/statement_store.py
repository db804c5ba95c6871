"""What operators' statements need from the database, as Protocols; each call is one transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from shared.domain.audit import AuditEntry
from shared.domain.events import Message
from shared.domain.operator_statement import (
    Earlier,
    JudgedLine,
    KnownPayment,
    LineState,
    OperatorStatement,
    StatementCase,
    StatementHead,
    StatementLine,
    StatementSummary,
)

Decide = Callable[[Mapping[int, KnownPayment], Earlier], Sequence[JudgedLine]]
"""Judges lines beside the payments that their keys name, by the numbers of the lines."""


@dataclass(frozen=True, slots=True)
class StatedAccount:
    """An operator account whose statements we read. `account` owns it, None: the platform does."""

    id: str
    account: str | None
    livemode: bool
    currency: str
    version: str


class StatementParser(Protocol):
    """Reads statements; raises InvalidRequest with line and column."""

    def read_head(self, content: bytes) -> StatementHead:
        """Return what a statement says of itself."""

    def read_whole(self, content: bytes) -> StatementSummary:
        """Read to the end and keep nothing."""

    def lines(self, content: bytes, *, after: int = 0) -> Iterator[StatementLine]:
        """Yield the lines behind a number, one at a time."""


class TakingStore(Protocol):
    """Where a statement is put that was read to its end."""

    def find_account(self, name: str) -> StatedAccount | None:
        """Return the operator account that an operator calls so, or None."""

    def find_same(self, sha256: str) -> str | None:
        """Return the id of the statement of these bytes, or None."""

    def add(self, statement: OperatorStatement, entry: AuditEntry, message: Message) -> bool:
        """Store it, what the platform's chain tells of it, and its message.

        False where the same bytes are there.
        """


class UploadStore(TakingStore, Protocol):
    """Where administrators put statements, and see what became of them."""

    def find(self, statement_id: str) -> OperatorStatement | None:
        """Return a statement, or None."""

    def page(
        self, *, limit: int, after: str | None, operator_account: str | None
    ) -> Sequence[OperatorStatement]:
        """Return up to so many statements, newest first."""

    def counts(self, statement_id: str) -> Mapping[LineState, int]:
        """Return how many lines, and payments that are missing there, are in which state."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A payment of ours that no statement has."""

    payment: str
    kind: str
    account: str
    livemode: bool


class StatementStore(Protocol):
    """What ingest_statement reads and writes; it sees payments by the platform's index alone."""

    def find(self, statement_id: str) -> OperatorStatement | None:
        """Return a statement, or None."""

    def keep(
        self,
        statement: OperatorStatement,
        lines: Sequence[StatementLine],
        decide: Decide,
        *,
        at: datetime,
    ) -> bool:
        """Judge these lines and keep them with their cases; False where another one was first."""

    def cover(self, statement: OperatorStatement) -> Sequence[date]:
        """Keep which whole days it covers; return those that a payment can be missing on now."""

    def absent(
        self, statement: OperatorStatement, day: date, *, after: str, limit: int
    ) -> Sequence[Absent]:
        """Return payments made on a day that no statement has, by their ids, behind one."""

    def open_cases(
        self, statement: OperatorStatement, cases: Sequence[StatementCase], *, at: datetime
    ) -> None:
        """Open a case for each, once for each payment and reason, however it was closed."""

    def finish(self, statement: OperatorStatement, *, at: datetime) -> None:
        """Say that it is processed."""
