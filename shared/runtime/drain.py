"""Ends a process that was told to stop once it holds no request, whatever its connections do.

The server waits for connections: one whose peer sent half a request, or that was accepted in the
very moment of the signal, would hold a finished process until the peer gives up.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from shared.runtime import lifecycle, logs
from shared.runtime.edge import Application

DRAIN_SECONDS: Final = 30.0
# What was answered last is written in this time, and who was about to ask asks.
QUIET_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.1


class Drain:
    """Knows how many requests are in hand, and ends the process when the server does not."""

    def __init__(self, end: Callable[[int], None] = os._exit) -> None:
        """`end` takes the exit status."""
        self._end = end
        self._guard = threading.Lock()
        self._in_hand = 0
        self._quiet_since = time.monotonic()
        self._is_over = False

    def counting(self, application: Application) -> Application:
        """Wrap the application; while the process stops, each answer is its connection's last."""

        def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            with self._guard:
                self._in_hand += 1
            try:
                return application(environ, _closing(start_response))
            finally:
                with self._guard:
                    self._in_hand -= 1
                    self._quiet_since = time.monotonic()

        return counted

    def begin(self) -> None:
        """Watch in a thread of its own; what has not ended after 30 s is cut."""
        threading.Thread(target=self._watch, name="drain", daemon=True).start()

    def over(self) -> None:
        """Say that the server has ended by itself, and only the hooks are left."""
        self._is_over = True

    def _watch(self) -> None:
        ends_at = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < ends_at:
            time.sleep(_LOOK_SECONDS)
            if self._is_quiet():
                lifecycle.run_hooks()
                # Hooks take their time; whoever asked meanwhile is answered first.
                if self._is_quiet():
                    self._end(0)
                    return
        logs.error("drain_exceeded")
        if not self._is_over:
            lifecycle.run_hooks()
        self._end(1)

    def _is_quiet(self) -> bool:
        with self._guard:
            is_idle = not self._in_hand and not self._is_over
            return is_idle and time.monotonic() - self._quiet_since > QUIET_SECONDS


def _closing(start_response: Callable[..., Any]) -> Callable[..., Any]:
    """Add `Connection: close` to an answer that is given while the process stops."""

    def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        if lifecycle.is_stopping():
            headers = [*headers, ("Connection", "close")]
        return start_response(status, headers, *rest)

    return started
