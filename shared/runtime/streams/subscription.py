"""One client's way through the feed: what it missed, by pages, then what is handed to it.

Both lie in one order, so nothing is sent twice and nothing is left out where they meet.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from shared.domain.account import Tenant
from shared.domain.event_stream import EventFilter, Place, cursor_of

LARGEST_BEHIND_BYTES: Final = 1024 * 1024
PAGE: Final = 100
PAGE_BYTES: Final = 64 * 1024
"""What one client may make us hold of what it missed; nobody shares it, unlike what is new."""
PING_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Frame:
    """An event as it is sent, made once for all who follow the tenant."""

    place: Place
    type: str
    content: bytes
    at: datetime


class End(Enum):
    """Why a stream ends: the word that the client reads, and its WebSocket close code."""

    STOPPING = ("server_stopping", 1001)
    DATA_SENT = ("data_not_taken", 1003)
    NOT_ALLOWED = ("no_longer_allowed", 1008)
    FAULT = ("internal", 1011)
    TOO_SLOW = ("too_slow", 1013)

    @property
    def word(self) -> str:
        """Return the reason in a word."""
        return self.value[0]

    @property
    def close_code(self) -> int:
        """Return WebSocket's number for it."""
        return self.value[1]


class Ended(Exception):  # noqa: N818 - no error: every stream ends
    """The stream is over."""

    def __init__(self, end: End) -> None:
        """Say why."""
        super().__init__(end.word)
        self.end = end


ReadPage = Callable[[Tenant, Place, int], Awaitable[Sequence[Frame]]]


class Subscription:
    """What one client is still to be sent. Lives in the loop of its hub."""

    def __init__(
        self,
        tenant: Tenant,
        wanted: EventFilter,
        *,
        place: Place,
        is_behind: bool,
        read_page: ReadPage,
        recheck: Callable[[], object],
    ) -> None:
        """`place` is the last that the client knows; `recheck` raises once it may no longer look.

        `is_behind` where events beyond that place were handed to others before.
        """
        self.tenant = tenant
        self.recheck = recheck
        self._wanted = wanted
        self._had = self._seen = place
        self._read_page = read_page
        self._is_behind = is_behind
        self._most = PAGE
        self._was_passed_over = False
        self._waiting: deque[Frame] = deque()
        self._waiting_bytes = 0
        self._in_hand: Frame | None = None
        self._end: End | None = None
        self._bell = asyncio.Event()

    @property
    def cursor(self) -> str:
        """Return after what it goes on elsewhere.

        An event that `take` returned counts once it is called again.
        """
        is_idle = not self._waiting and self._in_hand is None
        return cursor_of(self._seen if is_idle else self._had)

    def offer(self, frame: Frame) -> None:
        """Hand on what is new; a client more than 1 MiB behind is given up."""
        if self._is_behind:
            # It is still reading pages, and will come to this one.
            self._was_passed_over = True
            return
        if frame.place > self._seen:
            self._keep(frame)
            if self._waiting_bytes > LARGEST_BEHIND_BYTES:
                self.finish(End.TOO_SLOW)
            self._bell.set()

    def finish(self, end: End) -> None:
        """End the stream; the first reason counts."""
        if self._end is None:
            self._end = end
        self._bell.set()

    async def ended(self) -> End:
        """Wait for the end."""
        while self._end is None:
            await self._bell.wait()
            self._bell.clear()
        return self._end

    async def take(self) -> Frame | None:
        """Return what is to be sent next, None where nothing came for 20 s. Raises Ended."""
        if self._in_hand is not None:
            self._waiting_bytes -= len(self._in_hand.content)
            self._had, self._in_hand = self._in_hand.place, None
        while True:
            if self._end is not None:
                raise Ended(self._end)
            if self._waiting:
                self._in_hand = self._waiting.popleft()
                return self._in_hand
            if self._is_behind:
                await self._catch_up()
                continue
            self._bell.clear()
            try:
                await asyncio.wait_for(self._bell.wait(), PING_SECONDS)
            except TimeoutError:
                return None

    def _keep(self, frame: Frame) -> None:
        self._seen = frame.place
        if self._wanted.takes(frame.type):
            self._waiting.append(frame)
            self._waiting_bytes += len(frame.content)

    async def _catch_up(self) -> None:
        """Read the next page; a short one is the last, unless something came meanwhile.

        Of a large one the rest is read again, with fewer at once, as it is what lies in wait.
        """
        self._was_passed_over = False
        page = await self._read_page(self.tenant, self._seen, self._most)
        kept = 0
        for frame in page:
            if self._waiting_bytes > PAGE_BYTES:
                break
            self._keep(frame)
            kept += 1
        self._is_behind = len(page) == self._most or kept < len(page) or self._was_passed_over
        self._most = min(PAGE, 2 * max(kept, 1))
