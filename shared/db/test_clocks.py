"""The clocks of test modes: one row for each account that has moved its own."""

from datetime import datetime, timedelta
from typing import Final

from shared.db.audit import append
from shared.db.charge_statements import FIND_OUTCOME
from shared.db.charges import NOT_LOCKED, key_lock, replayed
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.errors import InProgress
from shared.domain.test_clock import STILL, TestClock
from shared.operations.ports import IdempotencyUse, Replayed, Stored
from shared.operations.test_clock import Decide

_COLUMNS: Final = "was_ahead, ahead, moves_at"
FIND: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.test_clocks WHERE account_id = :account::text
""")

# What is leased is at work; what was put off is due later. So whatever is due has not begun, or has
# not ended.
READ: Final = Statement(f"""
SELECT {_COLUMNS}, EXISTS (
    SELECT FROM platform.due_work w
    WHERE w.account_id = c.account_id AND NOT w.livemode AND w.done_at IS NULL
      AND w.due_at <= :machine::timestamptz + platform.ahead_of(c.was_ahead, c.ahead, c.moves_at))
FROM platform.test_clocks c WHERE c.account_id = :account::text
""")

# Of two who move a clock for the first time the second waits here for the first.
BEGIN: Final = Statement("""
INSERT INTO platform.test_clocks (account_id, was_ahead, ahead, moves_at)
VALUES (:account::text, 0, 0, '-infinity') ON CONFLICT DO NOTHING
""")
HOLD: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.test_clocks WHERE account_id = :account::text FOR UPDATE
""")
MOVE: Final = Statement("""
WITH moved AS (
    UPDATE platform.test_clocks
    SET was_ahead = :was_ahead::bigint, ahead = :ahead::bigint, moves_at = :moves_at::timestamptz
    WHERE account_id = :account::text
)
INSERT INTO idempotency_keys (operation, key, account_id, fingerprint, object_id, response,
                              created_at)
VALUES (:operation::text, :key::text, :account::text, :fingerprint::text, :account::text,
        :response::text, now())
ON CONFLICT (operation, key) DO UPDATE
SET fingerprint = excluded.fingerprint, object_id = excluded.object_id,
    response = excluded.response, created_at = excluded.created_at
""")


def find_clock(database: Database, account: str) -> TestClock:
    """Return the clock of an account's test mode, as a login that enters no tenant."""
    rows = database.once(None, FIND, account=account).rows
    return clock_from(rows[0]) if rows else STILL


def clock_from(row: list[object]) -> TestClock:
    """Build a clock from its columns, in the order of the table."""
    was_ahead, ahead, moves_at = row[:3]
    return TestClock(
        timedelta(seconds=int(str(was_ahead))),
        timedelta(seconds=int(str(ahead))),
        moves_at if isinstance(moves_at, datetime) else STILL.moves_at,
    )


class TestClocks:
    """ClockStore in PostgreSQL."""

    __test__ = False

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a test mode; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def read(self, machine: datetime) -> tuple[TestClock, bool]:
        """Return the clock, and whether something waits that is due by it at a moment."""
        account = self._tenant.account
        rows = self._database.once(self._tenant, READ, account=account, machine=machine).rows
        return (clock_from(rows[0]), bool(rows[0][3])) if rows else (STILL, False)

    def change(self, decide: Decide, idempotency: IdempotencyUse) -> Stored | Replayed:
        """Hold the clock and keep what `decide` makes of it, with its entry and the answer.

        Raises what `decide` does, KeyReused and InProgress; then nothing changed.
        """
        use, account = idempotency, self._tenant.account
        lock = key_lock(use, self._tenant)
        with self._database.tenant(self._tenant, key_lock=lock) as transaction:
            if transaction.opening_rows[-1][-1] == NOT_LOCKED:
                raise InProgress("idempotency_in_progress", retry_after_seconds=1)
            known = transaction.run(FIND_OUTCOME, operation=use.operation, key=use.key)
            if known:
                return replayed(use, *known[0])
            transaction.run(BEGIN, account=account)
            [held] = transaction.run(HOLD, account=account)
            clock, entry, response = decide(clock_from(held))
            transaction.run(
                MOVE,
                account=account,
                was_ahead=int(clock.was_ahead.total_seconds()),
                ahead=int(clock.ahead.total_seconds()),
                moves_at=clock.moves_at,
                operation=use.operation,
                key=use.key,
                fingerprint=use.fingerprint,
                response=response,
            )
            append(transaction, entry)
        return Stored(response)
