"""Reads a file of payouts as the lines of a batch, or says where it is no such file.

CSV in UTF-8, with or without the mark that spreadsheets put in front, commas between the cells and
the names of the columns in the first row. A cell that a spreadsheet would run as a formula is
refused: what comes in goes out again in the file of results.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from shared.domain.errors import InvalidLines, InvalidRequest, LineFault
from shared.domain.payout_batch import MOST_LINES
from shared.operations.create_payout import DESTINATION
from shared.operations.spreadsheet import FORMULAS

COLUMNS: Final[Mapping[str, str]] = {
    "amount": "amount",
    "phone": f"{DESTINATION}[phone]",
    "operator": f"{DESTINATION}[operator]",
    "name": f"{DESTINATION}[name]",
    "reference": "reference",
    "description": "description",
}
"""The columns of a file, and what each is called in a line."""
NEEDED: Final = ("amount", "phone")
_PLUS: Final = "+"
_LONGEST_AMOUNT: Final = 30
_SEPARATORS: Final = (";", "\t", "|")
_OF_DESTINATION: Final = ("phone", "operator", "name")
_FIRST: Final = 1
"""The row of names."""


def read_file(content: bytes, param: str) -> tuple[dict[int, object], list[LineFault]]:
    """Return the lines as JSON would have them, and what is wrong with cells as such.

    A line's number is that of its row in a spreadsheet: the names are row 1. Raises InvalidLines
    where rows cannot be told apart, InvalidRequest `batch_too_large` or `batch_empty`.
    """
    names, rows = _rows(content, param)
    lines: dict[int, object] = {}
    faults: list[LineFault] = []
    for number, row in rows.items():
        if len(row) != len(names):
            found = {"count": len(row), "limit": len(names)}
            faults.append(LineFault(number, None, "csv_cells_differ", found))
        # Read as far as it goes.
        cells = dict(zip_longest(names, row[: len(names)], fillvalue=""))
        faults += [
            LineFault(number, name, "csv_formula")
            for name, cell in cells.items()
            if _is_formula(name, cell)
        ]
        lines[number] = _line(cells)
    return lines, faults


def column_of(fault: LineFault) -> LineFault:
    """Return what is wrong with a line by the name that its column has in a file."""
    for column, name in COLUMNS.items():
        if fault.column == name:
            return LineFault(fault.line, column, fault.code, fault.values)
    return fault


def _rows(content: bytes, param: str) -> tuple[Sequence[str], dict[int, list[str]]]:
    text = _text(content, param)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, ())]
        _refuse_names(names, param)
        rows: dict[int, list[str]] = {}
        for number, row in enumerate(reader, start=_FIRST + 1):
            # What spreadsheets leave at the end of a file is no line.
            if any(row):
                rows[number] = row
            if len(rows) > MOST_LINES:
                raise InvalidRequest("batch_too_large", param, limit=MOST_LINES)
    except csv.Error:
        raise InvalidLines(param, [LineFault(reader.line_num, None, "csv_invalid")]) from None
    if not rows:
        raise InvalidRequest("batch_empty", param)
    return names, rows


def _text(content: bytes, param: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + _FIRST
        raise InvalidLines(param, [LineFault(line, None, "csv_not_utf8")]) from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + _FIRST
        raise InvalidLines(param, [LineFault(line, None, "csv_not_utf8")])
    return text


def _refuse_names(names: Sequence[str], param: str) -> None:
    """Raise InvalidLines for a first row that is no row of names."""
    if len(names) == 1:
        for separator in _SEPARATORS:
            if separator in names[0]:
                found = {"separator": "tab" if separator == "\t" else separator}
                raise InvalidLines(param, [LineFault(_FIRST, None, "csv_separator", found)])
    faults = [
        LineFault(_FIRST, name[:100] or None, "csv_column_unknown", {"column": name[:100]})
        for name in names
        if name not in COLUMNS
    ]
    faults += [
        LineFault(_FIRST, name, "csv_column_twice", {"column": name})
        for name in COLUMNS
        if names.count(name) > 1
    ]
    faults += [
        LineFault(_FIRST, name, "csv_column_missing", {"column": name})
        for name in NEEDED
        if name not in names
    ]
    if faults:
        raise InvalidLines(param, faults)


def _is_formula(name: str, cell: str) -> bool:
    is_number = name == "phone" and cell.startswith(_PLUS) and cell[1:].isdigit()
    return cell.startswith(FORMULAS) and not is_number


def _line(cells: Mapping[str, str]) -> dict[str, Any]:
    given = {name: cell for name, cell in cells.items() if cell}
    line: dict[str, Any] = {
        name: given[name] for name in ("reference", "description") if name in given
    }
    if "amount" in given:
        line["amount"] = _amount(given["amount"])
    destination = {name: given[name] for name in _OF_DESTINATION if name in given}
    line[DESTINATION] = {"type": "mobile_money", **destination}
    return line


def _amount(cell: str) -> int | str:
    """Return the number that digits write; anything else as it stands, to be refused as a text."""
    is_whole = cell.isascii() and cell.isdigit() and len(cell) <= _LONGEST_AMOUNT
    return int(cell) if is_whole else cell
