"""One HTTP/1.1 exchange with an operator: it knows whether a byte of it left, and when to stop.

Ready-made clients hide the two facts that money needs: whether the request can have reached the
operator at all, and a limit on the whole answer instead of on each read of it.
"""

import select
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from shared.domain.deadline import CONNECT_SECONDS, READ_SECONDS, Deadline

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ANSWER_BYTES: Final = 64 * 1024
POOL_SIZE: Final = 32
IDLE_SECONDS: Final = 30
LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_FINAL_STATUS: Final = 200
_FORBIDDEN: Final = ("\r", "\n", "\0")
_Address = tuple[socket.AddressFamily, tuple[str, int]]


class UnsafeAddressError(ValueError):
    """The address may not be called: not verifiable, or a live address from a test row."""


class NotSentError(Exception):
    """The connection never stood, so no byte of the request left us; `reason` is a short word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokenOffError(Exception):
    """The request may have arrived, and no whole answer came; `reason` is a short word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: the HTTP status and at most `ANSWER_BYTES` of body."""

    status: int
    body: bytes


class Wire:
    """Kept-alive connections to one host. No retries, no redirects, no proxies. Thread-safe."""

    def __init__(self, base_url: str, *, plain_allowed: bool, ca_file: str | None = None) -> None:
        """Prepare; nothing is dialled. `ca_file` replaces the system's authorities.

        Raises UnsafeAddressError unless https, or http to this machine with `plain_allowed`.
        """
        parts = urlsplit(base_url)
        host = parts.hostname
        if host is None or parts.username is not None or parts.query or parts.fragment:
            raise UnsafeAddressError("an operator's address is scheme, host, port and path")
        is_plain = parts.scheme == "http"
        if is_plain and not (plain_allowed and host in LOOPBACK_HOSTS):
            raise UnsafeAddressError("http is for a test account on this machine only")
        if not is_plain and parts.scheme != "https":
            raise UnsafeAddressError("an operator is called by https")
        self.host: Final = host
        self._port: Final = parts.port or (80 if is_plain else 443)
        self._host_header: Final = parts.netloc
        self._path: Final = parts.path.rstrip("/")
        self._context: Final = None if is_plain else verified_context(ca_file)
        self._idle: Final[deque[tuple[socket.socket, float]]] = deque()

    def exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> Answer:
        """Send once and read the whole answer, within min(20 s, what is left).

        Raises NotSentError before the first byte and BrokenOffError after it.
        """
        head = self._head(method, path, headers=headers, body=body)
        sock = self._take_idle(deadline.clock) or self._dial(deadline)
        ends_at = min(deadline.ends_at, deadline.clock() + READ_SECONDS)
        is_reusable = False
        try:
            sock.settimeout(_seconds_left(ends_at, deadline.clock))
            sock.sendall(head + (body or b""))
            answer, is_reusable = _read(sock, method, ends_at=ends_at, clock=deadline.clock)
        except TimeoutError as error:
            raise BrokenOffError("timeout") from error
        except _TooLongError as error:
            raise BrokenOffError("answer_too_long") from error
        except ConnectionError as error:
            raise BrokenOffError("connection_lost") from error
        except (HTTPException, ValueError) as error:
            raise BrokenOffError("not_http") from error
        except OSError as error:
            raise BrokenOffError("connection_broken") from error
        finally:
            self._give_back(sock, is_reusable=is_reusable, now=deadline.clock())
        return answer

    def close(self) -> None:
        """Close what lies idle; what is in use closes itself when it comes back."""
        while self._idle:
            self._idle.pop()[0].close()

    def _head(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None
    ) -> bytes:
        lines = [f"{method} {self._path}{path} HTTP/1.1", f"Host: {self._host_header}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        # MTN's gateway answers 411 to a POST without a length, and refuses chunks.
        if method == "POST":
            lines.append(f"Content-Length: {len(body or b'')}")
        lines.append("Accept-Encoding: identity")
        if any(mark in line for line in lines for mark in _FORBIDDEN):
            raise NotSentError("header_malformed")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _take_idle(self, clock: Callable[[], float]) -> socket.socket | None:
        """Return a connection that the other side has not closed meanwhile, youngest first."""
        while True:
            try:
                sock, idle_since = self._idle.pop()
            except IndexError:
                return None
            if clock() - idle_since < IDLE_SECONDS and not _is_readable(sock):
                return sock
            sock.close()

    def _give_back(self, sock: socket.socket, *, is_reusable: bool, now: float) -> None:
        if is_reusable and len(self._idle) < POOL_SIZE:
            self._idle.append((sock, now))
        else:
            sock.close()

    def _dial(self, deadline: Deadline) -> socket.socket:
        """Connect, with TLS where due, in 3 s at most; raises NotSentError."""
        clock = deadline.clock
        ends_at = min(deadline.ends_at, clock() + CONNECT_SECONDS)
        reason = "no_address"
        for family, address in _resolve(self.host, self._port, max(0, ends_at - clock())):
            try:
                return self._connect(family, address, ends_at=ends_at, clock=clock)
            except TimeoutError:
                reason = "connect_timeout"
            except ssl.SSLError:
                reason = "tls_failed"
            except OSError:
                reason = "connect_failed"
        raise NotSentError(reason)

    def _connect(
        self,
        family: socket.AddressFamily,
        address: tuple[str, int],
        *,
        ends_at: float,
        clock: Callable[[], float],
    ) -> socket.socket:
        """Raises OSError, TimeoutError and SSLError among them."""
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(_seconds_left(ends_at, clock))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is None:
                return sock
            sock.settimeout(_seconds_left(ends_at, clock))
            return self._context.wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise


def verified_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Return a client context that checks chain and name; TLS 1.2 or newer."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise UnsafeAddressError("certificates would not be verified")
    return context


class _TooLongError(Exception):
    """The answer exceeds its limit."""


class _Source(RawIOBase):
    """What HTTPResponse reads from: every read gets only what is left of time and of bytes."""

    def __init__(self, sock: socket.socket, *, ends_at: float, clock: Callable[[], float]) -> None:
        self._sock = sock
        self._ends_at = ends_at
        self._clock = clock
        self._bytes_left = ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._sock.settimeout(_seconds_left(self._ends_at, self._clock))
        count = self._sock.recv_into(buffer)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise _TooLongError
        return count

    def makefile(self, _mode: str) -> BufferedReader:
        """Stand in for a socket, as HTTPResponse asks for its file."""
        return BufferedReader(self)


def _read(
    sock: socket.socket, method: str, *, ends_at: float, clock: Callable[[], float]
) -> tuple[Answer, bool]:
    """Return the answer and whether the connection may be used again."""
    source = _Source(sock, ends_at=ends_at, clock=clock)
    response = HTTPResponse(source, method=method)  # type: ignore[arg-type]  # asks for makefile only
    response.begin()
    if response.length is not None and response.length > ANSWER_BYTES:
        raise _TooLongError
    body = response.read(ANSWER_BYTES + 1)
    if response.length:
        raise ConnectionError("the body was cut short")
    # After an answer of the kind 1xx another one follows: this connection is of no further use.
    is_reusable = not response.will_close and response.status >= _FINAL_STATUS
    return Answer(response.status, body), is_reusable


def _is_readable(sock: socket.socket) -> bool:
    """Whether something waits on an idle connection: its end, or what nobody asked for."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _seconds_left(ends_at: float, clock: Callable[[], float]) -> float:
    left = ends_at - clock()
    if left <= 0:
        raise TimeoutError
    return left


def _resolve(host: str, port: int, seconds: float) -> list[_Address]:
    """Ask the system's resolver in a thread, because it knows no time-out of its own."""
    found: SimpleQueue[list[_Address]] = SimpleQueue()

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            infos = []
        found.put([(info[0], (str(info[4][0]), port)) for info in infos])

    try:
        threading.Thread(target=look_up, name="resolve", daemon=True).start()
        addresses = found.get(timeout=seconds)
    except Empty as error:
        raise NotSentError("dns_timeout") from error
    except RuntimeError as error:  # no thread to be had
        raise NotSentError("dns_failed") from error
    if not addresses:
        raise NotSentError("dns_failed")
    return addresses
