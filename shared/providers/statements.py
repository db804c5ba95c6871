"""Reads operators' statements, each version by its own parser; what is wrong is said by its place.

`statement.v1` is the simulator's: a head, the names of the columns, lines, an end (its own words on
them stand in shared/simulator/statement.py). Neither MTN nor Orange publishes what theirs look
like: a version of theirs comes with the first file that one of them gives.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

from shared.domain.errors import InvalidRequest
from shared.domain.operator_statement import (
    LONGEST,
    MOST_LINES,
    LineKind,
    StatementHead,
    StatementLine,
    StatementSummary,
)

V1: Final = "statement.v1"
HEAD: Final = ("version", "account", "currency", "first_day", "last_day", "opening_balance")
COLUMNS: Final = (
    "time",
    "transaction_id",
    "reference",
    "external_id",
    "kind",
    "amount",
    "currency",
    "fee",
    "balance_after",
)
END: Final = ("end", "lines", "closing_balance")
_VERSION: Final = re.compile(r"statement\.v\d{1,4}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_MAYBE_WORD: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._:-]{0,63})?")
_SIGNED: Final = re.compile(r"0|-?[1-9]\d{0,14}")
_COUNT: Final = re.compile(r"0|[1-9]\d{0,6}")
_CURRENCY: Final = re.compile(r"XAF")
_KIND: Final = re.compile("|".join(LineKind))
_PATTERNS: Final = (
    _TIME, _WORD, _MAYBE_WORD, _MAYBE_WORD, _KIND, _SIGNED, _CURRENCY, _SIGNED, _SIGNED,
)  # fmt: skip
_SIGNS: Final = {
    LineKind.COLLECTION: 1,
    LineKind.DISBURSEMENT: -1,
    LineKind.REFUND: -1,
    LineKind.FEE: -1,
}
# A number of a wallet is no key of ours, wherever it stands.
_NUMBER: Final = re.compile(r"(00)?(237)?6\d{8}")
_MARKS: Final = ("\ufeff", "\x00")


def read_head(content: bytes) -> StatementHead:
    """Return what a statement says of itself. Raises InvalidRequest, as `lines` does."""
    return _head(_records(content))


def read_whole(content: bytes) -> StatementSummary:
    """Read a statement to its end; nothing of it is kept. Raises InvalidRequest, as `lines` does.

    A version that has no parser here is refused by `read_head`.
    """
    head, count, closing = read_head(content), 0, None
    for line, balance in _v1(_records(content)):
        count, closing = line.number, balance
    return StatementSummary(head, count, head.opening if closing is None else closing)


def lines(content: bytes, *, after: int = 0) -> Iterator[StatementLine]:
    """Yield the lines behind a number, one at a time.

    Raises InvalidRequest, all but the first with `line` and `column` where the fault lies:
    `statement_encoding`, `statement_separator`, `statement_version_unknown`,
    `statement_cell_invalid`, `statement_incomplete`, `statement_too_long`.
    """
    for line, _ in _v1(_records(content)):
        if line.number > after:
            yield line


def _v1(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[StatementLine, int]]:
    """Yield each line with the balance after it, which must add up."""
    head = _head(records)
    place, names = _next(records, 1)
    _hold(names, COLUMNS, place)
    balance, count, last = head.opening, 0, (0, [""])
    for place, cells in records:
        last = place, cells
        if cells[0] == END[0]:
            break
        count += 1
        if count > MOST_LINES:
            raise InvalidRequest("statement_too_long", limit=MOST_LINES)
        line, after = _line(cells, place, count)
        if not head.covers(line.at):
            raise _wrong(place, "time")
        balance += line.amount - line.fee
        if after != balance:
            raise _wrong(place, "balance_after")
        yield line, balance
    _end(last, records, count=count, balance=balance)


def _head(records: Iterator[tuple[int, list[str]]]) -> StatementHead:
    place, cells = _next(records, 0)
    if not _VERSION.fullmatch(cells[0]):
        raise _wrong(place, "version")
    if cells[0] != V1:
        raise InvalidRequest("statement_version_unknown", "version", version=cells[0])
    _width(cells, HEAD, place)
    patterns = (_VERSION, _WORD, _CURRENCY, _DAY, _DAY, _SIGNED)
    _fit(cells, HEAD, patterns, place)
    first, last = _day(cells[3], place, "first_day"), _day(cells[4], place, "last_day")
    if last < first or last - first >= LONGEST:
        raise _wrong(place, "last_day")
    return StatementHead(cells[0], cells[1], cells[2], first, last, int(cells[5]))


def _line(cells: Sequence[str], place: int, number: int) -> tuple[StatementLine, int]:
    _width(cells, COLUMNS, place)
    _fit(cells, COLUMNS, _PATTERNS, place)
    try:
        at = datetime.fromisoformat(cells[0].removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        raise _wrong(place, "time") from None
    kind, amount, fee = LineKind(cells[4]), int(cells[5]), int(cells[7])
    if amount == 0 or amount * _SIGNS.get(kind, amount) < 0:
        raise _wrong(place, "amount")
    if fee < 0:
        raise _wrong(place, "fee")
    reference, external_id = _key(cells[2]), _key(cells[3])
    line = StatementLine(number, at, cells[1], reference, external_id, kind, amount, fee)
    return line, int(cells[8])


def _end(
    last: tuple[int, list[str]],
    records: Iterator[tuple[int, list[str]]],
    *,
    count: int,
    balance: int,
) -> None:
    """Hold the end to what came before it: a file that was cut short has none, or another one."""
    place, cells = last
    if cells[0] != END[0]:
        raise InvalidRequest("statement_incomplete", line=place, column=END[0])
    _width(cells, END, place)
    _fit(cells[1:], END[1:], (_COUNT, _SIGNED), place)
    for column, told, found in zip(END[1:], cells[1:], (count, balance), strict=True):
        if int(told) != found:
            raise InvalidRequest("statement_incomplete", line=place, column=column)
    if (more := next(records, None)) is not None:
        raise _wrong(more[0], END[0])


def _records(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the records with the numbers of their lines. Raises InvalidRequest."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidRequest("statement_encoding", line=line) from None
    for mark in _MARKS:
        if mark in text:
            line = text.count("\n", 0, text.index(mark)) + 1
            raise InvalidRequest("statement_encoding", line=line)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        # Where a quote is open the reader runs on; the fault lies where its record began.
        begins = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise InvalidRequest("statement_separator", line=begins) from None
        if cells is None:
            return
        if len(cells) <= 1:
            raise InvalidRequest("statement_separator", line=begins)
        yield begins, cells


def _next(records: Iterator[tuple[int, list[str]]], before: int) -> tuple[int, list[str]]:
    found = next(records, None)
    if found is None:
        raise InvalidRequest("statement_incomplete", line=before + 1, column=END[0])
    return found


def _hold(cells: Sequence[str], names: Sequence[str], place: int) -> None:
    for found, name in zip(cells, names, strict=False):
        if found != name:
            raise _wrong(place, name)
    _width(cells, names, place)


def _width(cells: Sequence[str], names: Sequence[str], place: int) -> None:
    if len(cells) < len(names):
        raise _wrong(place, names[len(cells)])
    if len(cells) > len(names):
        raise _wrong(place, names[-1])


def _fit(
    cells: Sequence[str], names: Sequence[str], patterns: Sequence[re.Pattern[str]], place: int
) -> None:
    """Hold each cell to its column's pattern: formulas and what is too long fit none."""
    for cell, name, pattern in zip(cells, names, patterns, strict=True):
        if not pattern.fullmatch(cell):
            raise _wrong(place, name)


def _day(text: str, place: int, column: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(place, column) from None


def _key(text: str) -> str | None:
    return None if not text or _NUMBER.fullmatch(text) else text


def _wrong(line: int, column: str) -> InvalidRequest:
    return InvalidRequest("statement_cell_invalid", column, line=line, column=column)
