"""Writes a report as a workbook (XLSX), from its first byte to its last, without a place on disk.

A workbook is a ZIP of XML. Every cell is a number or a text in place, never a formula; a sheet that
is full is followed by another, and the totals stand on one of their own. Whatever must know of all
sheets is written last: a ZIP may have its parts in any order.
"""

import re
import zipfile
from collections.abc import Iterable
from html import escape
from typing import Final

from shared.domain.report import Report
from shared.operations.export_report import FileTooLarge
from shared.operations.report_store import Sink
from shared.operations.report_tables import Row, Table, headings
from shared.operations.report_words import SHEETS

SHEET_ROWS: Final = 1_048_576
"""What a spreadsheet takes, headings included."""
SHEET_BYTES: Final = 1_900_000_000
"""Above 2 GiB a part of a ZIP needs a form that some spreadsheets do not read in a stream."""
MOST_SHEETS: Final = 10
_PACKING: Final = 1
"""The quickest: it makes a file a fifth larger and takes a third of the time."""
# What XML 1.0 cannot hold at all; a database of texts can.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Two manners of cells: as they are, and bold for headings.
_STYLES: Final = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
_BOLD: Final = 1


class XlsxFile:
    """A table as a workbook."""

    def __init__(self, sink: Sink, table: Table, report: Report) -> None:
        """Begin the first sheet."""
        self._archive = zipfile.ZipFile(
            _Stream(sink), "w", zipfile.ZIP_DEFLATED, compresslevel=_PACKING
        )
        self._headings = headings(table, report.language)
        self._language = report.language
        self._names: list[str] = []
        self._begin(SHEETS["rows"].in_(self._language))

    def rows(self, rows: Iterable[Row]) -> None:
        """Write rows. Raises FileTooLarge beyond the last sheet that we make."""
        for row in rows:
            if self._count >= SHEET_ROWS or self._size >= SHEET_BYTES:
                self._next()
            self._write(row)
        self._flush()

    def end(self, totals: Iterable[Row]) -> None:
        """Write totals and what ends the workbook."""
        self._close()
        if last := list(totals):
            self._begin(SHEETS["totals"].in_(self._language))
            for row in last:
                self._write(row)
            self._close()
        self._first = len(self._names) if last else 1
        for name, content in _parts(self._names, self._first):
            with self._archive.open(name, "w") as part:
                part.write(content.encode())
        self._archive.close()

    def _next(self) -> None:
        if len(self._names) >= MOST_SHEETS:
            raise FileTooLarge
        self._close()
        self._begin(f"{SHEETS['rows'].in_(self._language)} {len(self._names) + 1}")

    def _begin(self, name: str) -> None:
        self._names.append(name)
        self._count = self._size = 0
        self._waiting = [f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>']
        self._sheet = self._archive.open(f"xl/worksheets/sheet{len(self._names)}.xml", "w")
        self._write(self._headings, style=_BOLD)

    def _write(self, row: Row, *, style: int = 0) -> None:
        self._count += 1
        self._waiting.append(_row_xml(row, style))

    def _flush(self) -> None:
        content = "".join(self._waiting).encode()
        self._waiting.clear()
        self._size += len(content)
        self._sheet.write(content)

    def _close(self) -> None:
        self._waiting.append("</sheetData></worksheet>")
        self._flush()
        self._sheet.close()


class _Stream:
    """What `zipfile` writes to: it cannot go back, so sizes follow what they are of."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, content: bytes) -> int:
        """Take a piece."""
        return self._sink.write(bytes(content))

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Whoever made the sink ends it."""


def _row_xml(row: Row, style: int) -> str:
    manner = f' s="{style}"' if style else ""
    cells = []
    for cell in row:
        if cell is None:
            cells.append("<c/>")
        elif isinstance(cell, str):
            text = escape(_UNWRITABLE.sub("\ufffd", cell), quote=False)
            cells.append(
                f'<c t="inlineStr"{manner}><is><t xml:space="preserve">{text}</t></is></c>'
            )
        else:
            cells.append(f"<c{manner}><v>{cell}</v></c>")
    return f"<row>{''.join(cells)}</row>"


def _parts(names: list[str], first: int) -> Iterable[tuple[str, str]]:
    """Yield the parts that know of all sheets; this one is shown first."""
    numbers = sorted(range(1, len(names) + 1), key=lambda number: (number != first, number))
    sheets = "".join(
        f'<sheet name="{escape(names[number - 1])}" sheetId="{number}" r:id="rId{number}"/>'
        for number in numbers
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet"'
        f' Target="worksheets/sheet{number}.xml"/>'
        for number in sorted(numbers)
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml"'
        f' ContentType="{_TYPES}.worksheet+xml"/>'
        for number in sorted(numbers)
    )
    book = (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets>'
        "</workbook>"
    )
    of_book = (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rId{len(names) + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
        "</Relationships>"
    )
    of_all = (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    )
    types = (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override'
        f' PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
        f"{overrides}</Types>"
    )
    yield "xl/styles.xml", _STYLES
    yield "xl/workbook.xml", book
    yield "xl/_rels/workbook.xml.rels", of_book
    yield "_rels/.rels", of_all
    yield "[Content_Types].xml", types
