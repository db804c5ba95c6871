"""A tenant's API keys, through the tenant's own role: it sees and moves no other, and no HMAC."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from shared.db import notices
from shared.db.audit import append
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.api_key import KeyKind
from shared.domain.audit import AuditEntry
from shared.domain.notification import Notification
from shared.operations.stored_keys import PREFIX, Maker, StoredKey, made_notice, review_notice

_FIELDS: Final = tuple(field.name for field in fields(StoredKey))
_COLUMNS: Final = ", ".join(_FIELDS).replace("allowed_from", "allowed_from::text[]")
_WORKS: Final = """revoked_at IS NULL AND {now} < ALL (ARRAY[COALESCE(expires_at, 'infinity'),
    COALESCE(overlap_until, 'infinity'), COALESCE(review_by, 'infinity')])"""
_INSERT: Final = """INSERT INTO platform.api_keys (id, account_id, livemode, kind, secret_hmac,
        last4, scopes, created_at, name, made_by, expires_at, allowed_from)
    SELECT :id::text, :account::text, :livemode::boolean, :kind::text,
        decode(:hmac_hex::text, 'hex'), :ending::text, :scopes::text[], :now::timestamptz,
        :name::text, :made_by::text, :expires_at::timestamptz, :allowed_from::text[]::cidr[]"""

# The maker is as it was read and makes keys still; held, so that nobody ends it before the commit:
# a key by its id, a person by her duty.
_MAKER: Final = f"""maker AS MATERIALIZED (
    SELECT id FROM platform.api_keys
    WHERE id = :maker::text AND rotated_to IS NULL AND review_by IS NULL
      AND scopes = :maker_scopes::text[]
      AND allowed_from = :maker_allowed_from::text[]::cidr[]
      AND {_WORKS.format(now=":now::timestamptz")}
    FOR SHARE
),
member AS MATERIALIZED (
    SELECT person FROM platform.members
    WHERE account_id = :account::text AND person = :person::text AND duty = :duty::text
      AND ended_at IS NULL
    FOR SHARE
)"""
_MAKER_STANDS: Final = "(EXISTS (SELECT FROM maker) OR EXISTS (SELECT FROM member))"

# Held by whoever writes keys, and taken by a statement of its own: the next sees what others wrote.
# Else two would find the last place free, and a key made while its maker is revoked go unreviewed.
LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended(:schema::text, 6113405))")

ADD: Final = Statement(f"""
WITH {_MAKER}
{_INSERT}
WHERE {_MAKER_STANDS} AND :most::bigint > (
    SELECT count(*) FROM platform.api_keys
    WHERE account_id = :account::text AND livemode = :livemode::boolean
      AND {_WORKS.format(now=":now::timestamptz")}
)
RETURNING id
""")

FIND: Final = Statement(f"SELECT {_COLUMNS} FROM platform.api_keys WHERE id = :id::text")

PAGE: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.api_keys
WHERE account_id = :account::text AND livemode = :livemode::boolean
  AND (:after::text IS NULL OR (created_at, id) < (
    SELECT created_at, id FROM platform.api_keys WHERE id = :after::text
  ))
ORDER BY created_at DESC, id DESC LIMIT :limit::bigint
""")

REPLACE: Final = Statement(f"""
WITH {_MAKER},
old AS (
    UPDATE platform.api_keys SET rotated_to = :id::text, overlap_until = :until::timestamptz
    WHERE id = :old::text AND rotated_to IS NULL AND {_WORKS.format(now=":now::timestamptz")}
      AND scopes = :scopes::text[] AND allowed_from = :allowed_from::text[]::cidr[]
      AND {_MAKER_STANDS}
    RETURNING id
)
{_INSERT}
FROM old
RETURNING id
""")

NARROW: Final = Statement("""
UPDATE platform.api_keys
SET scopes = :scopes::text[], allowed_from = :allowed_from::text[]::cidr[]
WHERE id = :id::text AND revoked_at IS NULL AND scopes = :old_scopes::text[]
  AND allowed_from = :old_allowed_from::text[]::cidr[]
RETURNING id
""")

# Reviewed is whatever a key made, and what that made: a thief would let a second make the third.
REVOKE: Final = Statement("""
WITH RECURSIVE gone AS (
    UPDATE platform.api_keys SET revoked_at = :now::timestamptz
    WHERE id = :id::text AND revoked_at IS NULL
    RETURNING id
),
made AS (
    SELECT k.id FROM platform.api_keys k JOIN gone g ON k.made_by = :prefix::text || g.id
    UNION
    SELECT k.id FROM platform.api_keys k JOIN made m ON k.made_by = :prefix::text || m.id
),
reviewed AS (
    UPDATE platform.api_keys SET review_by = :review_by::timestamptz
    WHERE id IN (SELECT id FROM made) AND revoked_at IS NULL AND review_by IS NULL
    RETURNING id
)
SELECT ARRAY(SELECT :prefix::text || id FROM reviewed ORDER BY id) FROM gone
""")


