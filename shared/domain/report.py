"""Reports: files about a stretch of time, made beside the requests and kept for a week.

What is in a file is read by ids, which sort by time. A file begins only when nobody can still be
about to commit into its stretch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.permissions import Scope
from shared.domain.receipt import Language

PREFIX: Final = "frr"
KEPT_FOR: Final = timedelta(days=7)
LEASE: Final = timedelta(seconds=60)
SETTLES: Final = timedelta(seconds=30)
"""How long after its end a stretch is read: a transaction ends within 5 s, a request within 25."""
LONGEST: Final = timedelta(days=366)
MOST_AT_ONCE: Final = 20
"""Reports of one account and mode that are not made yet."""
MOST_RUNS: Final = 10
_SHORTEST_WAIT: Final = timedelta(seconds=15)
_LONGEST_WAIT: Final = timedelta(hours=1)


class ReportType(StrEnum):
    """What a report is about."""

    PAYMENTS = "payments"
    PAYOUTS = "payouts"
    BALANCE = "balance"
    FEES_AND_TAXES = "fees_and_taxes"
    RECONCILIATION = "reconciliation"


class ReportFormat(StrEnum):
    """What kind of file it is."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


CONTENT_TYPES: Final[Mapping[ReportFormat, str]] = {
    ReportFormat.CSV: "text/csv; charset=utf-8",
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.PDF: "application/pdf",
}

NEEDED: Final[Mapping[ReportType, frozenset[Scope]]] = {
    ReportType.PAYMENTS: frozenset({Scope.CHARGES_READ, Scope.REFUNDS_READ}),
    ReportType.PAYOUTS: frozenset({Scope.PAYOUTS_READ}),
    ReportType.BALANCE: frozenset({Scope.BALANCE_READ}),
    ReportType.FEES_AND_TAXES: frozenset({Scope.BALANCE_READ}),
    ReportType.RECONCILIATION: frozenset(
        {Scope.CHARGES_READ, Scope.REFUNDS_READ, Scope.PAYOUTS_READ}
    ),
}
"""The rights to read what stands in a report: nobody sees by it what she may not ask for else."""


class ReportStatus(StrEnum):
    """How far a report is; each is also the public word."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class ReportEvent(StrEnum):
    """What happens to a report."""

    CLAIMED = "claimed"
    PUT_OFF = "put_off"
    WRITTEN = "written"
    GIVEN_UP = "given_up"
    CANCELED = "canceled"


_S, _E = ReportStatus, ReportEvent
TRANSITIONS: Final[Mapping[tuple[ReportStatus, ReportEvent], ReportStatus]] = {
    (_S.PENDING, _E.CLAIMED): _S.RUNNING,
    (_S.PENDING, _E.CANCELED): _S.CANCELED,
    (_S.RUNNING, _E.CLAIMED): _S.RUNNING,
    (_S.RUNNING, _E.PUT_OFF): _S.PENDING,
    (_S.RUNNING, _E.WRITTEN): _S.SUCCEEDED,
    (_S.RUNNING, _E.GIVEN_UP): _S.FAILED,
    (_S.RUNNING, _E.CANCELED): _S.CANCELED,
}
FINAL: Final = frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELED})


@dataclass(frozen=True, slots=True)
class StoredReport:
    """Where a file lies and what it is: SHA-256 in hex, size in bytes."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Report:
    """A report as stored. `starts_at` is in its stretch of time, `ends_at` is not.

    `run` counts those who have begun to write it; `rows` and `progress` (0 to 100) are of the run
    at work, or of the one that ended. `file` is None before it is written and once it is removed.
    """

    id: str
    account: str
    livemode: bool
    type: ReportType
    format: ReportFormat
    language: Language
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    status: ReportStatus = ReportStatus.PENDING
    run: int = 0
    rows: int = 0
    progress: int = 0
    lease_until: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    failure_code: str | None = None
    file: StoredReport | None = None

    @property
    def is_final(self) -> bool:
        """Whether nobody writes it any more."""
        return self.status in FINAL

    @property
    def is_canceled(self) -> bool:
        """Whether its merchant took it back."""
        return self.status is ReportStatus.CANCELED

    @property
    def readable_at(self) -> datetime:
        """From when on nothing is added to its stretch of time."""
        return self.ends_at + SETTLES

    @property
    def removed_at(self) -> datetime | None:
        """When whatever was written of it goes; None while it has not ended."""
        return None if self.ended_at is None else self.ended_at + KEPT_FOR

    @property
    def folder(self) -> str:
        """Below which key of the store all is that was ever written of it."""
        mode = "live" if self.livemode else "test"
        return f"reports/{self.account}/{mode}/{self.id}/"

    @property
    def object_key(self) -> str:
        """Where the run at work writes: two runs never write to the same place."""
        return f"{self.folder}{self.run}.{self.format.value}"

    @property
    def file_name(self) -> str:
        """What the file is called for whoever keeps it."""
        return f"{self.type.value}-{self.id}.{self.format.value}"

    @property
    def is_worn_out(self) -> bool:
        """Whether so many runs have begun that one more would help nobody."""
        return self.run > MOST_RUNS

    def may_be_claimed(self, now: datetime) -> bool:
        """Tell whether somebody may begin: it waits, or whoever wrote it is not heard of."""
        if (self.status, _E.CLAIMED) not in TRANSITIONS:
            return False
        return self.lease_until is None or self.lease_until < now

    def claimed(self, now: datetime) -> "Report":
        """Return it as the next run has it."""
        return replace(
            self._after(_E.CLAIMED),
            run=self.run + 1,
            rows=0,
            progress=0,
            lease_until=now + LEASE,
            started_at=self.started_at or now,
        )

    def put_off(self, now: datetime) -> tuple["Report", datetime]:
        """Return it as it waits for better times, and from when on; each wait is twice as long."""
        wait = min(_LONGEST_WAIT, _SHORTEST_WAIT * 2 ** min(self.run, MOST_RUNS))
        return replace(self._after(_E.PUT_OFF), lease_until=None), now + wait

    def written(self, stored: StoredReport, *, rows: int, now: datetime) -> "Report":
        """Return it as it is once its file stands."""
        return replace(
            self._after(_E.WRITTEN),
            file=stored,
            rows=rows,
            progress=100,
            lease_until=None,
            ended_at=now,
            expires_at=now + KEPT_FOR,
        )

    def given_up(self, code: str, now: datetime) -> "Report":
        """Return it as it is where no file can be made of it."""
        return replace(self._after(_E.GIVEN_UP), failure_code=code, lease_until=None, ended_at=now)

    def canceled(self, now: datetime) -> "Report | None":
        """Return it as nobody wants it any more, None where it has ended."""
        if (self.status, _E.CANCELED) not in TRANSITIONS:
            return None
        return replace(self._after(_E.CANCELED), lease_until=None, ended_at=now)

    def progress_at(self, reached: datetime) -> int:
        """Return how much of its time is read, 0 to 99, by the moment that a run has come to."""
        whole = self.ends_at - self.starts_at
        return max(0, min(99, (reached - self.starts_at) * 100 // whole))

    def _after(self, event: ReportEvent) -> "Report":
        return replace(self, status=TRANSITIONS[self.status, event])
