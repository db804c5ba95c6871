"""Promises of reports that need no database: states, leases, and what each kind of file holds."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from shared.domain.ids import first_id, milliseconds_of, new_id
from shared.domain.report import (
    FINAL,
    KEPT_FOR,
    LEASE,
    TRANSITIONS,
    Report,
    ReportFormat,
    ReportStatus,
    ReportType,
    StoredReport,
)
from shared.operations import report_xlsx
from shared.operations.export_report import FileTooLarge
from shared.operations.report_csv import CsvFile
from shared.operations.report_kinds import table_of
from shared.operations.report_objects import report_object
from shared.operations.report_pdf import MOST_ROWS, PdfFile
from shared.operations.report_tables import CHARGES, Row, headings
from shared.operations.report_xlsx import XlsxFile
from shared.runtime.report_press import press

START = datetime(2026, 11, 1, tzinfo=UTC)
REPORT = Report(
    id="frr_" + "2" * 24,
    account="acct_" + "2" * 16,
    livemode=False,
    type=ReportType.PAYMENTS,
    format=ReportFormat.CSV,
    language="fr",
    starts_at=START,
    ends_at=START + timedelta(days=10),
    created_at=START + timedelta(days=11),
)
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Sink:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, content: bytes) -> int:
        """Take a piece."""
        self.content += content
        return len(content)


def charge(**changes: Any) -> Row:
    """A row as it is read."""
    cells = dict(zip((column.name for column in table_of(ReportType.PAYMENTS, "en").columns), [
        "charge", "ch_x", "2026-11-01 01:00:00", None, "succeeded", 1500, 55, 11, 1434, 0, 0,
        "XAF", "mtn", "+237670000001", None, None, None, "=cmd|' /C'!A1", None, "txn_x", None,
    ], strict=True))  # fmt: skip
    return list((cells | changes).values())


def sheets(content: bytes) -> dict[str, list[list[object]]]:
    """Read a workbook: numbers as int, texts in place as str, whatever else is refused."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - our own
    found = {}
    for sheet in book.iter(f"{SHEET}sheet"):
        name = f"xl/worksheets/sheet{sheet.get('sheetId')}.xml"
        read = ET.fromstring(archive.read(name))  # noqa: S314 - our own
        rows = read.iter(f"{SHEET}row")
        found[str(sheet.get("name"))] = [[cell(each) for each in row] for row in rows]
    return found


def cell(node: ET.Element) -> object:
    """What stands in a cell."""
    assert {child.tag for child in node} <= {f"{SHEET}v", f"{SHEET}is"}
    number, text = node.find(f"{SHEET}v"), node.find(f"{SHEET}is/{SHEET}t")
    if number is not None:
        return int(number.text or "")
    return None if text is None else text.text


def test_these_are_all_the_edges() -> None:
    """What has ended stays as it is; only a report at work is written."""
    assert {before for before, _ in TRANSITIONS} == set(ReportStatus) - FINAL
    assert {(b.value, e.value, a.value) for (b, e), a in TRANSITIONS.items()} == {
        ("pending", "claimed", "running"),
        ("pending", "canceled", "canceled"),
        ("running", "claimed", "running"),
        ("running", "put_off", "pending"),
        ("running", "written", "succeeded"),
        ("running", "given_up", "failed"),
        ("running", "canceled", "canceled"),
    }


def test_a_run_is_followed_once_its_lease_is_over() -> None:
    """Nobody begins beside one that is heard of; each has a place of its own."""
    now = REPORT.readable_at
    first = REPORT.claimed(now)
    second = first.claimed(now + 2 * LEASE)

    assert REPORT.may_be_claimed(now)
    assert not first.may_be_claimed(now + LEASE)
    assert first.may_be_claimed(now + 2 * LEASE)
    assert first.object_key != second.object_key
    assert second.object_key.startswith(REPORT.folder)


def test_what_is_put_off_waits_longer_each_time_up_to_an_hour() -> None:
    """And has no lease meanwhile."""
    waits = [replace(REPORT, run=run).claimed(START).put_off(START)[1] - START for run in range(10)]

    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert waits[-1] == timedelta(hours=1)
    assert REPORT.claimed(START).put_off(START)[0].may_be_claimed(START)


def test_progress_is_how_much_of_its_time_is_read() -> None:
    """Never all of it before the end, and never less than nothing."""
    half = START + timedelta(days=5)

    told = [REPORT.progress_at(at) for at in (START - timedelta(1), half, REPORT.ends_at)]

    assert told == [0, 50, 99]


def test_an_id_says_when_it_was_made() -> None:
    """To the millisecond; the least of a moment too."""
    assert milliseconds_of(new_id("ch", 1_795_000_000_123)) == 1_795_000_000_123
    assert milliseconds_of(first_id("ch", 1_795_000_000_123)) == 1_795_000_000_123


