"""Cases of all accounts, as the owner of all schemas: nobody else reads or closes them.

The evidence lies in the schema of the account and mode; a case without an account has none there.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from shared.db.audit import append
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.audit import AuditEntry
from shared.domain.case import (
    CHECKS,
    Case,
    CaseAttempt,
    CaseChange,
    CaseCheck,
    CaseDrop,
    CaseLine,
    CasePayment,
    CaseStatus,
    Evidence,
    Watched,
)
from shared.operations.manage_cases import PageOfCases

MOST_CHANGES: Final = 50
MOST_LINES: Final = 20
_COLUMNS: Final = """id, kind, account_id, livemode, object_id, reason, opened_at, closed_at,
    closed_by, close_reason, statement_id"""

FIND: Final = Statement(f"SELECT {_COLUMNS} FROM platform.cases WHERE id = :id::text")

HOLD: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.cases WHERE id = :id::text FOR UPDATE
""")

# Ids are in the order of time; `LAST` lies outside every id. A statement for each set of filters
# that has an index of its own.
LAST: Final = "~"
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM platform.cases
WHERE id < :before::text {{narrowed}} AND (:reason::text IS NULL OR reason = :reason::text)
ORDER BY id DESC LIMIT :limit::int
"""
_OF_STATUS: Final = {
    None: "",
    CaseStatus.OPEN: "AND closed_at IS NULL",
    CaseStatus.CLOSED: "AND closed_at IS NOT NULL",
}
PAGE: Final = {
    (status, is_of_account): Statement(
        _PAGE.format(
            narrowed=f"{narrowed} {'AND account_id = :account::text' if is_of_account else ''}"
        )
    )
    for status, narrowed in _OF_STATUS.items()
    for is_of_account in (False, True)
}

CLOSE: Final = Statement("""
UPDATE platform.cases
SET closed_at = :closed_at::timestamptz, closed_by = :closed_by::text,
    close_reason = :close_reason::text
WHERE id = :id::text AND closed_at IS NULL
""")

BESIDE: Final = Statement("""
SELECT
  EXISTS (SELECT FROM platform.due_work WHERE object_id = :object_id::text
          AND kind = ANY(:kinds::text[]) AND done_at IS NULL AND due_at < 'infinity'),
  EXISTS (SELECT FROM platform.cases WHERE object_id = :object_id::text AND closed_at IS NULL
          AND id <> :id::text)
""")

CHECK: Final = Statement("""
SELECT CASE WHEN isfinite(due_at) THEN due_at END, done_at FROM platform.due_work
WHERE object_id = :object_id::text AND kind = ANY(:kinds::text[])
""")
_CHECKS: Final = sorted(set(CHECKS.values()))

# The row is the tenant's, who moves it; one that is leased comes back when it was worked off.
READ_NOW: Final = Statement("""
INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, owner_role)
VALUES (:kind::text, :object_id::text, :account::text, :livemode::boolean, :at::timestamptz,
    :owner::text)
ON CONFLICT (kind, object_id) DO UPDATE
SET due_at = :at::timestamptz, lease_until = NULL, done_at = NULL
""")

LINES: Final = Statement(f"""
SELECT statement_id, number, booked_at, transaction_id, reference, external_id, kind, amount, fee,
    state
FROM platform.statement_lines WHERE object_id = :object_id::text
ORDER BY statement_id DESC, number DESC LIMIT {MOST_LINES}
""")

DROP: Final = Statement("""
SELECT object_key, size, dropped_at, tries, code, line, column_name
FROM platform.statement_drops WHERE id = :object_id::text
""")

HAS_SCHEMA: Final = Statement("""
SELECT FROM platform.account_schemas
WHERE account_id = :account::text AND livemode = :livemode::boolean
""")

# Found by the search_path of the transaction, in the account's own schema.
_PAYMENT: Final = """
SELECT id, '{kind}', amount, currency, status, failure_code, operator, operator_account_id,
    operator_transaction_id, {charge}, created_at, submit_before
FROM {table} WHERE id = :id::text
"""
PAYMENT: Final = {
    "charge": Statement(_PAYMENT.format(kind="charge", table="charges", charge="NULL::text")),
    "payout": Statement(_PAYMENT.format(kind="payout", table="payouts", charge="NULL::text")),
    "refund": Statement(_PAYMENT.format(kind="refund", table="refunds", charge="charge_id")),
}

ATTEMPTS: Final = Statement("""
SELECT number, reference, operator_reference, status, operator_word, reads, not_found_reads,
    created_at, answered_at
