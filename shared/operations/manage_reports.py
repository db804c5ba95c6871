"""Asks for reports, shows them, and takes back what is not made yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from shared.domain.account import Caller
from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.events import REPORT_REQUESTED, Message
from shared.domain.ids import is_id, new_id
from shared.domain.permissions import rights
from shared.domain.receipt import Language, language_of
from shared.domain.report import (
    LEASE,
    LONGEST,
    NEEDED,
    PREFIX,
    Report,
    ReportFormat,
    ReportType,
    StoredReport,
)
from shared.operations.create_charge import fingerprint
from shared.operations.lists import PAGE_PARAMS, Page, refuse_unknown
from shared.operations.objects import to_json
from shared.operations.ports import IdempotencyUse, Replayed, Stored
from shared.operations.reads import page_object
from shared.operations.report_objects import report_object
from shared.operations.report_store import ReportStore

OPERATION: Final = "create_report"
OBJECT: Final = "report"
PATH: Final = "/v1/reports"
URL_LASTS: Final = timedelta(minutes=5)
LATEST: Final = 253_402_300_799
FIELDS: Final = frozenset({"report_type", "interval_start", "interval_end", "format", "language"})
E = TypeVar("E", bound=StrEnum)

Sign = Callable[[StoredReport, str], str]
"""Makes the address at which a file can be fetched for a while; it is called as the second says."""


@dataclass(frozen=True, slots=True)
class CreateReport:
    """A well-formed wish for a report; without a language it is in that of the answer."""

    type: ReportType
    format: ReportFormat
    starts_at: datetime
    ends_at: datetime
    language: Language | None
    fingerprint: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "CreateReport":
        """Read a body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, FIELDS)
        starts_at, ends_at = _moment(body, "interval_start"), _moment(body, "interval_end")
        if not timedelta() < ends_at - starts_at <= LONGEST:
            raise InvalidRequest("report_interval_invalid", "interval_end", limit=LONGEST.days)
        return cls(
            type=_word(body, "report_type", ReportType),
            format=_word(body, "format", ReportFormat, ReportFormat.CSV),
            starts_at=starts_at,
            ends_at=ends_at,
            language=_language(body.get("language")),
            fingerprint=fingerprint(body),
        )


def create_report(
    command: CreateReport,
    caller: Caller,
    origin: Origin,
    *,
    store: ReportStore,
    now: datetime,
    language: str,
    idempotency_key: str | None,
    traceparent: str | None,
) -> Stored | Replayed:
    """Store the wish; a worker begins once nothing can be added to its stretch of time.

    Raises NotPermitted (`account_suspended`, and `permission_denied` for what the caller may not
    read else), InvalidRequest (`report_interval_invalid`, `too_many_reports`), KeyReused and
    InProgress; then nothing changed.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")
    if not may_read(caller, command.type):
        raise NotPermitted("permission_denied")
    if command.ends_at > now:
        raise InvalidRequest("report_interval_invalid", "interval_end", limit=LONGEST.days)
    at_ms = int(now.timestamp() * 1000)
    report = Report(
        id=new_id(PREFIX, at_ms),
        account=caller.tenant.account,
        livemode=caller.tenant.livemode,
        type=command.type,
        format=command.format,
        language=command.language or language_of(language),
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        created_at=now,
    )
    message = Message(
        event_id=new_id("msg", at_ms),
        topic=REPORT_REQUESTED,
        account=report.account,
        livemode=report.livemode,
        object_id=report.id,
        traceparent=traceparent,
    )
    can_begin = report.readable_at <= now
    key = idempotency_key
    return store.add(
        report,
        message=message if can_begin else None,
        due_at=now + LEASE if can_begin else report.readable_at,
        entry=_entry(origin, "requested", report),
        idempotency=None if key is None else IdempotencyUse(OPERATION, key, command.fingerprint),
        response=to_json(report_object(report, language=language)),
    )


def read_report(
    report_id: str,
    caller: Caller,
    *,
    store: ReportStore,
    sign: Sign,
    language: str,
    now: datetime,
) -> dict[str, Any]:
    """Show one report, with an address of its file if the caller may read it. Raises NotFound."""
    report = _found(report_id, store)
    stored, until = report.file, report.expires_at
    if stored is None or until is None or until <= now or not may_read(caller, report.type):
        return report_object(report, language=language)
    url = sign(stored, report.file_name)
    return report_object(report, language=language, url=url, url_until=now + URL_LASTS)


def list_reports(query: Mapping[str, str], *, store: ReportStore, language: str) -> dict[str, Any]:
    """Show a page of reports, newest first, without addresses."""
    refuse_unknown(query, PAGE_PARAMS)
    found = store.page(Page.parse(query, PREFIX))

    def show(report: Report) -> dict[str, Any]:
        return report_object(report, language=language)

    return page_object(PATH, found, show)


def cancel_report(
    report_id: str,
    caller: Caller,
    origin: Origin,
    *,
    store: ReportStore,
    now: datetime,
    language: str,
) -> dict[str, Any]:
    """Take back a report that is not made yet; the same call again returns it again.

    Raises NotPermitted `account_suspended`, NotFound, InvalidRequest `report_not_cancelable`.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")

    def decide(report: Report) -> tuple[Report, AuditEntry] | None:
        if report.is_canceled:
            return None
        canceled = report.canceled(now)
        if canceled is None:
            raise InvalidRequest("report_not_cancelable", "id")
        return canceled, _entry(origin, "canceled", canceled)

    found = store.change(report_id, decide) if is_id(report_id, PREFIX) else None
    if found is None:
        raise NotFound("resource_missing", "id")
    return report_object(found, language=language)


def may_read(caller: Caller, kind: ReportType) -> bool:
    """Tell whether a caller may read elsewhere what stands in a report of this type."""
    held = rights(caller)
    return all(held.holds(scope) for scope in NEEDED[kind])


def _found(report_id: str, store: ReportStore) -> Report:
    found = store.find(report_id) if is_id(report_id, PREFIX) else None
    if found is None:
        raise NotFound("resource_missing", "id")
    return found


def _entry(origin: Origin, fact: str, report: Report) -> AuditEntry:
    after = {
        "report_type": report.type.value,
        "format": report.format.value,
        "interval_start": report.starts_at,
        "interval_end": report.ends_at,
    }
    return origin.entry(f"{OBJECT}.{fact}", OBJECT, report.id, after=after)


def _moment(body: Mapping[str, Any], name: str) -> datetime:
    value = body.get(name)
    if value is None:
        raise InvalidRequest("parameter_missing", name)
    if type(value) is not int or not 0 <= value <= LATEST:
        raise InvalidRequest("parameter_invalid", name)
    return datetime.fromtimestamp(value, UTC)


def _word(body: Mapping[str, Any], name: str, kind: type[E], usual: E | None = None) -> E:
    value = body.get(name)
    if value is None and usual is not None:
        return usual
    if value is None:
        raise InvalidRequest("parameter_missing", name)
    if not isinstance(value, str) or value not in set(kind):
        raise InvalidRequest("parameter_invalid", name)
    return kind(value)


def _language(value: object) -> Language | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in {"fr", "en"}:
        raise InvalidRequest("parameter_invalid", "language")
    return language_of(value)
