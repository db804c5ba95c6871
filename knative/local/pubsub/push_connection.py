"""A lean HTTP/1.1 client for one purpose: post a body, learn the status.

Of an answer only the status matters, its body is skipped, no redirect is followed. A general client
costs several times the processor time for each message and hides 102, which acknowledges a push.
"""

import asyncio
import functools
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, cast
from urllib.parse import urlsplit

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 30.0
MAX_HEAD_BYTES = 64 * 1024
PROCESSING = 102
ACKNOWLEDGING = frozenset({102, 200, 201, 202, 204})

# Called once with the status, or with None where no answer came (refused, cut off, too late).
OnStatus: TypeAlias = Callable[[int | None], None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a URL leads: the connection's address and the request's target."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_endpoint(url: str) -> Endpoint:
    """Split an http or https URL; raises ValueError for anything else."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isascii():
        raise ValueError("not an http or https URL")
    if any(character <= " " for character in url) or parts.username is not None:
        raise ValueError("a character or a user that a URL must not carry")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, parts.hostname, port, target)


class ConnectionPool:
    """Keep-alive connections to the endpoints, any number in use, idle ones for 30 s."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, str, int], list[PushConnection]] = {}
        self._open: set[PushConnection] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def post(
        self, endpoint: Endpoint, request: bytes, timeout_seconds: float, on_status: OnStatus
    ) -> None:
        """Send a complete request; `on_status` is called exactly once, never before the return."""
        idle = self._idle.get((endpoint.scheme, endpoint.host, endpoint.port))
        while idle:
            connection = idle.pop()
            if connection.is_usable:
                connection.send(
                    request,
                    timeout_seconds,
                    on_status,
                    # The server may close a kept connection just when it is used again.
                    on_stale=lambda: self._connect(endpoint, request, timeout_seconds, on_status),
                )
                return
        self._connect(endpoint, request, timeout_seconds, on_status)

    def close(self) -> None:
        """Cut all connections without telling anybody."""
        for task in self._connecting:
            task.cancel()
        for connection in tuple(self._open):
            connection.abandon()

    def _connect(
        self, endpoint: Endpoint, request: bytes, timeout_seconds: float, on_status: OnStatus
    ) -> None:
        task = self._loop.create_task(
            self._connect_and_send(endpoint, request, timeout_seconds, on_status)
        )
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect_and_send(
        self, endpoint: Endpoint, request: bytes, timeout_seconds: float, on_status: OnStatus
    ) -> None:
        key = (endpoint.scheme, endpoint.host, endpoint.port)
        try:
            async with asyncio.timeout(min(CONNECT_SECONDS, timeout_seconds)):
                _, connection = await self._loop.create_connection(
                    lambda: PushConnection(self._idle.setdefault(key, []), self._open),
                    endpoint.host,
                    endpoint.port,
                    ssl=_tls_context() if endpoint.scheme == "https" else None,
                )
        except OSError:  # includes TimeoutError and ssl.SSLError
            on_status(None)
            return
        connection.send(request, timeout_seconds, on_status, on_stale=None)


class PushConnection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, idle: list["PushConnection"], opened: set["PushConnection"]) -> None:
        self._idle = idle
        self._opened = opened
        self._transport: asyncio.Transport | None = None
        self._on_status: OnStatus | None = None
        self._on_stale: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(
        self,
        request: bytes,
        timeout_seconds: float,
        on_status: OnStatus,
        *,
        on_stale: Callable[[], None] | None,
    ) -> None:
        """Write a request; `on_stale` instead of `on_status` if the peer had closed already."""
        if self._timer is not None:
            self._timer.cancel()
        self._on_status = on_status
        self._on_stale = on_stale
        self._buffer = b""
        self._timer = self._loop.call_later(timeout_seconds, self._finish, None)
        if self._transport is None:
            self._loop.call_soon(self._finish, None)
        else:
            self._transport.write(request)

    def abandon(self) -> None:
        """Cut the connection and report nothing."""
        self._on_status = self._on_stale = None
        self._finish(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._opened.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """See asyncio.Protocol."""
        self._opened.discard(self)
        self._transport = None
        if self in self._idle:
            self._idle.remove(self)
        on_stale, self._on_stale = self._on_stale, None
        if on_stale is not None and not self._buffer and self._on_status is not None:
            self._on_status = None
            self._finish(None)
            on_stale()
        else:
            self._finish(None)

    def data_received(self, data: bytes) -> None:
        """Parse as far as the end of the answer."""
        if self._on_status is None:
            self._finish(None)  # nobody asked: this connection is out of step
            return
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        while end >= 0:
            status = _status(self._buffer)
            if status is None or status >= 200 or status == PROCESSING:  # noqa: PLR2004 - HTTP
                self._answered(status, self._buffer[:end].lower(), len(self._buffer) - end - 4)
                return
            self._buffer = self._buffer[end + 4 :]
            end = self._buffer.find(b"\r\n\r\n")
        if len(self._buffer) > MAX_HEAD_BYTES:
            self._finish(None)

    def _answered(self, status: int | None, head: bytes, body_bytes: int) -> None:
        """Report, and keep the connection only where the answer has surely ended."""
        length = 0 if status in {204, 304} else _content_length(head)
        ended = length is not None and body_bytes == length and status != PROCESSING
        if length is not None and body_bytes < length:
            if length > MAX_HEAD_BYTES:
                self._finish(status)
            return  # the rest of a small body is on its way
        if not ended or b"\r\nconnection: close" in head or not head.startswith(b"http/1.1"):
            self._finish(status)
            return
        on_status, self._on_status, self._on_stale = self._on_status, None, None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(IDLE_SECONDS, self._finish, None)
        self._idle.append(self)
        if on_status is not None:
            on_status(status)

    def _finish(self, status: int | None) -> None:
        """Close, and report if somebody still waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        on_status, self._on_status = self._on_status, None
        if self._transport is not None:
            self._transport.abort()
        if on_status is not None:
            on_status(status)


@functools.cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _status(head: bytes) -> int | None:
    """The status code, None where this is no HTTP."""
    if not head.startswith(b"HTTP/1.") or not head[9:12].isdigit():
        return None
    return int(head[9:12])


def _content_length(head: bytes) -> int | None:
    """Body bytes to come; None where only the connection's end (or chunks) would tell."""
    at = head.find(b"\r\ncontent-length:")
    if at < 0 or b"\r\ntransfer-encoding:" in head:
        return None
    value = head[at + 17 :].split(b"\r\n", 1)[0].strip()
    return int(value) if value.isdigit() else None
