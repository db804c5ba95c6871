"""Measures the live stream: from an event's commit until the last of its merchant's clients has it.

Five hundred clients follow through the gateway, by turns over WebSocket and as server-sent events.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import aiohttp
import urllib3

from knative.local.layout import HOST
from knative.local.programs import Program, free_port, spawn, stop
from shared.domain.account import Tenant
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import cpu_seconds, group_pss_mb
from tests.benchmarks.rig import ROOT, await_answer
from tests.benchmarks.witness import Told, Witness, attest, tell, witness
from tests.end_to_end.followers import by_events, by_socket
from tests.system import LocalSystem
from tests.telling import open_accounts, writing

CLIENTS: Final = 500
MERCHANTS: Final = 25
PER_SECOND: Final = 20
"""Of all merchants together: 1.7 million events a day."""
SECONDS: Final = 60.0
BARE_SECONDS: Final = 30.0
WARM_SECONDS: Final = 3.0
MOST_MS: Final = 500
MOST_MB: Final = 128
"""Of the 256 MiB that a pod may have, which takes four times as many streams."""
_EACH: Final = CLIENTS // MERCHANTS
_WRITERS: Final = 2
_PATH: Final = "/v1/stream"
# An event of `tests.telling` as the stream shows it.
_EVENT: Final = (
    '{{"id":"evt_{number:024}","object":"event","type":"charge.succeeded","api_version":"2026-11-01",'
    '"created":1790000000,"livemode":false,"data":{{"object":{{"id":"ch_{number:024}",'
    '"object":"charge","amount":1500,"currency":"xaf"}}}}}}'
)


@dataclass(frozen=True, slots=True)
class Client:
    """Where a client listens, with which key, and how."""

    url: str
    key: str
    is_socket: bool


@dataclass(frozen=True, slots=True)
class Held:
    """The milliseconds until the last of its clients had each event, sorted; what that took."""

    waits: Sequence[float]
    memory: float
    cores: float

    def quantile(self, share: float) -> float:
        """The time within which this share of the events was seen by all."""
        return self.waits[int(len(self.waits) * share)]


def measure(running: LocalSystem, folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Follow through the gateway, then by a bare server; events come at the same rate."""
    accounts = open_accounts(running, [None] * MERCHANTS)
    tenants = [Tenant(account.id, livemode=False) for account in accounts]
    url = f"{running.base_url}{_PATH}"
    clients = _clients([(url, account.modes[0].secret_key) for account in accounts])
    with writing(running, threads=_WRITERS) as write, witness(_follow, clients) as all_seen:
        number = running.process_id("stream_events")
        ours = _hold(
            lambda at: Told(write(tenants[at % MERCHANTS]), time.monotonic()),
            all_seen,
            number,
            SECONDS,
        )
    say(f"{CLIENTS} clients: p50 {ours.quantile(0.5):.0f} ms, p95 {ours.quantile(0.95):.0f} ms")
    with _bare(folder) as (port, number):
        urls = [f"http://{HOST}:{port}/{at}" for at in range(MERCHANTS)]
        with witness(_follow, _clients([(each, "") for each in urls])) as all_seen:
            bare = _hold(_poster(urls), all_seen, number, BARE_SECONDS)
    say(f"bare: p50 {bare.quantile(0.5):.2f} ms, p95 {bare.quantile(0.95):.2f} ms")
    return _figures(ours, bare)


