"""Matches an operator's statement with our books, some hundred lines at a time.

Each batch commits with the count of lines that are done, so that whoever comes after a death, or
beside another worker, goes on where the last commit ended. It moves no money: what does not fit is
a case for a person.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Final

from shared.domain.errors import AskAgain
from shared.domain.events import Message
from shared.domain.ids import LENGTH, encode
from shared.domain.operator_statement import (
    Earlier,
    Judge,
    JudgedLine,
    KnownPayment,
    LineState,
    OperatorStatement,
    StatementCase,
    StatementLine,
    case_of,
)
from shared.operations.ports import LockedStore, Reached, StoreDownError
from shared.operations.statement_store import Absent, StatementParser, StatementStore

BATCH: Final = 500
_FIRST: Final = ""
_LINE_BYTES: Final = 15


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What matching needs beside its store. `is_stopping` says that this process has to leave."""

    archive: LockedStore
    parser: StatementParser
    now: Callable[[], datetime]
    reached: Reached
    is_stopping: Callable[[], bool]


def ingest_statement(message: Message, *, store: StatementStore, how: Ingestion) -> str:
    """Match what is not matched yet; return a word for the log. Raises AskAgain."""
    statement = store.find(message.object_id)
    if statement is None:
        return "unknown_statement"
    if statement.processed_at is not None:
        return "processed_already"
    lines = how.parser.lines(_content(statement, how), after=statement.lines_done)
    while batch := list(islice(lines, BATCH)):
        _leave_if_asked(how)
        how.reached("ingest_statement.before_batch")
        kept = store.keep(statement, batch, partial(judged, batch), at=how.now())
        how.reached("ingest_statement.after_batch")
        if not kept:
            raise AskAgain("another worker is at this statement")
    for day in store.cover(statement):
        for absent in _absent(statement, store, day=day):
            _leave_if_asked(how)
            store.open_cases(statement, [_case(one) for one in absent], at=how.now())
    how.reached("ingest_statement.before_finish")
    store.finish(statement, at=how.now())
    how.reached("ingest_statement.after_finish")
    return "processed"


def judged(
    lines: Sequence[StatementLine], payments: Mapping[int, KnownPayment], earlier: Earlier
) -> Sequence[JudgedLine]:
    """Judge lines in their order."""
    judge = Judge(earlier)
    return [judge.judge(line, payments.get(line.number)) for line in lines]


def line_id(operator_account: str, line: StatementLine) -> str:
    """Return what a line that fits no payment is called: the same in every statement it is in."""
    name = f"{operator_account}:{line.kind.value}:{line.transaction_id}"
    digest = hashlib.sha256(name.encode()).digest()
    return f"stl_{encode(int.from_bytes(digest[:_LINE_BYTES]), LENGTH)}"


def cases_of(lines: Sequence[JudgedLine], statement: OperatorStatement) -> list[StatementCase]:
    """Return the cases of lines, one for each payment and reason."""
    found = (
        case_of(each, statement, line_id(statement.operator_account, each.line)) for each in lines
    )
    cases = [case for case in found if case is not None]
    return list({(case.object_id, case.reason): case for case in cases}.values())


def _content(statement: OperatorStatement, how: Ingestion) -> bytes:
    """Return the bytes as they were uploaded. Raises AskAgain."""
    try:
        content = how.archive.get(statement.object_key, statement.version_id)
    except StoreDownError as failure:
        raise AskAgain(f"archive: {failure}") from failure
    if hashlib.sha256(content).hexdigest() != statement.sha256:
        raise AskAgain("archive: other bytes than were uploaded")
    return content


def _absent(
    statement: OperatorStatement, store: StatementStore, *, day: date
) -> Iterator[Sequence[Absent]]:
    after = _FIRST
    while found := store.absent(statement, day, after=after, limit=BATCH):
        yield found
        after = found[-1].payment


def _case(absent: Absent) -> StatementCase:
    return StatementCase(
        absent.kind, absent.account, absent.livemode, absent.payment, LineState.MISSING_THERE
    )


def _leave_if_asked(how: Ingestion) -> None:
    if how.is_stopping():
        raise AskAgain("stopping")
