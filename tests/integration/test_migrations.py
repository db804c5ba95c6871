"""Migrations: one transaction per schema, resumable, nothing in `public`, and a clear exit code."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.db.migrate import main, migrate
from shared.db.revisions import PLATFORM, TENANT, load
from shared.domain.account import Tenant
from tests.database import Account, Database
from tests.releases import bare_account, next_release

_STONE = """
INSERT INTO events (id, type, object_id, data, api_version, created_at)
VALUES ('evt_1', 'stone', 'ch_1', '{}', '1', now())
"""
_SHINY = """
ALTER TABLE charges ADD COLUMN shiny text;
CREATE TABLE shiny_things ();
ALTER TABLE events ADD CONSTRAINT events_no_stone CHECK (type <> 'stone');
"""
TODAY = load(TENANT).newest


@pytest.fixture
def shiny(tmp_path: Path) -> Path:
    """The migrations with one more tenant revision; returns their alembic.ini."""
    return next_release(tmp_path / "next", _SHINY)


def test_public_stays_empty_and_closed(migrated: Database, account: Account) -> None:
    """Nothing of ours lands in `public`, and nobody may put anything there."""
    del account
    objects = migrated.look(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    rights = migrated.look(
        "SELECT rolname::text FROM pg_roles, unnest(ARRAY['USAGE', 'CREATE']) AS wanted"
        " WHERE rolname LIKE ANY (ARRAY['pay\\_app', 'pay\\_worker', 'pay\\_tenant', 't\\_%'])"
        " AND has_schema_privilege(rolname, 'public', wanted)"
    )

    assert (objects, rights) == ([], [])


def test_a_schema_that_fails_leaves_the_others_to_go_on_and_is_resumed(
    spare: Engine, shiny: Path
) -> None:
    """A failure changes nothing in its schema, stops no other, and the next run does the rest."""
    assert not migrate(spare).failed
    good, bad = (bare_account(spare) for _ in range(2))
    _sql(spare, _STONE, bad)

    first = migrate(spare, shiny)
    after_first = {tenant: _revisions(spare, tenant) for tenant in (good, bad)}
    _sql(spare, "DELETE FROM events", bad)
    second = migrate(spare, shiny)

    assert first.migrated == (good.schema,)
    assert list(first.failed) == [bad.schema]
    assert first.failed[bad.schema].startswith("23514 ")
    assert after_first == {good: ("t9001", "t9001", True), bad: (TODAY, TODAY, False)}
    assert second.migrated == (bad.schema,)
    assert not second.failed
    assert _revisions(spare, bad) == ("t9001", "t9001", True)
    assert _sql(
        spare, "SELECT to_regclass('shiny_things')::text, to_regclass('public.shiny_things')", bad
    ) == [("shiny_things", None)]


def test_what_newer_code_has_migrated_is_left_alone(
    spare: Engine, shiny: Path, migrated: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Older code says so in one sentence, changes nothing, and ends with 1."""
    assert not migrate(spare).failed
    tenant = bare_account(spare)
    assert not migrate(spare, shiny).failed

    outcome = migrate(spare)
    _sql(spare, "UPDATE platform.alembic_version SET version_num = 'p9999'")
    [(name,)] = _sql(spare, "SELECT current_database()::text")
    url = migrated.postgres.url(str(name))
    code = main({"MIGRATION_DATABASE_URL": url, "SECRETS_DIR": str(migrated.secrets_dir)})

    assert list(outcome.failed) == [tenant.schema]
    assert outcome.failed[tenant.schema].startswith("migrated by newer code than this: ")
    assert _revisions(spare, tenant) == ("t9001", "t9001", True)
    assert code == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("platform: migrated by newer code than this: ")


def test_two_runs_at_once_are_as_good_as_one(spare: Engine) -> None:
    """Whoever comes second waits and finds nothing to do."""
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: migrate(spare), range(2)))

    assert [outcome.failed for outcome in outcomes] == [{}, {}]
    assert _sql(spare, "SELECT version_num FROM platform.alembic_version") == [
        (load(PLATFORM).newest,)
    ]


