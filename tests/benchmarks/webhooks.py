"""Measures webhooks alone: events at a steady rate to many endpoints, some of which hang.

Each event is written as every function writes one, by the application's login: its rows, its place
in the feed, its delivery and its message. Counted is from its commit to its webhook.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

from knative.local.layout import HOST
from knative.local.programs import free_port
from shared.domain.account import Tenant
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.witness import Told, Witness, attest, tell, witness
from tests.system import LocalSystem
from tests.telling import Write, open_accounts, writing

ENDPOINTS: Final = 100
HANGING: Final = 30
PER_SECOND: Final = 420
"""A little above the bar, since what comes after the last second counts as well."""
LEAST_PER_SECOND: Final = 400
SECONDS: Final = 60.0
HANGING_SECONDS: Final = 30.0
WARM_SECONDS: Final = 3.0
_WRITERS: Final = 4
_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant with one endpoint."""

    tenant: Tenant
    hangs: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What came of a rate: the seconds of each webhook, sorted, and how many came a second.

    `doubled` of a hundred attempts were of what had come already.
    """

    waits: Sequence[float]
    per_second: float
    doubled: float

    @property
    def p99(self) -> float:
        """The time within which 99 of 100 came."""
        return self.waits[int(len(self.waits) * 0.99)]

    def told(self) -> str:
        """The figures in a line."""
        return f"p99 {self.p99:.2f} s, {self.doubled:.2f} % twice"


def measure(running: LocalSystem, say: Callable[[str], None]) -> list[Figure]:
    """Hold the rate while all answer, then while some hang."""
    port = free_port()
    with witness(_receive, port) as receivers, writing(running, threads=_WRITERS) as write:
        shops = _open(running, f"http://{HOST}:{port}", say)
        _hold(shops[HANGING:], write, receivers, seconds=WARM_SECONDS)
        found = []
        for who, seconds in ((shops[HANGING:], SECONDS), (shops[:ENDPOINTS], HANGING_SECONDS)):
            before = cpu_seconds(running.process_id("dispatch_webhook"))
            held = _hold(who, write, receivers, seconds=seconds)
            used = cpu_seconds(running.process_id("dispatch_webhook")) - before
            hanging = sum(shop.hangs for shop in who)
            say(f"{held.per_second:.0f} webhooks/s, {hanging} endpoints hang: {held.told()}")
            found += _figures(held, used, hanging=hanging, of=len(who))
    return found


def _figures(held: Held, used: float, *, hanging: int, of: int) -> list[Figure]:
    p99, count = held.p99, len(held.waits)
    how = f"{count} webhooks to {of - hanging} endpoints, from the commit to the receiver"
    while_hanging = f" while {hanging} of {of} endpoints hang" if hanging else ""
    twice = Figure(
        "webhooks", f"webhooks sent twice{while_hanging}", held.doubled, "%", at_most=0.1, note=how
    )
    if hanging:
        name = f"webhooks{while_hanging}, p99"
        return [Figure("webhooks", name, p99, "s", at_most=5, note=how), twice]
    each, rate = used * 1000 / count, held.per_second
    return [
        Figure("webhooks", "webhooks received", rate, "/s", at_least=LEAST_PER_SECOND, note=how),
        Figure("webhooks", "webhooks, p99", p99, "s", at_most=5, note=how),
        twice,
        Figure("webhooks", "CPU per webhook: dispatch_webhook", each, "ms"),
    ]


def _hold(shops: Sequence[Shop], write: Write, receivers: Witness, *, seconds: float) -> Held:
    """Write events at the rate and wait until each of those who answer has got its webhook."""

    def of_shop(number: int) -> Told | None:
        shop = shops[number % len(shops)]
        event = write(shop.tenant)
        return None if shop.hangs else Told(event, time.monotonic())

    began = time.monotonic()
    told = tell(of_shop, per_second=PER_SECOND, seconds=seconds, writers=_WRITERS)
    seen = receivers.until(told)
    took = max(seen[event][0] for event in told) - began
    again = sum(len(seen[event]) - 1 for event in told)
    return Held(
        sorted(seen[event][0] - at for event, at in told.items()),
        len(told) / took,
        100 * again / len(told),
    )


def _open(running: LocalSystem, url: str, say: Callable[[str], None]) -> list[Shop]:
    """Make the merchants; those whose servers hang come first."""
    hang = [number < HANGING for number in range(HANGING + ENDPOINTS)]
    urls = [f"{url}/{'hang' if hangs else 'ok'}/{at}" for at, hangs in enumerate(hang)]
    made = open_accounts(running, urls)
    say(f"{len(made)} merchants with an endpoint each, {HANGING} of which hang")
    return [
        Shop(Tenant(account.id, livemode=False), hangs)
        for account, hangs in zip(made, hang, strict=True)
    ]


def _receive(asked: Connection, port: int) -> None:
    """Be every merchant's server: it answers, or below `/hang` it never does."""
    seen: dict[str, list[float]] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if head.startswith("POST /hang"):
                await reader.read()  # until the sender has had enough
            else:
                lines = (line.partition(": ") for line in head.split("\r\n"))
                fields = {name.lower(): value for name, _, value in lines}
                await reader.readexactly(int(fields["content-length"]))
                writer.write(_ANSWER)
                seen.setdefault(fields["webhook-id"], []).append(time.monotonic())
        writer.close()

    async def run() -> None:
        await asyncio.start_server(serve, HOST, port, backlog=1024)
        attest(asked, seen)
        await asyncio.Event().wait()

    asyncio.run(run())
