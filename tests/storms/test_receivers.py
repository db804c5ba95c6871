"""E33: whatever a third of the receivers do, the others get every event, in time and in order."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import pytest
import urllib3
from pg8000.native import Connection

from knative.local.postgres import connect
from shared.domain.account import Tenant
from shared.runtime.webhooks import ATTEMPTS
from tests.end_to_end.waiting import wait_for
from tests.factories import an_id
from tests.receiver_farm import HEALTHY, RETRY_AFTER, TEMPERS, ReceiverFarm, Report
from tests.system import LocalSystem
from tests.telling import Write, open_accounts, writing
from tests.trials import Trial

BAD: Final = (*(temper for temper in TEMPERS if temper not in HEALTHY), "closed")
WRITERS: Final = 4
OBJECTS: Final = 8
"""Of how many charges the events of a shop tell, where it wants them in order."""
MOST_AT_ONE: Final = ATTEMPTS // 10
AT_ONCE_SECONDS: Final = 5.0
P99_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 60.0


@dataclass(slots=True)
class Shop:
    """A merchant with one endpoint; `told` is when each of its events was committed."""

    temper: str
    path: str
    tenant: Tenant
    key: str = field(repr=False)
    endpoint: str = ""
    charges: tuple[str, ...] = ()
    told: dict[str, float] = field(default_factory=dict)
    of: dict[str, list[str]] = field(default_factory=dict)

    def tell(self, write: Write) -> None:
        """Have something happen."""
        charge = self.charges[len(self.told) % OBJECTS] if self.charges else None
        event = write(self.tenant, charge)
        self.told[event] = time.monotonic()
        if charge is not None:
            self.of.setdefault(charge, []).append(event)


def tempers(healthy: int, bad: int) -> list[str]:
    """The tempers of as many shops: of the healthy one in eight is huge and one wants order."""
    special = {0: "huge", 1: "ordered"}
    return [special.get(number % 8, "ok") for number in range(healthy)] + [
        BAD[number % len(BAD)] for number in range(bad)
    ]


@contextmanager
def shops_of(system: LocalSystem, farm: ReceiverFarm, kinds: Sequence[str]) -> Iterator[list[Shop]]:
    """A shop for each temper; none of them is told of anything once this ends."""
    paths = [f"/{kind}/{number}" for number, kind in enumerate(kinds)]
    urls = [
        (farm.closed_url if kind == "closed" else farm.url) + path
        for kind, path in zip(kinds, paths, strict=True)
    ]
    shops = []
    for kind, path, made in zip(kinds, paths, open_accounts(system, urls), strict=True):
        [mode] = made.modes
        charges = tuple(an_id("ch") for _ in range(OBJECTS)) if kind == "ordered" else ()
        shop = Shop(kind, path, Tenant(made.id, livemode=False), mode.secret_key, charges=charges)
        shop.endpoint = mode.webhook_endpoint or ""
        shops.append(shop)
    for shop in shops:
        if shop.charges:
            change(system, shop, "POST", {"order": "object"})
    yield shops
    for shop in shops:
        change(system, shop, "DELETE")


def change(system: LocalSystem, shop: Shop, method: str, body: object = None) -> None:
    """Change or delete an endpoint."""
    answer = urllib3.request(
        method,
        f"{system.base_url}/v1/webhook_endpoints/{shop.endpoint}",
        headers={"Authorization": f"Bearer {shop.key}"},
        json=body,
    )
    assert answer.status == 200, answer.data


def tell_all(shops: Sequence[Shop], write: Write, *, count: int, per_second: float) -> None:
    """Have much happen at once at a shop that hangs and at one that answers, then all at a rate."""
    bursting = [next(shop for shop in shops if shop.temper == temper) for temper in ("hang", "ok")]

    def share(first: int) -> None:
        # Of a shop all is told by one thread, so that its events' ids are in order.
        mine = [shop for number, shop in enumerate(shops) if number % WRITERS == first]
        for number in range(count // WRITERS):
            time.sleep(max(0.0, began + number * WRITERS / per_second - time.monotonic()))
            mine[number % len(mine)].tell(write)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda shop: shop.tell(write), bursting * 2 * MOST_AT_ONE))
        began = time.monotonic()
        list(pool.map(share, range(WRITERS)))


def misplaced(shop: Shop, report: Report) -> int:
    """How many events of one object came before an earlier one."""
    first = dict(reversed(report.arrivals.get(shop.path, [])))
    wrong = 0
    for events in shop.of.values():
        times = [first[event] for event in events]
        wrong += sum(after < before for before, after in pairwise(times))
    return wrong


def of_tenant(connection: Connection, shop: Shop, table: str) -> list[Mapping[str, Any]]:
    """A table of a shop's, as JSON."""
    rows = connection.run(f'SELECT to_jsonb(t) FROM "{shop.tenant.schema}".{table} t')
    return [row[0] for row in rows or []]


