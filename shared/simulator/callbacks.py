"""Sends due callbacks from a durable table, so that killing the simulator loses none.

A callback that is due soon waits in memory under a lease; the table brings back what a killed
process left behind, what is due later, and what another replica planned.
"""

import collections
import contextlib
import heapq
import http.client
import itertools
import json
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from shared.simulator.database import Database, DatabaseUnavailable
from shared.simulator.log import Log
from shared.simulator.notices import Notice, notice_of
from shared.simulator.schedule import LEASE, DueCallback, PlannedCallback
from shared.simulator.settings import SettingsError
from shared.simulator.store import PAYMENT_COLUMNS, payment_from

_SENDERS: Final = 4
_BATCH: Final = 50
_POLL: Final = timedelta(seconds=5)
_PURGE_AFTER: Final = timedelta(days=7)
_PURGE_EVERY: Final = timedelta(minutes=10)
# Below the lease, so that a slow receiver is not called by a second process meanwhile.
_SEND_SECONDS: Final = 5
_MAX_ANSWER_BYTES: Final = 64 * 1024

_CLAIM: Final = f"""
WITH due AS (
  SELECT id FROM callbacks
  WHERE sent_at IS NULL AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
  ORDER BY due_at LIMIT {_BATCH} FOR UPDATE SKIP LOCKED
)
UPDATE callbacks SET lease_until = :lease_until FROM payments, due
WHERE callbacks.id = due.id AND payments.api_user = callbacks.api_user
  AND payments.reference = callbacks.reference
RETURNING callbacks.id, callbacks.kind, callbacks.method, callbacks.due_at,
  {", ".join(f"payments.{name}" for name in PAYMENT_COLUMNS)}
"""  # noqa: S608 - column names are constants

_NEXT: Final = "SELECT min(greatest(due_at, lease_until)) FROM callbacks WHERE sent_at IS NULL"

_SENT: Final = """
UPDATE callbacks SET sent_at = sent.sent_at, response_status = sent.response_status,
  failure = sent.failure
FROM json_to_recordset(:sent::json)
    AS sent (id bigint, sent_at timestamptz, response_status integer, failure text),
  (SELECT set_config('synchronous_commit', 'off', true)) AS lazily
WHERE callbacks.id = sent.id
"""

