"""A pool that leads each tenant to the same connection, as long as that one is free.

Each connection keeps plans, and what it met of a tenant's tables. Were any connection anybody's,
each would have to know all tenants.
"""

import threading
import zlib
from functools import lru_cache
from typing import Any, Final

from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool
from sqlalchemy.util.queue import Queue

from shared.db.own_plans import OwnPlans

MOST_HASHED: Final = 10_000
_NUMBER: Final = "number"
_PLANS: Final = "plans"


class _Wish(threading.local):
    """Whose connection this thread is about to borrow."""

    schema: str | None = None


_WISH: Final = _Wish()


def wish(schema: str | None) -> None:
    """Have what this thread borrows next be the tenant's own connection, if that is free."""
    _WISH.schema = schema


class HomePool(QueuePool):
    """Its connections are numbered; a tenant's own is opened for it, and any other serves too."""

    def __init__(self, *words: Any, **settings: Any) -> None:
        """As a QueuePool."""
        super().__init__(*words, **settings)
        self._free = set(range(self.size()))
        self._lock = threading.Lock()

    def plans(self, raw: PoolProxiedConnection, schema: str) -> OwnPlans | None:
        """Return the plans of a borrowed connection; None where it is not this tenant's own."""
        if _numbered(raw) != self._home(schema):
            return None
        plans: OwnPlans = raw.info.setdefault(_PLANS, OwnPlans())
        return plans

    def dispose(self) -> None:
        """Close what waits; whatever is opened afterwards is numbered anew."""
        super().dispose()
        self._free = set(range(self.size()))

    def _do_get(self) -> ConnectionPoolEntry:
        if _WISH.schema is None:
            return self._numbered(super()._do_get())
        home = self._home(_WISH.schema)
        return self._idle(home) or self._opened(home) or self._numbered(super()._do_get())

    def _home(self, schema: str) -> int:
        return _hash(schema) % self.size()

    def _idle(self, number: int) -> ConnectionPoolEntry | None:
        """Take it out of those that wait, or return None where it does not."""
        waiting = self._pool
        if not isinstance(waiting, Queue):
            return None
        with waiting.mutex:
            for entry in waiting.queue:
                if _numbered(entry) == number:
                    waiting.queue.remove(entry)
                    found: ConnectionPoolEntry = entry
                    return found
        return None

    def _opened(self, number: int) -> ConnectionPoolEntry | None:
        """Open it, or return None where it is open or the pool is full."""
        with self._lock:
            if number not in self._free or not self._inc_overflow():
                return None
            self._free.remove(number)
        try:
            entry = self._create_connection()
        except BaseException:
            with self._lock:
                self._free.add(number)
            self._dec_overflow()
            raise
        return self._numbered(entry, number)

    def _numbered(
        self, entry: ConnectionPoolEntry, number: int | None = None
    ) -> ConnectionPoolEntry:
        """Give one its number that was opened just now."""
        if _numbered(entry) is None:
            with self._lock:
                _records(entry)[_NUMBER] = min(self._free, default=0) if number is None else number
                self._free.discard(_records(entry)[_NUMBER])
        return entry


@lru_cache(maxsize=MOST_HASHED)
def _hash(schema: str) -> int:
    return zlib.crc32(schema.encode())


def _numbered(connection: ConnectionPoolEntry | PoolProxiedConnection) -> int | None:
    number: int | None = _records(connection).get(_NUMBER)
    return number


def _records(connection: ConnectionPoolEntry | PoolProxiedConnection) -> dict[Any, Any]:
    """What outlives a reconnect of the same place in the pool."""
    records = connection.record_info
    if records is None:
        raise RuntimeError("a connection outside its pool")
    return records
