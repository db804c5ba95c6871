"""Wires reports: where they stand, what they are made of, and where their files lie."""

from time import monotonic
from typing import Final

from shared.db.report_rows import ReportSlices
from shared.db.reports import Reports
from shared.domain.account import Tenant
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.domain.report import Report, ReportFormat, StoredReport
from shared.operations.export_report import Exporting, Places, ReportFile
from shared.operations.manage_reports import URL_LASTS
from shared.operations.ports import StoreDownError
from shared.operations.report_csv import CsvFile
from shared.operations.report_pdf import PdfFile
from shared.operations.report_store import Sink
from shared.operations.report_tables import Table
from shared.operations.report_xlsx import XlsxFile
from shared.runtime import lifecycle, logs, wiring
from shared.runtime.crash import reached
from shared.runtime.once import once
from shared.runtime.report_press import press
from shared.runtime.settings import require, settings
from shared.storage.report_store import S3ReportStore

RUN_SECONDS: Final = 500
"""Less than a push of a long function may take."""


@once
def files() -> S3ReportStore:
    """Return where files lie, for whoever writes them; nothing is opened before its first call."""
    return _files("s3_report_credentials")


@once
def readable_files() -> S3ReportStore:
    """Return the same for whoever gives their addresses away, with a key that reads alone."""
    return _files("s3_report_reader")


def _files(credentials: str) -> S3ReportStore:
    return S3ReportStore(
        require(settings().s3_endpoint_url, "S3_ENDPOINT_URL"),
        require(settings().report_bucket, "REPORT_BUCKET"),
        credentials=settings().secrets_dir / credentials,
    )


def store(tenant: Tenant) -> Reports:
    """Return a tenant's reports."""
    return Reports(wiring.app_database(), tenant)


def places(tenant: Tenant) -> Places:
    """Return what an export reads and writes."""
    return Places(store(tenant), ReportSlices(wiring.app_database(), tenant), files())


def exporting(tenant: Tenant) -> Exporting:
    """Return what an export needs, with the time of one push."""
    deadline = Deadline.after(RUN_SECONDS, monotonic)
    return Exporting(
        now=wiring.clock_of(tenant),
        reached=reached,
        is_stopping=lifecycle.is_stopping,
        has_time=lambda: not deadline.is_over,
        make_file=make_file,
    )


def sign(stored: StoredReport, file_name: str) -> str:
    """Return where a file can be fetched for five minutes. Raises Unavailable."""
    try:
        return readable_files().address(stored, file_name, seconds=int(URL_LASTS.total_seconds()))
    except StoreDownError as failure:
        logs.warning("report_unreadable", reason=str(failure))
        raise Unavailable("temporarily_unavailable", retry_after_seconds=10) from failure


def make_file(sink: Sink, table: Table, report: Report) -> ReportFile:
    """Begin a file of the report's format."""
    match report.format:
        case ReportFormat.CSV:
            return CsvFile(sink, table, report)
        case ReportFormat.XLSX:
            return XlsxFile(sink, table, report)
        case ReportFormat.PDF:
            merchant = wiring.profile(report.account).name
            return PdfFile(sink, table, press=lambda printed: press(report, printed, merchant))
