"""Merchants' servers of every temper in one process: they answer, or do what they must not."""

import asyncio
import contextlib
import multiprocessing
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self, TypeAlias

from knative.local.programs import free_port
from tests.system import HOST

RETRY_AFTER: Final = 10
_DRIP_SECONDS: Final = 0.5
_HUGE: Final = 10 * 1024 * 1024
_TLS_ALERT: Final = b"\x15\x03\x03\x00\x02\x02\x28"


def _status(status: int, extra: str = "") -> bytes:
    return f"HTTP/1.1 {status} W\r\nContent-Length: 0\r\n{extra}Connection: close\r\n\r\n".encode()


@dataclass(slots=True)
class Report:
    """What came to a farm; its paths are `/temper/number`, its times monotonic seconds."""

    arrivals: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    """By path, each event that came and when, in the order in which they came."""
    most_open: Counter[str] = field(default_factory=Counter)
    """By path, how many of its requests were in hand at once at most."""

    def first(self) -> Mapping[str, float]:
        """When each event came first."""
        found: dict[str, float] = {}
        for event, at in sorted(
            (each for came in self.arrivals.values() for each in came), key=lambda each: each[1]
        ):
            found.setdefault(event, at)
        return found


Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Temper = Callable[[Reader, Writer], Awaitable[None]]


def _says(content: bytes) -> Temper:
    async def say(_: Reader, writer: Writer) -> None:
        writer.write(content)

    return say


async def _hang(reader: Reader, _: Writer) -> None:
    await reader.read()  # until the sender has had enough


async def _drip(_: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(_DRIP_SECONDS)


async def _huge(_: Reader, writer: Writer) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {_HUGE}\r\n\r\n".encode())
    for _piece in range(_HUGE // 65_536):
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _reset(_: Reader, writer: Writer) -> None:
    writer.transport.abort()


HEALTHY: Final = ("ok", "huge", "ordered")
TEMPERS: Final[Mapping[str, Temper]] = {
    "ok": _says(_status(200)),
    "huge": _huge,
    "ordered": _says(_status(204)),
    "hang": _hang,
    "drip": _drip,
    "broken": _says(_status(500)),
    "gone": _says(_status(410)),
    "busy": _says(_status(429, f"Retry-After: {RETRY_AFTER}\r\n")),
    "moved": _says(_status(302, "Location: /ok/elsewhere\r\n")),
    "reset": _reset,
    "tls": _says(_TLS_ALERT),
    "empty": _says(b""),
}


class ReceiverFarm:
    """A process that is every merchant's server; nobody listens at `closed_url`."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        self.closed_url = f"http://{HOST}:{free_port()}"
        self._ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_receive, args=(port, theirs), daemon=True
        )

    def __enter__(self) -> Self:
        """Start to listen."""
        self._process.start()
        self._ours.recv()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.terminate()
        self._process.join(5)

    def report(self) -> Report:
        """What came so far."""
        self._ours.send(None)
        found: Report = self._ours.recv()
        return found


def _receive(port: int, asked: Connection) -> None:
    """Be the receivers, in a process of its own."""
    report, is_open = Report(), Counter[str]()

    async def serve(reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path, event, length = _read(head.split("\r\n"))
            await reader.readexactly(length)
            report.arrivals.setdefault(path, []).append((event, time.monotonic()))
            is_open[path] += 1
            report.most_open[path] = max(report.most_open[path], is_open[path])
            try:
                await TEMPERS[path.split("/")[1]](reader, writer)
            finally:
                is_open[path] -= 1
        writer.close()

    def tell() -> None:
        asked.recv()
        asked.send(report)

    async def run() -> None:
        await asyncio.start_server(serve, HOST, port, backlog=1024)
        asked.send(None)
        asyncio.get_running_loop().add_reader(asked.fileno(), tell)
        await asyncio.Event().wait()

    asyncio.run(run())


def _read(lines: Sequence[str]) -> tuple[str, str, int]:
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return lines[0].split(" ")[1], fields["webhook-id"], int(fields["content-length"])