FROM provider_attempts WHERE charge_id = :id::text ORDER BY number
""")

CHANGES: Final = Statement(f"""
SELECT at, from_status, to_status, cause, operator_word FROM state_changes
WHERE object_id = :id::text ORDER BY id DESC LIMIT {MOST_CHANGES}
""")

PLATFORM_PATH: Final = "platform, pg_catalog"
_ENTER: Final = Statement("SELECT set_config('search_path', :path::text, true)")


class Cases:
    """CasesStore in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the owner of all schemas; nothing is opened yet."""
        self._database = database

    def find(self, case_id: str) -> Case | None:
        """Return a case, or None."""
        rows = self._database.once(None, FIND, id=case_id).rows
        return Case(*rows[0]) if rows else None

    def page(self, page: PageOfCases) -> Sequence[Case]:
        """Return one more than fits on the page, if there are as many, newest first."""
        named: dict[str, Any] = {} if page.account is None else {"account": page.account}
        rows = self._database.once(
            None,
            PAGE[page.status, bool(named)],
            **named,
            before=page.after or LAST,
            reason=page.reason,
            limit=page.limit + 1,
        ).rows
        return [Case(*row) for row in rows]

    def evidence(self, case: Case) -> Evidence:
        """Return what is stored of a case's payment. Raises Unavailable."""
        with self._database.platform() as transaction:
            checks = transaction.run(CHECK, object_id=case.object_id, kinds=_CHECKS)
            check = CaseCheck(*checks[0]) if checks else None
            rows = transaction.run(LINES, object_id=case.object_id)
            lines = [CaseLine(*row) for row in rows]
            drops = transaction.run(DROP, object_id=case.object_id)
            drop = CaseDrop(*drops[0]) if drops else None
            payment = _payment(transaction, case)
            if payment is None:
                return Evidence(check=check, lines=lines, drop=drop)
            attempts = transaction.run(ATTEMPTS, id=case.object_id)
            changes = transaction.run(CHANGES, id=case.object_id)
        return Evidence(
            CasePayment(*payment),
            [CaseAttempt(*row) for row in attempts],
            [CaseChange(*row) for row in reversed(changes)],
            check,
            lines,
        )

    @contextmanager
    def hold(self, case_id: str) -> Iterator["PostgresHeldCase | None"]:
        """Take hold of a case, None where there is none. Raises Unavailable."""
        with self._database.platform() as transaction:
            rows = transaction.run(HOLD, id=case_id)
            yield PostgresHeldCase(transaction, Case(*rows[0])) if rows else None


class PostgresHeldCase:
    """HeldCase in an open transaction."""

    def __init__(self, transaction: Transaction, case: Case) -> None:
        """Keep the transaction, and the case as read under the lock."""
        self._transaction = transaction
        self._case = case

    @property
    def case(self) -> Case:
        """The case as it is."""
        return self._case

    def watched(self) -> Watched:
        """Return what looks after its payment beside it.

        A reader that closes its row at this moment opens a case with it, and waits for this one.
        """
        case = self._case
        beside = {"id": case.id, "object_id": case.object_id, "kinds": _CHECKS}
        [[is_due, other_cases]] = self._transaction.run(BESIDE, **beside)
        payment = _payment(self._transaction, case)
        status = None if payment is None else CasePayment(*payment).status
        return Watched(status, is_due=is_due, other_cases=other_cases)

    def close(self, case: Case, entry: AuditEntry) -> None:
        """Store that it was closed, and what the platform's chain tells of it."""
        enter(self._transaction, PLATFORM_PATH)
        self._transaction.run(
            CLOSE,
            id=case.id,
            closed_at=case.closed_at,
            closed_by=case.closed_by,
            close_reason=case.close_reason,
        )
        append(self._transaction, entry)

    def have_it_read(self, entry: AuditEntry) -> None:
        """Make a check of its payment due now, and store what the platform's chain tells of it."""
        enter(self._transaction, PLATFORM_PATH)
        read_now(self._transaction, self._case, at=entry.at)
        append(self._transaction, entry)


def read_now(transaction: Transaction, case: Case, *, at: datetime) -> None:
    """Make a check of a case's payment due. Raises ValueError for a case of no account."""
    tenant = Tenant(case.account or "", case.livemode)
    transaction.run(
        READ_NOW,
        kind=CHECKS[case.kind],
        object_id=case.object_id,
        account=tenant.account,
        livemode=tenant.livemode,
        at=at,
        owner=tenant.schema,
    )


def enter(transaction: Transaction, path: str) -> None:
    """Have bare names of tables found by this path until the transaction ends."""
    transaction.run(_ENTER, path=path)


def in_schema_of(transaction: Transaction, case: Case) -> bool:
    """Enter the schema of a case's account; False where it has none."""
    if case.account is None:
        return False
    if not transaction.run(HAS_SCHEMA, account=case.account, livemode=case.livemode):
        return False
    enter(transaction, f'"{Tenant(case.account, case.livemode).schema}", pg_catalog')
    return True


def _payment(transaction: Transaction, case: Case) -> Sequence[Any] | None:
    """Return the payment's row, with the search_path left in the account's schema."""
    statement = PAYMENT.get(case.kind)
    if statement is None or not in_schema_of(transaction, case):
        return None
    rows = transaction.run(statement, id=case.object_id)
    return rows[0] if rows else None
