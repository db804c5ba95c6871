"""A real PgBouncer in transaction mode before the tests' PostgreSQL, as it stands in production."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pg8000.native
import pytest

from knative.local.postgres import Postgres, connect
from knative.local.programs import Program, free_port, spawn, stop
from shared.db.engine import read_login
from tests import get_pooler
from tests.database import Database
from tests.pubsub_server import wait_for

COMMAND: Final = get_pooler.command()
MISSING: Final = "left out, no PgBouncer (make pooler)"
SERVERS: Final = 3
_LOGINS: Final = ("database_app", "database_worker")
# What stands before the database in production, but for the number of connections.
_SETTINGS: Final = """
[databases]
pay = host={host} port={server_port} dbname=pay
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {servers}
max_client_conn = 200
server_lifetime = 900
query_wait_timeout = {wait_seconds}
server_login_retry = 1
log_connections = 0
log_disconnections = 0
"""


@contextmanager
def running_pooler(
    database: Database, *, servers: int = SERVERS, wait_seconds: int = 5
) -> Iterator[str]:
    """Start one that keeps `servers` connections per login; yield the address of `pay` through it.

    A client waits `wait_seconds` for one of them.
    """
    postgres = database.postgres
    port = free_port()
    folder = postgres.cluster.data.parent / f"pgbouncer-{port}"
    program = _program(folder, postgres)
    users = "".join(
        '"{}" "{}"\n'.format(*read_login(database.secrets_dir / login)) for login in _LOGINS
    )
    settings = _SETTINGS.format(
        host=postgres.host,
        server_port=postgres.port,
        port=port,
        folder=folder,
        servers=servers,
        wait_seconds=wait_seconds,
    )
    for name, text in {"users.txt": users, "pgbouncer.ini": settings}.items():
        _give(folder / name, text, postgres)
    process = spawn(program)
    user, password = read_login(database.secrets_dir / "database_app")
    try:
        wait_for(lambda: _answers(port, user, password), "PgBouncer answers")
        yield f"postgresql://127.0.0.1:{port}/pay"
    finally:
        stop(process, program)


def _program(folder: Path, postgres: Postgres) -> Program:
    """Copy it to where the server's user can read; it refuses to be root, too."""
    assert COMMAND is not None
    folder.mkdir()
    words = [*COMMAND]
    if get_pooler.CACHE.exists():
        shutil.copytree(get_pooler.CACHE, folder / "program", symlinks=True)
        words = [word.replace(str(get_pooler.CACHE), str(folder / "program")) for word in words]
    return Program(
        "pgbouncer",
        (*words, str(folder / "pgbouncer.ini")),
        postgres.cluster.log.with_name("pgbouncer.log"),
        folder,
        uid=postgres.cluster.uid,
        gid=postgres.cluster.gid,
    )


def _give(file: Path, text: str, postgres: Postgres) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    if postgres.cluster.uid is not None and postgres.cluster.gid is not None:
        os.chown(file, postgres.cluster.uid, postgres.cluster.gid)


def _answers(port: int, user: str, password: str) -> bool:
    try:
        with connect(port=port, user=user, password=password, database="pay") as connection:
            connection.run("SELECT 1")
    except (OSError, pg8000.native.InterfaceError, pg8000.native.DatabaseError):
        return False
    return True


@pytest.fixture(scope="module")
def pooler(migrated: Database) -> Iterator[str]:
    """The address of `pay` through a PgBouncer."""
    if COMMAND is None:
        pytest.skip(MISSING)
    with running_pooler(migrated) as url:
        yield url
