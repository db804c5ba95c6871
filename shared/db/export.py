"""Reads all rows of one account, as they were at one moment, a few at a time.

One REPEATABLE READ transaction sees both modes and the platform's rows at the same moment, and a
cursor of the server's hands them out, so that memory does not grow with the account.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, text

from shared.domain.account import Tenant

ROWS_AT_ONCE: Final = 500
# What opens a door, or would let somebody try numbers and tokens, stays here.
SECRET: Final = re.compile(r"(^|_)(hmac|sealed|secret|token_hash)($|_)")
_NO_DATA: Final = frozenset({"alembic_version"})

COLUMNS: Final = text("""
SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) AS columns
FROM information_schema.columns WHERE table_schema = :schema GROUP BY table_name ORDER BY table_name
""")

SCHEMAS: Final = text("""
SELECT livemode, revision FROM platform.account_schemas WHERE account_id = :account
ORDER BY livemode
""")

# Tables of the platform whose rows say in another way whose they are.
_OTHERWISE: Final = {
    "accounts": "id = :account",
    "operator_accounts": "owner = :account",
    "audit_entries": "object_id = :account",
    "callback_inbox": """token_hash IN (
        SELECT token_hash FROM platform.callback_tokens WHERE account_id = :account)""",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A table of which an account's rows are wanted; `where` is SQL over :account."""

    schema: str
    table: str
    columns: tuple[str, ...]
    where: str

    @property
    def name(self) -> str:
        """How the table is called in an export: `test/charges`, `platform/members`."""
        folder = self.schema.rpartition("_")[2] if self.schema.startswith("t_") else self.schema
        return f"{folder}/{self.table}"


@dataclass(frozen=True, slots=True)
class Mode:
    """A schema of the account and how far it is migrated."""

    tenant: Tenant
    revision: str


class AccountSnapshot:
    """An account's rows at one moment."""

    def __init__(self, connection: Connection, account: str) -> None:
        """Keep a transaction that sees one moment."""
        self._connection = connection
        self._account = account

    def modes(self) -> tuple[Mode, ...]:
        """Return the account's schemas, test first; none where there is no such account."""
        rows = self._connection.execute(SCHEMAS, {"account": self._account}).all()
        return tuple(Mode(Tenant(self._account, row.livemode), row.revision) for row in rows)

    def moment(self) -> str:
        """Return when it was, by the database's clock."""
        now = self._connection.exec_driver_sql("SELECT to_json(now()) #>> '{}'").scalar_one()
        return str(now)

    def sources(self) -> Iterator[Source]:
        """Yield every table of both modes, then those of the platform with the account's rows."""
        for mode in self.modes():
            for table, columns in self._columns(mode.tenant.schema):
                yield Source(mode.tenant.schema, table, _open(columns), "true")
        for table, columns in self._columns("platform"):
            where = _OTHERWISE.get(table)
            if where is None and "account_id" in columns:
                where = "account_id = :account"
            if where is not None:
                yield Source("platform", table, _open(columns), where)

    def rows(self, source: Source) -> Iterator[str]:
        """Yield each row as a JSON object on one line."""
        wanted = ", ".join(f'r."{column}"' for column in source.columns)
        where = source.where.replace(":account", f"'{self._account}'")
        self._connection.exec_driver_sql(
            f"DECLARE export NO SCROLL CURSOR FOR SELECT to_json(x)::text"
            f' FROM (SELECT {wanted} FROM "{source.schema}"."{source.table}" r WHERE {where}) x'
        )
        while found := self._connection.exec_driver_sql(f"FETCH {ROWS_AT_ONCE} FROM export").all():
            for [row] in found:
                yield row
        self._connection.exec_driver_sql("CLOSE export")

    def _columns(self, schema: str) -> Iterator[tuple[str, Sequence[str]]]:
        for table, columns in self._connection.execute(COLUMNS, {"schema": schema}).all():
            if table not in _NO_DATA:
                yield table, columns


@contextmanager
def account_snapshot(engine: Engine, account: str) -> Iterator[AccountSnapshot]:
    """Open an account at one moment, to be read only. Raises ValueError for what is no id."""
    Tenant(account, livemode=False)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield AccountSnapshot(connection, account)


def _open(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(column for column in columns if not SECRET.search(column))
