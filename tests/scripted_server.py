"""A real server on 127.0.0.1 that plays byte-exact answers, well-formed or not, to any client."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Self


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass(frozen=True)
class Play:
    """What to do: wait for `until`, send the pieces with gaps, then keep, close or reset."""

    pieces: Sequence[bytes]
    gap_seconds: float = 0
    end: str = "keep"
    until: threading.Event | None = None


def answer(
    status: int, body: str | bytes = b"", *, content_type: str = "application/json", extra: str = ""
) -> Play:
    """A whole answer with a length, on a connection that stays open."""
    raw = body.encode() if isinstance(body, str) else body
    head = (
        f"HTTP/1.1 {status} Word\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(raw)}\r\n{extra}\r\n"
    )
    return Play([head.encode() + raw])


RESET = Play([], end="reset")
SILENCE = Play([], end="silence")


@dataclass
class ScriptedServer:
    """Asks `script` what to play for each request; `seen` keeps the requests in order."""

    script: Callable[[Seen], Play]
    tls: ssl.SSLContext | None = None
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, self.connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, connection: int) -> None:
        try:
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            self._open.append(sock)
            stream = sock.makefile("rb")
            while (seen := _read(stream, connection)) is not None:
                self.seen.append(seen)
                if not self._perform(sock, self.script(seen)):
                    break
        except OSError:
            pass  # a client that goes away is part of the play
        finally:
            sock.close()

    def _perform(self, sock: socket.socket, play: Play) -> bool:
        if play.until is not None:
            play.until.wait(10)
            return False
        for piece in play.pieces:
            sock.sendall(piece)
            if play.gap_seconds and self._stopped.wait(play.gap_seconds):
                return False
        if play.end == "silence":
            self._stopped.wait(30)
        if play.end == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return play.end == "keep"


def _read(stream: BinaryIO, connection: int) -> Seen | None:
    line = stream.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    while header := stream.readline().decode("latin-1").strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Seen(line[0], line[1], headers, body, connection)
