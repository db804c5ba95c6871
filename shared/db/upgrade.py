"""Brings one schema forward in one transaction: its revisions and the note of where it stands.

The version table is Alembic's, in each schema, as every release has written it.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from shared.db.revisions import INI, PLATFORM, TENANT, Branch, load
from shared.domain.account import Tenant

# DDL waits behind running transactions, and all others behind it. Half of `deadlock_timeout`: where
# both sides wait for each other this one gives way before the server chooses.
LOCK_TIMEOUT: Final = "500ms"
# All of a schema's waits and its work together.
TRANSACTION_TIMEOUT: Final = "2s"
_RUN_LOCK: Final = 611_340_512
_MEMBERSHIP_OPTIONS_SINCE: Final = 16
_TRANSACTION_TIMEOUT_SINCE: Final = 17

VERSION_TABLE: Final = """
CREATE TABLE IF NOT EXISTS alembic_version (
  version_num varchar(32) NOT NULL,
  CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)"""
# Two runs at once: the second waits here, then finds nothing left to do.
RUN_LOCK: Final = text("SELECT pg_advisory_xact_lock(:run, hashtext(:schema))")
HAS: Final = text("""
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name), to_regnamespace(:name) IS NOT NULL""")
STANDS_AT: Final = text("SELECT version_num FROM alembic_version")
ARRIVE: Final = text("INSERT INTO alembic_version (version_num) VALUES (:revision)")
MOVE: Final = text("UPDATE alembic_version SET version_num = :revision")
NOTE: Final = text("""
UPDATE platform.account_schemas SET revision = :revision WHERE schema_name = :name""")


def make_schema(connection: Connection, tenant: Tenant) -> None:
    """Make an empty schema and its role, which reaches it alone, as far as they are not there."""
    name = tenant.schema
    has_role, has_schema = connection.execute(HAS, {"name": name}).one()
    if not has_role:
        _make_role(connection, name)
    if not has_schema:
        connection.exec_driver_sql(f"""
            CREATE SCHEMA "{name}";
            GRANT USAGE ON SCHEMA "{name}" TO "{name}";
        """)


def _make_role(connection: Connection, name: str) -> None:
    """Make a role that owns nothing, and reaches nothing yet.

    The application may become it but inherits nothing: without SET ROLE it reads no tenant's rows.
    """
    into_group, into_app = (
        ("WITH INHERIT TRUE, SET FALSE", "WITH INHERIT FALSE, SET TRUE")
        if _version(connection) >= _MEMBERSHIP_OPTIONS_SINCE
        else ("", "")
    )
    connection.exec_driver_sql(f"""
        CREATE ROLE "{name}" NOLOGIN;
        GRANT pay_tenant TO "{name}" {into_group};
        GRANT "{name}" TO pay_app {into_app};
    """)


def migrate_platform(connection: Connection, ini: Path = INI) -> bool:
    """Bring the platform schema forward within the open transaction; return whether it was behind.

    Raises NewerSchemaError, and SQLAlchemyError where it waits or works for too long.
    """
    hold_run_lock(connection, PLATFORM)
    connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS platform")
    return _advance(connection, PLATFORM, load(PLATFORM, ini), None)


def migrate_tenant(connection: Connection, tenant: Tenant, *, ini: Path = INI) -> str:
    """Bring one tenant's existing schema forward within the open transaction; return its revision.

    The revision is noted in platform.account_schemas too, where there is a row already. The schema
    stays the search_path of the transaction. Raises as migrate_platform does.
    """
    branch = load(TENANT, ini)
    hold_run_lock(connection, tenant.schema)
    _advance(connection, tenant.schema, branch, tenant)
    connection.execute(NOTE, {"revision": branch.newest, "name": tenant.schema})
    return branch.newest


def hold_run_lock(connection: Connection, schema: str) -> None:
    """Keep every other run away from this schema until the transaction ends."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    connection.execute(RUN_LOCK, {"run": _RUN_LOCK, "schema": schema})


def _advance(connection: Connection, schema: str, branch: Branch, tenant: Tenant | None) -> bool:
    connection.exec_driver_sql(f'SET LOCAL search_path = "{schema}"; {VERSION_TABLE}')
    at = connection.execute(STANDS_AT).scalar_one_or_none()
    lacking = branch.after(at)
    if not lacking:
        return False
    if at is None:
        # Nobody works in a schema that is being made: it may take its time.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    else:
        connection.exec_driver_sql(bound(connection))
    for revision in lacking:
        for sql in revision.sql(tenant):
            connection.exec_driver_sql(sql)
    connection.execute(ARRIVE if at is None else MOVE, {"revision": branch.newest})
    return True


def bound(connection: Connection) -> str:
    """Return the SQL that limits the whole transaction.

    Servers before 17 can only limit each statement of it.
    """
    has_limit = _version(connection) >= _TRANSACTION_TIMEOUT_SINCE
    name = "transaction_timeout" if has_limit else "statement_timeout"
    return f"SET LOCAL {name} = '{TRANSACTION_TIMEOUT}'"


def _version(connection: Connection) -> int:
    return int((connection.dialect.server_version_info or (0,))[0])
