"""Promises of what a process keeps of accounts: what is touched is read again within 2 s."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.errors import Unavailable
from shared.runtime.lasting_cache import (
    EVERYBODY,
    KEPT_SECONDS,
    LONG_AGO,
    LOOK_SECONDS,
    MOST_TOUCHED,
    LastingCache,
    Touches,
)

AT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


class World:
    """A database with a clock, and a cache of what stands in it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.skipped = timedelta()
        self.rows = {"a": "old", "b": "old"}
        self.touched: list[str] = []
        self.is_away = False
        self.reads: list[str] = []
        self.looks = 0
        self.cache = LastingCache(
            self.load, Touches(self.look, clock=lambda: self.seconds), account_of=lambda key, _: key
        )

    def load(self, key: str) -> str | None:
        self.seconds += 0.001
        self.reads.append(key)
        return self.rows.get(key)

    def look(self, since: datetime | None) -> tuple[datetime, Sequence[str]]:
        if self.is_away:
            raise Unavailable("temporarily_unavailable")
        assert (since is None) == (self.looks == 0)
        self.looks += 1
        self.seconds += 0.001
        return AT + timedelta(seconds=self.seconds) + self.skipped, self.touched

    def get(self, key: str = "a") -> str | None:
        return self.cache.get(key)

    def pass_by(self, seconds: float = LOOK_SECONDS) -> None:
        self.seconds += seconds


def test_what_is_untouched_is_read_once() -> None:
    """However often it is asked for, there is a look in two seconds and nothing else."""
    world = World()

    for _ in range(40):
        assert (world.get("a"), world.get("b")) == ("old", "old")
        world.pass_by(0.5)

    assert world.reads == ["a", "b"]
    assert world.looks <= 11


def test_what_is_touched_is_read_again() -> None:
    """The account alone, and again for as long as its touch is told of."""
    world = World()
    world.get("a"), world.get("b")
    world.rows["a"], world.touched = "new", ["a"]
    assert world.get("a") == "old"
    world.pass_by()

    assert (world.get("a"), world.get("b")) == ("new", "old")

    world.rows["a"] = "newer"
    world.pass_by()
    assert world.get("a") == "newer"
    assert world.reads == ["a", "b", "a", "a"]


def test_a_touch_of_everybody_is_of_each() -> None:
    """A rule that holds for all is read again for all."""
    world = World()
    world.get("a"), world.get("b")
    world.rows, world.touched = {"a": "new", "b": "new"}, [EVERYBODY]
    world.pass_by()

    assert (world.get("a"), world.get("b")) == ("new", "new")


def test_what_cannot_be_looked_for_is_not_believed() -> None:
    """A revoked key is no more taken because the database is away."""
    world = World()
    world.get("a")
    world.is_away = True
    assert world.get("a") == "old"
    world.pass_by()

    with pytest.raises(Unavailable):
        world.get("a")


def test_whoever_slept_too_long_believes_nothing() -> None:
    """A machine that was suspended wakes to notes that may be deleted."""
    world = World()
    world.get("a")
    world.rows["a"], world.skipped = "new", 2 * LONG_AGO
    world.pass_by()

    assert world.get("a") == "new"


def test_more_touches_than_can_be_known_are_of_everybody() -> None:
    """Memory is bounded, and what is forgotten counts as changed."""
    world = World()
    world.get("a")
    world.rows["a"], world.touched = "new", [f"other {n}" for n in range(MOST_TOUCHED + 1)]
    world.pass_by()

    assert world.get("a") == "new"


def test_nothing_is_kept_for_ever() -> None:
    """Whatever the looks say, it is read again after ten minutes."""
    world = World()
    world.get("a")
    world.rows["a"] = "new"
    world.cache.renew("a")
    assert world.get("a") == "new"
    assert KEPT_SECONDS <= 600


def test_what_is_not_there_is_asked_for_each_time() -> None:
    """A key made just now works at once."""
    world = World()
    assert world.get("c") is None
    world.rows["c"] = "new"

    assert world.get("c") == "new"
