"""What can go wrong between BEGIN and COMMIT: each fault strikes a real transaction for real."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from pg8000.native import Connection

from shared.db.statement import Statement
from shared.db.transaction import Transaction

_WHO: Final = Statement("SELECT current_user::text")
_BACKEND: Final = Statement("SELECT pg_backend_pid()")
_WRONG: Final = Statement("SELECT 1 / 0")
_SHORT: Final = Statement("SELECT set_config('statement_timeout', '5ms', true)")
_LONG: Final = Statement("SELECT pg_sleep(4)")


class LeftError(Exception):
    """Python code failed between two statements."""


class StoppedError(BaseException):
    """The process is told to go, between two statements."""


class Surgeon:
    """The server's superuser, who cuts what a backend is doing."""

    def __init__(self, admin: Connection, hands: int) -> None:
        """`admin` is a connection of the superuser's; `hands` cuts may be waited for at once."""
        self._admin = admin
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(hands)

    def end(self, pid: int) -> None:
        """Kill a backend."""
        self._ask("SELECT pg_terminate_backend(:pid, 2000)", pid)

    def cut_once_asleep(self, pid: int, how: str) -> None:
        """Cancel or terminate it in the midst of its long statement, from another thread."""
        cut = f"SELECT {how}(pid) FROM pg_stat_activity WHERE pid = :pid AND wait_event = 'PgSleep'"
        self._threads.submit(lambda: any(self._ask(cut, pid) for _ in range(2_000)))

    def finish(self) -> None:
        """Wait for what is under way."""
        self._threads.shutdown()

    def _ask(self, sql: str, pid: int) -> list[list[Any]]:
        with self._lock:
            rows: list[list[Any]] = self._admin.run(sql, pid=pid)
            return rows


def fail_in_python(_transaction: Transaction, _surgeon: Surgeon) -> None:
    """Our own code fails."""
    raise LeftError


def stop(_transaction: Transaction, _surgeon: Surgeon) -> None:
    """The process is told to end."""
    raise StoppedError


def fail_in_sql(transaction: Transaction, _surgeon: Surgeon) -> None:
    """A statement is refused."""
    transaction.run(_WRONG)


def time_out(transaction: Transaction, _surgeon: Surgeon) -> None:
    """The server cuts a statement that takes too long."""
    transaction.run(_SHORT)
    transaction.run(_LONG)


def lose_patience(transaction: Transaction, _surgeon: Surgeon) -> None:
    """No answer comes in time, and what comes later is for nobody."""
    transaction._connection._usock.settimeout(0.02)
    transaction.run(_LONG)


def be_canceled(transaction: Transaction, surgeon: Surgeon) -> None:
    """An administrator cuts the statement."""
    surgeon.cut_once_asleep(transaction.run(_BACKEND)[0][0], "pg_cancel_backend")
    transaction.run(_LONG)


def be_killed(transaction: Transaction, surgeon: Surgeon) -> None:
    """The backend ends in the midst of a statement."""
    surgeon.cut_once_asleep(transaction.run(_BACKEND)[0][0], "pg_terminate_backend")
    transaction.run(_LONG)


def be_killed_between(transaction: Transaction, surgeon: Surgeon) -> None:
    """The backend ends between two statements."""
    surgeon.end(transaction.run(_BACKEND)[0][0])
    transaction.run(_WHO)


Fault = Callable[[Transaction, Surgeon], None]
FAULTS: Final[tuple[Fault, ...]] = (
    fail_in_python,
    stop,
    fail_in_sql,
    time_out,
    lose_patience,
    be_canceled,
    be_killed,
    be_killed_between,
)
