"""Single faults on the running system: drains, cut connections, sleepers, clocks; then the oracle.

Several merchants order through the same processes, so that the oracle can look for what belongs to
one in what another was sent, has stored and can read.
"""

import json
import math
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chaos import judge, sleepers
from tests.chaos.clients import Verdict
from tests.chaos.fault_proxy import FaultProxy, Way
from tests.chaos.oracle.evidence import under_way
from tests.chaos.shop import Shop, open_shop
from tests.chaos.sleepers import Sleeper
from tests.chaos.twin import pushing_to, side_by_side, twin
from tests.end_to_end.merchant import Order
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, LocalSystem
from tests.trials import IS_LARGE, SEED, Trial

pytestmark = [
    pytest.mark.timeout(7_200 if IS_LARGE else 330),
    pytest.mark.usefixtures("asleep"),
]

# As many requests as a drained function has threads for; fewer of those that a thread of the
# operator's is held for as well.
HELD: Final = 8
SILENT: Final = 6
LEAST_SILENCE_SECONDS: Final = 3.0
# Less than the workers ask and are answered for one charge.
MOST_BYTES: Final = 4_000
WORKERS: Final = ("submit_charge", "settle_charge", "dispatch_webhook", "render_receipt")
WAVE: Final = 4
REST_SECONDS: Final = 300.0
UNBOUNDED: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, account_id, valid_from, data)
VALUES ('requests_of_' || :account, 'requests', false, :account, now() - interval '1 minute', '{}')
ON CONFLICT (id) DO NOTHING"""


@pytest.fixture(scope="module")
def shops(local_system: LocalSystem) -> Iterator[tuple[Shop, Shop]]:
    """Two accounts for all faults of this module."""
    login = judge.oracle_login(local_system)
    with (
        open_shop(local_system, login, "Boulangerie du Hasard", ending="101") as first,
        open_shop(local_system, login, "Mercerie du Coin", ending="102") as second,
    ):
        yield first, second


@pytest.fixture(scope="module")
def shop(shops: tuple[Shop, Shop]) -> Shop:
    """The first of the two."""
    return shops[0]


@pytest.fixture(scope="module")
def inn(shop: Shop) -> Iterator[Shop]:
    """An account whose work is held by sleepers: nobody else waits for what they hold."""
    with open_shop(shop.system, shop.login, "Auberge du Sommeil", ending="103") as found:
        yield found


@pytest.fixture(scope="module")
def asleep(inn: Shop) -> Iterator[list[Sleeper]]:
    """A process of each function that falls asleep before all other tests and is woken by one."""
    chance = random.Random(SEED)  # noqa: S311 - seeded, to be replayed
    with sleepers.asleep(inn, 1, chance) as found:
        yield found


def test_a_drained_function_answers_what_it_holds(shop: Shop, trial: Trial) -> None:
    """E07: SIGTERM ends the process cleanly, and no request that it holds then fails."""
    # While one asks for more of the account's requests, its others wait and would not be held.
    with judge.superuser(shop.system) as connection:
        connection.run(UNBOUNDED, account=shop.merchant.account)
    processes = math.ceil(trial.size(HELD, 500) / HELD)
    seconds = [trial.chance.uniform(0.1, trial.size(1, 8)) for _ in range(processes)]
    with ThreadPoolExecutor(trial.size(1, 4)) as lanes:
        failed = sum(lanes.map(partial(_failed_in_a_drain, shop), seconds))
    trial.record(
        "E07 requests in hand of a drained create_charge",
        processes * HELD,
        wrong=failed,
        processes=processes,
    )


def _failed_in_a_drain(shop: Shop, seconds: float) -> int:
    """Drain one process whose database is silent for so long; how many of its requests failed."""
    with (
        FaultProxy(shop.system.ports["postgres"]) as proxy,
        twin(shop.system, "create_charge", _through(proxy)) as second,
        ThreadPoolExecutor(HELD) as clients,
    ):

        def hold_all(orders: Sequence[Order]) -> list[Future[Verdict]]:
            proxy.hold()
            asked = [clients.submit(shop.ask, order, second.url) for order in orders]
            wait_for("all held", lambda: proxy.held >= HELD, seconds=10)
            return asked

        shop.ask_until_success(shop.order(), second.url)
        # A connection for each thread: a new one would not wait so long for its server.
        orders = [shop.order() for _ in range(HELD)]
        warm = hold_all(orders)
        proxy.let_through()
        assert {each.result() for each in warm} == {Verdict.SUCCESS}
        wait_for("all marked", lambda: shop.is_published(orders), seconds=60)
        asked = hold_all([shop.order() for _ in range(HELD)])
        second.process.send_signal(signal.SIGTERM)
        threading.Timer(seconds, proxy.let_through).start()
        failed = sum(each.result() is not Verdict.SUCCESS for each in asked)
        assert second.drained() == 0
    return failed


def test_a_drained_function_waits_for_the_operator(shop: Shop, trial: Trial) -> None:
    """E07: a sender that is told to stop while the operator is silent still records the answer."""
    turn = threading.Lock()
    processes = math.ceil(trial.size(SILENT, 500) / SILENT)
    silence = partial(trial.chance.uniform, LEAST_SILENCE_SECONDS, trial.size(4, 8))
    silences = [[silence() for _ in range(SILENT)] for _ in range(processes)]
    with ThreadPoolExecutor(trial.size(1, 2)) as lanes:
        drains = list(lanes.map(partial(_drain_a_sender, shop, turn), silences))
    held = [charge for charges, _ in drains for charge in charges]
    for charge in held:
        shop.merchant.wait_final(charge, seconds=60)
    asked_again = sum(causes.count("claimed") != 1 for causes in shop.histories(held))
    assert held
    trial.record(
        "E07 requests in hand of a drained submit_charge",
        len(held),
        wrong=asked_again + sum(unfinished for _, unfinished in drains),
        processes=processes,
    )


def _drain_a_sender(
    shop: Shop, turn: threading.Lock, silences: Sequence[float]
) -> tuple[list[str], int]:
    """Drain one process while the operator keeps it waiting.

    The charges that it held when it was told to stop, and how many it did not finish.
    """
    operator = OperatorControl.of(shop.system)
    with twin(shop.system, "submit_charge") as second:
        with (
            turn,
            pushing_to(shop.system, "submit_charge", second.url),
            ThreadPoolExecutor(SILENT) as clients,
        ):
            orders = [shop.order() for _ in silences]
            for order, seconds in zip(orders, silences, strict=True):
                operator.fault(order.phone, "hold_after", seconds=seconds)
                operator.fault(order.phone, "callback_none")
            charges = list(clients.map(shop.ask_until_success, orders))
            wait_for("sent", lambda: all(shop.histories(charges)), seconds=30)
            told = zip(charges, shop.histories(charges), strict=True)
            second.process.send_signal(signal.SIGTERM)
            held = [charge for charge, causes in told if causes == ["claimed"]]
        assert second.drained() == 0
    for each in held:
        operator.call_back(shop.reference(each), "now")
    finished = second.log.read_text()
    return held, sum(charge not in finished for charge in held)


def test_a_cut_around_the_commit_is_resolved_by_the_key(
    shops: tuple[Shop, Shop], trial: Trial
) -> None:
    """E25: whichever byte from or to the database was the last, the key tells what happened."""
    lanes = trial.size(1, 4)
    cuts = trial.size(32, 2_000) // lanes
    chances = [random.Random(trial.chance.random()) for _ in range(lanes)]  # noqa: S311 - seeded
    with ThreadPoolExecutor(lanes) as threads:
        keys = [each for some in threads.map(partial(_cut, shops, cuts), chances) for each in some]
    answers = {
        (each.order.key, each.id, each.body)
        for shop in shops
        for each in shop.accepted
        if each.order.key in keys
    }
    trial.record(
        "E25 connections cut under create_charge",
        cuts * lanes,
        wrong=len(answers) - len(keys),
        charges=len(keys),
    )


def _cut(shops: tuple[Shop, Shop], cuts: int, chance: random.Random) -> set[str]:
    """Order through a process whose connection is cut that often; the keys of all orders."""
    keys = set[str]()
    with (
        FaultProxy(shops[0].system.ports["postgres"]) as proxy,
        twin(shops[0].system, "create_charge", _through(proxy)) as second,
    ):
        sizes = _sizes(shops[0], proxy, second.url)
        for shop in cycle(shops):
            if proxy.cuts == cuts:
                return keys
            way = chance.choice([*Way])
            proxy.arm(way, chance.randrange(sizes[way]))
            order = shop.order()
            keys.add(order.key)
            first = shop.ask(order, second.url)
            proxy.arm()
            if first is not Verdict.SUCCESS:
                shop.ask_until_success(order, second.url)
            shop.ask_until_success(order)
    raise AssertionError


def test_a_cut_under_a_worker_loses_and_doubles_nothing(
    shops: tuple[Shop, Shop], trial: Trial
) -> None:
    """E25: the same for those who send, settle, tell and print; the oracle counts the money.

    A sender that loses the answer to its claim sends nothing. Where that happens to both sendings
    nobody was asked, and the charge ends by that proof; the oracle holds it to its rules.
    """
    wanted, room = trial.size(8, 1_000), trial.size(40, 150)
    system, charges = shops[0].system, list[tuple[Shop, str]]()
    with ExitStack() as stack:
        proxies = [stack.enter_context(FaultProxy(system.ports["postgres"])) for _ in WORKERS]
        through = zip(WORKERS, proxies, strict=True)
        wanted_twins = [twin(system, name, _through(proxy)) for name, proxy in through]
        twins = stack.enter_context(side_by_side(*wanted_twins))
        clients = stack.enter_context(ThreadPoolExecutor(WAVE))
        for name, second in zip(WORKERS, twins, strict=True):
            stack.enter_context(pushing_to(system, name, second.url))
        while sum(proxy.cuts for proxy in proxies) < wanted:
            for proxy in proxies:
                if not proxy.is_armed:
                    proxy.arm(trial.chance.choice([*Way]), trial.chance.randrange(MOST_BYTES))
            charges += clients.map(lambda shop: (shop, shop.charge()), [*shops] * (WAVE // 2))
            wait_for("room", lambda: _under_way(shops) <= room, seconds=REST_SECONDS)
        for proxy in proxies:
            proxy.arm()
        for shop, charge in charges:
            is_paid = shop.merchant.wait_final(charge, seconds=REST_SECONDS)["paid"]
            last = "receipt.available" if is_paid else "charge.failed"
            shop.merchant.wait_webhook(charge, last, seconds=120)
    by_shop = [(shop, [charge for owner, charge in charges if owner is shop]) for shop in shops]
    told = [causes for shop, mine in by_shop for causes in shop.histories(mine)]
    trial.record(
        "E25 connections cut under the workers",
        sum(proxy.cuts for proxy in proxies),
        wrong=sum(causes.count("confirmed") + causes.count("not_received") != 1 for causes in told),
        charges=len(charges),
        never_asked=sum("not_received" in causes for causes in told),
    )


def _under_way(shops: Sequence[Shop]) -> int:
    return sum(len(under_way(shop.login, shop.merchant.schema)) for shop in shops)


def _through(proxy: FaultProxy) -> Callable[[Mapping[str, str]], Mapping[str, str]]:
    """The environment of a function that reaches its database through the proxy."""
    url = f"postgresql://{HOST}:{proxy.port}/pay"
    return lambda environment: {**environment, "DATABASE_URL": url}


def _sizes(shop: Shop, proxy: FaultProxy, url: str) -> dict[Way, int]:
    """How many bytes go each way for one charge, once the function knows its statements."""
    sizes: dict[Way, int] = {}
    for _ in range(3):
        proxy.arm()
        assert shop.ask(shop.order(), url) is Verdict.SUCCESS
        sizes = dict(proxy.passed)
    return sizes


@pytest.mark.parametrize("minutes", [10, -10])
def test_clocks_that_differ_expire_nothing(shop: Shop, tmp_path: Path, minutes: int) -> None:
    """E12: functions ten minutes ahead of and behind each other bring a charge to its end."""
    offsets = {"create_charge": -minutes, "submit_charge": minutes, "settle_charge": -minutes}

    def moved(environment: Mapping[str, str]) -> Mapping[str, str]:
        return {**environment, "CLOCK_URL": f"file://{tmp_path}"}

    for name, offset in offsets.items():
        (tmp_path / name).write_text(json.dumps({"offset_seconds": offset * 60}))
    with side_by_side(*(twin(shop.system, name, moved) for name in offsets)) as twins:
        create, submit, settle = (each.url for each in twins)
        with (
            pushing_to(shop.system, "submit_charge", submit),
            pushing_to(shop.system, "settle_charge", settle),
        ):
            charge = shop.ask_until_success(shop.order(), create)
            found = shop.merchant.wait_final(charge, seconds=30)
    assert found["status"] == "succeeded"
    assert abs(found["created"] - time.time()) < 60


def test_a_sleeper_commits_nothing_when_it_wakes(
    inn: Shop, asleep: list[Sleeper], trial: Trial
) -> None:
    """E10: stopped while it holds work, woken when others have done it, it changes nothing."""
    processes = len(asleep)
    works = sleepers.wake(inn, asleep)
    while works < trial.size(1, 300):
        with sleepers.asleep(inn, 3, trial.chance) as batch:
            works += sleepers.wake(inn, batch)
        processes += len(batch)
    trial.record("E10 works held by sleepers", works, wrong=0, processes=processes)


def test_the_oracle_finds_nothing_after_all_this(
    shops: tuple[Shop, Shop], inn: Shop, trial: Trial
) -> None:
    """Every invariant holds for all three merchants once all is at rest."""
    looked_at, violations = 0, dict[str, list[str]]()
    wait_for("rest", lambda: not _under_way([*shops, inn]), seconds=REST_SECONDS)
    for shop in (*shops, inn):
        others = [other for other in (*shops, inn) if other is not shop]
        verdict = _judged(shop, [word for other in others for word in other.words()])
        looked_at += verdict["looked_at"]["charges"]
        violations |= verdict["violations"]
    assert not violations, json.dumps(violations, indent=1)
    trial.record("E07 E10 E25 charges judged by the oracle", looked_at, wrong=0)


def test_the_oracle_knows_a_word_wherever_it_stands(shop: Shop) -> None:
    """I12: told that a word of the merchant's own is another's, it names each place that has it."""
    strays = _judged(shop, [shop.canary])["violations"]["I12 nothing is of others"]

    places = {each.rpartition(" holds ")[0] for each in strays}
    schema = shop.merchant.schema
    assert places >= {"a webhook", "an answer", "a receipt", "/v1/charges", "/v1/events"}
    assert places >= {f"{schema}.charges", f"{schema}.events", f"{schema}.idempotency_keys"}


def _judged(shop: Shop, foreign: Sequence[str]) -> Mapping[str, Any]:
    told = judge.sources(shop.system, shop.merchant, shop.accepted, shop.login, foreign=foreign)
    return judge.judge(told)
