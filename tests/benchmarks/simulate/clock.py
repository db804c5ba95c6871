"""The order of what happens: a heap of calls by their time, ties as they were asked for."""

import heapq
import itertools
from collections.abc import Callable


class Clock:
    """Simulated seconds; nothing waits."""

    def __init__(self) -> None:
        """Begin at midnight."""
        self.now = 0.0
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, time: float, call: Callable[[], None]) -> None:
        """Have something done at a time, or now where that has passed."""
        heapq.heappush(self._calls, (max(time, self.now), next(self._order), call))

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Have something done so much later."""
        self.at(self.now + seconds, call)

    def run(self) -> None:
        """Do all of it until nothing is left."""
        while self._calls:
            self.now, _, call = heapq.heappop(self._calls)
            call()
