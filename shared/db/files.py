"""Files in PostgreSQL: each tenant's own rows; the bytes lie in the object store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from shared.db.charge_statements import EVENT_PARTS
from shared.db.charges import NOT_LOCKED, event_values, key_lock, replayed, webhook_messages
from shared.db.reading import bounds, cut
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.errors import InProgress
from shared.domain.events import WEBHOOK_DUE, Event, Message
from shared.domain.file import PREFIX, Fault, FileStatus, FileType, Purpose, StoredFile
from shared.domain.ids import first_id
from shared.operations.lists import Page, PageOf
from shared.operations.ports import IdempotencyUse, Replayed, Stored

_COLUMNS: Final = """id, purpose, file_name, type, size, sha256, made_by, created_at, retain_until,
    status, fault, object_key, version_id"""

LOOK: Final = Statement("""
SELECT k.fingerprint, k.response, (SELECT count(*) FROM files WHERE id > :since::text)
FROM (VALUES (1)) AS one
LEFT JOIN idempotency_keys k ON k.operation = :operation::text AND k.key = :key::text
  AND k.created_at > now() - interval '24 hours'
""")

# As in `charge_statements.CREATE`: without the lock on its key nothing is written.
ADD: Final = Statement("""
WITH earlier AS MATERIALIZED (
    SELECT fingerprint, response FROM idempotency_keys
    WHERE operation = :operation::text AND key = :key::text
      AND created_at > now() - interval '24 hours'
),
gate AS MATERIALIZED (
    SELECT 1 WHERE NOT EXISTS (SELECT FROM earlier)
      AND COALESCE(current_setting('pay.key_lock', true), '') <> 'false'
),
file AS (
    INSERT INTO files (id, account_id, purpose, file_name, type, size, sha256, made_by, created_at,
                       retain_until)
    SELECT :id::text, :account::text, :purpose::text, :file_name::text, :type::text, :size::bigint,
           :sha_hex::text, :made_by::text, :at::timestamptz, :retain_until::timestamptz
    FROM gate
),
kept AS (
    INSERT INTO idempotency_keys (operation, key, account_id, fingerprint, object_id, response,
                                  created_at)
    SELECT :operation::text, :key::text, :account::text, :fingerprint::text, :id::text,
           :response::text, now()
    FROM gate WHERE :key::text IS NOT NULL
    ON CONFLICT (operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, object_id = excluded.object_id,
        response = excluded.response, created_at = excluded.created_at
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :message_id::text, :topic::text, :account::text, :livemode::boolean, :id::text,
           :traceparent::text
    FROM gate
)
SELECT (SELECT fingerprint FROM earlier), (SELECT response FROM earlier)
""")

FIND: Final = Statement(f"SELECT {_COLUMNS} FROM files WHERE id = :id::text")
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM files
WHERE id > :after::text AND id < :before::text
  AND (:purpose::text IS NULL OR purpose = :purpose::text)
  AND (:created_from::bigint IS NULL OR created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR created_at < to_timestamp(:created_until::bigint))
ORDER BY id"""
NEWEST: Final = Statement(f"{_PAGE} DESC LIMIT :limit::int")
OLDEST: Final = Statement(f"{_PAGE} LIMIT :limit::int")

DECIDE: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    UPDATE files
    SET status = :status::text, fault = :fault::text, object_key = :object_key::text,
        version_id = :version_id::text, decided_at = :at::timestamptz
    WHERE id = :charge_id::text AND status = 'quarantined'
    RETURNING id
),
{EVENT_PARTS}
SELECT (SELECT count(*) FROM gate), (SELECT string_agg(endpoint_id, ' ') FROM deliveries)
""")


class Files:
    """FileTaking, FileReads and FileDeciding of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def look(self, use: IdempotencyUse | None, *, since: datetime) -> tuple[Replayed | None, int]:
        """Return what a key was answered before, and how many files came since."""
        [[known, response, count]] = self._database.once(
            self._tenant,
            LOOK,
            operation=None if use is None else use.operation,
            key=None if use is None else use.key,
            since=first_id(PREFIX, int(since.timestamp() * 1000)),
        ).rows
        return (None if known is None else replayed(use, known, response)), count

    def add(
        self, file: StoredFile, message: Message, *, use: IdempotencyUse | None, response: str
    ) -> Stored | Replayed:
        """Store its row and the message that has it looked through."""
        once = self._database.once(
            self._tenant,
            ADD,
            key_lock=None if use is None else key_lock(use, self._tenant),
            id=file.id,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            purpose=file.purpose.value,
            file_name=file.file_name,
            type=file.type.value,
            size=file.size,
            sha_hex=file.sha256,
            made_by=file.made_by,
            at=file.created_at,
            retain_until=file.retain_until,
            operation=None if use is None else use.operation,
            key=None if use is None else use.key,
            fingerprint=None if use is None else use.fingerprint,
            response=response,
            message_id=message.event_id,
            topic=message.topic,
            traceparent=message.traceparent,
        )
        if use is not None and once.opened == NOT_LOCKED:
            raise InProgress("idempotency_in_progress", retry_after_seconds=1)
        known, earlier = once.rows[0]
        if known is not None:
            return replayed(use, known, earlier)
        self._database.hand_on([message])
        return Stored(response)

    def find_file(self, file_id: str) -> StoredFile | None:
        """Return the file, or None."""
        rows = self._database.once(self._tenant, FIND, id=file_id).rows
        return file_of(rows[0], self._tenant) if rows else None

    def list_files(self, page: Page, *, purpose: Purpose | None) -> PageOf[StoredFile]:
        """Return a page of files, newest first."""
        statement = NEWEST if page.ending_before is None else OLDEST
        wanted: dict[str, Any] = {"purpose": None if purpose is None else purpose.value}
        rows = self._database.once(self._tenant, statement, **bounds(page), **wanted).rows
        return cut([file_of(row, self._tenant) for row in rows], page)

    def decide(
        self, file: StoredFile, event: Event, *, at: datetime, traceparent: str | None
    ) -> bool:
        """Keep what became of a quarantined file and tell the merchant; False if that was done."""
        tenant = self._tenant
        values = event_values(event, tenant, traceparent)
        once = self._database.once(
            tenant,
            DECIDE,
            **{**values, "at": at},
            charge_id=file.id,
            status=file.status.value,
            fault=None if file.fault is None else file.fault.value,
            object_key=file.object_key,
            version_id=file.version_id,
        )
        won, endpoints = once.rows[0]
        like = Message(event.id, WEBHOOK_DUE, tenant.account, tenant.livemode, file.id, traceparent)
        self._database.hand_on(webhook_messages(event, endpoints, like))
        return bool(won)


def file_of(row: Sequence[Any], tenant: Tenant) -> StoredFile:
    """Return the file that a row of FIND is."""
    return StoredFile(
        id=row[0],
        account=tenant.account,
        livemode=tenant.livemode,
        purpose=Purpose(row[1]),
        file_name=row[2],
        type=FileType(row[3]),
        size=row[4],
        sha256=row[5],
        made_by=row[6],
        created_at=row[7],
        retain_until=row[8],
        status=FileStatus(row[9]),
        fault=None if row[10] is None else Fault(row[10]),
        object_key=row[11],
        version_id=row[12],
    )
