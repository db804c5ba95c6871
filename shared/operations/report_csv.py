"""Writes a report as CSV (RFC 4180, UTF-8), of which a spreadsheet runs no cell."""

import csv
import io
from collections.abc import Iterable

from shared.domain.report import Report
from shared.operations.report_store import Sink
from shared.operations.report_tables import Row, Table, headings
from shared.operations.spreadsheet import harmless


class CsvFile:
    """A table as text: amounts are digits, a text that begins as a formula has a mark before."""

    def __init__(self, sink: Sink, table: Table, report: Report) -> None:
        """Write the headings."""
        self._sink = sink
        self._write([headings(table, report.language)])

    def rows(self, rows: Iterable[Row]) -> None:
        """Write rows."""
        self._write(rows)

    def end(self, totals: Iterable[Row]) -> None:
        """Write totals behind the rows."""
        self._write(totals)

    def _write(self, rows: Iterable[Row]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
        content = text.getvalue()
        if content:
            self._sink.write(content.encode())
