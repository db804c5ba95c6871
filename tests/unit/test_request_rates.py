"""Promises of the rate limit in one process: headers, a round trip per lease, never a wall."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from shared.domain.account import Caller
from shared.domain.errors import TooManyRequests, Unavailable
from shared.domain.rules import RequestRate
from shared.runtime.request_rates import RequestRates
from tests.fakes import TENANT, Clock

RATE = RequestRate(account=8, key=5, seconds=10)


class Count:
    """A shared count in memory that keeps what it was asked."""

    def __init__(self) -> None:
        self.taken: dict[tuple[int, str], int] = {}
        self.asked: list[Mapping[str, tuple[int, int]]] = []
        self.is_away = False

    def take(
        self, starts_at: int, asked: Mapping[str, tuple[int, int]]
    ) -> Mapping[str, tuple[int, int]]:
        self.asked.append(asked)
        if self.is_away:
            raise Unavailable("temporarily_unavailable")
        found = {}
        for subject, (quota, wanted) in asked.items():
            before = self.taken.get((starts_at, subject), 0)
            granted = min(wanted, quota - before)
            self.taken[starts_at, subject] = before + granted
            found[subject] = granted, before + granted
        return found


class Edge:
    """The limit with a count, a clock and callers."""

    def __init__(self, rate: RequestRate | None = RATE) -> None:
        self.rate = rate
        self.count = Count()
        self.clock = Clock()
        self.rates = RequestRates(lambda _: self.rate, self.count.take, now=self.clock.now)

    def call(self, key_id: str = "a") -> dict[str, str]:
        headers: dict[str, str] = {}
        caller = Caller(
            TENANT, key_id, "sk", frozenset(), "fr", charges_enabled=True, suspended=False
        )
        try:
            self.rates.admit(caller, headers)
        except TooManyRequests as refusal:
            headers |= {"code": refusal.code, "wait": str(refusal.values["retry_after_seconds"])}
        return headers


def test_headers_tell_what_is_left_of_both_quotas() -> None:
    """As the IETF draft has it: quota and window, remaining and seconds until more."""
    edge = Edge()
    edge.clock.pass_time(seconds=3)

    assert edge.call() == {
        "RateLimit-Policy": '"account";q=8;w=10, "key";q=5;w=10',
        "RateLimit": '"account";r=7;t=7, "key";r=4;t=7',
    }


def test_one_too_many_is_refused_until_the_window_ends() -> None:
    """By key, then by account over its keys; refusals ask nobody; the next window is new."""
    edge = Edge()
    own = [edge.call() for _ in range(6)]
    other = [edge.call("b") for _ in range(4)]
    trips = len(edge.count.asked)
    again = [edge.call("b") for _ in range(50)]

    assert ["code" in headers for headers in own] == [False] * 5 + [True]
    assert own[5] == {
        "RateLimit-Policy": '"account";q=8;w=10, "key";q=5;w=10',
        "RateLimit": '"account";r=3;t=10, "key";r=0;t=10',
        "code": "rate_limited",
        "wait": "10",
    }
    assert ["code" in headers for headers in other] == [False] * 3 + [True]
    assert all("code" in headers for headers in again)
    assert len(edge.count.asked) == trips
    edge.clock.pass_time(seconds=10)
    assert "code" not in edge.call("b")


def test_a_count_that_is_away_stops_nobody() -> None:
    """Requests pass without headers, and for a second nobody asks again."""
    edge = Edge()
    edge.count.is_away = True

    assert [edge.call() for _ in range(20)] == [{}] * 20
    assert len(edge.count.asked) == 1


def test_a_rule_that_changes_holds_at_once() -> None:
    """Another quota begins with a share of its own; none at all means no header."""
    edge = Edge()
    edge.call()
    edge.rate = RequestRate(account=100, key=100, seconds=1)

    assert edge.call()["RateLimit-Policy"] == '"account";q=100;w=1, "key";q=100;w=1'
    edge.rate = None
    assert edge.call() == {}


def test_a_busy_key_asks_once_for_many_requests() -> None:
    """One round trip for each twentieth of what was used."""
    edge = Edge(RequestRate(account=100_000, key=100_000, seconds=10))
    for _ in range(2000):
        edge.call()
    before = len(edge.count.asked)
    edge.clock.at += timedelta(seconds=10)
    for _ in range(2000):
        edge.call()

    assert len(edge.count.asked) - before <= 20


@pytest.mark.parametrize("keys", [1, 30])
def test_no_header_promises_less_than_nothing(keys: int) -> None:
    """However many keys take from one account's quota."""
    edge = Edge()

    for number in range(60):
        assert "r=-" not in edge.call(f"k{number % keys}")["RateLimit"]
