"""The only way out to an address that a merchant chose: it dials what it has checked, no more."""

import email.utils
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from http.client import HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from shared.domain.deadline import Deadline
from shared.domain.egress import Destination, IPNetwork, check_url, is_denied
from shared.domain.errors import InvalidRequest
from shared.operations.webhook_ports import WebhookAnswer, WebhookRequest

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

EXCHANGE_SECONDS: Final = 15
CONNECT_SECONDS: Final = 5
ANSWER_BYTES: Final = 64 * 1024
KEPT_BYTES: Final = 2 * 1024
BODY_BYTES: Final = 256 * 1024
RESOLVERS: Final = 64
ADDRESSES: Final = 4
_SLICE: Final = 16 * 1024
_LONGEST_NUMBER: Final = 9
_SECRET: Final = re.compile(r"\b(whsec|whsk|sk|rk|pk)_\S+")
_DIGITS: Final = re.compile(r"\d(?:[ .-]?\d){5,}")

Resolve = Callable[[str, int], Sequence[str]]
Dial = Callable[[str, int, float], socket.socket]


def resolve(host: str, port: int) -> Sequence[str]:
    """Return all IPv4 and IPv6 addresses of a name; raises OSError."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """Connect to an address (never a name); raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


class EgressSender:
    """A WebhookSender. No redirects, proxies, cookies, decompression or kept connections.

    Thread-safe: an attempt shares nothing with another but the count of name look-ups under way.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        wall_clock: Callable[[], datetime],
        user_agent: str,
        allow_loopback: bool = False,
        other_ports: Collection[int] = (),
        own_networks: Sequence[IPNetwork] = (),
        exchange_seconds: float = EXCHANGE_SECONDS,
        ca_file: str | None = None,
        resolve: Resolve = resolve,
        dial: Dial = dial,
    ) -> None:
        """`clock` is monotonic, in seconds; `wall_clock` tells UTC, for Retry-After as a date.

        `own_networks` are our ingress and egress; `allow_loopback` is for the local system only.
        """
        self._clock = clock
        self._wall_clock = wall_clock
        self._user_agent = user_agent
        self._allow_loopback = allow_loopback
        self._other_ports = other_ports
        self._own_networks = own_networks
        self._exchange_seconds = exchange_seconds
        self._resolve = resolve
        self._dial = dial
        self._lookups = threading.BoundedSemaphore(RESOLVERS)
        self._context = ssl.create_default_context(cafile=ca_file)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2

    def send(self, request: WebhookRequest, *, livemode: bool) -> WebhookAnswer:
        """POST once; the whole exchange, look-up and body included, ends within 15 s.

        An `error` beside a status means that the answer did not come whole in time.
        """
        deadline = Deadline.after(self._exchange_seconds, self._clock)
        started = self._clock()
        exchange = _Exchange()
        error: str | None = None
        try:
            self._attempt(request, exchange, livemode=livemode, deadline=deadline)
        except _StoppedError as stopped:
            error = stopped.word
        except TimeoutError:
            error = "timeout"
        except (HTTPException, ValueError):
            error = "answer_malformed"
        except OSError:
            error = "connection_broken"
        finally:
            if exchange.sock is not None:
                exchange.sock.close()
        return WebhookAnswer(
            status=exchange.status,
            error=error,
            duration_ms=round((self._clock() - started) * 1000),
            retry_after_seconds=self._retry_after(exchange.retry_after),
            body_start=_shown(exchange.body_start),
        )

    def _attempt(
        self,
        request: WebhookRequest,
        exchange: "_Exchange",
        *,
        livemode: bool,
        deadline: Deadline,
    ) -> None:
        try:
            destination = check_url(
                request.url,
                livemode,
                allow_loopback=self._allow_loopback,
                other_ports=self._other_ports,
            )
        except InvalidRequest as refusal:
            raise _StoppedError(refusal.code) from refusal
        head = self._head(request, destination)
        exchange.sock = self._connect(destination, deadline)
        _send(exchange.sock, head + request.body, deadline)
        _receive(exchange, deadline)

    def _head(self, request: WebhookRequest, destination: Destination) -> bytes:
        if len(request.body) > BODY_BYTES:
            raise _StoppedError("body_too_large")
        headers = (
            ("Host", destination.host_header),
            ("User-Agent", self._user_agent),
            *request.headers,
            ("Content-Length", str(len(request.body))),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        )
        lines = [f"POST {destination.target} HTTP/1.1", *(f"{name}: {v}" for name, v in headers)]
        if not all(line.isascii() and line.isprintable() for line in lines):
            raise _StoppedError("header_malformed")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _connect(self, destination: Destination, deadline: Deadline) -> socket.socket:
        """Look up, check every address, dial one of those checked; 5 s at most in all."""
        connecting = Deadline(min(deadline.ends_at, self._clock() + CONNECT_SECONDS), self._clock)
        error: OSError | None = None
        for address in self._checked_addresses(destination, connecting)[:ADDRESSES]:
            try:
                sock = self._dial(address, destination.port, _left(connecting))
            except OSError as failure:
                error = failure
                continue
            if destination.is_plain:
                return sock
            return self._secure(sock, destination.host, connecting)
        # One word for closed, filtered and unreachable: a caller must not learn to scan with us.
        raise _StoppedError("connect_failed") from error

    def _secure(self, sock: socket.socket, host: str, connecting: Deadline) -> socket.socket:
        """Speak TLS under the name, whatever address was dialled."""
        try:
            sock.settimeout(_left(connecting))
            return self._context.wrap_socket(sock, server_hostname=host)
        except (OSError, ValueError) as error:
            sock.close()
            raise _StoppedError("tls_failed") from error

    def _checked_addresses(self, destination: Destination, deadline: Deadline) -> list[str]:
        """Return the addresses to dial; raises when a single one of them is denied."""
        if destination.is_plain:
            return [destination.host]  # 127.0.0.1, which only allow_loopback lets this far
        literal = destination.address
        found = [str(literal)] if literal else self._look_up(destination, deadline)
        for text in found:
            try:
                denied = is_denied(ipaddress.ip_address(text), self._own_networks)
            except ValueError:
                denied = True
            if denied:
                raise _StoppedError("url_host_not_allowed")
        return found

    def _look_up(self, destination: Destination, deadline: Deadline) -> list[str]:
        """Ask the resolver in a thread: it knows no time-out, and a merchant may own a slow one."""
        if not self._lookups.acquire(timeout=_left(deadline)):
            raise _StoppedError("dns_failed")
        found: SimpleQueue[Sequence[str]] = SimpleQueue()

        def look_up() -> None:
            try:
                found.put(self._resolve(destination.host, destination.port))
            except (OSError, ValueError):
                found.put(())
            finally:
                self._lookups.release()

        try:
            threading.Thread(target=look_up, name="resolve", daemon=True).start()
        except RuntimeError as error:  # no thread to be had
            self._lookups.release()
            raise _StoppedError("dns_failed") from error
        try:
            addresses = found.get(timeout=_left(deadline))
        except Empty:
            addresses = ()
        if not addresses:
            raise _StoppedError("dns_failed")
        return list(dict.fromkeys(addresses))

    def _retry_after(self, text: str | None) -> int | None:
        """Read Retry-After, whole seconds or a date; None for what is neither or lies behind us."""
        if text is None:
            return None
        text = text.strip()
        if text.isascii() and text.isdigit():
            return int(text[:_LONGEST_NUMBER])
        try:
            at = email.utils.parsedate_to_datetime(text)
        except (ValueError, IndexError, OverflowError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - self._wall_clock()).total_seconds()
        return int(seconds) if seconds > 0 else None


class _StoppedError(Exception):
    """We end the attempt ourselves; `word` goes into the delivery log."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class _Exchange:
    """What is known of an attempt so far, so that a broken one still tells what came."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.status = 0
        self.retry_after: str | None = None
        self.body_start = b""


class _LimitError(Exception):
    """The answer exceeds what we read of it."""


class _Source(RawIOBase):
    """What HTTPResponse reads from: every read gets only what is left of time and of bytes."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._bytes_left = ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if self._bytes_left <= 0:
            raise _LimitError
        self._sock.settimeout(_left(self._deadline))
        room = memoryview(buffer).nbytes
        count = self._sock.recv_into(buffer, min(room, self._bytes_left))
        self._bytes_left -= count
        return count

    def makefile(self, _mode: str) -> BufferedReader:
        """Stand in for a socket, as HTTPResponse asks for its file."""
        return BufferedReader(self)