def _figures(ours: Held, bare: Held) -> list[Figure]:
    how = (
        f"{len(ours.waits)} events at {PER_SECOND}/s; from the commit to the last of"
        f" {_EACH} clients; {CLIENTS} in all, through the gateway"
    )
    bound = (
        f"{len(bare.waits)} events, from the request that posts one; as many clients, no gateway"
    )
    memory = f"PSS of the process group, {CLIENTS} clients"
    cpu = f"{CLIENTS} clients, {PER_SECOND} events/s to {_EACH} of them each"
    p95 = ours.quantile(0.95)
    return [
        Figure("stream", "event seen by all, p50", ours.quantile(0.5), "ms", note=how),
        Figure("stream", "event seen by all, p95", p95, "ms", at_most=MOST_MS, note=how),
        Figure("stream", "raw bound: a bare server, p50", bare.quantile(0.5), "ms", note=bound),
        Figure("stream", "raw bound: a bare server, p95", bare.quantile(0.95), "ms", note=bound),
        Figure(
            "stream", "memory of stream_events", ours.memory, "MB", at_most=MOST_MB, note=memory
        ),
        Figure("stream", "memory of the bare server", bare.memory, "MB", note=memory),
        Figure("stream", "CPU of stream_events", 100 * ours.cores, "% of a core", note=cpu),
        Figure("stream", "CPU of the bare server", 100 * bare.cores, "% of a core", note=cpu),
    ]


def _clients(merchants: Sequence[tuple[str, str]]) -> list[Client]:
    """Half of each merchant's clients over WebSocket."""
    return [
        Client(url, key, is_socket=number % 2 == 0)
        for url, key in merchants
        for number in range(_EACH)
    ]


def _hold(write: Callable[[int], Told], all_seen: Witness, number: int, seconds: float) -> Held:
    """Write events at the rate until each of its clients has seen each."""
    warmed = tell(write, per_second=PER_SECOND, seconds=WARM_SECONDS, writers=_WRITERS)
    all_seen.until(warmed, times=_EACH)
    began, before = time.monotonic(), cpu_seconds(number)
    told = tell(
        lambda at: write(at + len(warmed)),
        per_second=PER_SECOND,
        seconds=seconds,
        writers=_WRITERS,
    )
    seen = all_seen.until(told, times=_EACH)
    cores = (cpu_seconds(number) - before) / (time.monotonic() - began)
    waits = sorted((max(seen[event]) - at) * 1000 for event, at in told.items())
    return Held(waits, group_pss_mb(number), cores)


@contextlib.contextmanager
def _bare(folder: Path) -> Iterator[tuple[int, int]]:
    """Serve `bare_stream` as production serves streams; its port and its process."""
    port = free_port()
    program = Program(
        name="bare_stream",
        argv=(sys.executable, "-m", "shared.runtime.serve_asgi"),
        log=folder / "bare_stream.log",
        folder=ROOT,
        environment={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "ENVIRONMENT": "local",
            "PORT": str(port),
            "FUNCTION_TARGET": "bare_stream",
            "FUNCTION_SOURCE": "tests/benchmarks/bare/stream.py",
        },
    )
    process = spawn(program)
    try:
        await_answer(port, process)
        yield port, process.pid
    finally:
        stop(process, program)


def _poster(urls: Sequence[str]) -> Callable[[int], Told]:
    http = urllib3.PoolManager(maxsize=_WRITERS, retries=False)

    def post(number: int) -> Told:
        told = Told(f"evt_{number:024}", time.monotonic())
        event = _EVENT.format(number=number)
        http.request("POST", urls[number % MERCHANTS], body=event.encode())
        return told

    return post


def _follow(asked: Connection, clients: Sequence[Client]) -> None:
    """Be all clients: note when each event comes."""
    asyncio.run(_followed(asked, clients))


async def _followed(asked: Connection, clients: Sequence[Client]) -> None:
    seen: dict[str, list[float]] = {}
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        begun = [asyncio.Event() for _ in clients]
        async with asyncio.TaskGroup() as group:
            for client, first in zip(clients, begun, strict=True):
                group.create_task(_read(session, client, first, seen))
            for first in begun:
                await first.wait()
            attest(asked, seen)


async def _read(
    session: aiohttp.ClientSession,
    client: Client,
    first: asyncio.Event,
    seen: dict[str, list[float]],
) -> None:
    """Read until the process ends; a cut ends the measurement."""
    headers: Mapping[str, str] = {"Authorization": f"Bearer {client.key}"} if client.key else {}
    reading = by_socket if client.is_socket else by_events
    async with reading(session, client.url, headers) as frames:
        async for frame in frames:
            first.set()
            if frame["object"] == "event":
                seen.setdefault(frame["id"], []).append(time.monotonic())
    raise aiohttp.ClientConnectionError
