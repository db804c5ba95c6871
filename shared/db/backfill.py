"""Writes the due rows of holds that a release before did not write, a batch at a time.

Outside of the revisions, since a merchant may have been paid more often than two seconds allow. It
changes nothing where nothing is missing, so it is right at any time: after a run that was killed,
and after a rollout, for what the release before settled meanwhile.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Engine, TextClause, text

from shared.db.upgrade import LOCK_TIMEOUT, bound, hold_run_lock
from shared.domain.account import Tenant
from shared.domain.ledger import HOLD_RELEASED, OF_A_CHARGE_PENDING

BATCH: Final = 1_000
"""Rows looked at in one transaction: where none is in memory yet, it is well under two seconds."""

# Two locks each, in one statement: so many at once, or the server's room for locks would not do.
FEW: Final = 200

# OFFSET 0 keeps each look one of an index: joined,
# they would read whole tables for each batch.
_ADD: Final = """
WITH part AS MATERIALIZED (
    {part}
    WHERE o.id > :after
    ORDER BY o.id LIMIT :most
),
added AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, owner_role)
    SELECT 'hold_release', p.id, :account, :livemode, p.due_at, :schema
    FROM part p
    WHERE p.is_held
      AND NOT EXISTS (
        SELECT FROM platform.due_work w
        WHERE w.kind = 'hold_release' AND w.object_id = p.id OFFSET 0)
      AND NOT EXISTS (
        SELECT FROM ledger_transactions t
        WHERE t.kind = :released AND t.object_id = p.id OFFSET 0)
      AND (
        SELECT sum(l.amount)
        FROM (SELECT p.charge_id AS id UNION ALL
              SELECT r.id FROM refunds r WHERE r.charge_id = p.charge_id) AS about
        JOIN ledger_transactions t ON t.kind = ANY(:kinds) AND t.object_id = about.id
        JOIN postings l ON l.transaction_id = t.id AND l.code = 'pending') < 0
    ORDER BY p.id
    ON CONFLICT (kind, object_id) DO NOTHING
    RETURNING object_id
)
SELECT (SELECT max(id) FROM part), (SELECT count(*) FROM part), (SELECT count(*) FROM added)
"""

OF_CHARGES: Final = text(
    _ADD.format(
        part="""SELECT o.id, o.id AS charge_id, o.status = 'succeeded' AS is_held,
           o.succeeded_at + make_interval(secs => o.hold_seconds) AS due_at
    FROM charges o"""
    )
)

# What a refund that failed gave back after its charge was released; before, the charge's release
# takes it along.
OF_REFUNDS: Final = text(
    _ADD.format(
        part="""SELECT o.id, o.charge_id, now() AS due_at,
           o.status = 'failed' AND o.from_pending > 0 AND EXISTS (
             SELECT FROM ledger_transactions t
             WHERE t.kind = :released AND t.object_id = o.charge_id OFFSET 0) AS is_held
    FROM refunds o"""
    )
)

Batch = tuple[str, int, int]
"""The last id looked at, how many were, and how many due rows that added."""
Looking = Callable[[], list[str]]


def with_pending(
    engine: Engine, tenants: Sequence[Tenant], *, patiently: Callable[[Looking], list[str]]
) -> list[Tenant]:
    """Return the tenants that have money pending: where there is none, nothing can be missing.

    Of most that is all there is to ask, so it is asked of many at once. Raises SQLAlchemyError.
    """
    found: set[str] = set()
    for start in range(0, len(tenants), FEW):
        found.update(patiently(_looking(engine, tenants[start : start + FEW])))
    return [tenant for tenant in tenants if tenant.schema in found]


def _looking(engine: Engine, tenants: Sequence[Tenant]) -> Looking:
    each = (
        f"SELECT '{tenant.schema}' WHERE EXISTS (SELECT FROM \"{tenant.schema}\".ledger_accounts"
        " WHERE code = 'pending' AND balance <> 0)"
        for tenant in tenants
    )
    statement = " UNION ALL ".join(each)

    def look() -> list[str]:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            return [name for (name,) in connection.exec_driver_sql(statement)]

    return look


def add_missing_releases(
    engine: Engine, tenant: Tenant, *, patiently: Callable[[Callable[[], Batch]], Batch]
) -> int:
    """Write what is missing of one tenant, whose schema is the newest; return how many rows.

    Each batch is committed by itself, in the order of ids. `patiently` does one again where
    something is in the way. Raises SQLAlchemyError; what was committed stays.
    """
    total = 0
    for statement in (OF_CHARGES, OF_REFUNDS):
        after, looked_at = "", BATCH
        while looked_at == BATCH:
            after, looked_at, added = patiently(_batch_of(engine, tenant, statement, after))
            total += added
    return total


def _batch_of(
    engine: Engine, tenant: Tenant, statement: TextClause, after: str
) -> Callable[[], Batch]:
    def add() -> Batch:
        with engine.begin() as connection:
            hold_run_lock(connection, tenant.schema)
            connection.exec_driver_sql(
                f'SET LOCAL search_path = "{tenant.schema}"; {bound(connection)}'
            )
            last, looked_at, added = connection.execute(
                statement,
                {
                    "after": after,
                    "most": BATCH,
                    "account": tenant.account,
                    "livemode": tenant.livemode,
                    "schema": tenant.schema,
                    "released": HOLD_RELEASED,
                    "kinds": list(OF_A_CHARGE_PENDING),
                },
            ).one()
            return str(last or after), int(looked_at), int(added)

    return add
