"""A tenant's reports in PostgreSQL: asked for, written by runs of which one holds it, removed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from shared.db.audit import append
from shared.db.charge_statements import EVENT_PARTS, FIND_OUTCOME
from shared.db.charges import NOT_LOCKED, event_values, key_lock, replayed, webhook_messages
from shared.db.reading import bounds, cut
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.audit import AuditEntry
from shared.domain.errors import InProgress, InvalidRequest
from shared.domain.events import REPORT_REQUESTED, WEBHOOK_DUE, Event, Message
from shared.domain.receipt import language_of
from shared.domain.report import (
    MOST_AT_ONCE,
    Report,
    ReportFormat,
    ReportStatus,
    ReportType,
    StoredReport,
)
from shared.operations.lists import Page, PageOf
from shared.operations.ports import IdempotencyUse, Replayed, Stored

_COLUMNS: Final = """id, report_type, format, language, starts_at, ends_at, created_at, status, run,
    rows, progress, lease_until, started_at, ended_at, expires_at, failure_code, object_key,
    sha256, size"""

# Held by whoever adds one, and taken by a statement of its own: the next sees what others wrote.
LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended(:schema::text, 6113408))")

ADD: Final = Statement("""
WITH report AS (
    INSERT INTO reports (id, account_id, report_type, format, language, starts_at, ends_at, status,
                         created_at)
    SELECT :id::text, :account::text, :report_type::text, :format::text, :language::text,
           :starts_at::timestamptz, :ends_at::timestamptz, :status::text, :created_at::timestamptz
    WHERE (SELECT count(*) FROM reports WHERE ended_at IS NULL) < :most::bigint
    RETURNING id
),
kept AS (
    INSERT INTO idempotency_keys (operation, key, account_id, fingerprint, object_id, response,
                                  created_at)
    SELECT :operation::text, :key::text, :account::text, :fingerprint::text, id, :response::text,
           now()
    FROM report WHERE :key::text IS NOT NULL
    ON CONFLICT (operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, object_id = excluded.object_id,
        response = excluded.response, created_at = excluded.created_at
),
due AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'report', id, :account::text, :livemode::boolean, :due_at::timestamptz FROM report
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :message_id::text, :topic::text, :account::text, :livemode::boolean, id,
           :traceparent::text
    FROM report WHERE :message_id::text IS NOT NULL
)
SELECT id FROM report
""")

_FIND: Final = f"SELECT {_COLUMNS} FROM reports WHERE id = :id::text"
FIND: Final = Statement(_FIND)
HOLD: Final = Statement(f"{_FIND} FOR UPDATE")

_PAGE: Final = f"""
SELECT {_COLUMNS} FROM reports
WHERE id > :after::text AND id < :before::text
  AND (:created_from::bigint IS NULL OR created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR created_at < to_timestamp(:created_until::bigint))
