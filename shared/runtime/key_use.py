"""Keeps when each key was used last, beside the requests and never in their way."""

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

from shared.runtime import lifecycle, logs

# A little more than the minute that the database asks for, so that no second note comes too early.
AGAIN_SECONDS: Final = 62.0
GATHER_SECONDS: Final = 1.0
FLUSH_SECONDS: Final = 2.0
MOST_KNOWN: Final = 10_000


class KeyUse:
    """A set of key ids and one daemon thread. What cannot be written is left to the next use."""

    def __init__(
        self, write: Callable[[Sequence[str]], None], *, gather_seconds: float = GATHER_SECONDS
    ) -> None:
        """`write` keeps that these keys were used now; what comes close together goes together."""
        self._write = write
        self._gather_seconds = gather_seconds
        self._noted: dict[str, float] = {}
        self._waiting: set[str] = set()
        self._condition = threading.Condition()
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, key_id: str) -> None:
        """Take note of a use; returns at once and never raises."""
        now = monotonic()
        if self._noted.get(key_id, 0.0) > now:
            return
        with self._condition:
            if len(self._noted) >= MOST_KNOWN:
                self._noted.clear()
            self._noted[key_id] = now + AGAIN_SECONDS
            self._waiting.add(key_id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="key_use", daemon=True)
                self._thread.start()
                lifecycle.on_shutdown(self.close)
            self._condition.notify()

    def close(self) -> None:
        """Write what waits, for at most 2 s; then stop."""
        self._is_closing.set()
        with self._condition:
            self._condition.notify()
            thread = self._thread
        if thread is not None:
            thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._is_closing.is_set():
                    self._condition.wait()
            is_last = self._is_closing.wait(self._gather_seconds)
            with self._condition:
                ids, self._waiting = sorted(self._waiting), set()
            if ids:
                self._write_all(ids)
            if is_last:
                return

    def _write_all(self, ids: Sequence[str]) -> None:
        try:
            self._write(ids)
        except Exception as failure:  # noqa: BLE001 - a use that is not kept is no reason to stop
            logs.warning("note_key_use_failed", error=type(failure).__name__, count=len(ids))
