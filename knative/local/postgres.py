"""Runs a real PostgreSQL 18 for one data folder and gives it its login roles and databases."""

import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import pg8000.native
from pg8000.native import identifier, literal

from knative.local.cluster import HOST, SUPERUSER, Cluster, PostgresError, prepare_cluster
from knative.local.programs import Program, free_port, spawn, stop
from knative.local.secret_files import make_private_folder, read_or_make
from knative.logins import CONNECTS, LOGINS, OWNER, OWNERS, TRANSACTION_SECONDS, Login

_STANDARD_PORT: Final = 5432
_START_SECONDS: Final = 60.0

_SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_locks_per_transaction": "256",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A failed statement or a row in an error's detail may hold personal data: keep both out.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


# PostgreSQL gives these to everybody. Large objects lie outside every schema, and a session's lock
# outlives its transaction.
_TAKEN_BACK: Final = (
    "lo_creat",
    "lo_create",
    "lo_from_bytea",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
)


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server and a user of it that may create roles and databases."""

    host: str
    port: int
    user: str
    password: str
    database: str = SUPERUSER
    is_ours: bool = True

    @classmethod
    def from_url(cls, url: str) -> "Server":
        """Read `postgresql://user:password@host[:port][/database]`. Raises PostgresError."""
        parts = urlsplit(url)
        try:
            port = parts.port or _STANDARD_PORT
        except ValueError:
            port = 0
        known = parts.scheme in {"postgresql", "postgres"} and parts.hostname and parts.username
        if not known or not port:
            raise PostgresError("DATABASE_URL is postgresql://user:password@host:port/database")
        return cls(
            host=str(parts.hostname),
            port=port,
            user=unquote(str(parts.username)),
            password=unquote(parts.password or ""),
            database=unquote(parts.path.lstrip("/")) or SUPERUSER,
            is_ours=False,
        )


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server. `user` may create roles and databases."""

    host: str
    port: int
    user: str
    password: str
    cluster: Cluster
    program: Program
    process: subprocess.Popen[bytes]

    def url(self, database: str, *, user: str | None = None, password: str | None = None) -> str:
        """`postgresql://…/<database>`, with user and password only where both are given."""
        who = f"{quote(user)}:{quote(password)}@" if user and password else ""
        return f"postgresql://{who}{self.host}:{self.port}/{database}"

    def stop(self) -> None:
        """End the server: fast shutdown, then immediate, then kill. Committed data stays."""
        stop(self.process, self.program)

    def remove(self) -> None:
        """End the server and delete its cluster, wherever it lies (for tests)."""
        self.stop()
        shutil.rmtree(self.cluster.data.parent, ignore_errors=True)


def start_postgres(data_dir: Path, *, port: int | None = None) -> Postgres:
    """Make the cluster of `data_dir` where there is none, start it and wait until it answers.

    The server dies with the calling thread. Raises PostgresError.
    """
    cluster = prepare_cluster(data_dir)
    port = free_port() if port is None else port
    program = postgres_program(cluster, port=port)
    process = spawn(program)
    try:
        wait_until_ready(cluster, port=port, process=process)
    except BaseException:
        stop(process, program)
        raise
    return Postgres(HOST, port, SUPERUSER, cluster.password, cluster, program, process)


def postgres_program(cluster: Cluster, *, port: int) -> Program:
    """The server on 127.0.0.1:`port`, without a socket file."""
    settings = _SETTINGS | {"port": str(port)}
    return Program(
        name="postgres",
        argv=(
            str(cluster.binaries / "postgres"),
            "-D",
            str(cluster.data),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ),
        log=cluster.log,
        folder=cluster.data,
        environment={"LC_ALL": "C", "TZ": "UTC"},
        uid=cluster.uid,
        gid=cluster.gid,
        stop_signals=(signal.SIGINT, signal.SIGQUIT),
        # Immediate shutdown: nothing committed is lost and the next start need not wait.
        death_signal=signal.SIGQUIT,
        stop_seconds=1.0,
    )


