"""SQL with named parameters, prepared once per connection and run in one round trip.

The parts of pg8000 below its public face are used here and nowhere else: its own way sends each
message of a transaction alone and waits for each.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from struct import Struct
from typing import Any, Final

from pg8000.converters import make_param
from pg8000.core import (
    BIND,
    COMMAND_COMPLETE,
    EXECUTE_MSG,
    NULL_BYTE,
    READY_FOR_QUERY,
    SYNC_MSG,
    Context,
    H_pack,
    _flush,
    _read,
    _write,
    i_pack,
)

# The head of a message: its kind, and its length without that.
_HEAD: Final = Struct("!ci")
_NULL: Final = i_pack(-1)
_NO_FORMATS: Final = H_pack(0)
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

    def call(self, connection: Any, given: dict[str, Any]) -> bytes:
        """Write the messages that bind the values and execute, for `run_together`."""
        parts = [NULL_BYTE, self._name, H_pack(0), H_pack(len(given))]
        for param in self._params(connection, given):
            if param is None:
                parts.append(_NULL)
            else:
                value = param.encode()
                parts += (i_pack(len(value)), value)
        parts.append(_NO_FORMATS)
        body = b"".join(parts)
        return b"".join((BIND, i_pack(len(body) + 4), body, EXECUTE_MSG))

    def context(self) -> Context:
        """Return a fresh place for the rows."""
        return Context(self._statement.text, None, self._columns, self._functions)

    def _params(self, connection: Any, given: dict[str, Any]) -> list[str | None]:
        types = connection.py_types
        return [_written(value, types) for value in self._statement.values(given)]


def run_together(connection: Any, *calls: tuple[Prepared, dict[str, Any]]) -> list[list[list[Any]]]:
    """Run statements as one transaction in one round trip; return the rows of each.

    They go before one Sync, at which the server commits; after an error it skips to the Sync and
    rolls back. Each statement has its own snapshot, younger than what those before it locked.
    Raises the error, with the connection outside any transaction; an error of the wire (where no
    context has one) leaves everything unknown.
    """
    sock = connection._sock  # noqa: SLF001 - see the module's head
    messages = [prepared.call(connection, given) for prepared, given in calls]
    _write(sock, b"".join((*messages, SYNC_MSG)))
    _flush(sock)
    contexts = [prepared.context() for prepared, _ in calls]
    at = 0
    for code, content in _answers(sock):
        # Nobody asks how many rows a statement touched.
        if code == COMMAND_COMPLETE:
            at = min(at + 1, len(contexts) - 1)
        else:
            connection.message_types[code](content, contexts[at])
    if contexts[at].error is not None:
        raise contexts[at].error
    return [context.rows or [] for context in contexts]


def _answers(sock: Any) -> Iterator[tuple[bytes, bytes]]:
    """Yield the messages of the server, kind and content, up to the one that ends an answer.

    What has come is looked at in one piece and taken to the end of that message, not further: what
    lies behind it belongs to whoever reads next.
    """
    code = b""
    while code != READY_FOR_QUERY:
        seen = sock.peek(_HEAD.size)
        at = 0
        while code != READY_FOR_QUERY and len(seen) - at >= _HEAD.size:
            kind, length = _HEAD.unpack_from(seen, at)
            end = at + 1 + length
            if end > len(seen):
                break
            code = kind
            yield code, seen[at + _HEAD.size : end]
            at = end
        if at:
            sock.read(at)
        else:
            # Longer than what is kept ready, cut in its head, or the end of the wire.
            code, length = _HEAD.unpack(_read(sock, _HEAD.size))
            yield code, _read(sock, length - 4)


def _written(value: Any, types: Any) -> str | None:
    """Write a value as PostgreSQL reads it; the driver's way looks at each letter of a list."""
    if value is None or type(value) is str:
        return value
    if type(value) is datetime:
        return value.isoformat()
    if type(value) is list and all(type(item) is str for item in value):
        quoted = [item.replace("\\", "\\\\").replace('"', '\\"') for item in value]
        return "{" + ",".join([f'"{item}"' for item in quoted]) + "}"
    written: str | None = make_param(types, value)
    return written
