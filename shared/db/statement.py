"""SQL with named parameters, prepared once per connection and run in one round trip."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pg8000.converters import make_param

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
        types = connection.py_types
        params = [_written(value, types) for value in self._statement.values(given)]
        context = connection.execute_named(
            self._name, params, self._columns, self._functions, self._statement.text
        )
        rows: list[list[Any]] = context.rows or []
        return rows


def _written(value: Any, types: Any) -> str | None:
    """Write a value as PostgreSQL reads it; the driver's way looks at each letter of a list."""
    if value is None or type(value) is str:
        return value
    if type(value) is list and all(type(item) is str for item in value):
        quoted = [item.replace("\\", "\\\\").replace('"', '\\"') for item in value]
        return "{" + ",".join([f'"{item}"' for item in quoted]) + "}"
    written: str | None = make_param(types, value)
    return written
