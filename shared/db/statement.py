"""SQL with named parameters, prepared once per connection and run in one round trip.

The parts of pg8000 below its public face are used here and nowhere else: its own way sends each
message of a transaction alone and waits for each.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pg8000.converters import make_param
from pg8000.core import SYNC_MSG, Context, _flush, _write

_NAME: Final = re.compile(r"(?<![:\w]):([a-z_]+)")

Value = str | int | bool | datetime | None | Sequence[str] | Sequence[int]


class Statement:
    """Visible SQL; `:name` becomes `$n`. Types are written in the SQL as casts."""

    __slots__ = ("_names", "text")

    def __init__(self, sql: str) -> None:
        """Number the parameters in the order of their first use."""
        names: dict[str, int] = {}
        self.text = _NAME.sub(
            lambda match: f"${names.setdefault(match.group(1), len(names) + 1)}", sql
        )
        self._names = tuple(names)

    def values(self, given: dict[str, Any]) -> list[Any]:
        """Order the values; one that is missing or too many is a KeyError or ValueError."""
        if len(given) != len(self._names):
            message = f"parameters differ: {sorted(set(given) ^ set(self._names))}"
            raise ValueError(message)
        return [given[name] for name in self._names]


class Prepared:
    """A statement prepared on one connection."""

    __slots__ = ("_columns", "_functions", "_name", "_statement")

    def __init__(self, connection: Any, statement: Statement) -> None:
        """Prepare it: one round trip, once per connection."""
        self._statement = statement
        self._name, self._columns, self._functions = connection.prepare_statement(
            statement.text, ()
        )

    def run(self, connection: Any, given: dict[str, Any]) -> list[list[Any]]:
        """Bind, execute and read the rows: one round trip."""
        context = connection.execute_named(
            self._name,
            self._params(connection, given),
            self._columns,
            self._functions,
            self._statement.text,
        )
        rows: list[list[Any]] = context.rows or []
        return rows

    def run_whole(
        self, connection: Any, opening: str, given: dict[str, Any]
    ) -> tuple[list[list[Any]], list[list[Any]]]:
        """Open, run and commit in one round trip; return the rows of opening and statement.

        The server takes the three in order, so the statement's snapshot is younger than what the
        opening locked, and after an error COMMIT rolls back. Raises the first error, with the
        connection outside any transaction; an error of the wire leaves everything unknown.
        """
        contexts = (
            Context(opening),
            Context(self._statement.text, None, self._columns, self._functions),
            Context("COMMIT"),
        )
        connection.send_QUERY(opening)
        connection.send_BIND(self._name, self._params(connection, given))
        connection.send_EXECUTE()
        _write(connection._sock, SYNC_MSG)  # noqa: SLF001 - see above
        connection.send_QUERY("COMMIT")
        _flush(connection._sock)  # noqa: SLF001 - see above
        first: Exception | None = None
        for context in contexts:
            try:
                connection.handle_messages(context)
            except Exception as error:
                if context.error is None:
                    raise
                first = first or error
        if first is not None:
            raise first
        return contexts[0].rows or [], contexts[1].rows or []

    def _params(self, connection: Any, given: dict[str, Any]) -> list[str | None]:
        types = connection.py_types
        return [_written(value, types) for value in self._statement.values(given)]


def _written(value: Any, types: Any) -> str | None:
    """Write a value as PostgreSQL reads it; the driver's way looks at each letter of a list."""
    if value is None or type(value) is str:
        return value
    if type(value) is list and all(type(item) is str for item in value):
        quoted = [item.replace("\\", "\\\\").replace('"', '\\"') for item in value]
        return "{" + ",".join([f'"{item}"' for item in quoted]) + "}"
    written: str | None = make_param(types, value)
    return written
