"""Transactions in one round trip where one statement is all, else in three.

SQLAlchemy keeps the pool; on the way through it a tenant transaction would take ten round trips.
The opening query sets role and search_path for the transaction alone, so that nothing outlives it.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pg8000.exceptions import DatabaseError, InterfaceError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from shared.db.home_pool import HomePool, wish
from shared.db.statement import (
    Prepared,
    Statement,
    has_hung_up,
    prepare,
    run_simple,
    run_together,
)
from shared.domain.account import Tenant
from shared.domain.errors import CutOff, Unavailable
from shared.domain.events import Message

_LOG: Final = logging.getLogger(__name__)
_PREPARED: Final = "prepared"
_STALE_TRIES: Final = 12
_BROKEN: Final = (InterfaceError, OSError)
UNIQUE_VIOLATION: Final = "23505"
# Errors that time heals, and under which nothing was committed: a transaction that lasted or idled
# too long, a deadlock, no resources (a full disk among them), a lock waited for too long, a
# statement cut short, going down, files that cannot be read or written, a prepared statement that
# is gone.
_FORGOTTEN: Final = "26000"
_AWAY: Final = ("25P03", "25P04", "40P", "53", "55P03", "57", "58", _FORGOTTEN)
# What PgBouncer says when it had no connection to the server for a transaction: none began.
_UNSERVED: Final = ("query_wait_timeout", "server login has been failing")

# What every transaction begins with; `true` is LOCAL. The lock on an idempotency key is tried here,
# before the next statement takes its snapshot, and leaves word for it in a setting. The answer is
# that word alone: every other column would be read for nobody.
_TENANT: Final = """SELECT CASE WHEN set_config('role', {schema}, true) IS NOT NULL
    AND set_config('search_path', {path}, true) IS NOT NULL
    AND set_config('lock_timeout', '2s', true) IS NOT NULL
    THEN set_config('pay.key_lock', pg_try_advisory_xact_lock({key_lock})::text, true) END"""
_PLATFORM: Final = """SELECT set_config('search_path', 'platform, pg_catalog', true),
    set_config('lock_timeout', '2s', true)"""
_OPEN_TENANT: Final = Statement(
    _TENANT.format(schema=":schema::text", path=":path::text", key_lock=":key_lock::bigint")
)
_OPEN_PLATFORM: Final = Statement(_PLATFORM)


class Transaction:
    """An open transaction; `messages` are handed on once it is committed."""

    __slots__ = ("_connection", "_prepared", "_raw", "messages", "opening_rows")

    def __init__(self, raw: PoolProxiedConnection, opening_rows: list[list[Any]]) -> None:
        """Wrap a connection whose transaction is open."""
        self._raw = raw
        self._connection: Any = raw.driver_connection
        self._prepared: dict[Statement, Prepared] = raw.info.setdefault(_PREPARED, {})
        self.opening_rows = opening_rows
        self.messages: list[Message] = []

    def run(self, statement: Statement, **given: Any) -> list[list[Any]]:
        """Run a prepared statement and return its rows."""
        try:
            prepared = self._prepared.get(statement)
            if prepared is None:
                prepared = prepare(self._connection, statement)
                self._prepared[statement] = prepared
            return prepared.run(self._connection, given)
        except DatabaseError:
            raise
        except BaseException:
            # An answer may lie half read on the wire, and whoever borrows next would get it.
            self._raw.invalidate()
            raise


@dataclass(frozen=True, slots=True)
class Once:
    """What a whole transaction returned: the opening's last value, and the statement's rows."""

    opened: Any
    rows: list[list[Any]]


class Database:
    """A pool of connections of one login role."""

    def __init__(
        self, engine: Engine, after_commit: Callable[[Sequence[Message]], None] | None = None
    ) -> None:
        """Keep the engine; `after_commit` gets the messages of each committed transaction."""
        self._engine = engine
        self._after_commit = after_commit

    def once(
        self,
        tenant: Tenant | None,
        statement: Statement,
        *,
        key_lock: int | None = None,
        **given: Any,
    ) -> Once:
        """Run one statement as a whole transaction, inside a merchant's wall or the platform's.

        `key_lock` is a lock to try before it. The rows are committed when this returns; hand on
        what the statement put into the outbox by `hand_on`. Raises Unavailable where nothing was
        committed and time may help, and CutOff where nobody knows whether it was.
        """
        raw = self._connection(tenant)
        known: dict[Statement, Prepared] = raw.info.get(_PREPARED, {})
        prepared = known.get(statement)
        if prepared is None:
            raw.close()
            return self._once_in_steps(tenant, statement, key_lock, given)
        try:
            opening = _opening_call(raw.driver_connection, known, tenant, key_lock)
            opened, rows = self._together(raw, opening, tenant, prepared, given)
        except DatabaseError as error:
            if _is_spent(error):
                raw.invalidate()
            else:
                raw.close()
            _raise_if_away(error)
            raise
        except _BROKEN as error:
            raw.invalidate()
            raise CutOff from error
        except BaseException:
            raw.invalidate()
            raise
        raw.close()
        return Once(opened[0][-1], rows)

    def _once_in_steps(
        self,
        tenant: Tenant | None,
        statement: Statement,
        key_lock: int | None,
        given: dict[str, Any],
    ) -> Once:
        """Do the same on a connection that has not met the statement: it is prepared inside."""
        try:
            with self._open(tenant, key_lock) as transaction:
                rows = transaction.run(statement, **given)
                return Once(transaction.opening_rows[-1][-1], rows)
        except _BROKEN as error:
            raise CutOff from error

    def hand_on(self, messages: Sequence[Message]) -> None:
        """Tell whoever publishes what a committed statement has put into the outbox."""
        if self._after_commit is not None and messages:
            self._after_commit(messages)

    def tenant(
        self, tenant: Tenant, *, key_lock: int | None = None
    ) -> AbstractContextManager[Transaction]:
        """Open a transaction inside one merchant's wall; `key_lock` is a lock to try before it.

        Whether it was free is the last value of `opening_rows`.
        """
        return self._open(tenant, key_lock)

    def platform(self) -> AbstractContextManager[Transaction]:
        """Open a transaction as the login role, on platform tables only."""
        return self._open(None)

    @contextmanager
    def _open(self, tenant: Tenant | None, key_lock: int | None = None) -> Iterator[Transaction]:
        raw, rows = self._begin(tenant, _opening(tenant, key_lock))
        transaction = Transaction(raw, rows)
        try:
            yield transaction
            run_simple(raw.driver_connection, "COMMIT")
        except BaseException as error:
            _abort(raw, error)
            _raise_if_away(error)
            raise
        raw.close()
        self.hand_on(transaction.messages)

    def _connection(self, tenant: Tenant | None) -> PoolProxiedConnection:
        """Borrow a connection, a tenant's own if it is free. Raises Unavailable without any."""
        wish(None if tenant is None else tenant.schema)
        try:
            return self._engine.raw_connection()
        except (SQLAlchemyError, DatabaseError, *_BROKEN) as error:
            _LOG.warning("database_unreachable", extra={"error": type(error).__name__})
            raise Unavailable("temporarily_unavailable", retry_after_seconds=1) from error
        finally:
            wish(None)

    def _together(
        self,
        raw: PoolProxiedConnection,
        opening: tuple[Prepared, dict[str, Any]],
        tenant: Tenant | None,
        prepared: Prepared,
        given: dict[str, Any],
    ) -> list[list[list[Any]]]:
        """Run a statement behind its opening, with a tenant's own plan on its own connection."""
        pool = self._engine.pool
        plans = None
        if tenant is not None and isinstance(pool, HomePool):
            plans = pool.plans(raw, tenant.schema)
        if tenant is None or plans is None:
            return run_together(raw.driver_connection, opening, (prepared, given))
        plan = plans.of(prepared, tenant.schema)
        answers = run_together(raw.driver_connection, opening, (plan, given), before=plans.before)
        plans.keep(plan, tenant.schema)
        return answers

    def _begin(
        self, tenant: Tenant | None, opening: str
    ) -> tuple[PoolProxiedConnection, list[list[Any]]]:
        """Open on a live connection: a stale one fails before anything happened."""
        for _ in range(_STALE_TRIES):
            raw = self._connection(tenant)
            try:
                rows = run_simple(raw.driver_connection, opening)
            except DatabaseError as error:
                _abort(raw, error)
                if _is_shutdown(error):
                    continue
                _raise_if_away(error)
                raise
            except _BROKEN:
                raw.invalidate()
                continue
            except BaseException:
                raw.invalidate()
                raise
            return raw, rows
        raise Unavailable("temporarily_unavailable", retry_after_seconds=1)


