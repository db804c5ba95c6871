"""Archives of ledgers in PostgreSQL: what is to be archived, and where what was lies.

The rows are the platform's; a ledger is read inside the wall of its tenant.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, text

from shared.db.holds import SEAL
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.ledger_archive import Archive
from shared.domain.ledger_seal import Booked, Seal
from shared.operations.ports import StoredObject

TENANTS: Final = Statement("""
SELECT account_id, livemode FROM platform.account_schemas ORDER BY account_id, livemode
""")

_ARCHIVE: Final = """account_id, livemode, number, generation, after_position, after_id,
    after_transactions, after_previous, after_hash, until_position, opening, previous, created_at,
    content_sha256, head_id, head_transactions, head_previous, head_hash, closing"""
NEWEST: Final = Statement(f"""
SELECT {_ARCHIVE} FROM platform.ledger_archives
WHERE account_id = :account::text AND livemode = :livemode::boolean
ORDER BY number DESC LIMIT 1
""")
ALL: Final = text(f"""
SELECT {_ARCHIVE}, object_key, version_id, sha256 FROM platform.ledger_archives
WHERE account_id = :account AND livemode = :livemode AND number > :after
ORDER BY number LIMIT 100
""")

PLAN: Final = Statement("""
INSERT INTO platform.ledger_archives (account_id, livemode, number, generation, after_position,
    after_id, after_transactions, after_previous, after_hash, until_position, opening, previous,
    created_at)
VALUES (:account::text, :livemode::boolean, :number::int, :generation::int,
    :after_position::bigint, :after_id::text, :after_transactions::int,
    decode(:after_previous::text, 'hex'), decode(:after_hash::text, 'hex'),
    :until_position::bigint, :opening::jsonb, :previous::text, :at::timestamptz)
ON CONFLICT DO NOTHING
RETURNING number
""")

MARK_STORED: Final = Statement("""
UPDATE platform.ledger_archives
SET content_sha256 = :content_hex::text, head_id = :head_id::text,
    head_transactions = :head_transactions::int,
    head_previous = decode(:head_previous::text, 'hex'),
    head_hash = decode(:head_hash::text, 'hex'), closing = :closing::jsonb,
    object_key = :object_key::text, version_id = :version_id::text, sha256 = :sha_hex::text,
    stored_at = :at::timestamptz
WHERE account_id = :account::text AND livemode = :livemode::boolean AND number = :number::int
  AND stored_at IS NULL
RETURNING number
""")

_SEAL: Final = "position, until_id, transactions, previous_hash, hash"
SEAL_AT: Final = Statement(f"SELECT {_SEAL} FROM ledger_seals WHERE position = :position::bigint")
SEALS: Final = Statement(f"""
SELECT {_SEAL} FROM ledger_seals WHERE position > :after::bigint
ORDER BY position LIMIT :limit::int
""")

BOOKED: Final = Statement("""
SELECT t.id, t.kind, t.object_id, t.created_at,
  ARRAY(SELECT p.position::text FROM postings p WHERE p.transaction_id = t.id ORDER BY p.position),
  ARRAY(SELECT p.code FROM postings p WHERE p.transaction_id = t.id ORDER BY p.position),
  ARRAY(SELECT p.amount FROM postings p WHERE p.transaction_id = t.id ORDER BY p.position)
