"""Sends requests over kept connections and keeps every latency; one process, little CPU."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MakeRequest = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a run: answers per second, and each answer's time in milliseconds, sorted."""

    seconds: float
    milliseconds: Sequence[float]

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.milliseconds) / self.seconds

    def quantile(self, share: float) -> float:
        """The time within which this share of the answers came."""
        return self.milliseconds[
            min(len(self.milliseconds) - 1, int(len(self.milliseconds) * share))
        ]


class WrongAnswerError(AssertionError):
    """A server under load answered something else than 200."""


def request(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Write a request for a kept connection."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes
) -> None:
    writer.write(content)
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    at = lower.index(b"content-length:") + len(b"content-length:")
    body = await reader.readexactly(int(lower[at : lower.index(b"\r\n", at)]))
    if b" 200 " not in head[:20]:
        raise WrongAnswerError(f"{head[:20]!r} {body[:300]!r}")


def closed(port: int, make: MakeRequest, *, clients: int, seconds: float) -> Load:
    """Let each client send its next request as soon as it has its answer, for a while."""
    ends_at = time.perf_counter() + seconds
    return asyncio.run(_closed(port, make, clients, lambda: time.perf_counter() < ends_at))


def counted(port: int, make: MakeRequest, *, clients: int, requests: int) -> Load:
    """Do the same for so many requests."""
    left = itertools.count(requests, -1)
    return asyncio.run(_closed(port, make, clients, lambda: next(left) > 0))


async def _closed(port: int, make: MakeRequest, clients: int, goes_on: Callable[[], bool]) -> Load:
    found: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while goes_on():
            began = time.perf_counter()
            await _exchange(reader, writer, make())
            found.append((time.perf_counter() - began) * 1000)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Load(time.perf_counter() - began, sorted(found))


def paced(port: int, make: MakeRequest, *, clients: int, per_second: float, seconds: float) -> Load:
    """Send at a fixed rate; a late answer delays nobody's start, and its wait counts."""
    return asyncio.run(_paced(port, make, clients, per_second, seconds))


async def _paced(
    port: int, make: MakeRequest, clients: int, per_second: float, seconds: float
) -> Load:
    found: list[float] = []
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(clients):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def one(due: float) -> None:
        streams = await idle.get()
        await _exchange(*streams, make())
        found.append((time.perf_counter() - due) * 1000)
        idle.put_nowait(streams)

    began = time.perf_counter()
    tasks = []
    for number in range(int(per_second * seconds)):
        due = began + number / per_second
        await asyncio.sleep(max(0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    return Load(time.perf_counter() - began, sorted(found))