ORDER BY id"""
NEWEST: Final = Statement(f"{_PAGE} DESC LIMIT :limit::int")
OLDEST: Final = Statement(f"{_PAGE} LIMIT :limit::int")

CANCEL: Final = Statement("""
WITH report AS (
    UPDATE reports SET status = :status::text, lease_until = NULL, ended_at = :at::timestamptz
    WHERE id = :id::text
)
UPDATE platform.due_work SET due_at = :due_at::timestamptz, lease_until = NULL
WHERE kind = 'report' AND object_id = :id::text
""")

# Whoever claims moves the run on, and a run writes only while it is the last: so the number is the
# whole of the comparison, with the status, which a merchant may change.
CLAIM: Final = Statement("""
WITH gate AS MATERIALIZED (
    UPDATE reports
    SET status = :status::text, run = :run::int, rows = 0, progress = 0,
        lease_until = :lease_until::timestamptz, started_at = :started_at::timestamptz
    WHERE id = :id::text AND run = :run_before::int AND status = :status_before::text
    RETURNING id
),
due AS (
    UPDATE platform.due_work SET due_at = :lease_until::timestamptz, lease_until = NULL
    WHERE kind = 'report' AND object_id IN (SELECT id FROM gate)
)
SELECT count(*) FROM gate
""")

GO_ON: Final = Statement("""
WITH gate AS MATERIALIZED (
    UPDATE reports
    SET rows = :rows::bigint, progress = :progress::int, lease_until = :lease_until::timestamptz
    WHERE id = :id::text AND run = :run::int AND status = 'running'
    RETURNING id
),
due AS (
    UPDATE platform.due_work SET due_at = :lease_until::timestamptz, lease_until = NULL
    WHERE kind = 'report' AND object_id IN (SELECT id FROM gate)
)
SELECT count(*) FROM gate
""")

PUT_OFF: Final = Statement("""
WITH gate AS MATERIALIZED (
    UPDATE reports SET status = :status::text, lease_until = NULL
    WHERE id = :id::text AND run = :run::int AND status = 'running'
    RETURNING id
),
due AS (
    UPDATE platform.due_work SET due_at = :due_at::timestamptz, lease_until = NULL
    WHERE kind = 'report' AND object_id IN (SELECT id FROM gate)
)
SELECT count(*) FROM gate
""")

END: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    UPDATE reports
    SET status = :status::text, rows = :rows::bigint, progress = :progress::int,
        lease_until = NULL, ended_at = :at::timestamptz, expires_at = :expires_at::timestamptz,
        failure_code = :failure_code::text, object_key = :object_key::text,
        sha256 = :sha_hex::text, size = :size::bigint
    WHERE id = :charge_id::text AND run = :run::int AND status = 'running'
    RETURNING id
),
due AS (
    UPDATE platform.due_work SET due_at = :due_at::timestamptz, lease_until = NULL
    WHERE kind = 'report' AND object_id IN (SELECT id FROM gate)
),
{EVENT_PARTS}
SELECT (SELECT count(*) FROM gate), (SELECT string_agg(endpoint_id, ' ') FROM deliveries)
""")

FORGET: Final = Statement("""
WITH report AS (
    UPDATE reports SET object_key = NULL, sha256 = NULL, size = NULL
    WHERE id = :id::text AND ended_at IS NOT NULL
)
UPDATE platform.due_work SET due_at = 'infinity', lease_until = NULL, done_at = now()
WHERE kind = 'report' AND object_id = :id::text
""")


