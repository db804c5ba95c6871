"""Opens the connections of one database role, and hands out only those that live and are clean."""

import select
import socket
import ssl
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pg8000.dbapi
from pg8000.converters import TIMESTAMPTZ, timestamptz_in
from pg8000.exceptions import DatabaseError, InterfaceError
from sqlalchemy import URL, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from shared.db.home_pool import HomePool
from shared.db.statement import has_hung_up, run_simple

CONNECT_SECONDS: Final = 3.0
REPLY_SECONDS: Final = 10.0
POOL_SECONDS: Final = 5.0
RECYCLE_SECONDS: Final = 900
IDLE_SECONDS: Final = 5.0
# Between two requests of a busy process nothing is looked at: the look hands the interpreter's lock
# over, which costs more than the look.
BUSY_SECONDS: Final = 0.2
_RETURNED_AT: Final = "returned_at"
# A simple query outside a transaction is one of its own, so it began when the statement did. A
# pooler sets the application's name, which is nobody's secret and steers nothing.
_CONTEXT: Final = """SELECT concat_ws(', ',
  CASE WHEN current_user <> session_user THEN 'the role is still set' END,
  CASE WHEN now() <> statement_timestamp() THEN 'a transaction is still open' END,
  CASE WHEN current_setting('pay.key_lock', true) <> '' THEN 'pay.key_lock is still set' END,
  CASE WHEN pg_catalog.pg_my_temp_schema() <> 0 THEN 'temporary objects are left' END,
  (SELECT string_agg(name || ' is still ' || setting, ', ') FROM pg_catalog.pg_settings
    WHERE source = 'session' AND setting <> reset_val AND name <> 'application_name'),
  (SELECT 'an advisory lock is held' FROM pg_catalog.pg_locks
    WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() LIMIT 1),
  (SELECT 'a cursor is open' FROM pg_catalog.pg_cursors LIMIT 1),
  (SELECT 'it listens' FROM pg_catalog.pg_listening_channels() LIMIT 1))"""


class SecretFileError(Exception):
    """A secret file is missing or is not one line `user:password`; its content is not repeated."""


class UncleanConnectionError(AssertionError):
    """A connection came back to the pool with something that outlives a transaction."""


def make_engine(
    database_url: str,
    *,
    secret_file: Path,
    pool_size: int,
    application_name: str = "pay",
    reply_seconds: float | None = REPLY_SECONDS,
    on_time: Callable[[datetime], None] | None = None,
) -> Engine:
    """Return an engine of at most `pool_size` connections; nothing is opened yet.

    `database_url` is `postgresql://host:port/name`, with `?sslmode=verify-full&sslrootcert=file`
    where the way there is not our own machine. `secret_file` holds `user:password`; it is read for
    each new connection, so a rotated password needs no restart. A borrower waits 5 s for a free
    connection, a connect 3 s, an answer `reply_seconds` (None: for ever). `on_time` hears
    the server's time with each new connection. Raises ValueError when the address carries a user or
    password.
    """
    url = make_url(database_url)
    if url.username or url.password:
        raise ValueError("a database address carries no user or password; they are a secret file")
    tls = _tls(url)

    def connect() -> Any:
        user, password = read_login(secret_file)
        connection = pg8000.dbapi.connect(
            user,
            host=url.host or "127.0.0.1",
            port=url.port or 5432,
            database=url.database,
            password=password,
            timeout=CONNECT_SECONDS,
            application_name=application_name,
            ssl_context=tls,
        )
        connection.register_in_adapter(TIMESTAMPTZ, _time_of)
        wire = connection._usock  # noqa: SLF001 - pg8000 shows it nowhere else
        # What is longer than the driver's buffer leaves in parts. The kernel would keep the last
        # one back until the server confirms those before, which it does only after 40 ms.
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.settimeout(reply_seconds)  # pg8000 has one limit for connecting and for answers
        if on_time is not None:
            [[server_time]] = connection.execute_simple("SELECT clock_timestamp()").rows
            on_time(server_time)
        return connection

    engine = create_engine(
        "postgresql+pg8000://",
        creator=connect,
        poolclass=HomePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        pool_use_lifo=True,
        hide_parameters=True,
    )
    event.listen(engine, "checkout", _refuse_dead)
    event.listen(engine, "checkin", _remember_return)
    return engine


def _time_of(text: str) -> Any:
    """Read a timestamptz sixty times as fast as pg8000, which keeps the odd ones (`infinity`)."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return timestamptz_in(text)


def read_login(secret_file: Path) -> tuple[str, str]:
    """Read `user:password`, one line. Raises SecretFileError."""
    try:
        user, colon, password = secret_file.read_text(encoding="utf-8").strip().partition(":")
    except OSError as error:
        raise SecretFileError(f"cannot read {secret_file}: {error.strerror}") from None
    if not (user and colon and password) or "\n" in password:
        raise SecretFileError(f"{secret_file} is not one line user:password")
    return user, password


def reason_of(error: BaseException) -> str:
    """Return one line for a log: the server's code and message, not its detail with values."""
    words = error.orig if isinstance(error, exc.DBAPIError) else error
    first = words.args[0] if words is not None and words.args else ""
    if isinstance(first, dict):
        return f"{first.get('C')} {first.get('M')}"
    return f"{type(error).__name__}: {first}"


def refuse_unclean(engine: Engine) -> None:
    """Make every return to the pool raise UncleanConnectionError where its context is not clean.

    For tests: it costs a round trip. What was set without LOCAL would reach the next borrower, who
    may be another tenant.
    """

    def check(connection: Any, _record: ConnectionPoolEntry) -> None:
        if connection is not None and (fault := context_fault(connection)):
            raise UncleanConnectionError(fault)

    event.listen(engine, "checkin", check)


def context_fault(connection: Any) -> str | None:
    """Say what is not as on a fresh pg8000 connection, or None when all is clean.

    A dead one is clean: it takes nothing to anybody.
    """
    try:
        [[faults]] = run_simple(connection, _CONTEXT)
    except DatabaseError as error:
        return None if has_hung_up(error) else "a failed transaction is still open"
    except (InterfaceError, OSError):
        return None
    return str(faults) or None


def _tls(url: URL) -> ssl.SSLContext | bool:
    mode = url.query.get("sslmode", "disable")
    if mode == "disable":
        return False
    if mode != "verify-full":
        raise ValueError("sslmode is disable or verify-full; the ones between prove nothing")
    certificates = url.query.get("sslrootcert")
    return ssl.create_default_context(cafile=str(certificates) if certificates else None)


def _remember_return(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[_RETURNED_AT] = time.monotonic()


def _refuse_dead(
    connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Ping what was idle for long or has something to read, which on an idle wire means an end.

    The pool's own ping would cost every borrower a round trip; looking at the socket costs 2 µs
    and sees a server that stopped, the ping sees a way that was cut in silence.
    """
    returned_at = record.info.get(_RETURNED_AT)
    if returned_at is None:
        return
    try:
        idle = time.monotonic() - returned_at
        if idle > IDLE_SECONDS or (idle > BUSY_SECONDS and _has_word(connection)):
            connection.execute_simple("SELECT 1")
    except Exception as error:
        # The pool drops this connection and everything as old, and opens a fresh one.
        raise exc.InvalidatePoolError from error


def _has_word(connection: Any) -> bool:
    poll = select.poll()
    poll.register(connection._usock, select.POLLIN)  # noqa: SLF001 - pg8000 shows it nowhere else
    return bool(poll.poll(0))
