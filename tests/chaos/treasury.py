"""The wallet that pays at MTN: it runs short now and then, and what goes out waits meanwhile.

The hour between two looks at it, and the minutes between two looks at who waits, are made to pass.
"""

import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from pg8000.exceptions import DatabaseError, InterfaceError
from urllib3.exceptions import HTTPError

from tests.chaos.counters import FaultCounters
from tests.chaos.judge import superuser
from tests.end_to_end.operator_control import OperatorControl
from tests.system import LocalSystem

RUNS_SHORT: Final = "the wallet runs short"
_PRODUCT: Final = "disbursement"
_FULL: Final = 1_000_000_000
# Less than anybody asks for.
_SHORT: Final = 50
_STEP_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.3
_AWAY: Final = (
    DatabaseError,
    InterfaceError,
    HTTPError,
    OSError,
    struct.error,
    AssertionError,
)
_WALLET: Final = f"""
SELECT id FROM platform.operator_accounts
WHERE owner = 'platform' AND NOT livemode AND operator = 'mtn' AND product = '{_PRODUCT}'"""
_LOOK: Final = f"""
UPDATE platform.due_work SET due_at = now(), lease_until = NULL
WHERE kind = 'float_check' AND object_id = ({_WALLET}) AND due_at > now()"""
_KNOWN: Final = f"""
SELECT balance FROM platform.float_readings
WHERE operator_account_id = ({_WALLET}) AND balance IS NOT NULL ORDER BY at DESC LIMIT 1"""
_WAITING: Final = """
SELECT id FROM "{schema}".payouts WHERE waiting_reason = 'float'
UNION ALL SELECT id FROM "{schema}".refunds WHERE waiting_reason = 'float'"""
_WAKE: Final = """
UPDATE platform.due_work SET due_at = now(), lease_until = NULL
WHERE kind = 'payout_check' AND object_id IN ({waiting}) AND due_at > now() AND done_at IS NULL"""


@dataclass(slots=True)
class Treasury:
    """Who fills and empties the wallet, and looks; of one merchant it sees who waits."""

    system: LocalSystem
    schema: str
    counters: FaultCounters
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> None:
        """Have the wallet looked at now, as far as the database is there."""
        with suppress(*_AWAY):
            self._run(_LOOK)

    def run_short(self) -> None:
        """Take nearly all out of it until somebody waits, and fill it again; one at a time."""
        if not self._guard.acquire(blocking=False):
            return
        try:
            self.counters.injected[RUNS_SHORT] += 1
            if self._until(self._is_short) and self._until(self._is_awaited):
                self.counters.struck[RUNS_SHORT] += 1
        finally:
            self._guard.release()
            self.recover()

    def recover(self) -> bool:
        """Fill it, have it looked at, and wake who waits; False where it does not come to that."""
        with self._guard:
            return self._until(self._is_full) and self._until(self._has_woken)

    def wake(self) -> None:
        """Have those looked at again now that wait for it."""
        with suppress(*_AWAY):
            self._run(_WAKE.format(waiting=_WAITING.format(schema=self.schema)))

    def _is_short(self) -> bool:
        operator = OperatorControl.of(self.system)
        balance = operator.float_balance(product=_PRODUCT)
        if balance > _SHORT:
            operator.take_fee(balance - _SHORT, product=_PRODUCT)
        return self._knows(lambda known: known <= _SHORT)

    def _is_full(self) -> bool:
        operator = OperatorControl.of(self.system)
        balance = operator.float_balance(product=_PRODUCT)
        if balance < _FULL // 2:
            operator.top_up(_FULL - balance)
        return self._knows(lambda known: known > _FULL // 2)

    def _is_awaited(self) -> bool:
        return bool(self._run(_WAITING.format(schema=self.schema)))

    def _has_woken(self) -> bool:
        self._run(_WAKE.format(waiting=_WAITING.format(schema=self.schema)))
        return True

    def _knows(self, is_so: Callable[[int], bool]) -> bool:
        """Whether the newest reading says so; else it is looked at."""
        rows = self._run(_KNOWN)
        if rows and is_so(int(rows[0][0])):
            return True
        self._run(_LOOK)
        return False

    def _until(self, is_done: Callable[[], bool]) -> bool:
        """Try until it is done; all that it takes may be away just now."""
        ends_at = time.monotonic() + _STEP_SECONDS
        while time.monotonic() < ends_at:
            with suppress(*_AWAY):
                if is_done():
                    return True
            time.sleep(_LOOK_SECONDS)
        return False

    def _run(self, statement: str) -> Any:
        with superuser(self.system) as connection:
            return connection.run(statement)
