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

from shared.db.statement import Prepared, Statement
from shared.domain.account import Tenant
from shared.domain.errors import Unavailable
from shared.domain.events import Message

_LOG: Final = logging.getLogger(__name__)
_STALE_TRIES: Final = 12
_BROKEN: Final = (InterfaceError, OSError)
UNIQUE_VIOLATION: Final = "23505"
LOCK_TIMEOUT: Final = "set_config('lock_timeout', '2s', true)"


class Transaction:
    """An open transaction; `messages` are handed on once it is committed."""

    __slots__ = ("_connection", "_prepared", "messages", "opening_rows")

    def __init__(self, raw: PoolProxiedConnection, opening_rows: list[list[Any]]) -> None:
        """Wrap a connection whose transaction is open."""
        self._connection: Any = raw.driver_connection
        self._prepared: dict[Statement, Prepared] = raw.info.setdefault("prepared", {})
        self.opening_rows = opening_rows
        self.messages: list[Message] = []

    def run(self, statement: Statement, **given: Any) -> list[list[Any]]:
        """Run a prepared statement and return its rows."""
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = Prepared(self._connection, statement)
            self._prepared[statement] = prepared
        return prepared.run(self._connection, given)


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
        self, tenant: Tenant | None, statement: Statement, *, also: str = "", **given: Any
    ) -> Once:
        """Run one statement as a whole transaction, inside a merchant's wall or the platform's.

        `also` is one more expression for the opening query. The rows are committed when this
        returns; hand on what the statement put into the outbox by `hand_on`.
        """
        opening = _opening(tenant, also)
        raw = self._connection()
        prepared = raw.info.get("prepared", {}).get(statement)
        if prepared is None:
            raw.close()
            return self._once_in_steps(opening, statement, given)
        try:
            opened, rows = prepared.run_whole(raw.driver_connection, opening, given)
        except DatabaseError:
            raw.close()
            raise
        except BaseException:
            raw.invalidate()
            raise
        raw.close()
        return Once(opened[-1][-1], rows)

    def _once_in_steps(self, opening: str, statement: Statement, given: dict[str, Any]) -> Once:
        """Do the same on a connection that has not met the statement: it is prepared inside."""
        with self._open(opening) as transaction:
            rows = transaction.run(statement, **given)
            return Once(transaction.opening_rows[-1][-1], rows)

    def hand_on(self, messages: Sequence[Message]) -> None:
        """Tell whoever publishes what a committed statement has put into the outbox."""
        if self._after_commit is not None and messages:
            self._after_commit(messages)

    def tenant(self, tenant: Tenant) -> AbstractContextManager[Transaction]:
        """Open a transaction inside one merchant's wall."""
        return self._open(_opening(tenant))

    def platform(self) -> AbstractContextManager[Transaction]:
        """Open a transaction as the login role, on platform tables only."""
        return self._open(_opening(None))

    @contextmanager
    def _open(self, opening: str) -> Iterator[Transaction]:
        raw, rows = self._begin(opening)
        connection: Any = raw.driver_connection
        transaction = Transaction(raw, rows)
        try:
            yield transaction
            connection.execute_simple("COMMIT")
        except BaseException as error:
            _abort(raw, error)
            raise
        raw.close()
        self.hand_on(transaction.messages)

    def _connection(self) -> PoolProxiedConnection:
        """Borrow a connection. Raises Unavailable where none can be had."""
        try:
            return self._engine.raw_connection()
        except (SQLAlchemyError, DatabaseError, *_BROKEN) as error:
            _LOG.warning("database_unreachable", extra={"error": type(error).__name__})
            raise Unavailable("temporarily_unavailable", retry_after_seconds=1) from error

    def _begin(self, opening: str) -> tuple[PoolProxiedConnection, list[list[Any]]]:
        """Open on a live connection: a stale one fails before anything happened."""
        for _ in range(_STALE_TRIES):
            raw = self._connection()
            connection: Any = raw.driver_connection
            try:
                context = connection.execute_simple(opening)
            except DatabaseError as error:
                _abort(raw, error)
                if _is_shutdown(error):
                    continue
                raise
            except _BROKEN:
                raw.invalidate()
                continue
            return raw, context.rows or []
        raise Unavailable("temporarily_unavailable", retry_after_seconds=1)


def _opening(tenant: Tenant | None, also: str = "") -> str:
    if tenant is None:
        walls = "set_config('search_path', 'platform, pg_catalog', true)"
    else:
        schema = tenant.schema
        walls = (
            f"set_config('role', '{schema}', true), "
            f"set_config('search_path', '\"{schema}\", pg_catalog', true)"
        )
    return f"BEGIN; SELECT {walls}, {LOCK_TIMEOUT}{', ' if also else ''}{also}"


def error_code(error: DatabaseError) -> str:
    """Return PostgreSQL's five-letter code."""
    return _field(error, "C")


def constraint_of(error: DatabaseError) -> str:
    """Return the name of the constraint that was violated, or nothing."""
    return _field(error, "n")


def _field(error: DatabaseError, name: str) -> str:
    fields = error.args[0] if error.args else None
    return str(fields.get(name, "")) if isinstance(fields, dict) else ""


def _is_shutdown(error: DatabaseError) -> bool:
    return error_code(error).startswith("57P")


def _abort(raw: PoolProxiedConnection, error: BaseException) -> None:
    """Roll back and give the connection back clean, or throw it away."""
    connection: Any = raw.driver_connection
    if isinstance(error, _BROKEN):
        raw.invalidate()
        return
    try:
        connection.execute_simple("ROLLBACK")
    except (DatabaseError, *_BROKEN):
        raw.invalidate()
        return
    raw.close()
