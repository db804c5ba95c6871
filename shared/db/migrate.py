"""Brings the platform schema, then every tenant schema, to the newest revision.

One transaction per schema holds all its revisions and the note of where it stands, so a run that
dies anywhere is simply run again. Exit code 0: everything is at the newest revision; 1: some schema
is not, and the lines on standard error say which and why.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import SecretFileError, make_engine, reason_of
from shared.domain.account import Tenant
from shared.domain.ids import is_id

PLATFORM: Final = "platform"
# DDL waits behind running transactions, and all others behind it: rather give up and run again.
LOCK_TIMEOUT: Final = "5s"
_RUN_LOCK: Final = 611_340_512
_NEWER: Final = "migrated by newer code than this"
INI: Final = Path(__file__).with_name("alembic.ini")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The schemas brought forward, and for each that failed the reason."""

    migrated: tuple[str, ...]
    failed: Mapping[str, str]


def migrate(engine: Engine, ini: Path = INI) -> Outcome:
    """Migrate all schemas; one that fails leaves the others to go on. `engine` is pay_owner's.

    A failure of the platform schema ends the run: raises SQLAlchemyError, or CommandError where
    newer code has migrated it.
    """
    with engine.begin() as connection:
        migrate_platform(connection, ini)
    newest = newest_revision("tenant", ini)
    migrated: list[str] = []
    failed: dict[str, str] = {}
    # Asked again until nothing is left: an account may be provisioned by older code meanwhile.
    while tenant := _next_behind(engine, newest, skip=(*migrated, *failed)):
        try:
            with engine.begin() as connection:
                migrate_tenant(connection, tenant, ini=ini)
        except SQLAlchemyError as error:
            failed[tenant.schema] = reason_of(error)
        except CommandError as error:
            failed[tenant.schema] = f"{_NEWER}: {error}"
        else:
            migrated.append(tenant.schema)
    return Outcome(tuple(migrated), failed)


def migrate_platform(connection: Connection, ini: Path = INI) -> None:
    """Bring the platform schema forward within the open transaction; nothing to do is no error."""
    _enter(connection, PLATFORM)
    connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS platform")
    command.upgrade(_config(ini, connection, schema=PLATFORM), "platform@head")


def migrate_tenant(connection: Connection, tenant: Tenant, *, ini: Path = INI) -> str:
    """Bring one tenant's existing schema forward within the open transaction; return its revision.

    The revision is noted in platform.account_schemas too, where there is a row already.
    """
    if not is_id(tenant.account, "acct"):
        raise ValueError("not an account id")
    _enter(connection, tenant.schema)
    config = _config(ini, connection, schema=tenant.schema, account=tenant.account)
    command.upgrade(config, "tenant@head")
    revision = newest_revision("tenant", ini)
    connection.execute(
        text("UPDATE platform.account_schemas SET revision = :revision WHERE schema_name = :name"),
        {"revision": revision, "name": tenant.schema},
    )
    return revision


def newest_revision(branch: str, ini: Path = INI) -> str:
    """Return the head of `platform` or `tenant`."""
    revision = ScriptDirectory.from_config(Config(ini)).get_revision(f"{branch}@head")
    if revision is None:
        raise LookupError(branch)
    return revision.revision


def main(environment: Mapping[str, str]) -> int:
    """Run with MIGRATION_DATABASE_URL and SECRETS_DIR; return the exit code."""
    url = environment.get("MIGRATION_DATABASE_URL")
    if not url:
        return _fail("MIGRATION_DATABASE_URL is not set")
    secrets_dir = Path(environment.get("SECRETS_DIR", "/etc/pay/secrets"))
    try:
        engine = make_engine(
            url,
            secret_file=secrets_dir / "database_owner",
            pool_size=1,
            application_name="migrate",
            reply_seconds=None,
        )
        try:
            outcome = migrate(engine)
        finally:
            engine.dispose()
    except (SQLAlchemyError, SecretFileError, ValueError) as error:
        return _fail(f"platform: {reason_of(error)}")
    except CommandError as error:
        return _fail(f"platform: {_NEWER}: {error}")
    for schema, reason in outcome.failed.items():
        _fail(f"{schema}: {reason}")
    sys.stdout.write(
        f"{len(outcome.migrated)} tenant schemas migrated, {len(outcome.failed)} failed\n"
    )
    return 1 if outcome.failed else 0


def _enter(connection: Connection, schema: str) -> None:
    connection.exec_driver_sql(
        f"SET LOCAL search_path = \"{schema}\"; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"
    )
    # Two runs at once: the second waits here, then finds nothing left to do.
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:run, hashtext(:schema))"),
        {"run": _RUN_LOCK, "schema": schema},
    )


def _next_behind(engine: Engine, newest: str, *, skip: tuple[str, ...]) -> Tenant | None:
    with engine.begin() as connection:
        row = connection.execute(
            text(
                "SELECT account_id, livemode FROM platform.account_schemas"
                " WHERE revision <> :newest AND schema_name::text <> ALL (:skip)"
                " ORDER BY schema_name LIMIT 1"
            ),
            {"newest": newest, "skip": list(skip)},
        ).one_or_none()
    return Tenant(row.account_id, livemode=row.livemode) if row else None


def _config(ini: Path, connection: Connection, **attributes: str) -> Config:
    config = Config(ini)
    config.attributes |= {"connection": connection, **attributes}
    return config


def _fail(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(os.environ))