def test_every_tenant_table_has_its_tripwire(migrated: Database, account: Account) -> None:
    """Each table refuses rows of any account but its own, and there are at most twenty-two."""
    rows = migrated.look(
        "SELECT c.relname::text, bool_or(pg_get_constraintdef(k.oid) = :check)"
        " FROM pg_class c LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'c'"
        " WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind IN ('r', 'p')"
        " AND c.relname <> 'alembic_version' GROUP BY 1",
        schema=account.test.schema,
        check=f"CHECK ((account_id = '{account.id}'::text))",
    )

    assert 12 <= len(rows) <= 22
    assert [name for name, has_check in rows if not has_check] == []


def test_ids_sort_by_bytes_everywhere(migrated: Database, account: Account) -> None:
    """Columns that hold ids have the collation in which id order is time order."""
    wrong = migrated.look(
        "SELECT attrelid::regclass::text, attname::text FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = attrelid AND relkind = 'r'"
        " WHERE relnamespace IN ('platform'::regnamespace, CAST(:schema AS regnamespace))"
        " AND relname <> 'alembic_version' AND attnum > 0 AND atttypid = 'text'::regtype"
        " AND (attname = 'id' OR attname IN ('account_id', 'object_id', 'charge_id', 'event_id'))"
        " AND attcollation <> '\"C\"'::regcollation",
        schema=account.test.schema,
    )

    assert wrong == []


def test_the_command_says_what_it_did(migrated: Database, spare: Engine) -> None:
    """Run as a command on a database that is up to date: exit code 0 and one line."""
    assert not migrate(spare).failed
    bare_account(spare)
    [(name,)] = _sql(spare, "SELECT current_database()::text")
    url = {"MIGRATION_DATABASE_URL": migrated.postgres.url(str(name))}
    done = subprocess.run(
        [sys.executable, "-m", "shared.db.migrate"],
        env={**os.environ, **migrated.environment, **url},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "0 tenant schemas migrated, 0 failed\n"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"MIGRATION_DATABASE_URL": ""}, "MIGRATION_DATABASE_URL is not set"),
        ({"MIGRATION_DATABASE_URL": "postgresql://127.0.0.1:9/pay"}, "Can't create a connection"),
        ({"MIGRATION_DATABASE_URL": "postgresql://me:pw@127.0.0.1/pay"}, "no user or password"),
        ({"SECRETS_DIR": "/nowhere"}, "cannot read /nowhere/database_owner"),
    ],
)
def test_the_command_says_why_it_could_not(
    migrated: Database, capsys: pytest.CaptureFixture[str], changed: dict[str, str], reason: str
) -> None:
    """A failing run ends with 1 and one line that names the cause and no secret."""
    assert main({**migrated.environment, **changed}) == 1

    printed = capsys.readouterr()
    assert reason in printed.err
    assert printed.err.count("\n") == 1
    assert "pw" not in printed.err.replace("password", "")


def _revisions(owner: Engine, tenant: Tenant) -> tuple[object, ...]:
    """What the schema says, what the platform says, and whether the column is there."""
    [row] = _sql(
        owner,
        "SELECT (SELECT version_num FROM alembic_version),"
        " (SELECT revision FROM platform.account_schemas WHERE schema_name = current_schema()),"
        " EXISTS (SELECT FROM pg_attribute WHERE attname = 'shiny'"
        " AND attrelid = 'charges'::regclass)",
        tenant,
    )
    return row


def _sql(owner: Engine, sql: str, tenant: Tenant | None = None) -> list[tuple[object, ...]]:
    with owner.begin() as connection:
        if tenant is not None:
            connection.exec_driver_sql(f'SET LOCAL search_path = "{tenant.schema}"')
        result = connection.exec_driver_sql(sql)
        return [tuple(row) for row in result] if result.returns_rows else []
