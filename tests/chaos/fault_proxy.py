"""Stands between a function and a server: cuts a connection at a chosen byte, or holds it."""

import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from tests.system import HOST

_CHUNK_BYTES: Final = 65_536
_CONNECT_SECONDS: Final = 5.0
_HOLD_SECONDS: Final = 60.0
# No lingering: what is unsent is thrown away and the other side gets RST instead of FIN.
_RESET: Final = struct.pack("ii", 1, 0)


class Way(StrEnum):
    """Which bytes are counted."""

    ASKED = "to the server"
    ANSWERED = "from the server"


@dataclass(slots=True)
class FaultProxy:
    """Listens on `port` while the block lasts. `passed` counts bytes since the last `arm`.

    `held` counts the connections that have asked since `hold`, and were not let through.
    """

    upstream: int
    passed: Counter[Way] = field(default_factory=Counter)
    cuts: int = 0
    held: int = 0
    _listener: socket.socket = field(default_factory=socket.socket)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _open: threading.Event = field(default_factory=threading.Event)
    _cut_at: tuple[Way, int] | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    @property
    def is_armed(self) -> bool:
        """Whether a cut is still to come."""
        return self._cut_at is not None

    def arm(self, way: Way | None = None, byte: int = 0) -> None:
        """Pass on so many bytes of one way from now on, then cut once; never without `way`."""
        with self._guard:
            self.passed.clear()
            self._cut_at = None if way is None else (way, byte)

    def hold(self) -> None:
        """Let nothing through to the server from now on."""
        self._open.clear()

    def let_through(self) -> None:
        """Pass on what is held, and what comes."""
        self._open.set()

    def __enter__(self) -> Self:
        """Start to listen."""
        self._open.set()
        self._listener.bind((HOST, 0))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take no more; what is connected ends with its sides."""
        self.let_through()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                try:
                    theirs = socket.create_connection(
                        (HOST, self.upstream), timeout=_CONNECT_SECONDS
                    )
                except OSError:
                    ours.close()
                    continue
                theirs.settimeout(None)
                for source, sink, way in (
                    (ours, theirs, Way.ASKED),
                    (theirs, ours, Way.ANSWERED),
                ):
                    threading.Thread(
                        target=self._pass_on, args=(source, sink, way), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, way: Way) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                if way is Way.ASKED:
                    self._wait()
                whole = self._count(way, len(data))
                sink.sendall(data[:whole])
                if whole is not None:
                    for side in (source, sink):
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    break
        for side in (source, sink):
            # Wakes the thread of the other way, which else would keep the socket open.
            with suppress(OSError):
                side.shutdown(socket.SHUT_RD)
            side.close()

    def _wait(self) -> None:
        if not self._open.is_set():
            with self._guard:
                self.held += 1
            self._open.wait(_HOLD_SECONDS)
            with self._guard:
                self.held -= 1

    def _count(self, way: Way, size: int) -> int | None:
        """How many of these bytes may still pass before the cut, or None for all."""
        with self._guard:
            before = self.passed[way]
            self.passed[way] += size
            if self._cut_at is None or self._cut_at[0] is not way:
                return None
            if self.passed[way] < self._cut_at[1]:
                return None
            left = self._cut_at[1] - before
            self._cut_at = None
            self.cuts += 1
            return left
