"""How a report is shown."""

from datetime import datetime
from typing import Any

from shared.domain.language import text
from shared.domain.report import CONTENT_TYPES, Report
from shared.operations.objects import unix_seconds


def report_object(
    report: Report, *, language: str, url: str | None = None, url_until: datetime | None = None
) -> dict[str, Any]:
    """Return a report as OpenAPI describes it; `url` is where its file can be fetched until then.

    Only whoever asks for one report, and may read what is in it, is given an address.
    """
    failure = report.failure_code
    return {
        "id": report.id,
        "object": "report",
        "report_type": report.type.value,
        "interval_start": unix_seconds(report.starts_at),
        "interval_end": unix_seconds(report.ends_at),
        "format": report.format.value,
        "language": report.language,
        "status": report.status.value,
        "progress": report.progress,
        "rows": report.rows,
        "failure_code": failure,
        "failure_message": None if failure is None else text(failure, language),
        "result": _result(report, url, url_until),
        "created": unix_seconds(report.created_at),
        "ended_at": _seconds(report.ended_at),
        "expires_at": _seconds(report.expires_at),
        "livemode": report.livemode,
    }


def _result(report: Report, url: str | None, until: datetime | None) -> dict[str, Any] | None:
    if report.file is None:
        return None
    return {
        "filename": report.file_name,
        "type": CONTENT_TYPES[report.format].partition(";")[0],
        "size": report.file.size,
        "sha256": report.file.sha256,
        "url": url,
        "url_expires_at": _seconds(until),
    }


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else unix_seconds(at)
