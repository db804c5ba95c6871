"""Operators' statements as administrators upload and see them, by the owner's login."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db.audit import append
from shared.db.scheduling import put_in_outbox
from shared.db.statement import Statement
from shared.db.transaction import UNIQUE_VIOLATION, Database, error_code
from shared.domain.audit import AuditEntry
from shared.domain.events import Message
from shared.domain.operator_statement import LineState, OperatorStatement
from shared.operations.statement_store import StatedAccount

COLUMNS: Final = """id, operator_account_id, owner, livemode, version, sha256, object_key,
    version_id, first_day, last_day, opening, closing, line_count, uploaded_by, uploaded_at,
    lines_done, processed_at"""

FIND_ACCOUNT: Final = Statement("""
SELECT id, NULLIF(owner, 'platform'), livemode, currency, statement_version
FROM platform.operator_accounts WHERE statement_account = :name::text
""")

FIND_SAME: Final = Statement("SELECT id FROM platform.statements WHERE sha256 = :digest::text")

ADD: Final = Statement(f"""
INSERT INTO platform.statements ({COLUMNS})
VALUES (:id::text, :operator_account::text, :account::text, :livemode::boolean, :version::text,
    :digest::text, :object_key::text, :version_id::text, :first_day::date, :last_day::date,
    :opening::bigint, :closing::bigint, :line_count::int, :uploaded_by::text,
    :uploaded_at::timestamptz, 0, NULL)
""")

FIND: Final = Statement(f"SELECT {COLUMNS} FROM platform.statements WHERE id = :id::text")

# Ids are in the order of time; `LAST` lies outside every id. Two statements, each with its index.
LAST: Final = "~"
_PAGE: Final = f"""
SELECT {COLUMNS} FROM platform.statements
WHERE id < :before::text {{of_account}} ORDER BY id DESC LIMIT :limit::int
"""
PAGE: Final = Statement(_PAGE.format(of_account=""))
PAGE_OF_ACCOUNT: Final = Statement(
    _PAGE.format(of_account="AND operator_account_id = :operator_account::text")
)

COUNTS: Final = Statement("""
SELECT state, count(*) FROM platform.statement_lines
WHERE statement_id = :id::text GROUP BY state
UNION ALL
SELECT 'missing_there', count(*) FROM platform.cases
WHERE statement_id = :id::text AND reason = 'statement_missing_there'
""")


class StatementTaking:
    """What is known of a statement before it is taken, by whichever login takes it."""

    def __init__(self, database: Database) -> None:
        """`database` connects as that login; nothing is opened yet."""
        self._database = database

    def find_account(self, name: str) -> StatedAccount | None:
        """Return the operator account that an operator calls so, or None."""
        rows = self._database.once(None, FIND_ACCOUNT, name=name).rows
        return StatedAccount(*rows[0]) if rows else None

    def find_same(self, sha256: str) -> str | None:
        """Return the id of the statement of these bytes, or None."""
        rows = self._database.once(None, FIND_SAME, digest=sha256).rows
        return str(rows[0][0]) if rows else None


class StatementUploads(StatementTaking):
    """UploadStore in PostgreSQL, by the login of the owner of all schemas."""

    def add(self, statement: OperatorStatement, entry: AuditEntry, message: Message) -> bool:
        """Store it, what the platform's chain tells of it, and its message.

        False where the same bytes are there.
        """
        try:
            with self._database.platform() as transaction:
                transaction.run(ADD, **_values(statement))
                put_in_outbox(transaction, [message])
                append(transaction, entry)
        except DatabaseError as error:
            if error_code(error) == UNIQUE_VIOLATION:
                return False
            raise
        return True

    def find(self, statement_id: str) -> OperatorStatement | None:
        """Return a statement, or None."""
        rows = self._database.once(None, FIND, id=statement_id).rows
        return OperatorStatement(*rows[0]) if rows else None

    def page(
        self, *, limit: int, after: str | None, operator_account: str | None
    ) -> Sequence[OperatorStatement]:
        """Return up to so many statements, newest first."""
        named: dict[str, Any] = {}
        if operator_account is not None:
            named["operator_account"] = operator_account
        statement = PAGE_OF_ACCOUNT if named else PAGE
        before = after or LAST
        rows = self._database.once(None, statement, **named, before=before, limit=limit).rows
        return [OperatorStatement(*row) for row in rows]

    def counts(self, statement_id: str) -> Mapping[LineState, int]:
        """Return how many lines, and payments that are missing there, are in which state."""
        rows = self._database.once(None, COUNTS, id=statement_id).rows
        return {LineState(state): count for state, count in rows}


def _values(statement: OperatorStatement) -> dict[str, Any]:
    return {
        "id": statement.id,
        "operator_account": statement.operator_account,
        "account": statement.account,
        "livemode": statement.livemode,
        "version": statement.version,
        "digest": statement.sha256,
        "object_key": statement.object_key,
        "version_id": statement.version_id,
        "first_day": statement.first_day.isoformat(),
        "last_day": statement.last_day.isoformat(),
        "opening": statement.opening,
        "closing": statement.closing,
        "line_count": statement.line_count,
        "uploaded_by": statement.uploaded_by,
        "uploaded_at": statement.uploaded_at,
    }
