"""Writes a report's file, a slice at a time, and tells its merchant; removes it a week later.

Whoever begins takes a lease and the next number of a run, and writes to a place of its own; of two
that are at work the one that holds the report's last number is kept. What others have left behind
is removed before anything is written, so that a crash at any point leaves one file, or none yet.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from shared.domain.errors import AskAgain, Unavailable
from shared.domain.events import Event, Message
from shared.domain.ids import first_id, milliseconds_of, new_id
from shared.domain.report import CONTENT_TYPES, LEASE, Report, StoredReport
from shared.operations.objects import to_json
from shared.operations.ports import Reached, StoreDownError
from shared.operations.report_kinds import table_of
from shared.operations.report_objects import report_object
from shared.operations.report_store import ExportStore, ReportFiles, ReportRows, Sink
from shared.operations.report_tables import Row, Table

_BEATS: Final = timedelta(seconds=5)
"""How often a run says that it lives."""


class ReportFile(Protocol):
    """A file of some format that is being written."""

    def rows(self, rows: Iterable[Row]) -> None:
        """Write rows. Raises FileTooLarge."""

    def end(self, totals: Iterable[Row]) -> None:
        """Write totals and whatever ends the file. Raises FileTooLarge."""


@dataclass(frozen=True, slots=True)
class Exporting:
    """What an export needs beside its stores.

    `has_time` is over before the message comes again; `make_file` begins a file of the report's
    format.
    """

    now: Callable[[], datetime]
    reached: Reached
    is_stopping: Callable[[], bool]
    has_time: Callable[[], bool]
    make_file: Callable[[Sink, Table, Report], ReportFile]


@dataclass(frozen=True, slots=True)
class Places:
    """Where reports stand, what they are made of, and where their files go; of one tenant."""

    reports: ExportStore
    rows: ReportRows
    files: ReportFiles


class FileTooLarge(Exception):  # noqa: N818 - an end like others
    """A file of this format would be larger than anybody can use, or take too long."""


class _Lost(Exception):  # noqa: N818 - an event of normal life
    """The report is not this run's any more."""


class _Leaving(Exception):  # noqa: N818 - an order, not a fault
    """This process has to leave."""


def export_report(message: Message, places: Places, how: Exporting) -> str:
    """Write the file or remove it, whichever is due; return a word for the log.

    Raises AskAgain where another process has to do it, and StoreDownError where a file that is due
    to go cannot be reached.
    """
    report = places.reports.find(message.object_id)
    if report is None:
        # Its account was put back to before it was asked for: nothing is due any more.
        places.reports.forget(message.object_id)
        return "unknown_report"
    now = how.now()
    if report.is_final:
        return _after_the_end(report, places, now)
    if now < report.readable_at:
        return "too_early"
    claimed = report.claimed(now) if report.may_be_claimed(now) else None
    if claimed is None or not places.reports.claim(report, claimed):
        return "at_work"
    how.reached("export_report.after_claim")
    return _begun(claimed, message.traceparent, places, how)


def _begun(report: Report, traceparent: str | None, places: Places, how: Exporting) -> str:
    """Do a run to its end, or give the report back. Raises AskAgain."""
    try:
        return _run(report, traceparent, places, how)
    except _Lost:
        return "taken_over"
    except _Leaving as reason:
        put_off, _ = report.put_off(how.now())
        places.reports.put_off(put_off, how.now())
        raise AskAgain("stopping") from reason
    except (StoreDownError, Unavailable):
        places.reports.put_off(*report.put_off(how.now()))
        return "put_off"


def _run(report: Report, traceparent: str | None, places: Places, how: Exporting) -> str:
    """Write the file and record it; what cannot be written is recorded as that. Raises _Lost."""
    stored: StoredReport | None = None
    try:
        if report.is_worn_out:
            ended = report.given_up("report_failed", how.now())
        else:
            if report.run > 1:
                places.files.remove_below(report.folder)
            stored, rows = _stored(report, places, how)
            ended = report.written(stored, rows=rows, now=how.now())
    except FileTooLarge:
        ended = report.given_up("report_too_large", how.now())
    how.reached("export_report.before_commit")
    if not places.reports.end(ended, _event(ended, how.now()), traceparent=traceparent):
        if stored is not None:
            places.files.remove(stored)
        raise _Lost
    how.reached("export_report.after_commit")
    return "given_up" if stored is None else "written"


def _stored(report: Report, places: Places, how: Exporting) -> tuple[StoredReport, int]:
    """Return where the file lies, and how many rows are in it."""
    upload = places.files.begin(report.object_key, CONTENT_TYPES[report.format])
    try:
        rows = _fill(report, upload, places, how)
        how.reached("export_report.before_store")
        stored = upload.complete()
    except BaseException:
        upload.abort()
        raise
    how.reached("export_report.after_store")
    return stored, rows


def _fill(report: Report, sink: Sink, places: Places, how: Exporting) -> int:
    table = table_of(report.type, report.language)
    file = how.make_file(sink, table, report)
    run = _Run(report, places, how, heard_at=how.now())
    for place, source in enumerate(table.sources):
        start = first_id(source.prefix, _milliseconds(report.starts_at))
        # A text less one letter is less than all that begin with it, and more than all before.
        after = "" if table.is_from_the_beginning else start[:-1]
        before = first_id(source.prefix, _milliseconds(report.ends_at))
        for found in places.rows.slices(source.name, after=after, start=start, before=before):
            shown = list(table.fed(source, found.rows))
            file.rows(shown)
            run.goes_on(len(shown), found.last, place, of=len(table.sources))
    if not table.is_from_the_beginning:
        file.end(table.ending())
        return run.rows
    # Its rows are known at the end alone, and nothing stands below them.
    rows = list(table.ending())
    file.rows(rows)
    file.end(())
    return len(rows)


@dataclass(slots=True)
class _Run:
    """How far a run is, and when it was heard of."""

    report: Report
    places: Places
    how: Exporting
    heard_at: datetime
    rows: int = 0

    def goes_on(self, rows: int, last: str, place: int, *, of: int) -> None:
        """Count rows, and say from time to time how far it is.

        Raises _Lost, _Leaving, FileTooLarge.
        """
        self.rows += rows
        if self.how.is_stopping():
            raise _Leaving
        if not self.how.has_time():
            raise FileTooLarge
        now = self.how.now()
        if now - self.heard_at < _BEATS:
            return
        reached = datetime.fromtimestamp(milliseconds_of(last) // 1000, UTC)
        progress = (place * 100 + self.report.progress_at(reached)) // of
        told = replace(self.report, rows=self.rows, progress=progress, lease_until=now + LEASE)
        if not self.places.reports.go_on(told):
            raise _Lost
        self.heard_at = now


def _after_the_end(report: Report, places: Places, now: datetime) -> str:
    """Remove what there is of a report once its time is over. Raises StoreDownError."""
    if report.removed_at is None or now < report.removed_at:
        return "ended_already"
    places.files.remove_below(report.folder)
    places.reports.forget(report.id)
    return "removed"


def _event(report: Report, now: datetime) -> Event:
    return Event(
        id=new_id("evt", int(now.timestamp() * 1000)),
        type=f"report.{report.status.value}",
        object_id=report.id,
        data=to_json(report_object(report, language=report.language)),
        created_at=now,
    )


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1000
