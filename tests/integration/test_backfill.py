"""Due rows of holds that a release before did not write: all of them, in batches, and once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from shared.db import backfill
from shared.db import migrate as runner
from shared.db.migrate import migrate
from shared.db.revisions import INI
from shared.domain.account import Tenant
from tests.database import Database
from tests.end_to_end.waiting import wait_for
from tests.releases import bare_account, next_release, start_migration

# As a release before leaves them: booked, held, and no row that says when to release. One in ten
# was never paid.
_CHARGES = """
INSERT INTO charges (id, amount, currency, status, operator, operator_account_id, phone,
  submit_before, created_at, balance_transaction, succeeded_at, hold_seconds)
SELECT 'ch_' || to_char(n, 'FM000000'), 500, 'XAF', s, 'mtn', 'opa_x', '+237670000001', now(),
  now(), CASE s WHEN 'succeeded' THEN 'txn_' || to_char(n, 'FM000000') END,
  CASE s WHEN 'succeeded' THEN timestamptz '2026-11-01Z' END, 172800 + n
FROM generate_series(1, {count}) n
CROSS JOIN LATERAL (SELECT CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'succeeded' END AS s) AS status;
INSERT INTO ledger_transactions (id, kind, object_id, created_at)
SELECT balance_transaction, 'charge', id, now() FROM charges WHERE status = 'succeeded';
INSERT INTO postings (transaction_id, position, code, amount)
SELECT balance_transaction, p, c, a FROM charges
CROSS JOIN (VALUES (0, 'float:opa_x', 500), (1, 'pending', -500)) AS line(p, c, a)
WHERE status = 'succeeded';
UPDATE ledger_accounts SET balance = (SELECT sum(amount) FROM postings WHERE code = 'pending')
WHERE code = 'pending';
"""
_BOOK = """
INSERT INTO ledger_transactions (id, kind, object_id, created_at)
VALUES ('{txn}', '{kind}', '{about}', now());
INSERT INTO postings (transaction_id, position, code, amount)
VALUES ('{txn}', 0, 'pending', {amount}), ('{txn}', 1, '{other}', -({amount}));
"""
_REFUND = """
INSERT INTO refunds (id, charge_id, amount, from_pending, currency, status, operator,
  operator_account_id, phone, charge_reference, intent_hmac, balance_transaction, submit_before,
  created_at, journaled_at, ended_at)
VALUES ('{id}', '{charge}', 500, 500, 'XAF', '{status}', 'mtn', 'opa_x', '+237670000001', 'x',
  repeat('0', 64), 'txn_x', now(), now(), now(), now());
"""
_IN_THE_WAY = """
INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
VALUES ('hold_release', '{id}', 'acct_x', false, now())"""


@pytest.fixture
def tenant(spare: Engine) -> Tenant:
    """One account in an otherwise empty database."""
    assert not migrate(spare).failed
    return bare_account(spare)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Batches of seven."""
    monkeypatch.setattr(backfill, "BATCH", 7)
    return 7


@pytest.mark.usefixtures("small")
def test_every_charge_that_is_held_has_its_release(
    spare: Engine, tenant: Tenant, tmp_path: Path
) -> None:
    """After the upgrade each of several batches is due when its hold ends; nothing else is."""
    _sql(spare, _CHARGES.format(count=30), tenant)

    outcome = migrate(spare, next_release(tmp_path / "next", "SELECT 1"))

    assert (outcome.migrated, outcome.failed, outcome.added) == ((tenant.schema,), {}, 27)
    assert _due(spare) == [f"ch_{n:06}" for n in range(1, 31) if n % 10]
    wrong = _sql(
        spare,
        "SELECT c.id FROM charges c JOIN platform.due_work w ON w.object_id = c.id"
        " WHERE (w.kind, w.account_id, w.livemode, w.owner_role::text, w.due_at)"
        " IS DISTINCT FROM ('hold_release', c.account_id, false, current_schema()::text,"
        " c.succeeded_at + make_interval(secs => c.hold_seconds)) OR w.done_at IS NOT NULL"
        " OR w.lease_until IS NOT NULL",
        tenant,
    )
    assert wrong == []


@pytest.mark.usefixtures("small")
def test_run_again_it_adds_what_came_meanwhile_and_nothing_else(
    spare: Engine, tenant: Tenant
) -> None:
    """A second run adds nothing; one after an older release has settled more adds just that."""
    _sql(spare, _CHARGES.format(count=30), tenant)
    first = migrate(spare)
    before = _sql(spare, "SELECT * FROM platform.due_work ORDER BY object_id")
    second = migrate(spare)
    after = _sql(spare, "SELECT * FROM platform.due_work ORDER BY object_id")
    _sql(spare, "DELETE FROM platform.due_work WHERE object_id IN ('ch_000003', 'ch_000029')")
    third = migrate(spare)

    assert [outcome.added for outcome in (first, second, third)] == [27, 0, 2]
    assert after == before
    assert len(_due(spare)) == 27


