"""A process beside a measurement that notes when each event reached the far end.

Both read the same clock, the machine's monotonic one.
"""

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Concatenate, Final, NamedTuple, ParamSpec

P = ParamSpec("P")

_PATIENCE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.2

Seen = Mapping[str, Sequence[float]]
"""When an event came, by its id, in monotonic seconds: once for each time it came."""


class Told(NamedTuple):
    """An event, and since when whoever waits for it may have it."""

    id: str
    at: float


class Witness:
    """What the process has seen so far."""

    def __init__(self, asked: Connection) -> None:
        """Ask it by one end of a pipe."""
        self._asked = asked

    def seen(self) -> Seen:
        """When each event came."""
        self._asked.send(None)
        found: Seen = self._asked.recv()
        return found

    def until(self, told: Mapping[str, float], *, times: int = 1) -> Seen:
        """The same, once each of those told came so often. Raises TimeoutError."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            seen = self.seen()
            missing = sum(len(seen.get(event, ())) < times for event in told)
            if not missing:
                return seen
            if time.monotonic() > deadline:
                raise TimeoutError(f"{missing} of {len(told)} events never came {times} times")
            time.sleep(_LOOK_SECONDS)


@contextlib.contextmanager
def witness(
    watch: Callable[Concatenate[Connection, P], None], *args: P.args, **kwargs: P.kwargs
) -> Iterator[Witness]:
    """Run `watch` in a process of its own; it calls `attest` once it is ready."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=watch, args=(theirs, *args), kwargs=kwargs, daemon=True
    )
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield Witness(ours)
    finally:
        process.terminate()
        process.join(5)


def attest(asked: Connection, seen: Seen) -> None:
    """Say that this process is ready, and tell from its loop what it saw whenever it is asked."""

    def tell() -> None:
        asked.recv()
        asked.send(dict(seen))

    asked.send(None)
    asyncio.get_running_loop().add_reader(asked.fileno(), tell)


def tell(
    write: Callable[[int], Told | None], *, per_second: float, seconds: float, writers: int
) -> Mapping[str, float]:
    """Write events at a steady rate, each by its number; those that are told, by their ids."""
    told: dict[str, float] = {}
    count = int(per_second * seconds)
    began = time.monotonic()

    def share(first: int) -> None:
        for number in range(first, count, writers):
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
            if (event := write(number)) is not None:
                told[event.id] = event.at

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(share, range(writers)))
    return told
