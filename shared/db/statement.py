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
    BIND_COMPLETE,
    CLOSE,
    COMMAND_COMPLETE,
    EXECUTE_MSG,
    NULL_BYTE,
    PARSE,
    READY_FOR_QUERY,
    STATEMENT,
    SYNC_MSG,
    Context,
    H_pack,
    _flush,
    _read,
    _write,
    i_pack,
)
from pg8000.exceptions import DatabaseError, InterfaceError

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
        return list(map(given.__getitem__, self._names))


class Prepared:
    """A statement prepared on one connection."""

    __slots__ = ("_columns", "_functions", "_name", "statement")

    def __init__(self, statement: Statement, name: bytes, columns: Any, functions: Any) -> None:
        """What the server and the driver know of it, under a name that ends with a null."""
        self.statement = statement
        self._name = name
        self._columns = columns
        self._functions = functions

    def again(self, suffix: str) -> "Unannounced":
        """Return it under another name, of which the server hears with the first call."""
        name = self._name.removesuffix(NULL_BYTE) + suffix.encode() + NULL_BYTE
        return Unannounced(self.statement, name, self._columns, self._functions)

    def run(self, connection: Any, given: dict[str, Any]) -> list[list[Any]]:
        """Bind, execute and read the rows: one round trip. Raises what `run_together` does."""
        [rows] = run_together(connection, (self, given))
        return rows

    def call(self, connection: Any, given: dict[str, Any]) -> bytes:
        """Write the messages that bind the values and execute, for `run_together`."""
        types = connection.py_types
        parts = [NULL_BYTE, self._name, H_pack(0), H_pack(len(given))]
        for value in self.statement.values(given):
            param = value if type(value) is str else _written(value, types)
            if param is None:
                parts.append(_NULL)
            else:
                content = param.encode()
                parts.append(i_pack(len(content)))
                parts.append(content)
        parts.append(_NO_FORMATS)
        body = b"".join(parts)
        return b"".join((BIND, i_pack(len(body) + 4), body, EXECUTE_MSG))

    def context(self) -> Context:
        """Return a fresh place for the rows."""
        return Context(self.statement.text, None, self._columns, self._functions)


class Unannounced(Prepared):
    """A statement that the server hears of with the first call, at no round trip's cost."""

    __slots__ = ("is_known",)

    def __init__(self, *words: Any) -> None:
        """As Prepared; `is_known` is set once a call has succeeded."""
        super().__init__(*words)
        self.is_known = False

    def call(self, connection: Any, given: dict[str, Any]) -> bytes:
        """Write the messages, before them those that make it known."""
        call = super().call(connection, given)
        if self.is_known:
            return call
        body = b"".join((self._name, self.statement.text.encode(), NULL_BYTE, H_pack(0)))
        # Where a call failed the name may be there already.
        return b"".join((self.closing, PARSE, i_pack(len(body) + 4), body, call))

    @property
    def closing(self) -> bytes:
        """The message that has the server forget it; harmless where it knows no such name."""
        body = STATEMENT + self._name
        return b"".join((CLOSE, i_pack(len(body) + 4), body))


def prepare(connection: Any, statement: Statement) -> Prepared:
    """Prepare a statement: one round trip, once per connection."""
    return Prepared(statement, *connection.prepare_statement(statement.text, ()))


def run_simple(connection: Any, sql: str) -> list[list[Any]]:
    """Run a simple query without parameters and return the rows of its last statement.

    Raises what the server said before it hung up, where the driver would tell of the end alone.
    """
    context = Context(sql)
    try:
        connection.send_QUERY(sql)
        _flush(connection._sock)  # noqa: SLF001 - see the module's head
        connection.handle_messages(context)
    except InterfaceError:
        if has_hung_up(context.error):
            raise context.error from None
        raise
    return context.rows or []


def run_together(
    connection: Any, *calls: tuple[Prepared, dict[str, Any]], before: bytes = b""
) -> list[list[list[Any]]]:
    """Run statements as one transaction in one round trip; return the rows of each.

    They go before one Sync, at which the server commits unless a transaction was opened before;
    after an error it skips to the Sync and rolls back. Each statement has its own snapshot, younger
    than what those before it locked. `before` are messages that change nothing and are answered by
    no row.

    Raises the error, with the connection outside any transaction; an error of the wire, before
    which the server said nothing, leaves everything unknown.
    """
    sock = connection._sock  # noqa: SLF001 - see the module's head
    messages = [prepared.call(connection, given) for prepared, given in calls]
    _write(sock, b"".join((before, *messages, SYNC_MSG)))
    _flush(sock)
    contexts = [prepared.context() for prepared, _ in calls]
    at, last = 0, len(contexts) - 1
    try:
        for code, content in _answers(sock):
            # Nobody asks how many rows a statement touched.
            if code == COMMAND_COMPLETE:
                at = min(at + 1, last)
            elif code != BIND_COMPLETE:
                connection.message_types[code](content, contexts[at])
    except InterfaceError:
        if not has_hung_up(contexts[at].error):
            raise
    if contexts[at].error is not None:
        raise contexts[at].error
    return [context.rows or [] for context in contexts]


def has_hung_up(error: DatabaseError | None) -> bool:
    """Whether the server, or a pooler before it, ended the connection with this word."""
    fields = error.args[0] if error is not None and error.args else None
    return isinstance(fields, dict) and fields.get("V", fields.get("S")) == "FATAL"


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
    if type(value) is int:
        return str(value)
    if type(value) is list and all(type(item) is str for item in value):
        quoted = [item.replace("\\", "\\\\").replace('"', '\\"') for item in value]
        return "{" + ",".join([f'"{item}"' for item in quoted]) + "}"
    written: str | None = make_param(types, value)
    return written
