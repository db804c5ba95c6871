"""Proposals to end a payment by hand, as the owner of all schemas; readers see who may be ended.

The case is held to the end of the transaction, so that of two administrators the second sees what
the first has done. What the payment is stands in the account's own schema.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from shared.db.audit import append
from shared.db.cases import HOLD, PLATFORM_PATH, enter, in_schema_of, read_now
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.audit import AuditEntry
from shared.domain.case import Case
from shared.domain.ending import Doubt, Ending, EndingOutcome
from shared.domain.errors import NotFound

_COLUMNS: Final = """id, case_id, kind, account_id, livemode, object_id, reason, proposed_by,
    proposed_at, expires_at, content_sha256, outcome, decided_by, decided_at, works_until"""

_FIELDS: Final = tuple(field.name for field in fields(Ending))
"""In the order of the columns."""

OPEN: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.endings WHERE object_id = :object_id::text AND outcome IS NULL
""")

NEWEST: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.endings WHERE object_id = :object_id::text
ORDER BY id DESC LIMIT 1
""")

ADD: Final = Statement("""
INSERT INTO platform.endings (id, case_id, kind, account_id, livemode, object_id, reason,
    proposed_by, proposed_at, expires_at, content_sha256)
VALUES (:id::text, :case_id::text, :kind::text, :account::text, :livemode::boolean,
    :object_id::text, :reason::text, :proposed_by::text, :proposed_at::timestamptz,
    :expires_at::timestamptz, :digest::text)
""")

DECIDE: Final = Statement("""
UPDATE platform.endings
SET outcome = :outcome::text, decided_by = :decided_by::text, decided_at = :decided_at::timestamptz,
    works_until = :works_until::timestamptz
WHERE id = :id::text AND outcome IS NULL
""")

# Found by the search_path of the transaction, in the account's own schema. Days are Douala's. What
# a line names is not ended, nor what has the amount of one that names nothing.
_DOUBT: Final = """
SELECT r.status, r.amount, r.operator_account_id, a.reference, a.status,
    COALESCE(a.not_found_reads, 0), r.claimed_at, r.submit_before, r.stopped_at IS NOT NULL,
    (SELECT count(*) = 2 FROM platform.statement_days d
     WHERE d.operator_account_id = r.operator_account_id AND d.day IN (
        (r.claimed_at AT TIME ZONE 'UTC' + interval '1 hour')::date,
        (r.claimed_at AT TIME ZONE 'UTC' + interval '1 hour')::date + 1)),
    EXISTS (SELECT FROM platform.statement_lines l WHERE l.object_id = r.id)
    OR EXISTS (
        SELECT FROM platform.statements s
        JOIN platform.statement_lines l ON l.statement_id = s.id
        WHERE s.operator_account_id = r.operator_account_id
          AND s.last_day >= (r.claimed_at AT TIME ZONE 'UTC')::date
          AND l.object_id LIKE 'stl\\_%' AND l.amount = -r.amount
          AND l.booked_at > r.claimed_at - interval '1 day')
FROM {table} r
LEFT JOIN LATERAL (
    SELECT * FROM provider_attempts WHERE charge_id = r.id ORDER BY number DESC LIMIT 1
) a ON true
WHERE r.id = :id::text FOR NO KEY UPDATE OF r
"""
DOUBT: Final = {
    "payout": Statement(_DOUBT.format(table="payouts")),
    "refund": Statement(_DOUBT.format(table="refunds")),
}

MAY_END: Final = Statement("""
SELECT EXISTS (SELECT FROM platform.endings
               WHERE object_id = :object_id::text AND outcome = 'approved'
                 AND works_until > :now::timestamptz)
""")


class Endings:
    """DoubtsStore in PostgreSQL, by the owner's login."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the owner of all schemas; nothing is opened yet."""
        self._database = database

    def newest(self, object_id: str) -> Ending | None:
        """Return the last proposal for a payment, or None."""
        rows = self._database.once(None, NEWEST, object_id=object_id).rows
        return _ending(rows[0]) if rows else None

    @contextmanager
    def hold(self, case_id: str) -> Iterator["PostgresHeldDoubt"]:
        """Take hold of a case. Raises NotFound, Unavailable."""
        with self._database.platform() as transaction:
            rows = transaction.run(HOLD, id=case_id)
            if not rows:
                raise NotFound("resource_missing", "id")
            case = Case(*rows[0])
            standing = transaction.run(OPEN, object_id=case.object_id)
            yield PostgresHeldDoubt(transaction, case, _ending(standing[0]) if standing else None)


class PostgresHeldDoubt:
    """HeldDoubt in an open transaction."""

    def __init__(self, transaction: Transaction, case: Case, ending: Ending | None) -> None:
        """Keep the transaction, and what was read under the lock."""
        self._transaction = transaction
        self._case = case
        self._ending = ending

    @property
    def case(self) -> Case:
        """The case as it is."""
        return self._case

    @property
    def ending(self) -> Ending | None:
        """The proposal of its payment that nobody decided on, if there is one."""
        return self._ending

    def doubt(self) -> Doubt | None:
        """Return what is known of the payment, which nobody moves from here on."""
        statement = DOUBT.get(self._case.kind)
        if statement is None or not in_schema_of(self._transaction, self._case):
            return None
        rows = self._transaction.run(statement, id=self._case.object_id)
        return Doubt(*rows[0]) if rows else None

    def add(self, ending: Ending) -> None:
        """Keep a proposal, the only undecided one."""
        self._transaction.run(
            ADD,
            id=ending.id,
            case_id=ending.case,
            kind=ending.kind,
            account=ending.account,
            livemode=ending.livemode,
            object_id=ending.object_id,
            reason=ending.reason,
            proposed_by=ending.proposed_by,
            proposed_at=ending.proposed_at,
            expires_at=ending.expires_at,
            digest=ending.content_sha256,
        )

    def decide(self, ending: Ending) -> None:
        """Keep how a proposal ended."""
        self._transaction.run(
            DECIDE,
            id=ending.id,
            outcome=None if ending.outcome is None else ending.outcome.value,
            decided_by=ending.decided_by,
            decided_at=ending.decided_at,
            works_until=ending.works_until,
        )

    def have_it_read(self, *, at: datetime) -> None:
        """Make a check of the payment due."""
        read_now(self._transaction, self._case, at=at)

    def record(self, entries: tuple[AuditEntry, AuditEntry]) -> None:
        """Add to the account's chain and the platform's, last of all."""
        to_the_account, to_the_platform = entries
        in_schema_of(self._transaction, self._case)
        append(self._transaction, to_the_account)
        enter(self._transaction, PLATFORM_PATH)
        append(self._transaction, to_the_platform)


class AllowedEndings:
    """What a reader asks: may this payment be ended, if the operator knows nothing of it?"""

    def __init__(self, database: Database) -> None:
        """`database` connects as the application; nothing is opened yet."""
        self._database = database

    def allows(self, object_id: str, *, now: datetime) -> bool:
        """Tell whether two administrators have said so, and not too long ago."""
        rows = self._database.once(None, MAY_END, object_id=object_id, now=now).rows
        return bool(rows[0][0])


def _ending(row: Sequence[Any]) -> Ending:
    values = dict(zip(_FIELDS, row, strict=True))
    word = values["outcome"]
    return Ending(**{**values, "outcome": None if word is None else EndingOutcome(word)})
