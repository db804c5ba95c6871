"""Serves one function of long-lived connections: `python -m shared.runtime.serve_asgi`.

The same server as `serve`, by ASGI. Its loop stands still as soon as it is told to stop, so the
streams are ended first.
"""

import importlib.util
import os
import signal
import socket
import sys
import threading
import time
from typing import Final, cast

from granian._granian import ListenerSpec
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings

from shared.runtime import lifecycle, logs
from shared.runtime.serve import (
    BACKLOG,
    IDLE_MILLISECONDS,
    LARGEST_HEADERS_BYTES,
    SETTLE_SECONDS,
    STOPS,
    Background,
    ThreadedServer,
    share_arenas,
)
from shared.runtime.settings import LOCAL, settings
from shared.runtime.streams.door import Application
from shared.runtime.streams.line import Receive, Scope, Send

END_SECONDS: Final = 5.0
UNTAKEN_BYTES: Final = 128 * 1024
# Longer than the application waits for a client that takes nothing.
UNTAKEN_MILLISECONDS: Final = 45_000
_LOOK_SECONDS: Final = 0.02


class Serving:
    """Counts the connections that an application is busy with, in its one loop."""

    def __init__(self, application: Application) -> None:
        """Wrap an application."""
        self._application = application
        self.in_hand = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        self.in_hand += 1
        try:
            await self._application(scope, receive, send)
        finally:
            self.in_hand -= 1


class StreamServer(ThreadedServer):
    """The threaded server, on a socket whose connections hold little of what is not taken.

    The server writes what was handed to it however long a client takes nothing, also once the
    application has let it go; so the kernel ends that, and keeps less than its usual megabytes.
    """

    def _init_shared_socket(self) -> None:
        """Bind it here, as the server does where it is not on Linux, and set what is inherited."""
        bound = ListenerSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._shd = bound  # type: ignore[assignment]  # granian's
        self._sfd = bound.get_fd()
        with socket.socket(fileno=os.dup(bound.get_fd())) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNTAKEN_BYTES)
            if sys.platform == "linux":  # others cannot be told
                listening.setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MILLISECONDS
                )


def main() -> None:
    """Serve until SIGTERM or SIGINT, end the streams and run the hooks."""
    # Every thread started from here on inherits this, as in `serve`.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    config = settings()
    share_arenas()
    logs.configure(config.function)
    serving = Serving(load(config.function, config.source))
    logs.take_over()
    logs.gather()
    server = StreamServer(
        config.function,
        address="127.0.0.1" if config.environment == LOCAL else "0.0.0.0",  # noqa: S104 - a pod
        port=config.port,
        interface=Interfaces.ASGINL,
        workers=1,
        blocking_threads=1,
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=IDLE_MILLISECONDS, max_buffer_size=LARGEST_HEADERS_BYTES
        ),
        websockets=True,
        backlog=BACKLOG,
        log_enabled=False,
    )
    Background(config).start_after(SETTLE_SECONDS)
    threading.Thread(target=_await_stop, args=(server, serving), name="stop", daemon=True).start()
    server.serve(target_loader=lambda: serving, wrap_loader=False)
    lifecycle.run_hooks()
    logs.info("stopped")


def load(function: str, source: str) -> Application:
    """Import the function's module. Raises what it raises."""
    spec = importlib.util.spec_from_file_location(function, source)
    if spec is None or spec.loader is None:
        raise ImportError(source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Application", getattr(module, function))


def _await_stop(server: ThreadedServer, serving: Serving) -> None:
    """Have the streams end themselves, then the server; what has not ended after 5 s is cut."""
    signal.sigwait(STOPS)
    lifecycle.begin_shutdown()
    ends_at = time.monotonic() + END_SECONDS
    while serving.in_hand and time.monotonic() < ends_at:
        time.sleep(_LOOK_SECONDS)
    # What was sent last is still being written.
    time.sleep(SETTLE_SECONDS)
    server.signal_handler_interrupt()


if __name__ == "__main__":
    main()
    # As in `serve`: the hooks were the end.
    os._exit(0)
