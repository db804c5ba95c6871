"""Reads the feed once for all streams of a process, and hands what is new to each of them.

Everything here lives in one event loop and needs no lock; what asks the database runs in threads.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, ParamSpec, Protocol, TypeVar

from shared.domain.account import Tenant
from shared.domain.errors import NotFound, Refusal, TooManyRequests, Unavailable
from shared.domain.event_stream import BEFORE_ALL, START, EventFilter, Place, Told
from shared.runtime import lifecycle, logs, metrics
from shared.runtime.streams.subscription import End, Frame, Subscription

MOST_OF_ACCOUNT: Final = 50
MOST: Final = 2_000
MOST_AT_ONCE: Final = 200
"""Events of one tenant that are read at a time."""
PART_BYTES: Final = 128 * 1024
PART_SECONDS: Final = 0.01
LOOK_SECONDS: Final = 0.1
RECHECK_SECONDS: Final = 2.0
# With the database away nothing can be new.
AWAY_SECONDS: Final = 1.0
FULL_SECONDS: Final = 10

P = ParamSpec("P")
T = TypeVar("T")


class Source(Protocol):
    """The feed as `shared.db.feed` has it; each call blocks. Raises Unavailable."""

    def stirred(self, heads: Mapping[Tenant, Place], /) -> Sequence[Tenant]:
        """Return the tenants of which there is news."""

    def newest(self, tenant: Tenant, /) -> Place:
        """Return the place of the newest event."""

    def place_of(self, tenant: Tenant, event_id: str, /) -> Place | None:
        """Return where an event lies, or None."""

    def after(self, tenant: Tenant, place: Place, /, *, most: int) -> Sequence[Told]:
        """Return what comes next."""


@dataclass(slots=True)
class _Channel:
    """Who follows a tenant, and up to where all of them were told."""

    head: Place
    readers: list[Subscription] = field(default_factory=list)


class Hub:
    """The streams of one event loop."""

    def __init__(
        self,
        source: Source,
        write: Callable[[Tenant, Told], bytes],
        *,
        now: Callable[[], datetime],
        threads: int,
    ) -> None:
        """`write` turns an event into what is sent of it.

        Half of the threads read for all, the others do what each client asks for, or who knocks
        and is nobody: that keeps none waiting who listens.
        """
        self._now = now
        self._source = source
        self._write = write
        half = max(1, threads // 2)
        self._for_all = ThreadPoolExecutor(half, thread_name_prefix="feed")
        self._for_each = ThreadPoolExecutor(max(1, threads - half), thread_name_prefix="door")
        self._channels: dict[Tenant, _Channel] = {}
        self._of_account: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have blocking work of one client done by a thread of ours."""
        return await _done_by(self._for_each, partial(work, *args, **kwargs))

    async def open(
        self,
        tenant: Tenant,
        wanted: EventFilter,
        after: str | None,
        *,
        recheck: Callable[[], object],
    ) -> Subscription:
        """Begin a stream after a cursor, or with what comes next. Close it in the end.

        Raises NotFound for an event that the tenant does not have, TooManyRequests `rate_limited`
        and Unavailable where there is no room.
        """
        if lifecycle.is_stopping() or self._of_account.total() >= MOST:
            raise Unavailable("temporarily_unavailable", retry_after_seconds=1)
        if self._of_account[tenant.account] >= MOST_OF_ACCOUNT:
            metrics.count_limited("streams")
            raise TooManyRequests("rate_limited", retry_after_seconds=FULL_SECONDS)
        self._of_account[tenant.account] += 1
        try:
            place = None if after is None else await self._place(tenant, after)
            channel = self._channels.get(tenant)
            if channel is None:
                head = await self.run(self._source.newest, tenant)
                channel = self._channels.setdefault(tenant, _Channel(head))
        except BaseException:
            self._leave(tenant)
            raise
        reader = Subscription(
            tenant,
            wanted,
            place=channel.head if place is None else place,
            is_behind=place is not None and place < channel.head,
            read_page=self._page,
            recheck=recheck,
        )
        channel.readers.append(reader)
        metrics.count_stream("opened")
        self._begin()
        return reader

    def close(self, reader: Subscription, end: str) -> None:
        """Forget a stream that ended by a reason."""
        metrics.count_stream(end)
        channel = self._channels[reader.tenant]
        channel.readers.remove(reader)
        if not channel.readers:
            del self._channels[reader.tenant]
        self._leave(reader.tenant)
        if not self._channels:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    async def _place(self, tenant: Tenant, cursor: str) -> Place:
        if cursor == START:
            return BEFORE_ALL
        place = await self.run(self._source.place_of, tenant, cursor)
        if place is None:
            raise NotFound("resource_missing", "after")
        return place

    def _leave(self, tenant: Tenant) -> None:
        self._of_account[tenant.account] -= 1
        if not self._of_account[tenant.account]:
            del self._of_account[tenant.account]

    def _begin(self) -> None:
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._follow()), loop.create_task(self._watch())]

    async def _follow(self) -> None:
        """Hand on what is new, ten times a second, until the process stops."""
        while not lifecycle.is_stopping():
            try:
                is_more = await self._hand_on()
            except Exception as failure:  # noqa: BLE001 - clients wait; the next look may succeed
                logs.warning("feed_unread", error=type(failure).__name__)
                await asyncio.sleep(AWAY_SECONDS)
            else:
                await asyncio.sleep(0 if is_more else LOOK_SECONDS)
        for reader in self._readers():
            reader.finish(End.STOPPING)

    async def _hand_on(self) -> bool:
        heads = {tenant: channel.head for tenant, channel in self._channels.items()}
        stirred = await _done_by(self._for_all, partial(self._source.stirred, heads))
        pages = await asyncio.gather(
            *(
                _done_by(self._for_all, partial(self._frames, tenant, heads[tenant], MOST_AT_ONCE))
                for tenant in stirred
            )
        )
        for tenant, page in zip(stirred, pages, strict=True):
            channel = self._channels.get(tenant)
            # Whoever followed may be gone meanwhile, and another may have begun further on.
            if not page or channel is None or channel.head != heads[tenant]:
                continue
            metrics.observe_stream_lag((self._now() - page[-1].at).total_seconds())
            await _tell(channel, page)
        return any(len(page) == MOST_AT_ONCE for page in pages)

    async def _page(self, tenant: Tenant, place: Place, most: int) -> Sequence[Frame]:
        return await self.run(self._frames, tenant, place, most)

    def _frames(self, tenant: Tenant, place: Place, most: int) -> Sequence[Frame]:
        told = self._source.after(tenant, place, most=most)
        return [
            Frame(each.place, each.event.type, self._write(tenant, each), each.event.created_at)
            for each in told
        ]

    async def _watch(self) -> None:
        """End the streams of whoever may no longer look."""
        while True:
            began = time.monotonic()
            readers = self._readers()
            for reader in await _done_by(self._for_all, partial(_turned_away, readers)):
                reader.finish(End.NOT_ALLOWED)
            await asyncio.sleep(max(0.0, began + RECHECK_SECONDS - time.monotonic()))

    def _readers(self) -> list[Subscription]:
        return [reader for channel in self._channels.values() for reader in channel.readers]


async def _done_by(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)


async def _tell(channel: _Channel, page: Sequence[Frame]) -> None:
    """Hand a page on in parts: whoever keeps up has taken one before the next comes."""
    part = 0
    for frame in page:
        channel.head = frame.place
        for reader in channel.readers:
            reader.offer(frame)
        part += len(frame.content)
        if part > PART_BYTES:
            part = 0
            await asyncio.sleep(PART_SECONDS)


def _turned_away(readers: Sequence[Subscription]) -> Sequence[Subscription]:
    """Return those that would be refused now; what cannot be asked now is asked again."""
    refused = []
    for reader in readers:
        try:
            reader.recheck()
        except Refusal as refusal:
            # Nobody is sent away for a fault of ours.
            if not isinstance(refusal, Unavailable):
                refused.append(reader)
        except Exception as failure:  # noqa: BLE001 - one client's trouble is nobody else's
            logs.warning("stream_not_rechecked", error=type(failure).__name__)
    return refused
