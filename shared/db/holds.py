"""Holds that are over, as the workers' login: it enters no tenant, functions do it there."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pg8000.exceptions import DatabaseError

from shared.db.ledger import is_refused
from shared.db.statement import Statement
from shared.db.test_clocks import clock_from
from shared.db.transaction import Database, error_code
from shared.domain.account import Tenant
from shared.domain.errors import LedgerRefused
from shared.domain.ledger import HOLD_RELEASED, OF_A_CHARGE_PENDING
from shared.domain.test_clock import STILL, TestClock

_LOG: Final = logging.getLogger(__name__)

# Who is ahead of the time has holds that are over before the machine's time has come.
FIND_TENANTS: Final = Statement("""
SELECT due.account_id, due.livemode, c.was_ahead, c.ahead, c.moves_at FROM (
    (SELECT account_id, livemode, due_at FROM platform.due_work
     WHERE kind = 'hold_release' AND done_at IS NULL AND due_at <= now()
       AND (lease_until IS NULL OR lease_until < now())
     ORDER BY due_at LIMIT :rows::int)
    UNION ALL
    SELECT c.account_id, false, w.due_at FROM platform.test_clocks c CROSS JOIN LATERAL (
        SELECT due_at FROM platform.due_work
        WHERE kind = 'hold_release' AND account_id = c.account_id AND NOT livemode
          AND done_at IS NULL AND due_at > now()
          AND due_at <= now() + platform.ahead_of(c.was_ahead, c.ahead, c.moves_at)
          AND (lease_until IS NULL OR lease_until < now())
        ORDER BY due_at LIMIT 1) AS w
) AS due LEFT JOIN platform.test_clocks c ON c.account_id = due.account_id AND NOT due.livemode
GROUP BY due.account_id, due.livemode, c.account_id
ORDER BY min(due.due_at) LIMIT :most::int
""")

RELEASE: Final = Statement("""
SELECT platform.release_holds(:account::text, :livemode::boolean, :most::int, :kinds::text[],
                              :ids::text[], :at::timestamptz)
""")

SEAL: Final = Statement("""
SELECT platform.seal_ledger(:account::text, :livemode::boolean, :below::text, :most::int,
                            :at::timestamptz)
""")

# What could not be released leaves the way free for what lies behind it.
POSTPONE: Final = Statement("""
UPDATE platform.due_work SET lease_until = now() + interval '1 minute'
WHERE kind = 'hold_release' AND object_id IN (
    SELECT object_id FROM platform.due_work
    WHERE kind = 'hold_release' AND account_id = :account::text AND livemode = :livemode::boolean
      AND done_at IS NULL AND due_at <= :at::timestamptz
      AND (lease_until IS NULL OR lease_until < now())
    ORDER BY due_at LIMIT :most::int FOR UPDATE SKIP LOCKED)
""")

ROWS_LOOKED_AT: Final = 500
# Between two looks for checks of payments, which must not wait.
TENANTS_AT_ONCE: Final = 20


class Holds:
    """HoldStore over all tenants."""

    def __init__(self, database: Database) -> None:
        """Keep the pool; opens nothing yet."""
        self._database = database

    def due(self) -> Sequence[tuple[Tenant, TestClock]]:
        """Return whose money waits longest to become available, several at once."""
        rows = self._database.once(
            None, FIND_TENANTS, rows=ROWS_LOOKED_AT, most=TENANTS_AT_ONCE
        ).rows
        return [
            (Tenant(account, livemode), STILL if clock[0] is None else clock_from(clock))
            for account, livemode, *clock in rows
        ]

    def release(self, tenant: Tenant, ids: Sequence[str], *, at: datetime) -> int | None:
        """Move what is due, of at most as many charges as there are ids for its transactions.

        Returns how many rows of due work that ends: 0 where none of them has a charge any more,
        None where others were faster. Raises LedgerRefused; then nothing moved.
        """
        try:
            released = self._database.once(
                None,
                RELEASE,
                account=tenant.account,
                livemode=tenant.livemode,
                most=len(ids),
                kinds=list(OF_A_CHARGE_PENDING),
                ids=list(ids),
                at=at,
            ).rows[0][0]
        except DatabaseError as error:
            word = "floor" if is_refused(error) else error_code(error)
            _LOG.error("holds_refused", extra={"account": tenant.account, "code": word})
            raise LedgerRefused(HOLD_RELEASED) from None
        return None if released is None else int(released)

    def seal(self, tenant: Tenant, *, below: str, most: int, at: datetime) -> int:
        """Seal up to so many transactions below an id, if some time has passed; return how many.

        What cannot be sealed is for a person to look at, and hinders nobody.
        """
        try:
            sealed = self._database.once(
                None,
                SEAL,
                account=tenant.account,
                livemode=tenant.livemode,
                below=below,
                most=most,
                at=at,
            ).rows[0][0]
        except DatabaseError as error:
            code = error_code(error)
            _LOG.error("ledger_not_sealed", extra={"account": tenant.account, "code": code})
            return 0
        return int(sealed)

    def postpone(self, tenant: Tenant, most: int, *, at: datetime) -> None:
        """Leave so many rows of a tenant alone for a minute, those that are due first."""
        self._database.once(
            None, POSTPONE, account=tenant.account, livemode=tenant.livemode, most=most, at=at
        )
