"""Calls functions on a schedule with seconds, as the platform's timer does in a cluster."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp

_RANGES: Final = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_HORIZON: Final = dt.timedelta(days=8)
_CALL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Six fields: second, minute, hour, day, month, weekday (0 is Sunday), in UTC."""

    fields: tuple[frozenset[int], ...]

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """Read `*`, `a`, `a-b`, `a,b` and `/n` in each field. Raises ValueError."""
        parts = text.split()
        if len(parts) != len(_RANGES):
            raise ValueError(f"A schedule has six fields: {text!r}")
        return cls(
            tuple(
                frozenset(number for item in part.split(",") for number in _numbers(item, bounds))
                for part, bounds in zip(parts, _RANGES, strict=True)
            )
        )

    def next_after(self, moment: dt.datetime) -> dt.datetime:
        """The first whole second after `moment` that matches. Raises ValueError beyond 8 days."""
        candidate = moment.replace(microsecond=0) + dt.timedelta(seconds=1)
        end = candidate + _HORIZON
        while candidate < end:
            if not self._matches_day(candidate):
                candidate = candidate.replace(hour=0, minute=0, second=0) + dt.timedelta(days=1)
            elif not self._matches_time(candidate):
                candidate += dt.timedelta(seconds=1)
            else:
                return candidate
        raise ValueError("The schedule does not come round within 8 days")

    def _matches_time(self, moment: dt.datetime) -> bool:
        values = (moment.second, moment.minute, moment.hour)
        return all(v in allowed for v, allowed in zip(values, self.fields[:3], strict=True))

    def _matches_day(self, moment: dt.datetime) -> bool:
        values = (moment.day, moment.month, moment.isoweekday() % 7)
        return all(v in allowed for v, allowed in zip(values, self.fields[3:], strict=True))


def _numbers(item: str, bounds: tuple[int, int]) -> range:
    span, _, step = item.partition("/")
    if span == "*":
        first, last = bounds
    else:
        start, _, end = span.partition("-")
        first, last = int(start), int(end or start)
    if not bounds[0] <= first <= last <= bounds[1] or int(step or 1) < 1:
        raise ValueError(f"{item!r} lies outside {bounds[0]}-{bounds[1]}")
    return range(first, last + 1, int(step or 1))


async def tick(schedule: Schedule, url: str, *, until_up: Callable[[], Awaitable[None]]) -> None:
    """Post to `url` when it is up and then at each time of `schedule`; runs may overlap.

    A refused or late call is left to the next tick: due work waits in the database.
    """
    timeout = aiohttp.ClientTimeout(total=_CALL_SECONDS, connect=2)
    calls: set[asyncio.Task[None]] = set()
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            while True:
                await until_up()
                calls = {call for call in calls if not call.done()}
                calls.add(asyncio.create_task(_call(session, url)))
                now = dt.datetime.now(dt.UTC)
                await asyncio.sleep((schedule.next_after(now) - now).total_seconds())
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)


async def _call(session: aiohttp.ClientSession, url: str) -> None:
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with session.post(url) as response:
            await response.read()
