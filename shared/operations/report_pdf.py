"""Writes a report on paper: a table that somebody still reads, and the same totals."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from shared.operations.export_report import FileTooLarge
from shared.operations.report_store import Sink
from shared.operations.report_tables import Column, Row, Table

MOST_ROWS: Final = 500
"""Some fifteen pages. While they are pressed each row takes 0.1 MB of memory."""


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """What stands on paper: columns, rows and totals, those columns alone."""

    columns: tuple[Column, ...]
    rows: list[Row]
    totals: list[Row]


class PdfFile:
    """A table that is gathered, and pressed at its end."""

    def __init__(self, sink: Sink, table: Table, *, press: Callable[[PrintedTable], bytes]) -> None:
        """Begin with nothing; `press` makes the paper."""
        self._sink = sink
        self._places = [n for n, column in enumerate(table.columns) if column.is_printed]
        self._columns = tuple(table.columns[place] for place in self._places)
        self._press = press
        self._rows: list[Row] = []

    def rows(self, rows: Iterable[Row]) -> None:
        """Gather rows. Raises FileTooLarge beyond `MOST_ROWS`."""
        self._rows += self._printed(rows)
        if len(self._rows) > MOST_ROWS:
            raise FileTooLarge

    def end(self, totals: Iterable[Row]) -> None:
        """Press what was gathered, with totals below."""
        self._sink.write(
            self._press(PrintedTable(self._columns, self._rows, self._printed(totals)))
        )

    def _printed(self, rows: Iterable[Row]) -> list[Row]:
        return [[row[place] for place in self._places] for row in rows]