FROM ledger_transactions t WHERE t.id > :after::text AND t.id <= :until::text ORDER BY t.id
""")


class Archives:
    """ArchiveStore, as the application's login and as each tenant's role."""

    def __init__(self, database: Database) -> None:
        """Keep the pool; opens nothing yet."""
        self._database = database

    def tenants(self) -> Sequence[Tenant]:
        """Return each account in each of its modes."""
        rows = self._database.once(None, TENANTS).rows
        return [Tenant(account, livemode) for account, livemode in rows]

    def seal(self, tenant: Tenant, *, below: str, most: int, at: datetime) -> int:
        """Seal up to so many transactions below an id, if some time has passed; return how many."""
        rows = self._database.once(
            None,
            SEAL,
            account=tenant.account,
            livemode=tenant.livemode,
            below=below,
            most=most,
            at=at,
        ).rows
        return int(rows[0][0])

    def newest(self, tenant: Tenant) -> Archive | None:
        """Return the archive with the highest number, stored or planned."""
        rows = self._database.once(None, NEWEST, **_whose(tenant)).rows
        return _archive(rows[0]) if rows else None

    def seal_at(self, tenant: Tenant, position: int) -> Seal | None:
        """Return the seal at a position of the ledger, or None."""
        rows = self._database.once(tenant, SEAL_AT, position=position).rows
        return _seal(rows[0]) if rows else None

    def seals(self, tenant: Tenant, *, after: int, limit: int) -> Sequence[Seal]:
        """Return the seals behind a position, in their order."""
        rows = self._database.once(tenant, SEALS, after=after, limit=limit).rows
        return [_seal(row) for row in rows]

    def booked(self, tenant: Tenant, *, after: str, until: str) -> Sequence[Booked]:
        """Return the transactions behind one id up to another, in the order of ids."""
        rows = self._database.once(tenant, BOOKED, after=after, until=until).rows
        return [
            Booked(
                name, kind, about, at, tuple(zip(map(int, positions), codes, amounts, strict=True))
            )
            for name, kind, about, at, positions, codes, amounts in rows
        ]

    def plan(self, archive: Archive) -> bool:
        """Keep what is to be archived; False where another run was first."""
        after = archive.after
        return bool(
            self._database.once(
                None,
                PLAN,
                account=archive.account,
                livemode=archive.livemode,
                number=archive.number,
                generation=archive.generation,
                after_position=after.position,
                after_id=after.until_id,
                after_transactions=after.transactions,
                after_previous=after.previous_hash.hex(),
                after_hash=after.hash.hex(),
                until_position=archive.until,
                opening=json.dumps(archive.opening),
                previous=archive.previous,
                at=archive.created_at,
            ).rows
        )

    def mark_stored(self, archive: Archive, stored: StoredObject, *, at: datetime) -> bool:
        """Keep where an archive lies, and how it ends; False when that was done before."""
        head = archive.head
        if head is None or archive.sha256 is None:
            raise ValueError("an archive that is stored has an end")
        return bool(
            self._database.once(
                None,
                MARK_STORED,
                account=archive.account,
                livemode=archive.livemode,
                number=archive.number,
                content_hex=archive.sha256,
                head_id=head.until_id,
                head_transactions=head.transactions,
                head_previous=head.previous_hash.hex(),
                head_hash=head.hash.hex(),
                closing=json.dumps(archive.closing),
                object_key=stored.key,
                version_id=stored.version_id,
                sha_hex=stored.sha256,
                at=at,
            ).rows
        )


def stored_archives(
    engine: Engine, tenant: Tenant
) -> Iterator[tuple[Archive, StoredObject | None]]:
    """Yield the archives of a tenant by number, with where each lies, as the owner."""
    after = 0
    while True:
        with engine.connect() as connection:
            rows = connection.execute(ALL, {**_whose(tenant), "after": after}).all()
        for row in rows:
            *parts, key, version_id, sha256 = row
            archive = _archive(parts)
            yield archive, None if key is None else StoredObject(key, version_id, sha256)
            after = archive.number
        if not rows:
            return


def _whose(tenant: Tenant) -> dict[str, Any]:
    return {"account": tenant.account, "livemode": tenant.livemode}


def _seal(row: Sequence[Any]) -> Seal:
    return Seal(row[0], row[1], row[2], bytes(row[3]), bytes(row[4]))


def _archive(row: Sequence[Any]) -> Archive:
    is_stored = row[13] is not None
    return Archive(
        account=row[0],
        livemode=row[1],
        number=row[2],
        generation=row[3],
        after=_seal(row[4:9]),
        until=row[9],
        opening=row[10],
        previous=row[11],
        created_at=row[12],
        sha256=row[13],
        head=_seal((row[9], *row[14:18])) if is_stored else None,
        closing=row[18] or {},
    )