def _send(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Send in slices, because a time-out of TLS counts for each of them alone."""
    for start in range(0, len(data), _SLICE):
        sock.settimeout(_left(deadline))
        sock.sendall(data[start : start + _SLICE])


def _receive(exchange: _Exchange, deadline: Deadline) -> None:
    """Read status and body; a body longer than 64 KiB is left unread and is no failure."""
    if exchange.sock is None:
        raise RuntimeError("nothing is connected")
    source = _Source(exchange.sock, deadline)
    response = HTTPResponse(source, method="POST")  # type: ignore[arg-type]  # asks for makefile only
    try:
        response.begin()
    except _LimitError as error:
        raise _StoppedError("answer_malformed") from error
    exchange.status = response.status
    exchange.retry_after = response.getheader("Retry-After")
    try:
        exchange.body_start = response.read(KEPT_BYTES)
        response.read(ANSWER_BYTES)
    except _LimitError:
        return
    if response.length:
        raise _StoppedError("connection_broken")


def _left(deadline: Deadline) -> float:
    left = deadline.remaining()
    if left <= 0:
        raise TimeoutError
    return left


def _shown(body: bytes) -> str:
    """Return text that a database takes and a log may hold: no control, secret or phone number."""
    text = body.decode("utf-8", "replace")
    text = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
    return _DIGITS.sub("…", _SECRET.sub(r"\1_…", text))
