"""What reports need of the database and of the object store."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.domain.audit import AuditEntry
from shared.domain.events import Event, Message
from shared.domain.report import Report, StoredReport
from shared.operations.lists import Page, PageOf
from shared.operations.ports import IdempotencyUse, Replayed, Stored


class ReportStore(Protocol):
    """The reports of one tenant as its merchant sees them."""

    def add(
        self,
        report: Report,
        *,
        message: Message | None,
        due_at: datetime,
        entry: AuditEntry,
        idempotency: IdempotencyUse | None,
        response: str,
    ) -> Stored | Replayed:
        """Store a report with its due row, and its message where it may begin at once.

        Raises InvalidRequest `too_many_reports`, KeyReused, InProgress; then nothing changed.
        """

    def find(self, report_id: str) -> Report | None:
        """Return the report, or None."""

    def page(self, page: Page) -> PageOf[Report]:
        """Return a page of reports, newest first."""

    def change(
        self, report_id: str, decide: Callable[[Report], tuple[Report, AuditEntry] | None]
    ) -> Report | None:
        """Hold a report and keep what `decide` makes of it; None where there is none."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of what is read: its rows, and the last id that was looked at."""

    rows: Sequence[list[Any]]
    last: str


class ReportRows(Protocol):
    """What a tenant's reports are made of, in slices that each are one short transaction."""

    def slices(self, source: str, *, after: str, start: str, before: str) -> Iterator[Slice]:
        """Yield what lies between two ids, in their order, a few thousand at a time.

        `start` parts what was before a stretch of time from what is in it.
        """


class ExportStore(Protocol):
    """The reports of one tenant as they are written; each call is one transaction."""

    def find(self, report_id: str) -> Report | None:
        """Return the report, or None."""

    def claim(self, report: Report, claimed: Report) -> bool:
        """Keep a report as the next run has it, if it is as it was read; else False."""

    def go_on(self, report: Report) -> bool:
        """Keep how far a run is and its lease; False where the report is not its any more."""

    def put_off(self, report: Report, until: datetime) -> bool:
        """Give a run's report back until a moment; False where it is not that run's any more."""

    def end(self, report: Report, event: Event, *, traceparent: str | None) -> bool:
        """Keep a run's end and tell the merchant; False where it is not that run's any more."""

    def forget(self, report_id: str) -> None:
        """Keep that nothing of a report is in the store any more, and nothing of it is due."""


class Sink(Protocol):
    """Takes the bytes of a file in their order."""

    def write(self, content: bytes) -> int:
        """Send them on once enough is there; return their length. Raises StoreDownError."""


class Upload(Sink, Protocol):
    """One file on its way into the store; nothing can be read before it is whole."""

    def complete(self) -> StoredReport:
        """Make the file whole. Raises StoreDownError."""

    def abort(self) -> None:
        """Leave nothing of it, as far as the store can be reached."""


class ReportFiles(Protocol):
    """Where reports' files lie until they are removed."""

    def begin(self, key: str, content_type: str) -> Upload:
        """Begin a file. Raises StoreDownError."""

    def remove_below(self, folder: str) -> None:
        """Remove all files below a key, and what was begun there. Raises StoreDownError."""

    def remove(self, stored: StoredReport) -> None:
        """Remove one file, if it is there. Raises StoreDownError."""
