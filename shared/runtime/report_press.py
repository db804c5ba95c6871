"""Sets a report's table as PDF, by the press of receipts."""

import json
from datetime import datetime
from pathlib import Path
from typing import Final

from shared.domain.receipt import Language, format_day, format_time
from shared.domain.report import Report
from shared.operations.report_pdf import PrintedTable
from shared.operations.report_words import HEADINGS, TITLES
from shared.runtime import documents

TEMPLATE: Final = (
    Path(__file__).parents[2] / "functions" / "export_report" / "templates" / "report.typ"
)
CELL_LETTERS: Final = 40
_NARROW_NO_BREAK_SPACE: Final = "\u202f"


def press(report: Report, printed: PrintedTable, merchant: str) -> bytes:
    """Return the paper as PDF/A-3b; what merchants wrote is set as text."""
    language = report.language
    until = report.ends_at
    data = {
        "language": language,
        "title": TITLES[report.type.value].in_(language),
        "merchant": documents.drawable(merchant, documents.MERCHANT_LETTERS) or "—",
        "account": report.account,
        "number": report.id,
        "livemode": report.livemode,
        "since": _moment(report.starts_at, language),
        "until": _moment(until, language),
        "headings": [HEADINGS[column.name].in_(language) for column in printed.columns],
        "amounts": [column.is_amount for column in printed.columns],
        "rows": [[_cell(cell) for cell in row] for row in printed.rows],
        "totals": [[_cell(cell) for cell in row] for row in printed.totals],
        "widths": _widths(printed),
    }
    inputs = {"report": json.dumps(data, ensure_ascii=False)}
    return documents.pressed(TEMPLATE, inputs, report.created_at)


def _moment(at: datetime, language: Language) -> str:
    return f"{format_day(at, language)}, {format_time(at, language)}"


def _cell(cell: object) -> str:
    if isinstance(cell, int):
        return f"{cell:,}".replace(",", _NARROW_NO_BREAK_SPACE)
    return documents.drawable(None if cell is None else str(cell), CELL_LETTERS) or ""


def _widths(printed: PrintedTable) -> list[int]:
    """Return how wide the columns are against each other, by the letters of their rows."""
    widths = [14] + [8] * (len(printed.columns) - 1)
    for row in printed.rows or printed.totals:
        for place, cell in enumerate(row):
            widths[place] = max(widths[place], min(CELL_LETTERS, len(_cell(cell)) + 1))
    return widths
