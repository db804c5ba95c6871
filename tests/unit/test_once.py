"""Parts of a process: made once, whoever comes first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from shared.runtime import callers, charges, charging, wiring
from shared.runtime.once import Once, once


def test_threads_that_come_together_get_the_same_part() -> None:
    """Two pools of connections would be twice the connections that the database was promised."""
    width, made = 8, list[object]()
    start, second = threading.Barrier(width), threading.Barrier(2)

    @once
    def part() -> object:
        with suppress(threading.BrokenBarrierError):
            second.wait(0.1)  # for another one that makes it too
        made.append(object())
        return made[-1]

    def ask(_: int) -> object:
        start.wait(10)
        return part()

    with ThreadPoolExecutor(width) as threads:
        got = set(threads.map(ask, range(width)))

    assert got == set(made)
    assert len(made) == 1


def test_what_could_not_be_made_is_tried_again() -> None:
    """A secret that is not mounted yet breaks the requests until then, not the process."""
    tries = list[int]()

    @once
    def part() -> str:
        tries.append(len(tries))
        if len(tries) == 1:
            raise LookupError("not mounted yet")
        return "made"

    with pytest.raises(LookupError, match="not mounted"):
        part()

    assert (part(), part()) == ("made", "made")
    assert len(tries) == 2


def test_every_part_that_wiring_makes_is_made_once() -> None:
    """Databases, broker, publisher and operators are all made under a lock."""
    made = {
        name: value
        for part in (wiring, callers, charges, charging)
        for name, value in vars(part).items()
    }
    names = {name for name, value in made.items() if isinstance(value, Once)}

    assert names >= {"app_database", "worker_database", "broker", "publisher", "operators"}
    assert [name for name, value in made.items() if hasattr(value, "cache_info")] == ["settings"]