def _opening(tenant: Tenant | None, key_lock: int | None = None) -> str:
    """Return the query that opens a transaction in steps."""
    if tenant is None:
        return f"BEGIN; {_PLATFORM}"
    lock = "NULL" if key_lock is None else str(key_lock)
    walls = _TENANT.format(
        schema=f"'{tenant.schema}'", path=f"'{_path(tenant)}'", key_lock=f"{lock}::bigint"
    )
    return f"BEGIN; {walls}"


def _opening_call(
    connection: Any, known: dict[Statement, Prepared], tenant: Tenant | None, key_lock: int | None
) -> tuple[Prepared, dict[str, Any]]:
    """Return the same as a prepared statement with its values."""
    statement = _OPEN_PLATFORM if tenant is None else _OPEN_TENANT
    prepared = known.get(statement)
    if prepared is None:
        prepared = known[statement] = prepare(connection, statement)
    if tenant is None:
        return prepared, {}
    return prepared, {"schema": tenant.schema, "path": _path(tenant), "key_lock": key_lock}


def _path(tenant: Tenant) -> str:
    return f'"{tenant.schema}", pg_catalog'


def error_code(error: DatabaseError) -> str:
    """Return PostgreSQL's five-letter code."""
    return _field(error, "C")


def constraint_of(error: DatabaseError) -> str:
    """Return the name of the constraint that was violated, or nothing."""
    return _field(error, "n")


