"""Serves one function over HTTP: `python -m shared.runtime.serve`.

granian's threaded server runs in this very process, so that no second process costs memory and
nothing outlives a kill -9. What is heavy and not needed for an answer is started after the first.
"""

import ctypes
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings
from granian.server.mt import MTServer

from shared.runtime import lifecycle, logs
from shared.runtime.drain import Drain
from shared.runtime.edge import Application, create_app
from shared.runtime.settings import LOCAL, Settings, settings

# Knative's proxy keeps idle connections for 90 s; the side that closes first breaks a request.
IDLE_MILLISECONDS: Final = 100_000
BACKLOG: Final = 1024
STOPS: Final = frozenset({signal.SIGTERM, signal.SIGINT})
BACKGROUND_DELAY_SECONDS: Final = 3
SETTLE_SECONDS: Final = 0.05
_M_ARENA_MAX: Final = -8
LARGEST_HEADERS_BYTES: Final = 64 * 1024


class ThreadedServer(MTServer):
    """granian keeps its threaded server for Pythons without a global lock.

    With one worker it serves as well with the lock, and saves a process.
    """

    def _check_gil(self) -> None:
        """Run with the lock."""

    drain: Drain | None = None

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Stop once every request in hand is answered."""
        lifecycle.begin_shutdown()
        if self.drain is not None:
            self.drain.begin()
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]  # granian's


def main() -> None:
    """Serve until SIGTERM or SIGINT, then drain and run the hooks."""
    # Every thread started from here on inherits this: see `_await_stop`.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    config = settings()
    share_arenas()
    logs.configure(config.function)
    application = _load(config)
    logs.take_over()
    logs.gather()
    background = Background(config)
    server = ThreadedServer(
        config.function,
        address="127.0.0.1" if config.environment == LOCAL else "0.0.0.0",  # noqa: S104 - a pod
        port=config.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=config.threads,
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=IDLE_MILLISECONDS, max_buffer_size=LARGEST_HEADERS_BYTES
        ),
        websockets=False,
        backlog=BACKLOG,
        log_enabled=False,
    )
    drain = server.drain = Drain()
    served = drain.counting(background.starting_after_first(application))
    background.start_after(BACKGROUND_DELAY_SECONDS)
    threading.Thread(target=_await_stop, args=(server,), name="stop", daemon=True).start()
    server.serve(target_loader=lambda: served, wrap_loader=False)
    drain.over()
    lifecycle.run_hooks()
    logs.info("stopped")


def _await_stop(server: ThreadedServer) -> None:
    """Wait for a stop in a thread of its own.

    A handler runs in the main thread alone, which waits for ever and is not woken by a signal that
    another thread got, or that came in the moment before it fell asleep.
    """
    signal.sigwait(STOPS)
    server.signal_handler_interrupt()


class Background:
    """Starts metrics, Sentry and heavy clients once: after the first answer, or after a moment."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._once = threading.Lock()
        self._is_started = False
        self._is_answered = False

    def starting_after_first(self, application: Application) -> Application:
        """Wrap the application so that its first answer sets the background off."""

        def served(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            answer = application(environ, start_response)
            if not self._is_answered:
                self._is_answered = True
                self.start_after(SETTLE_SECONDS)
            return answer

        return served

    def start_after(self, seconds: float) -> None:
        """Have everything started that many seconds from now, unless it already is."""
        timer = threading.Timer(seconds, self._start)
        timer.daemon = True
        timer.start()

    def _start(self) -> None:
        with self._once:
            if self._is_started:
                return
            self._is_started = True
        from shared.runtime import background  # noqa: PLC0415 - it exists to be late

        background.start(self._config)


def _load(config: Settings) -> Application:
    """Import the function without collections of garbage: what it makes is there to stay."""
    gc.disable()
    application = create_app(config.function, config.source)
    gc.freeze()
    gc.enable()
    return application


def share_arenas() -> None:
    """Have all threads share two of the C library's heaps: one each keeps what was once used."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc alone has it
        mallopt(_M_ARENA_MAX, 2)


if __name__ == "__main__":
    main()
    # The hooks were the end. Taking the interpreter down under threads of Rust and gRPC adds
    # nothing but what may hang.
    os._exit(0)