class Keys:
    """KeyStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def add(
        self, key: StoredKey, secret_hmac: bytes, *, maker: Maker, most: int, entry: AuditEntry
    ) -> bool:
        """Store a new key; False where so many work already, or its maker is not as it was read."""
        values = self._values(key, secret_hmac) | _maker(maker)
        notice = made_notice(key, self._tenant.account)
        return self._write(entry, ADD, notice, **values, most=most)

    def find(self, key_id: str) -> StoredKey | None:
        """Return a key of this account and mode, or None."""
        rows = self._run(FIND, id=key_id)
        return _key(rows[0]) if rows else None

    def page(self, *, limit: int, after: str | None) -> Sequence[StoredKey]:
        """Return up to so many keys, newest first, that are older than another."""
        account, livemode = self._tenant.account, self._tenant.livemode
        rows = self._run(PAGE, account=account, livemode=livemode, after=after, limit=limit)
        return [_key(row) for row in rows]

    def replace(
        self,
        old: str,
        new: StoredKey,
        secret_hmac: bytes,
        *,
        maker: Maker,
        until: datetime,
        entry: AuditEntry,
    ) -> bool:
        """Store a new key in an old one's place; False where that has ended or can less by now.

        Or where its maker is not as it was read.
        """
        values = self._values(new, secret_hmac) | _maker(maker)
        notice = made_notice(new, self._tenant.account)
        return self._write(entry, REPLACE, notice, **values, old=old, until=until)

    def narrow(
        self, key: StoredKey, *, scopes: Sequence[str], ranges: Sequence[str], entry: AuditEntry
    ) -> bool:
        """Give a key less; False where it is no longer as it was read."""
        return self._write(
            entry,
            NARROW,
            None,
            id=key.id,
            scopes=list(scopes),
            allowed_from=list(ranges),
            old_scopes=list(key.scopes),
            old_allowed_from=list(key.allowed_from),
        )

    def revoke(self, key_id: str, *, review_by: datetime, entry: AuditEntry) -> None:
        """Revoke a key at the entry's time, and have what it made, and what that made, reviewed."""
        values = {"id": key_id, "now": entry.at, "review_by": review_by, "prefix": PREFIX}
        with self._writing() as transaction:
            for [reviewed] in transaction.run(REVOKE, **values):
                also = {"put_under_review": reviewed, "review_by": review_by} if reviewed else {}
                if reviewed:
                    notices.add(
                        transaction,
                        review_notice(reviewed, self._tenant, review_by=review_by, now=entry.at),
                    )
                append(transaction, entry.also(**also))

    def _run(self, statement: Statement, **values: Any) -> list[list[Any]]:
        return self._database.once(self._tenant, statement, **values).rows

    def _write(
        self, entry: AuditEntry, statement: Statement, notice: Notification | None, **values: Any
    ) -> bool:
        """Run a statement; keep entry and notice if it did anything; tell whether it did."""
        with self._writing() as transaction:
            rows = transaction.run(statement, **values)
            if rows and notice is not None:
                notices.add(transaction, notice)
            if rows:
                append(transaction, entry)
        return bool(rows)

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        with self._database.tenant(self._tenant) as transaction:
            transaction.run(LOCK, schema=self._tenant.schema)
            yield transaction

    def _values(self, key: StoredKey, secret_hmac: bytes) -> dict[str, Any]:
        return {
            "id": key.id,
            "account": self._tenant.account,
            "livemode": self._tenant.livemode,
            "kind": key.kind.value,
            "hmac_hex": secret_hmac.hex(),
            "ending": key.last4,
            "scopes": list(key.scopes),
            "now": key.created_at,
            "name": key.name,
            "made_by": key.made_by,
            "expires_at": key.expires_at,
            "allowed_from": list(key.allowed_from),
        }


def _maker(maker: Maker) -> dict[str, Any]:
    key, member = (maker, None) if isinstance(maker, StoredKey) else (None, maker)
    return {
        "maker": key and key.id,
        "maker_scopes": [] if key is None else list(key.scopes),
        "maker_allowed_from": [] if key is None else list(key.allowed_from),
        "person": member and member.person,
        "duty": member and member.duty.value,
    }


def _key(row: list[Any]) -> StoredKey:
    values = dict(zip(_FIELDS, row, strict=True))
    values |= {"kind": KeyKind(values["kind"])}
    values |= {name: tuple(values[name]) for name in ("scopes", "allowed_from")}
    return StoredKey(**values)