_PURGE: Final = (
    "DELETE FROM request_log WHERE received_at < :before",
    "DELETE FROM callbacks WHERE sent_at < :before",
)


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one callback."""

    id: int
    sent_at: datetime
    response_status: int | None
    failure: str | None

    def to_row(self) -> dict[str, object]:
        return {
            "id": self.id,
            "sent_at": self.sent_at.isoformat(),
            "response_status": self.response_status,
            "failure": self.failure,
        }


class CallbackSender:
    """A few sending threads and one that watches the table; they start with the first need."""

    def __init__(self, database: Database, now: Callable[[], datetime], log: Log) -> None:
        self._database = database
        self._log = log
        self._now = now
        self._order = itertools.count()
        self._waiting: list[tuple[datetime, int, DueCallback]] = []
        # What waits here is not taken again from the table, however long the queue grows.
        self._held: set[int] = set()
        self._sent: collections.deque[_Result] = collections.deque()
        self._arrived = threading.Condition()
        self._look = threading.Event()
        self._started_in: int | None = None
        self._start_guard = threading.Lock()

    def start(self) -> None:
        """Start the threads once in this process, also after a fork."""
        if self._started_in == os.getpid():
            return
        with self._start_guard:
            if self._started_in == os.getpid():
                return
            self._started_in = os.getpid()
            targets = [self._watch, *[self._send_forever] * _SENDERS]
            for target in targets:
                threading.Thread(target=target, name="callbacks", daemon=True).start()

    def expect(self, callback: DueCallback) -> None:
        """Take a callback that was just written."""
        self.start()
        if callback.is_leased:
            self._push(callback)
        else:
            self.look()

    def hand_over(self, callbacks: Iterable[DueCallback]) -> None:
        """Take a payment's callbacks; one that precedes the answer is sent before this returns."""
        for callback in callbacks:
            if callback.planned.kind == "early":
                self.send_now(callback)
            else:
                self.expect(callback)

    def look(self) -> None:
        """Have the table looked at now: something in it may have become due."""
        self.start()
        self._look.set()

    def send_now(self, callback: DueCallback) -> None:
        """Send in the calling thread, for a notice that must precede the answer."""
        self._sent.append(self._deliver(callback, _Line()))
        self._write_down()

    def _push(self, callback: DueCallback) -> None:
        with self._arrived:
            if callback.id in self._held:
                return
            self._held.add(callback.id)
            heapq.heappush(self._waiting, (callback.planned.due_at, next(self._order), callback))
            self._arrived.notify()

    def _send_forever(self) -> None:
        line = _Line()
        while True:
            callback = self._take()
            try:
                result = self._deliver(callback, line)
            except Exception as error:  # noqa: BLE001 - a sender must outlive any callback
                result = _Result(callback.id, self._now(), None, type(error).__name__)
            self._sent.append(result)
            if not self._has_due():
                self._write_down()

    def _has_due(self) -> bool:
        with self._arrived:
            return bool(self._waiting) and self._waiting[0][0] <= self._now()

    def _write_down(self) -> None:
        """Record all that was sent since the last time: under load one statement serves many."""
        results = []
        with contextlib.suppress(IndexError):
            while True:
                results.append(self._sent.popleft())
        if not results:
            return
        try:
            self._database.run(_SENT, sent=json.dumps([each.to_row() for each in results]))
        except (DatabaseUnavailable, SettingsError) as error:
            # The leases end by themselves; then the rows are claimed, and sent, again.
            self._log.warning("callbacks_not_recorded", reason=str(error))
        with self._arrived:
            self._held.difference_update(each.id for each in results)

    def _take(self) -> DueCallback:
        with self._arrived:
            while True:
                wait_seconds = None
                if self._waiting:
                    wait_seconds = (self._waiting[0][0] - self._now()).total_seconds()
                    if wait_seconds <= 0:
                        return heapq.heappop(self._waiting)[2]
                self._arrived.wait(wait_seconds)

    def _deliver(self, callback: DueCallback, line: "_Line") -> "_Result":
        notice = notice_of(callback.payment, self._now(), kind=callback.planned.kind)
        url = callback.payment.callback_url or ""
        status, failure = line.send(url, notice, method=callback.planned.method)
        return _Result(callback.id, self._now(), status, failure)

    def _watch(self) -> None:
        purge_at = self._now()
        while True:
            now = self._now()
            try:
                look_at = self._claim_due(now)
                if now >= purge_at:
                    purge_at = now + _PURGE_EVERY
                    for statement in _PURGE:
                        self._database.run(statement, before=now - _PURGE_AFTER)
            except (DatabaseUnavailable, SettingsError) as error:
                self._log.warning("callbacks_wait_for_database", reason=str(error))
                look_at = now + timedelta(seconds=1)
            wait_seconds = (look_at - self._now()).total_seconds()
            if wait_seconds > 0:
                self._look.wait(wait_seconds)
            self._look.clear()

    def _claim_due(self, now: datetime) -> datetime:
        """Queue what is due and return when to look again, at the latest after the poll time."""
        rows = self._database.run(_CLAIM, now=now, lease_until=now + LEASE)
        for callback_id, kind, method, due_at, *payment in rows:
            planned = PlannedCallback(kind, due_at, now, method)
            self._push(
                DueCallback(int(callback_id), planned, payment_from(payment), is_leased=True)
            )
        if len(rows) == _BATCH:
            return now
        ((next_at,),) = self._database.run(_NEXT)
        return min(now + _POLL, next_at) if next_at else now + _POLL


class _Line:
    """Keeps one connection per receiver open, as a busy operator would."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def send(self, url: str, notice: Notice, *, method: str) -> tuple[int | None, str | None]:
        """The receiver's status, or the name of what went wrong; no operator tries again."""
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        target = parts.path or "/"
        if parts.query:
            target = f"{target}?{parts.query}"
        was_open = key in self._open
        try:
            return self._exchange(key, target, notice, method=method), None
        except (OSError, http.client.HTTPException) as error:
            self._close(key)
            if not was_open or isinstance(error, TimeoutError):
                return None, type(error).__name__
        try:
            # An idle connection may have been closed by the other side: once more on a new one.
            return self._exchange(key, target, notice, method=method), None
        except (OSError, http.client.HTTPException) as error:
            self._close(key)
            return None, type(error).__name__

    def _exchange(self, key: tuple[str, str], target: str, notice: Notice, *, method: str) -> int:
        connection = self._open.get(key)
        if connection is None:
            https = key[0] == "https"
            kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
            connection = self._open[key] = kind(key[1], timeout=_SEND_SECONDS)
        connection.request(method, target, notice.body, notice.headers)
        response = connection.getresponse()
        rest = response.read(_MAX_ANSWER_BYTES)
        if len(rest) == _MAX_ANSWER_BYTES:
            self._close(key)
        return response.status

    def _close(self, key: tuple[str, str]) -> None:
        connection = self._open.pop(key, None)
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()
