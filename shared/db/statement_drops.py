"""What was dropped in the bucket of statements, by the workers' login."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pg8000.exceptions import DatabaseError

from shared.db.scheduling import put_in_outbox
from shared.db.statement import Statement
from shared.db.statement_uploads import StatementTaking
from shared.db.transaction import UNIQUE_VIOLATION, error_code
from shared.domain.audit import AuditEntry
from shared.domain.events import Message
from shared.domain.operator_statement import OperatorStatement
from shared.domain.statement_drop import (
    CASE_KIND,
    CASE_REASON,
    FIRST_WAIT,
    Drop,
    DropEnding,
    DroppedObject,
    Outcome,
)

PLACE: Final = Statement("SELECT after_key FROM platform.statement_drop_place")

KEEP_PLACE: Final = Statement("UPDATE platform.statement_drop_place SET after_key = :key::text")

UNDECIDED: Final = Statement("""
SELECT w.place FROM unnest(:keys::text[], :etags::text[]) WITH ORDINALITY AS w(key, etag, place)
LEFT JOIN platform.statement_drops d ON d.object_key = w.key AND d.etag = w.etag
WHERE d.id IS NULL OR (d.outcome IS NULL AND d.next_at <= :at::timestamptz)
ORDER BY w.place
""")

BEGIN: Final = Statement("""
INSERT INTO platform.statement_drops AS d (id, object_key, etag, size, dropped_at, tries, next_at)
VALUES (:id::text, :key::text, :etag::text, :size::bigint, :dropped_at::timestamptz, 1,
    :at::timestamptz + make_interval(secs => :wait::int))
ON CONFLICT (object_key, etag) DO UPDATE
SET tries = d.tries + 1,
    next_at = :at::timestamptz + make_interval(secs => :wait::int * (1 << LEAST(d.tries, 10)))
WHERE d.outcome IS NULL AND d.next_at <= :at::timestamptz
RETURNING id, tries
""")

GIVE_BACK: Final = Statement("""
UPDATE platform.statement_drops SET tries = tries - 1, next_at = :at::timestamptz
WHERE id = :id::text AND outcome IS NULL
""")

# Whose mode nobody knows is told of as live: there it may be about money.
END: Final = Statement("""
WITH ended AS (
    UPDATE platform.statement_drops
    SET outcome = :outcome::text, statement_id = :taken::text, code = :code::text,
        line = :line::int, column_name = :column::text, ended_at = :at::timestamptz
    WHERE id = :id::text AND outcome IS NULL
    RETURNING id, outcome
),
told AS (
    INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
    SELECT :case_id::text, :case_kind::text, NULLIF(a.owner, 'platform'),
        COALESCE(a.livemode, true), e.id, :case_reason::text, :at::timestamptz
    FROM ended e LEFT JOIN platform.operator_accounts a ON a.id = :operator_account::text
    WHERE e.outcome = :refused::text
    ON CONFLICT DO NOTHING
)
SELECT id FROM ended
""")

STATED_NAME: Final = Statement("""
SELECT statement_account FROM platform.operator_accounts
WHERE id = :id::text AND statement_account IS NOT NULL
""")

TAKE: Final = Statement("""
SELECT platform.take_dropped_statement(:given::jsonb, :entry_id::text, :told::text)
""")


class StatementDrops(StatementTaking):
    """DropStore in PostgreSQL, by the workers' login."""

    def place(self) -> str:
        """Return the key behind which the next run begins."""
        [[key]] = self._database.once(None, PLACE).rows
        return str(key)

    def keep_place(self, key: str) -> None:
        """Have the next run begin behind this key."""
        self._database.once(None, KEEP_PLACE, key=key)

    def undecided(
        self, dropped: Sequence[DroppedObject], *, at: datetime
    ) -> Sequence[DroppedObject]:
        """Return those of a page that have no end yet and do not wait for another try."""
        rows = self._database.once(
            None,
            UNDECIDED,
            keys=[each.key for each in dropped],
            etags=[each.etag for each in dropped],
            at=at,
        ).rows
        return [dropped[place - 1] for [place] in rows]

    def begin(self, dropped: DroppedObject, *, drop_id: str, at: datetime) -> Drop | None:
        """Count a try, and put the next one off; None where another run was first."""
        rows = self._database.once(
            None,
            BEGIN,
            id=drop_id,
            key=dropped.key,
            etag=dropped.etag,
            size=dropped.size,
            dropped_at=dropped.dropped_at,
            at=at,
            wait=int(FIRST_WAIT.total_seconds()),
        ).rows
        return Drop(*rows[0]) if rows else None

    def give_back(self, drop: Drop, *, at: datetime) -> None:
        """Let a try not count, since it failed for no fault of the drop."""
        self._database.once(None, GIVE_BACK, id=drop.id, at=at)

    def end(
        self, drop: Drop, dropped: DroppedObject, ending: DropEnding, *, at: datetime, case_id: str
    ) -> bool:
        """Keep how it ended, and open a case where it was refused; False when it had ended."""
        return bool(
            self._database.once(
                None,
                END,
                id=drop.id,
                outcome=ending.outcome.value,
                taken=ending.statement,
                code=ending.code,
                line=ending.line,
                column=ending.column,
                at=at,
                case_id=case_id,
                case_kind=CASE_KIND,
                case_reason=CASE_REASON,
                operator_account=dropped.operator_account,
                refused=Outcome.REFUSED.value,
            ).rows
        )

    def stated_name(self, operator_account: str) -> str | None:
        """Return what the operator calls an account of ours; None for none, or one without."""
        rows = self._database.once(None, STATED_NAME, id=operator_account).rows
        return str(rows[0][0]) if rows else None

    def add(self, statement: OperatorStatement, entry: AuditEntry, message: Message) -> bool:
        """Store it, what the platform's chain tells of it, and its message.

        False where the same bytes are there.
        """
        try:
            with self._database.platform() as transaction:
                put_in_outbox(transaction, [message])
                # The chain is held from here on until the commit.
                transaction.run(TAKE, given=_given(statement), entry_id=entry.id, told=entry.after)
        except DatabaseError as error:
            if error_code(error) == UNIQUE_VIOLATION:
                return False
            raise
        return True


def _given(statement: OperatorStatement) -> str:
    """Write a statement's row; whose it is, and who took it, the database knows by itself."""
    return json.dumps(
        {
            "id": statement.id,
            "operator_account_id": statement.operator_account,
            "version": statement.version,
            "sha256": statement.sha256,
            "object_key": statement.object_key,
            "version_id": statement.version_id,
            "first_day": statement.first_day.isoformat(),
            "last_day": statement.last_day.isoformat(),
            "opening": statement.opening,
            "closing": statement.closing,
            "line_count": statement.line_count,
            "uploaded_at": statement.uploaded_at.isoformat(),
        }
    )