def test_a_file_is_shown_until_it_is_removed() -> None:
    """With an address only where one was signed."""
    file = StoredReport("reports/x", "0" * 64, 12)
    done = REPORT.claimed(START).written(file, rows=3, now=START)
    plain = report_object(done, language="en")
    signed = report_object(done, language="en", url="https://x", url_until=START)

    assert plain["result"]["url"] is None
    assert (signed["result"]["url"], signed["result"]["type"]) == ("https://x", "text/csv")
    assert done.expires_at == START + KEPT_FOR == done.removed_at
    assert report_object(replace(done, file=None), language="en")["result"] is None


def test_no_cell_of_csv_is_run() -> None:
    """Whatever a merchant or payer wrote; amounts are digits, and one below 0 is no formula."""
    table, sink = table_of(ReportType.PAYMENTS, "en"), Sink()
    file = CsvFile(sink, table, replace(REPORT, language="en"))
    texts = ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\uff1d1", 'a "b", c\r\nd', "Ndolé"]

    file.rows(table.fed(CHARGES, [charge(description=text, net=-5) for text in texts]))
    file.end(table.ending())

    content = sink.content.decode()
    read = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [row["Description"] for row in read[: len(texts)]] == [
        *(f"'{text}" for text in texts[:4]),
        *("'\t'=1", "'\r'=1", "'\uff1d1"),
        *texts[7:],
    ]
    assert {row["Net (XAF)"] for row in read[: len(texts)]} == {"-5"}
    assert content.count("\r\n") == 1 + len(texts) + 2 + 1
    assert int(read[-2]["Amount (XAF)"]) == 1500 * len(texts)


def test_a_workbook_holds_texts_and_numbers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full sheet is followed by another, totals stand first; nothing in it is a formula."""
    monkeypatch.setattr(report_xlsx, "SHEET_ROWS", 4)
    table, sink = table_of(ReportType.PAYMENTS, "fr"), Sink()
    file = XlsxFile(sink, table, REPORT)
    odd = charge(description="=1+1 <b> & \x01 \ufffe é")

    file.rows(table.fed(CHARGES, [odd, *(charge(id=f"ch_{n}") for n in range(4))]))
    file.end(table.ending())

    found = sheets(sink.content)
    assert list(found) == ["Totaux", "Rapport", "Rapport 2"]
    assert [len(rows) for rows in found.values()] == [3, 4, 3]
    assert {tuple(rows[0]) for rows in found.values()} == {tuple(headings(table, "fr"))}
    assert found["Rapport"][1][5:7] == [1500, 55]
    assert found["Rapport"][1][17] == "=1+1 <b> & \ufffd \ufffd é"
    assert found["Totaux"][1][5] == 5 * 1500


def test_more_sheets_than_anybody_opens_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is refused as too large."""
    monkeypatch.setattr(report_xlsx, "SHEET_ROWS", 2)
    table = table_of(ReportType.PAYMENTS, "fr")
    file = XlsxFile(Sink(), table, REPORT)

    with pytest.raises(FileTooLarge):
        file.rows(charge() for _ in range(11))


def test_a_balance_is_one_sheet_and_adds_up() -> None:
    """Opening, what moved it, closing; what was before its time opens it."""
    table, sink = table_of(ReportType.BALANCE, "en"), Sink()
    (source,) = table.sources
    file = XlsxFile(sink, table, replace(REPORT, language="en", type=ReportType.BALANCE))

    table.fed(source, [[True, "charge", "pending", -100], [False, "charge", "pending", -50]])
    table.fed(source, [[False, "hold_released", "pending", 120]])
    table.fed(source, [[False, "hold_released", "available", -120]])
    file.rows(table.ending())
    file.end(())

    found = sheets(sink.content)
    assert list(found) == ["Report"]
    assert [row[1:] for row in found["Report"] if row[0] == "Pending"] == [
        ["Opening balance", 100],
        ["Charges", 50],
        ["Holds that ended", -120],
        ["Closing balance", 30],
    ]


def test_paper_takes_what_somebody_reads() -> None:
    """Fewer columns, in one language, up to a number of rows."""
    table, sink = table_of(ReportType.PAYMENTS, "fr"), Sink()
    file = PdfFile(sink, table, press=lambda printed: press(REPORT, printed, "Chez Marie"))

    file.rows(table.fed(CHARGES, [charge(), charge(reference="#let x = 1")]))
    file.end(table.ending())

    assert sink.content.startswith(b"%PDF")
    with pytest.raises(FileTooLarge):
        file.rows([charge()] * MOST_ROWS)


def test_a_reconciliation_counts_each_operators_states() -> None:
    """Beside each payment what the statement says, below how much is in which state."""
    table = table_of(ReportType.RECONCILIATION, "en")
    source = table.sources[0]
    row = ["charge", "ch_x", "t", "t", "mtn", 100, "1", None, "matched", 100, "t"]

    shown = list(table.fed(source, [row, row, [*row[:8], "missing_there", None, None]]))
    totals = list(table.ending())

    assert [each[8] for each in shown] == ["matched", "matched", "missing in the statement"]
    assert [(each[1], each[2], each[4], each[5], each[8], each[9]) for each in totals] == [
        ("charge", "2", "mtn", 200, "matched", 200),
        ("charge", "1", "mtn", 100, "missing in the statement", 0),
    ]
