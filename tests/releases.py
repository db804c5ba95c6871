"""A release to come: the revisions that there are and some more, in a folder of the test's own.

Runs that are killed are processes of their own, forked from one that has imported all they need.
"""

import multiprocessing
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from shared.db.engine import make_engine
from shared.db.migrate import migrate
from shared.db.provisioning import PostgresAccountStore
from shared.db.revisions import INI, TENANT, load
from shared.domain.account import Tenant
from shared.domain.ids import new_account_id
from shared.operations.provision_account import AccountRecord, ModeRecord
from tests.factories import an_entry

_PROCESSES: Final = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])
_REVISION: Final = """
revision = {id!r}
down_revision = {before!r}
branch_labels = None
depends_on = None
STATEMENTS = ({sql!r},)
"""
COLUMN_AND_INDEX: Final = """
ALTER TABLE charges ADD COLUMN IF NOT EXISTS {name} text;
CREATE INDEX IF NOT EXISTS charges_{name} ON charges ({name});
"""


def next_release(folder: Path, *steps: str) -> Path:
    """Write one more tenant revision for each SQL of `steps`; return their alembic.ini."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(INI, folder / "alembic.ini")
    shutil.copytree(INI.parent / "migrations", folder / "migrations")
    before = load(TENANT).newest
    for number, sql in enumerate(steps, start=1):
        revision = f"t9{number:03}"
        text = _REVISION.format(id=revision, before=before, sql=sql)
        (folder / f"migrations/tenant/{revision}_shiny.py").write_text(text, encoding="utf-8")
        before = revision
    return folder / "alembic.ini"


def bare_account(owner: Engine, *, livemodes: Sequence[bool] = (False,)) -> Tenant:
    """Provision an account without keys, as the code of today does; return its first tenant."""
    account, now = new_account_id(), datetime.now(UTC)
    tenants = [Tenant(account, livemode=livemode) for livemode in livemodes]
    modes = tuple(ModeRecord(tenant, (), None, an_entry()) for tenant in tenants)
    PostgresAccountStore(owner).create(
        AccountRecord(account, "Spare", "en", now, modes, an_entry())
    )
    return tenants[0]


def owner_engine(url: str, secrets_dir: Path, pool_size: int) -> Engine:
    """An engine of the login that migrates and provisions, as the command makes it."""
    return make_engine(
        url,
        secret_file=secrets_dir / "database_owner",
        pool_size=pool_size,
        application_name="migrate",
        reply_seconds=None,
    )


def start_migration(url: str, secrets_dir: Path, ini: Path, workers: int) -> BaseProcess:
    """Begin to migrate in a process of its own; it ends with 0 when all is as it should be."""
    what = (url, secrets_dir, ini, workers)
    process = _PROCESSES.Process(target=_migrate, args=what, daemon=True)
    process.start()
    return process


def _migrate(url: str, secrets_dir: Path, ini: Path, workers: int) -> None:
    outcome = migrate(owner_engine(url, secrets_dir, workers), ini, workers=workers)
    for schema, reason in outcome.failed.items():
        sys.stderr.write(f"{schema}: {reason}\n")
    sys.exit(1 if outcome.failed else 0)
