"""Stands on the wire between our functions and one operator, and fails as a wire does.

It refuses connections, or leaves them without an answer, for everybody; it resets in the middle of
an answer, or lets it drip, for the one request that holds the words it was told.
"""

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from knative.local.programs import free_port
from tests.system import HOST

_CHUNK_BYTES: Final = 65_536
_CONNECT_SECONDS: Final = 5.0
_BACKLOG: Final = 128
# An answer of MTN's has about 150 bytes with its head: it takes far longer than anybody waits.
_DROP_SECONDS: Final = 0.2
# Of the head of an answer so many bytes arrive before the reset.
_BEFORE_RESET: Final = 30
# No lingering: what is unsent is thrown away and the other side gets RST instead of FIN.
_RESET: Final = struct.pack("ii", 1, 0)


class Blow(StrEnum):
    """What is done to the answer of one request."""

    RESET = "reset"
    DRIP = "drip"


@dataclass(slots=True)
class _Exchange:
    """One connection: what was asked last on it, and what its answer will suffer."""

    ours: socket.socket
    theirs: socket.socket
    asked: bytearray = field(default_factory=bytearray)
    is_answered: bool = False
    blow: Blow | None = None
    gone: threading.Event = field(default_factory=threading.Event)

    def close(self, *, by_reset: bool) -> None:
        """End both sides; ours by a reset where a fault is to be seen."""
        self.gone.set()
        with suppress(OSError):
            if by_reset:
                self.ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        for side in (self.ours, self.theirs):
            # Wakes the thread that reads from it, which else would keep the socket open.
            with suppress(OSError):
                side.shutdown(socket.SHUT_RD)
            side.close()


@dataclass(slots=True)
class OperatorLine:
    """Listens on `port` while the block lasts; `struck` holds the words whose answer was struck.

    The other side speaks HTTP/1.1 and asks one thing at a time on a connection.
    """

    upstream: int
    port: int = field(default_factory=free_port)
    struck: set[bytes] = field(default_factory=set)
    _blows: dict[bytes, Blow] = field(default_factory=dict)
    _exchanges: dict[int, _Exchange] = field(default_factory=dict)
    _listener: socket.socket = field(init=False)
    _filler: socket.socket | None = None
    _accepting: threading.Thread | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def mark(self, words: bytes, blow: Blow) -> None:
        """Strike the answer to the next POST that holds these words."""
        with self._guard:
            self._blows[words] = blow

    def refuse(self) -> None:
        """Refuse every connection from now on; those that stand are reset."""
        self._stop_listening()
        self._reset_all()
        # Bound and not listening: nobody else gets the port meanwhile.
        self._listener = self._bound()

    def hang(self) -> None:
        """Answer no attempt to connect from now on; those connections that stand are reset."""
        self.refuse()
        self._listener.listen(0)
        # It takes the one place that there is to wait in: whoever comes later is not heard.
        self._filler = socket.create_connection((HOST, self.port), timeout=_CONNECT_SECONDS)

    def let_through(self) -> None:
        """Take connections again."""
        self._listener.listen(_BACKLOG)
        if self._filler is not None:
            self._filler.close()
            self._filler = None
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        """Start to listen."""
        self._listener = self._bound()
        self.let_through()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take no more, and end what is connected."""
        self._stop_listening()
        self._reset_all()

    def _bound(self) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, self.port))
        return bound

    def _stop_listening(self) -> None:
        """Close the listener, and see whoever waits to accept off."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._filler is not None:
            self._filler.close()
            self._filler = None
        if self._accepting is not None:
            self._accepting.join(_CONNECT_SECONDS)

    def _accept(self) -> None:
        listener = self._listener
        with suppress(OSError):
            while True:
                ours, _ = listener.accept()
                try:
                    theirs = socket.create_connection(
                        (HOST, self.upstream), timeout=_CONNECT_SECONDS
                    )
                except OSError:
                    ours.close()
                    continue
                theirs.settimeout(None)
                for side in (ours, theirs):
                    side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                exchange = _Exchange(ours, theirs)
                with self._guard:
                    self._exchanges[id(exchange)] = exchange
                for way in (self._ask, self._answer):
                    threading.Thread(target=way, args=(exchange,), daemon=True).start()

    def _ask(self, exchange: _Exchange) -> None:
        with suppress(OSError):
            while data := exchange.ours.recv(_CHUNK_BYTES):
                self._look(exchange, data)
                exchange.theirs.sendall(data)
        self._end(exchange)

    def _answer(self, exchange: _Exchange) -> None:
        with suppress(OSError):
            while data := exchange.theirs.recv(_CHUNK_BYTES):
                exchange.is_answered = True
                if exchange.blow is Blow.RESET:
                    exchange.ours.sendall(data[:_BEFORE_RESET])
                    break
                if exchange.blow is Blow.DRIP:
                    self._drip(exchange, data)
                else:
                    exchange.ours.sendall(data)
        self._end(exchange)

    def _look(self, exchange: _Exchange, data: bytes) -> None:
        """See whether this request is one to strike."""
        with self._guard:
            if exchange.is_answered:
                exchange.asked.clear()
                exchange.is_answered, exchange.blow = False, None
            exchange.asked += data
            if not exchange.asked.startswith(b"POST "):
                return
            for words in [each for each in self._blows if each in exchange.asked]:
                exchange.blow = self._blows.pop(words)
                self.struck.add(words)

    def _drip(self, exchange: _Exchange, data: bytes) -> None:
        for place in range(len(data)):
            exchange.ours.sendall(data[place : place + 1])
            if exchange.gone.wait(_DROP_SECONDS):
                return

    def _end(self, exchange: _Exchange, *, by_reset: bool = False) -> None:
        with self._guard:
            self._exchanges.pop(id(exchange), None)
        exchange.close(by_reset=by_reset or exchange.blow is Blow.RESET)

    def _reset_all(self) -> None:
        with self._guard:
            standing = [*self._exchanges.values()]
        for exchange in standing:
            self._end(exchange, by_reset=True)
