"""Measures create_charge against the raw bound, by turns, so that both meet the same machine."""

import itertools
import json
import secrets
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks import load
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.rig import Rig, Served, rig

CLIENTS: Final = 8
ROUNDS: Final = 5
ROUND_SECONDS: Final = 5.0
# Until every connection has prepared what it runs, and what starts after the first answer has.
WARM_SECONDS: Final = 5.0
PACED_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class _Turn:
    """One run of one function: requests per second, and CPU milliseconds per request by process."""

    per_second: float
    cpu_ms: Mapping[str, float]


class _Lane:
    """One function and how its requests are made."""

    def __init__(self, name: str, served: Served, make: load.MakeRequest, stand: Rig) -> None:
        self.name = name
        self.port = served.port
        self.make = make
        self.turns: list[_Turn] = []
        self._processes = {
            "function": served.process.pid,
            "PostgreSQL": stand.postgres.process.pid,
            "Pub/Sub": stand.pubsub.own_process().pid,
        }

    def warm(self) -> None:
        load.closed(self.port, self.make, clients=CLIENTS, seconds=WARM_SECONDS)

    def turn(self, seconds: float) -> None:
        before, own = self._cpu(), time.process_time()
        run = load.closed(self.port, self.make, clients=CLIENTS, seconds=seconds)
        count = len(run.milliseconds)
        used = {name: (now - before[name]) * 1000 / count for name, now in self._cpu().items()}
        used["load generator"] = (time.process_time() - own) * 1000 / count
        self.turns.append(_Turn(run.per_second, used))

    def per_second(self) -> float:
        return statistics.median(turn.per_second for turn in self.turns)

    def cpu(self, process: str) -> float:
        return statistics.median(turn.cpu_ms[process] for turn in self.turns)

    def _cpu(self) -> dict[str, float]:
        return {name: cpu_seconds(number) for name, number in self._processes.items()}


def measure(folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Run create_charge and the bare functions by turns, then create_charge at half its rate."""
    with ExitStack() as stack:
        stand = stack.enter_context(rig(folder))
        lanes = {
            name: _Lane(name, stack.enter_context(stand.serving(name)), make, stand)
            for name, make in _requests(stand.secret_key).items()
        }
        for lane in lanes.values():
            lane.warm()
        for _ in range(ROUNDS):
            for lane in lanes.values():
                lane.turn(ROUND_SECONDS if lane.name != "bare_autocommit" else ROUND_SECONDS / 3)
                say(f"{lane.name}: {lane.turns[-1].per_second:.0f}/s")
        create = lanes["create_charge"]
        rate = create.per_second() / 2
        calm = load.paced(
            create.port, create.make, clients=CLIENTS * 4, per_second=rate, seconds=PACED_SECONDS
        )
    return [*_rates(lanes), *_own_time(calm, rate), *_cpu(lanes)]


def _requests(secret_key: str) -> dict[str, load.MakeRequest]:
    """The same body and headers for all, each with an idempotency key of its own."""
    run, counter = secrets.token_hex(8), itertools.count()
    body = {
        "amount": 5000,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": "+237677000001"},
        "description": "Commande 1042, deux pagnes",
        "metadata": {"order": "1042"},
    }
    content = json.dumps(body, ensure_ascii=False).encode()

    def maker(path: str) -> load.MakeRequest:
        key = f"{run}-{path.strip('/').replace('/', '-')}-%d"
        template = load.request(
            "POST",
            path,
            content,
            {
                "Authorization": f"Bearer {secret_key}",
                "Content-Type": "application/json",
                "Idempotency-Key": key,
            },
        )
        head, _, tail = template.partition(b"%d")
        return lambda: head + str(next(counter)).encode() + tail

    return {
        "create_charge": maker("/v1/charges"),
        "bare_insert": maker("/"),
        "bare_autocommit": maker("/"),
    }


def _rates(lanes: Mapping[str, _Lane]) -> list[Figure]:
    create, bare, lone = lanes["create_charge"], lanes["bare_insert"], lanes["bare_autocommit"]
    pairs = [
        100 * ours.per_second / raw.per_second
        for ours, raw in zip(create.turns, bare.turns, strict=True)
    ]
    shown = ", ".join(f"{pair:.0f} %" for pair in pairs)
    ratio = 100 * create.per_second() / bare.per_second()
    how = f"one process, {CLIENTS} clients, median of {ROUNDS} turns"
    return [
        Figure("create", "create_charge", create.per_second(), "/s", note=how),
        Figure(
            "create", "raw bound: bare insert, 3 round trips", bare.per_second(), "/s", note=how
        ),
        Figure(
            "create",
            "create_charge against the raw bound",
            ratio,
            "%",
            at_least=45,
            note=f"aim 60 %; pair by pair {shown}",
        ),
        Figure(
            "create", "bare insert, autocommit, 1 round trip", lone.per_second(), "/s", note=how
        ),
        Figure(
            "create",
            "create_charge against autocommit",
            100 * create.per_second() / lone.per_second(),
            "%",
        ),
    ]


def _own_time(calm: load.Load, rate: float) -> list[Figure]:
    how = f"open loop at {rate:.0f}/s, {len(calm.milliseconds)} charges"
    return [
        Figure(
            "create", "own time at half load, p50", calm.quantile(0.5), "ms", at_most=6, note=how
        ),
        Figure(
            "create", "own time at half load, p99", calm.quantile(0.99), "ms", at_most=25, note=how
        ),
    ]


def _cpu(lanes: Mapping[str, _Lane]) -> list[Figure]:
    found, how = [], f"median of {ROUNDS} turns of {ROUND_SECONDS:.0f} s"
    for name in ("create_charge", "bare_insert"):
        found += [
            Figure("create", f"CPU per {name}: {process}", lanes[name].cpu(process), "ms", note=how)
            for process in ("function", "PostgreSQL", "Pub/Sub", "load generator")
        ]
    return found
