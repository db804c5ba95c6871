"""E47 on functions in processes of their own: a merchant far beyond its quota, one beside it."""

import asyncio
import itertools
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from tests import pubsub_server
from tests.benchmarks import load
from tests.benchmarks.rig import Rig, make_topics
from tests.database import Account, Database, MakeAccount
from tests.trials import IS_LARGE, Trial

QUOTA: Final = 10
TIMES: Final = 20
MOST_PROMPTS: Final = 3
WINDOW: Final = timedelta(seconds=600)
VICTIM: Final = "+237670004700"
B_PER_SECOND: Final = 8
# Judged where there are enough requests to have a slowest twentieth: in the nightly run.
SLOWER: Final = 1.25
CONNECTIONS: Final = 16
HOST: Final = "127.0.0.1"
Idle = asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]


@dataclass(slots=True)
class Seen:
    """What came back: how often each status, milliseconds each, and refusals without a time."""

    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    without_wait: int = 0

    @property
    def p95(self) -> float:
        """The time within which 95 of 100 answers came."""
        return statistics.quantiles(self.milliseconds, n=20)[-1]


class Sender:
    """An open loop of one merchant's requests: a late answer delays none behind it."""

    def __init__(self, account: Account, ports: Mapping[str, int], orders: Iterator[bytes]) -> None:
        self._key = account.secret_key
        self._ports = ports
        self._orders = orders
        self._numbers = itertools.count()
        self.seen = Seen()

    async def run(self, per_second: int, seconds: float) -> None:
        """Send so many a second for a while, and wait for the answers."""
        idle: dict[str, Idle] = {}
        for name, port in self._ports.items():
            idle[name] = asyncio.Queue()
            for _ in range(CONNECTIONS):
                idle[name].put_nowait(await asyncio.open_connection(HOST, port))
        began = time.perf_counter()
        tasks = []
        for number in range(int(per_second * seconds)):
            due = began + number / per_second
            await asyncio.sleep(max(0, due - time.perf_counter()))
            # Every fourth is an order, the others are reads.
            name = "read_payments" if next(self._numbers) % 4 else "create_charge"
            tasks.append(asyncio.create_task(self._one(due, self._request(name), idle[name])))
        await asyncio.gather(*tasks)
        for queue in idle.values():
            while not queue.empty():
                queue.get_nowait()[1].close()

    async def _one(self, due: float, content: bytes, idle: Idle) -> None:
        reader, writer = await idle.get()
        writer.write(content)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        at = head.index(b"content-length:") + len(b"content-length:")
        await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
        idle.put_nowait((reader, writer))
        status = int(head[9:12])
        self.seen.statuses[status] += 1
        self.seen.milliseconds.append((time.perf_counter() - due) * 1000)
        self.seen.without_wait += status == 429 and b"\r\nretry-after: " not in head

    def _request(self, name: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._key}"}
        if name == "read_payments":
            return load.request("GET", "/v1/balance", b"", headers)
        headers["Content-Type"] = "application/json"
        return load.request("POST", "/v1/charges", next(self._orders), headers)


def orders(phones: Iterator[str]) -> Iterator[bytes]:
    """Orders of 100 francs from these numbers."""
    for phone in phones:
        method = {"type": "mobile_money", "phone": phone}
        yield json.dumps({"amount": 100, "currency": "xaf", "payment_method": method}).encode()


@pytest.fixture
def ports(migrated: Database, tmp_path: Path) -> Iterator[Mapping[str, int]]:
    """The ports of two functions that publish to a broker."""
    with ExitStack() as stack:
        broker = stack.enter_context(pubsub_server.started(tmp_path / "pubsub"))
        make_topics(broker)
        rig = Rig(migrated.postgres, broker, migrated.secrets_dir, "", tmp_path)
        yield {
            name: stack.enter_context(rig.serving(name)).port
            for name in ("create_charge", "read_payments")
        }


def test_a_noisy_neighbour_harms_nobody(
    ports: Mapping[str, int], make_account: MakeAccount, migrated: Database, trial: Trial
) -> None:
    """A at 20 times its quota gets 429 and its quota; B no error; one phone rings three times."""
    noisy, quiet = make_account(), make_account()
    migrated.rule(noisy.id, "requests", {"account": QUOTA, "key": QUOTA, "seconds": 1})
    for account in (noisy, quiet):
        migrated.rule(account.id, "prompts", {"most": MOST_PROMPTS, "seconds": 600})
    seconds = trial.size(2, 1_800)
    fresh = orders(f"+2376701{number:05d}" for number in itertools.count())
    alone, beside, warm = (Sender(quiet, ports, fresh) for _ in range(3))
    spam = Sender(noisy, ports, orders(itertools.repeat(VICTIM)))

    async def together() -> None:
        await asyncio.gather(spam.run(QUOTA * TIMES, seconds), beside.run(B_PER_SECOND, seconds))

    asyncio.run(warm.run(B_PER_SECOND, 1))
    asyncio.run(alone.run(B_PER_SECOND, trial.size(2, 300)))
    asyncio.run(together())

    rung = sorted(
        at
        for each in (noisy, quiet)
        for [at] in migrated.look(
            "SELECT created_at FROM charges WHERE phone = :n", each.test, n=VICTIM
        )
    )
    most = max(sum(began <= at < began + WINDOW for at in rung) for began in rung)
    passed, refused = spam.seen.statuses[200], spam.seen.statuses[429]
    slower = beside.seen.p95 / alone.seen.p95
    wrong = spam.seen.without_wait
    wrong += sum(spam.seen.statuses.values()) - passed - refused
    wrong += sum(beside.seen.statuses.values()) - beside.seen.statuses[200]
    wrong += most != MOST_PROMPTS
    wrong += passed > 11 * QUOTA * (seconds + 2) // 10
    wrong += IS_LARGE and slower > SLOWER
    trial.record(
        "E47 a neighbour at 20 times its quota",
        sum(spam.seen.statuses.values()) + sum(beside.seen.statuses.values()),
        wrong=wrong,
        of_A_passed=passed,
        of_A_refused=refused,
        of_B_answered=beside.seen.statuses[200],
        prompts=len(rung),
        of_them_in_ten_minutes=most,
        ms_p95_of_B_alone=round(alone.seen.p95),
        percent_of_it_beside_A=round(100 * slower),
    )