def test_what_does_not_wait_for_its_release_gets_none(spare: Engine, tenant: Tenant) -> None:
    """Released, or taken back from pending as a whole: no row. A refund that failed later: its."""
    _sql(spare, _CHARGES.format(count=4), tenant)
    released, refunded, given_back = "ch_000001", "ch_000002", "ch_000003"
    for charge in (released, given_back):
        txn, other = f"txn_released_{charge}", "available"
        book = _BOOK.format(txn=txn, kind="hold_released", about=charge, amount=500, other=other)
        _sql(spare, book, tenant)
    for refund, charge in (("rf_1", refunded), ("rf_2", given_back)):
        status = "failed" if charge == given_back else "succeeded"
        _sql(spare, _REFUND.format(id=refund, charge=charge, status=status), tenant)
    for txn, kind, about, amount in (
        ("txn_taken", "refund_created", "rf_1", 500),
        ("txn_back", "refund_failed", "rf_2", -500),
    ):
        _sql(
            spare,
            _BOOK.format(txn=txn, kind=kind, about=about, amount=amount, other="held"),
            tenant,
        )

    outcome = migrate(spare)

    assert outcome.failed == {}
    assert _due(spare) == ["ch_000004", "rf_2"]


def test_a_run_that_is_killed_between_batches_is_taken_up(
    migrated: Database, spare: Engine, tenant: Tenant
) -> None:
    """What was committed stays, the next run adds the rest, and no charge is due twice."""
    count = 3 * backfill.BATCH
    _sql(spare, _CHARGES.format(count=count), tenant)
    second = f"ch_{backfill.BATCH + 1:06}"
    [(name,)] = _sql(spare, "SELECT current_database()::text")
    url = migrated.postgres.url(str(name))

    with spare.connect() as other:
        other.exec_driver_sql(_IN_THE_WAY.format(id=second))
        process = start_migration(url, migrated.secrets_dir, INI, 1)
        wait_for("the first batch", lambda: _due(spare), seconds=30)
        process.kill()
        process.join()
        other.rollback()
    after_first = _due(spare)
    outcome = migrate(spare)

    assert after_first == [f"ch_{n:06}" for n in range(1, backfill.BATCH + 1) if n % 10]
    assert (outcome.failed, outcome.added) == ({}, count * 9 // 10 - len(after_first))
    assert len(_due(spare)) == count * 9 // 10


@pytest.mark.usefixtures("small")
def test_a_schema_that_cannot_be_filled_is_named_and_stops_no_other(
    spare: Engine, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batches before are kept, the others go on, and the run has failed until it is done."""
    other = bare_account(spare)
    for each in (tenant, other):
        _sql(spare, _CHARGES.format(count=20), each)
    _sql(spare, "UPDATE charges SET id = replace(id, 'ch_', 'ch_z')", other)
    _sql(spare, "UPDATE ledger_transactions SET object_id = replace(object_id, '_', '_z')", other)
    monkeypatch.setattr(runner, "TRIES", 2)

    with spare.connect() as holder:
        holder.exec_driver_sql(_IN_THE_WAY.format(id="ch_000009"))
        first = migrate(spare)
        holder.rollback()
    second = migrate(spare)

    assert list(first.failed) == [tenant.schema]
    assert first.failed[tenant.schema].startswith("holds: 55P03 ")
    assert first.added == 18
    assert (second.failed, second.added) == ({}, 18 - 7)


def test_a_drifted_schema_is_left_alone(spare: Engine, tenant: Tenant) -> None:
    """Nothing is written for a schema that is not what its revision says."""
    _sql(spare, _CHARGES.format(count=5) + "CREATE INDEX odd ON charges (amount)", tenant)

    outcome = migrate(spare)

    assert list(outcome.failed) == [tenant.schema]
    assert _due(spare) == []


def _due(owner: Engine) -> list[str]:
    rows = _sql(owner, "SELECT object_id FROM platform.due_work ORDER BY object_id")
    return [str(name) for (name,) in rows]


def _sql(owner: Engine, sql: str, tenant: Tenant | None = None) -> Sequence[tuple[Any, ...]]:
    with owner.begin() as connection:
        if tenant is not None:
            connection.exec_driver_sql(f'SET LOCAL search_path = "{tenant.schema}"')
        rows: Sequence[tuple[Any, ...]] = []
        for statement in sql.split(";"):
            if statement.strip():
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows
