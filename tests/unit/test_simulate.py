"""The simulated autoscaler loses nobody, and its table is what was simulated."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.benchmarks.capacity.configured import Pod
from tests.benchmarks.simulate import days
from tests.benchmarks.simulate.__main__ import is_stale
from tests.benchmarks.simulate.autoscaler import Settings
from tests.benchmarks.simulate.chain import Outcome, simulate
from tests.benchmarks.simulate.clock import Clock
from tests.benchmarks.simulate.day import DAY_SECONDS, SHOPS, Shop, arrivals
from tests.benchmarks.simulate.page import kept
from tests.benchmarks.simulate.service import Seen, Served, Service

STARTS = [2.0, 3.0]
TIMES = st.lists(st.floats(0, 900), min_size=1, max_size=60).map(sorted)


def one_service(
    times: list[float], *, least: int, works: float = 0.5, concurrency: int = 2
) -> tuple[list[Served], Seen]:
    """Have one function asked at these times; what became of each, and of the function."""
    clock = Clock()
    service = Service(clock, Settings(concurrency, least, 20), STARTS, random.Random(1))  # noqa: S311 - no secret
    served: list[Served] = []
    for at in times:
        clock.at(at, lambda: service.ask(works, served.append))
    clock.run()
    return served, service.end(clock.now)


def one_chain(times: list[float], least: Callable[[Pod], int], seed: int = 1) -> Outcome:
    """Have somebody pay at these times."""
    return simulate(times, least=least, cold=days.cold_starts(), until=DAY_SECONDS, seed=seed)


@settings(deadline=None, max_examples=40)
@given(times=TIMES, least=st.integers(0, 2), concurrency=st.integers(1, 8))
def test_nobody_is_lost_and_pods_stay_within_their_bounds(
    times: list[float], least: int, concurrency: int
) -> None:
    """Each request is answered once, whatever comes; pods are never below their least number."""
    served, seen = one_service(times, least=least, concurrency=concurrency)

    assert len(served) == seen.served == len(times)
    assert all(one.waited_seconds >= 0 for one in served)
    assert least <= seen.fewest_pods <= seen.most_pods <= 20
    assert seen.pod_seconds >= 0


@settings(deadline=None, max_examples=40)
@given(gaps=st.lists(st.floats(1, 400), min_size=1, max_size=40))
def test_without_a_burst_a_minimum_of_one_lets_nobody_wait(gaps: list[float]) -> None:
    """Whoever comes after the last was answered finds a pod that is there."""
    times = [sum(gaps[: number + 1]) for number in range(len(gaps))]

    served, seen = one_service(times, least=1, works=0.5)

    assert {(one.waited_seconds, one.met_cold_start) for one in served} == {(0, False)}
    assert seen.cold_starts == 0


def test_who_comes_after_a_quiet_minute_meets_a_cold_start() -> None:
    """The first waits for a start, the next within the window does not, one after it does again."""
    served, seen = one_service([0, 30, 200], least=0)

    assert [one.met_cold_start for one in served] == [True, False, True]
    assert all(one.waited_seconds in STARTS for one in (served[0], served[2]))
    assert (seen.cold_starts, seen.fewest_pods, seen.most_pods) == (2, 0, 1)


def test_a_flood_brings_more_pods_at_once() -> None:
    """What one pod cannot hold brings others within seconds, and never more than there may be."""
    served, seen = one_service([0.0] * 400, least=1, works=5)

    assert len(served) == 400
    assert seen.most_pods == 20
    assert max(one.waited_seconds for one in served) < 100


@settings(deadline=None, max_examples=15)
@given(times=TIMES, least=st.integers(0, 1))
def test_every_payment_is_told_of_once(times: list[float], least: int) -> None:
    """No payment is lost on the way through all functions; three webhooks and a receipt each."""
    outcome = one_chain(times, lambda _: least)

    assert [payment.is_told for payment in outcome.payments] == [True] * len(times)
    for hop, each in {"create": 1, "submit": 1, "callback": 1, "receipt": 1, "webhook": 3}.items():
        assert outcome.seen[hop].served == each * len(times)
    assert outcome.seen["settle"].served >= len(times)


def test_arrivals_are_as_many_as_their_shop_has_and_in_order() -> None:
    """On average so many a day, most of them by day; the same for a seed and others for another."""
    shop = Shop("test", 2_000, 5)
    came = list(arrivals(shop, 1))
    by_hour = [sum(int(at / 3600) % 24 == hour for at in came) for hour in range(24)]

    assert came == sorted(came)
    assert came[-1] < shop.days * DAY_SECONDS
    assert abs(len(came) - 10_000) < 400
    assert sum(by_hour[8:20]) > 10 * sum(by_hour[0:6])
    assert came == list(arrivals(shop, 1)) != list(arrivals(shop, 2))


@pytest.mark.parametrize("minimum", days.MINIMA)
def test_what_was_kept_comes_out_again(minimum: str) -> None:
    """A run with the kept seed gives the kept row: figures, scale and code are those of then."""
    shop = SHOPS[0]

    [row] = [row for row in kept() if (row["shop"], row["minimum"]) == (shop.name, minimum)]

    assert days.row(shop, minimum) == row


def test_a_seed_decides_everything() -> None:
    """Twice the same day is the same to the last digit, and another seed another."""
    shop = replace(SHOPS[0], days=1)

    first, again, other = (days.row(shop, "0", seed=seed) for seed in (1, 1, 2))

    assert first == again != other


def test_the_table_says_what_was_simulated() -> None:
    """Whoever changes a price or the simulation runs `make simulate`."""
    assert {(row["shop"], row["minimum"]) for row in kept()} == {
        (shop.name, minimum) for shop in SHOPS for minimum in days.MINIMA
    }
    assert not is_stale()