def wait_until_ready(
    cluster: Cluster,
    *,
    port: int,
    process: subprocess.Popen[bytes],
    seconds: float = _START_SECONDS,
) -> None:
    """Return once the server answers a query. Raises PostgresError when it ends or stays silent."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = cluster.log.read_text("utf-8", "replace").strip().splitlines()[-3:]
            raise PostgresError(
                f"PostgreSQL ended while starting; see {cluster.log}, which ends: {' '.join(said)}"
            )
        if is_answering(Server(HOST, port, SUPERUSER, cluster.password)):
            return
        time.sleep(0.05)
    raise PostgresError(f"PostgreSQL did not answer within {seconds:.0f} s; see {cluster.log}")


def is_answering(server: Server) -> bool:
    """Whether the server lets its user in and answers a query."""
    with contextlib.suppress(OSError, pg8000.native.InterfaceError, pg8000.native.DatabaseError):
        with _connect_to(server) as connection:
            connection.run("SELECT 1")
        return True
    return False


def _connect_to(server: Server) -> contextlib.AbstractContextManager[Any]:
    return connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        database=server.database,
    )


@contextlib.contextmanager
def connect(
    *,
    port: int,
    password: str,
    user: str = SUPERUSER,
    database: str = "postgres",
    host: str = HOST,
) -> Iterator[Any]:
    """A pg8000 connection in autocommit, closed on leaving. `Any`: pg8000 carries no types."""
    # To offer TLS reads all certificates of the machine, 30 ms each time: not to this machine.
    tls = False if host == HOST else None
    # Of our own making, since pg8000 leaves one open whose server dies before it is greeted.
    with socket.create_connection((host, port), timeout=10) as sock:
        connection = pg8000.native.Connection(
            user, password=password, database=database, sock=sock, timeout=10, ssl_context=tls
        )
        try:
            yield connection
        finally:
            connection.close()


def prepare_databases(postgres: Postgres, secrets_dir: Path) -> None:
    """Create roles and databases where missing and set each role's password to its secret file.

    Passwords are made once, into `database_*` files of `secrets_dir` as `user:password`.
    Repeating it changes nothing. Raises pg8000's DatabaseError when the server refuses.
    """
    server = Server(postgres.host, postgres.port, postgres.user, postgres.password)
    prepare_server(server, secrets_dir)


def prepare_server(server: Server, secrets_dir: Path) -> None:
    """As prepare_databases, on any server.

    What PostgreSQL gives to everybody beyond our schemas is taken back where its user is the
    superuser; managed servers let nobody do that.
    """
    make_private_folder(secrets_dir)
    with _connect_to(server) as connection:
        for login in (OWNER, *LOGINS):
            _prepare_role(connection, login, secrets_dir)
        for database, owner in OWNERS.items():
            _prepare_database(connection, database, owner)
        if server.is_ours:
            connection.run("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
        [[may_take_back]] = connection.run("SELECT rolsuper FROM pg_roles WHERE rolname = user")
    if may_take_back:
        with _connect_to(replace(server, database="pay")) as connection:
            _take_back(connection)


def _prepare_role(connection: Any, login: Login, secrets_dir: Path) -> None:
    line = read_or_make(
        secrets_dir / login.secret, lambda: f"{login.role}:{secrets.token_urlsafe(24)}"
    )
    password = line.partition(":")[2]
    known = connection.run("SELECT 1 FROM pg_roles WHERE rolname = :role", role=login.role)
    verb = "ALTER" if known else "CREATE"
    connection.run(
        f"{verb} ROLE {identifier(login.role)} LOGIN NOSUPERUSER NOCREATEDB {login.rights}"
        f" PASSWORD {literal(password)}"
    )
    if login is not OWNER and _knows_transaction_timeout(connection):
        most = f"transaction_timeout = '{TRANSACTION_SECONDS}s'"
        connection.run(f"ALTER ROLE {identifier(login.role)} SET {most}")


def _take_back(connection: Any) -> None:
    functions = connection.run(
        "SELECT oid::regprocedure::text FROM pg_proc"
        " WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY (:names)",
        names=list(_TAKEN_BACK),
    )
    for [function] in functions:
        connection.run(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")


def _knows_transaction_timeout(connection: Any) -> bool:
    """Whether the server is 17 or newer."""
    return bool(connection.run("SELECT FROM pg_settings WHERE name = 'transaction_timeout'"))


def _prepare_database(connection: Any, database: str, owner: str) -> None:
    name = identifier(database)
    if not connection.run("SELECT 1 FROM pg_database WHERE datname = :name", name=database):
        connection.run(f"CREATE DATABASE {name} OWNER {identifier(owner)}")
    connection.run(f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
    for role in CONNECTS[database]:
        connection.run(f"GRANT CONNECT ON DATABASE {name} TO {identifier(role)}")