def impatient(connection: Connection, shop: Shop) -> int:
    """How many tries after a first 429 are not where Retry-After puts them, within a tenth."""
    wrong = 0
    for row in of_tenant(connection, shop, "webhook_deliveries"):
        if row["attempts"] == 1 and row["status"] == "pending":
            at = datetime.fromisoformat(row["attempt_log"][0]["at"])
            wait = (datetime.fromisoformat(row["next_attempt_at"]) - at).total_seconds()
            wrong += not RETRY_AFTER * 0.9 <= wait <= RETRY_AFTER * 1.1
    return wrong


def hasty(shop: Shop, report: Report) -> int:
    """How many tries came before Retry-After was over."""
    last: dict[str, float] = {}
    wrong = 0
    for event, at in report.arrivals.get(shop.path, []):
        wrong += event in last and at - last[event] < RETRY_AFTER * 0.9
        last[event] = at
    return wrong


def unheard(connection: Connection, shop: Shop, report: Report) -> int:
    """Whether a receiver that is gone was not left at once, or is not said to be gone."""
    times = [at for _, at in report.arrivals.get(shop.path, [])]
    [endpoint] = of_tenant(connection, shop, "webhook_endpoints")
    is_off = (endpoint["status"], endpoint["disabled_reason"]) == ("disabled", "gone")
    return (not times) + (max(times) - min(times) > AT_ONCE_SECONDS) + (not is_off)


@pytest.mark.timeout(900)
def test_receivers_of_every_temper_harm_nobody_else(
    local_system: LocalSystem, trial: Trial
) -> None:
    """Each event reaches each healthy receiver, p99 within 5 s; a bad one holds few workers, one
    that is gone is left at once, and who asks for patience has it."""
    kinds = tempers(trial.size(20, 70), trial.size(10, 30))
    count, per_second = trial.size(240, 50_000), trial.size(60, 250)
    with (
        ReceiverFarm() as farm,
        shops_of(local_system, farm, kinds) as shops,
        writing(local_system, threads=WRITERS) as write,
        superuser(local_system) as connection,
    ):
        healthy = [shop for shop in shops if shop.temper in HEALTHY]
        tell_all(shops, write, count=count, per_second=per_second)
        told = {event: at for shop in healthy for event, at in shop.told.items()}

        def all_came() -> Report | None:
            report = farm.report()
            return report if told.keys() <= report.first().keys() else None

        report = wait_for(
            "each event at each healthy receiver",
            all_came,
            seconds=PATIENCE_SECONDS,
            pause_seconds=0.5,
        )
        first = report.first()
        waits = sorted(first[event] - at for event, at in told.items())
        p99 = waits[int(len(waits) * 0.99)]
        most = {path: n for path, n in report.most_open.items() if path.split("/")[1] in BAD}
        busy = [shop for shop in shops if shop.temper == "busy"]
        wrong = {
            "out of order": sum(misplaced(shop, report) for shop in healthy),
            "late": int(p99 > P99_SECONDS),
            "workers held": sum(n > MOST_AT_ONE for n in most.values()),
            "gone": sum(unheard(connection, s, report) for s in shops if s.temper == "gone"),
            "impatient": sum(impatient(connection, s) + hasty(s, report) for s in busy),
            "followed": len(report.arrivals.get("/ok/elsewhere", [])),
        }
    assert {name: n for name, n in wrong.items() if n} == {}, (p99, most)
    trial.record(
        "E33 receivers of every temper",
        sum(len(shop.told) for shop in shops),
        wrong=sum(wrong.values()),
        endpoints=len(shops),
        healthy_events=len(told),
        ms_at_p99=round(1000 * p99),
        sent_twice=sum(len(report.arrivals[s.path]) for s in healthy) - len(told),
        most_held_by_one=max(most.values()),
    )


@contextmanager
def superuser(system: LocalSystem) -> Iterator[Connection]:
    """A connection past all rights."""
    password = (system.data_dir / "postgres_superuser").read_text(encoding="utf-8").strip()
    with connect(port=system.ports["postgres"], password=password, database="pay") as connection:
        yield connection