def _field(error: DatabaseError, name: str) -> str:
    fields = error.args[0] if error.args else None
    return str(fields.get(name, "")) if isinstance(fields, dict) else ""


def is_away(error: DatabaseError) -> bool:
    """Tell whether the server could not do it now, and did not."""
    return error_code(error).startswith(_AWAY) or _field(error, "M").startswith(_UNSERVED)


def _raise_if_away(error: BaseException) -> None:
    """Raise Unavailable where the server could not do it now, and did not."""
    if isinstance(error, DatabaseError) and is_away(error):
        _LOG.warning("database_unavailable", extra={"code": error_code(error)})
        raise Unavailable("temporarily_unavailable", retry_after_seconds=1) from error


def _is_spent(error: DatabaseError) -> bool:
    """Whether the connection serves nobody any more: it is closed, or lost what it had prepared."""
    return has_hung_up(error) or error_code(error) == _FORGOTTEN


def _is_shutdown(error: DatabaseError) -> bool:
    return error_code(error).startswith("57P")


def _abort(raw: PoolProxiedConnection, error: BaseException) -> None:
    """Roll back and give the connection back clean, or throw it away."""
    if not raw.is_valid:
        return
    if isinstance(error, _BROKEN) or (isinstance(error, DatabaseError) and _is_spent(error)):
        raw.invalidate()
        return
    try:
        run_simple(raw.driver_connection, "ROLLBACK")
    except (DatabaseError, *_BROKEN):
        raw.invalidate()
        return
    raw.close()
