"""Drift: what is not as its revision says is named, left alone, and fails the run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine

from shared.db.drift import DriftError
from shared.db.migrate import check, migrate
from shared.db.provisioning import PostgresAccountStore
from shared.db.revisions import TENANT, load
from shared.domain.account import Tenant
from tests.database import Database, spare_database
from tests.releases import COLUMN_AND_INDEX, bare_account, next_release

TODAY = load(TENANT).newest


CHANGES: Final = [
    ("ALTER TABLE charges ADD COLUMN odd text", "column charges.odd is not in any revision"),
    ("ALTER TABLE charges DROP COLUMN description", "column charges.description is missing"),
    ("ALTER TABLE charges ALTER currency DROP NOT NULL", "column charges.currency differs"),
    ("ALTER TABLE charges ALTER resends SET DEFAULT 1", "column charges.resends differs"),
    (
        "ALTER TABLE charges DROP CONSTRAINT charges_account_id_check",
        "constraint charges_account_id_check of charges is missing",
    ),
    ("DROP INDEX charges_unfinished", "index charges_unfinished on charges is missing"),
    (
        "DROP INDEX charges_unfinished; CREATE INDEX charges_unfinished ON charges (status)",
        "index charges_unfinished on charges differs",
    ),
    ("GRANT DELETE ON postings TO PUBLIC", "relation postings differs"),
    ("GRANT UPDATE (amount) ON charges TO pay_app", "column charges.amount differs"),
    ("GRANT CREATE ON SCHEMA {schema} TO pay_app", "its owner or rights differs"),
    (
        "ALTER TABLE postings DISABLE TRIGGER postings_balance",
        "trigger postings_balance of postings differs",
    ),
    ("CREATE VIEW spy AS SELECT phone FROM charges", "relation spy is not in any revision"),
    ("ALTER TABLE events ENABLE ROW LEVEL SECURITY", "relation events differs"),
    (
        "CREATE FUNCTION odd() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "function odd() is not in any revision",
    ),
]


@pytest.fixture(scope="module")
def grounds(migrated: Database) -> Iterator[Engine]:
    """A database for the tests of this file that name a schema, each one its own."""
    with spare_database(migrated) as engine:
        assert not migrate(engine).failed
        yield engine


@pytest.fixture
def tenant(spare: Engine) -> Tenant:
    """An account in an otherwise empty database."""
    assert not migrate(spare).failed
    return bare_account(spare)


@pytest.fixture(scope="module")
def told(grounds: Engine) -> Mapping[str, str]:
    """What is told of one schema with each change, by the change."""
    tenants = {change: bare_account(grounds) for change, _ in CHANGES}
    for change, tenant in tenants.items():
        _sql(grounds, change.format(schema=tenant.schema), tenant)
    wrong = check(grounds)
    return {change: wrong[tenant.schema] for change, tenant in tenants.items()}


def test_a_fresh_database_has_no_drift(spare: Engine, tenant: Tenant) -> None:
    """What provisioning leaves is what the revisions make, in both modes."""
    assert tenant
    bare_account(spare, livemodes=(False, True))

    assert check(spare) == {}


@pytest.mark.parametrize(("change", "named"), CHANGES)
def test_each_kind_of_drift_is_named(told: Mapping[str, str], change: str, named: str) -> None:
    """Columns, constraints, indexes, triggers and rights are compared; what is wrong is told."""
    assert named in told[change]


def test_a_drifted_schema_is_left_alone_and_the_others_go_on(
    spare: Engine, tenant: Tenant, tmp_path: Path
) -> None:
    """It stays as it is; the run brings all others forward and fails."""
    other = bare_account(spare)
    _sql(spare, "DROP INDEX charges_unfinished", tenant)

    outcome = migrate(spare, next_release(tmp_path / "next", COLUMN_AND_INDEX.format(name="shiny")))

    assert outcome.migrated == (other.schema,)
    assert list(outcome.failed) == [tenant.schema]
    assert outcome.failed[tenant.schema].startswith(f"differs from {TODAY}: ")
    assert _sql(spare, "SELECT version_num FROM alembic_version", tenant) == [(TODAY,)]


def test_an_index_of_the_same_name_does_not_pass_for_the_one_of_the_revision(
    spare: Engine, tenant: Tenant, tmp_path: Path
) -> None:
    """IF NOT EXISTS lets a large index be built beforehand; what it let pass is looked at after."""
    right = bare_account(spare)
    ini = next_release(
        tmp_path / "next", "CREATE INDEX IF NOT EXISTS charges_said ON charges (description)"
    )
    _sql(spare, "CREATE INDEX charges_said ON charges (description)", right)
    before = migrate(spare, ini)
    _sql(spare, "DROP INDEX charges_said", tenant)
    _sql(spare, "DROP INDEX charges_said", right)
    _sql(spare, "CREATE INDEX charges_said ON charges (reference)", tenant)

    after = check(spare, ini)

    assert list(before.failed) == [right.schema]
    assert "charges_said on charges is not in any revision" in before.failed[right.schema]
    assert "charges_said on charges differs" in after[tenant.schema]


def test_a_column_that_once_was_is_no_drift(spare: Engine, tenant: Tenant) -> None:
    """What was added and taken away leaves the same structure, whatever the catalogues remember."""
    _sql(spare, "ALTER TABLE charges ADD COLUMN odd text; ALTER TABLE charges DROP odd", tenant)
    _sql(
        spare,
        "ALTER TABLE charges DROP COLUMN description; ALTER TABLE charges ADD description text;"
        f' GRANT UPDATE (description) ON charges TO "{tenant.schema}"',
        tenant,
    )

    assert check(spare) == {}


def test_schemas_and_rows_that_lack_each_other_are_named(spare: Engine, tenant: Tenant) -> None:
    """A schema without row, a row without schema, a row that says another revision.

    That of an account to come is empty, and named once it is not.
    """
    orphan, hollow = bare_account(spare), bare_account(spare)
    store = PostgresAccountStore(spare)
    store.next_id()
    odd = Tenant(store.next_id(), livemode=False)
    _sql(spare, f'CREATE TABLE "{odd.schema}".odd ()')
    _sql(spare, f"DELETE FROM platform.account_schemas WHERE schema_name = '{orphan.schema}'")
    _sql(spare, f'DROP SCHEMA "{hollow.schema}" CASCADE')
    _sql(spare, "UPDATE alembic_version SET version_num = 't0000'", tenant)

    assert check(spare) == {
        orphan.schema: "no row of account_schemas names it",
        odd.schema: "no row of account_schemas names it",
        hollow.schema: "its row names a schema that is not there",
        tenant.schema: f"stands at t0000, its row says {TODAY}",
    }


@pytest.mark.parametrize(
    ("change", "back", "named"),
    [
        ("CREATE TABLE public.charges ()", "DROP TABLE public.charges", "public holds charges"),
        (
            "CREATE INDEX odd ON platform.cases (reason)",
            "DROP INDEX platform.odd",
            "index odd on cases is not in any revision",
        ),
        (
            "ALTER POLICY tenant_rows ON platform.cases RENAME TO no_rows",
            "ALTER POLICY no_rows ON platform.cases RENAME TO tenant_rows",
            "policy tenant_rows of cases is missing",
        ),
        (
            "GRANT SELECT ON platform.api_keys TO pay_worker",
            "REVOKE SELECT ON platform.api_keys FROM pay_worker",
            "relation api_keys differs",
        ),
        (
            "ALTER TABLE platform.api_keys DISABLE TRIGGER no_wider",
            "ALTER TABLE platform.api_keys ENABLE TRIGGER no_wider",
            "trigger no_wider of api_keys differs",
        ),
    ],
)
def test_what_all_stand_on_must_be_right_before_anything_changes(
    grounds: Engine, change: str, back: str, named: str
) -> None:
    """A table in `public` or another platform schema ends the run before it changes anything."""
    _sql(grounds, change)
    try:
        with pytest.raises(DriftError, match=named):
            migrate(grounds)
    finally:
        _sql(grounds, back)


def test_looking_leaves_nothing_behind(spare: Engine, tenant: Tenant) -> None:
    """The scratch schemas and their role are gone, and nothing else has changed."""
    query = (
        "SELECT (SELECT array_agg(nspname::text ORDER BY nspname) FROM pg_namespace),"
        " (SELECT array_agg(rolname::text ORDER BY rolname) FROM pg_roles),"
        " (SELECT array_agg(setconfig::text ORDER BY setrole, setdatabase) FROM pg_db_role_setting)"
    )
    before = _sql(spare, query)

    assert check(spare) == {}
    assert _sql(spare, query) == before
    assert tenant.schema in str(before)


def _sql(owner: Engine, sql: str, tenant: Tenant | None = None) -> list[tuple[object, ...]]:
    with owner.begin() as connection:
        if tenant is not None:
            connection.exec_driver_sql(f'SET LOCAL search_path = "{tenant.schema}"')
        result = connection.exec_driver_sql(sql)
        return [tuple(row) for row in result] if result.returns_rows else []