class Reports:
    """ReportStore and ExportStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

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
        use, tenant = idempotency, self._tenant
        lock = None if use is None else key_lock(use, tenant)
        with self._database.tenant(tenant, key_lock=lock) as transaction:
            if use is not None and (known := _earlier(transaction, use)):
                return known
            transaction.run(LOCK, schema=tenant.schema)
            added = transaction.run(
                ADD,
                id=report.id,
                account=tenant.account,
                livemode=tenant.livemode,
                report_type=report.type.value,
                format=report.format.value,
                language=report.language,
                starts_at=report.starts_at,
                ends_at=report.ends_at,
                status=report.status.value,
                created_at=report.created_at,
                most=MOST_AT_ONCE,
                operation=None if use is None else use.operation,
                key=None if use is None else use.key,
                fingerprint=None if use is None else use.fingerprint,
                response=response,
                due_at=due_at,
                topic=REPORT_REQUESTED,
                message_id=None if message is None else message.event_id,
                traceparent=None if message is None else message.traceparent,
            )
            if not added:
                raise InvalidRequest("too_many_reports", limit=MOST_AT_ONCE)
            append(transaction, entry)
            transaction.messages += [] if message is None else [message]
        return Stored(response)

    def find(self, report_id: str) -> Report | None:
        """Return the report, or None."""
        rows = self._database.once(self._tenant, FIND, id=report_id).rows
        return self._report(rows[0]) if rows else None

    def page(self, page: Page) -> PageOf[Report]:
        """Return a page of reports, newest first."""
        statement = NEWEST if page.ending_before is None else OLDEST
        rows = self._database.once(self._tenant, statement, **bounds(page)).rows
        return cut([self._report(row) for row in rows], page)

    def change(
        self, report_id: str, decide: Callable[[Report], tuple[Report, AuditEntry] | None]
    ) -> Report | None:
        """Hold a report and keep what `decide` makes of it; None where there is none."""
        with self._database.tenant(self._tenant) as transaction:
            rows = transaction.run(HOLD, id=report_id)
            if not rows:
                return None
            report = self._report(rows[0])
            decided = decide(report)
            if decided is None:
                return report
            report, entry = decided
            transaction.run(
                CANCEL,
                id=report.id,
                status=report.status.value,
                at=report.ended_at,
                due_at=report.removed_at,
            )
            append(transaction, entry)
        return report

    def claim(self, report: Report, claimed: Report) -> bool:
        """Keep a report as the next run has it, if it is as it was read; else False."""
        return self._changed(
            CLAIM,
            id=report.id,
            status=claimed.status.value,
            run=claimed.run,
            lease_until=claimed.lease_until,
            started_at=claimed.started_at,
            run_before=report.run,
            status_before=report.status.value,
        )

    def go_on(self, report: Report) -> bool:
        """Keep how far a run is and its lease; False where the report is not its any more."""
        return self._changed(
            GO_ON,
            id=report.id,
            run=report.run,
            rows=report.rows,
            progress=report.progress,
            lease_until=report.lease_until,
        )

    def put_off(self, report: Report, until: datetime) -> bool:
        """Give a run's report back until a moment; False where it is not that run's any more."""
        return self._changed(
            PUT_OFF, id=report.id, run=report.run, status=report.status.value, due_at=until
        )

    def end(self, report: Report, event: Event, *, traceparent: str | None) -> bool:
        """Keep a run's end and tell the merchant; False where it is not that run's any more."""
        tenant, stored = self._tenant, report.file
        once = self._database.once(
            tenant,
            END,
            **{**event_values(event, tenant, traceparent), "at": report.ended_at},
            charge_id=report.id,
            run=report.run,
            status=report.status.value,
            rows=report.rows,
            progress=report.progress,
            expires_at=report.expires_at,
            due_at=report.removed_at,
            failure_code=report.failure_code,
            object_key=None if stored is None else stored.key,
            sha_hex=None if stored is None else stored.sha256,
            size=None if stored is None else stored.size,
        )
        ended, endpoints = once.rows[0]
        like = Message(
            event.id, WEBHOOK_DUE, tenant.account, tenant.livemode, report.id, traceparent
        )
        self._database.hand_on(webhook_messages(event, endpoints, like))
        return bool(ended)

    def forget(self, report_id: str) -> None:
        """Keep that nothing of a report is in the store any more, and nothing of it is due."""
        self._database.once(self._tenant, FORGET, id=report_id)

    def _changed(self, statement: Statement, **given: Any) -> bool:
        return bool(self._database.once(self._tenant, statement, **given).rows[0][0])

    def _report(self, row: Sequence[Any]) -> Report:
        is_stored = row[16] is not None
        return Report(
            id=row[0],
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            type=ReportType(row[1]),
            format=ReportFormat(row[2]),
            language=language_of(row[3]),
            starts_at=row[4],
            ends_at=row[5],
            created_at=row[6],
            status=ReportStatus(row[7]),
            run=row[8],
            rows=row[9],
            progress=row[10],
            lease_until=row[11],
            started_at=row[12],
            ended_at=row[13],
            expires_at=row[14],
            failure_code=row[15],
            file=StoredReport(*row[16:19]) if is_stored else None,
        )


def _earlier(transaction: Transaction, use: IdempotencyUse) -> Replayed | None:
    """Return what the key was answered. Raises InProgress, KeyReused."""
    if transaction.opening_rows[-1][-1] == NOT_LOCKED:
        raise InProgress("idempotency_in_progress", retry_after_seconds=1)
    known = transaction.run(FIND_OUTCOME, operation=use.operation, key=use.key)
    return replayed(use, *known[0]) if known else None
