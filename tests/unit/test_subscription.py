"""One client's way through what it missed: all of it, once, and little of it at a time."""

import asyncio
import gc
from collections.abc import Sequence
from typing import Final

from shared.domain.account import Tenant
from shared.domain.event_stream import BEFORE_ALL, EventFilter, Place
from shared.runtime.streams.subscription import PAGE, PAGE_BYTES, Frame, Subscription
from tests.factories import moment

LARGE: Final = 25_000
SMALL: Final = 300


class Missed:
    """A feed of events of these sizes; `asked` are the pages that were read."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Nothing read yet."""
        self._sizes = sizes
        self.asked: list[int] = []

    async def read(self, _tenant: Tenant, place: Place, most: int) -> Sequence[Frame]:
        """Read a page, each time anew as from a database."""
        self.asked.append(most)
        first = place[0]
        return [
            Frame((first + at + 1, "evt"), "charge.pending", bytes(size), moment())
            for at, size in enumerate(self._sizes[first : first + most])
        ]


def follower(missed: Missed) -> Subscription:
    """A client that comes back after everything."""
    return Subscription(
        Tenant("acct_abcdefghijklmnop", livemode=False),
        EventFilter(),
        place=BEFORE_ALL,
        is_behind=True,
        read_page=missed.read,
        recheck=lambda: None,
    )


async def taken(reader: Subscription, count: int) -> list[int]:
    """The places of the next events."""
    frames = [await reader.take() for _ in range(count)]
    return [frame.place[0] for frame in frames if frame is not None]


def test_large_and_small_events_come_once_and_in_order() -> None:
    """However the pages are cut; after large events few are read at once, after small ones many."""
    sizes = [LARGE] * 150 + [SMALL] * 400 + [LARGE] * 5 + [PAGE_BYTES * 3] * 3 + [SMALL]
    missed = Missed(sizes)

    places = asyncio.run(taken(follower(missed), len(sizes)))

    assert places == list(range(1, len(sizes) + 1))
    assert missed.asked[:2] == [PAGE, 6]
    assert PAGE in missed.asked[1:]
    assert sum(missed.asked) < 3 * len(sizes) + 2 * PAGE


def test_who_takes_nothing_makes_us_hold_little() -> None:
    """Of a page with 2.5 MB no more waits than a part that any client may make us hold."""

    async def held() -> int:
        reader = follower(Missed([LARGE] * PAGE))
        await reader.take()
        gc.collect()
        frames = [each for each in gc.get_objects() if isinstance(each, Frame)]
        return sum(len(each.content) for each in frames)

    assert asyncio.run(held()) <= PAGE_BYTES + LARGE
