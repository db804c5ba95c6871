"""Keeps answers of the directory for a few seconds, so that the hot path asks it rarely."""

import threading
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
LARGEST: Final = 10_000


class ShortCache(Generic[K, V]):
    """A bounded map whose entries live for a fixed time; `None` answers are not kept."""

    def __init__(self, load: Callable[[K], V | None], *, seconds: float) -> None:
        """Keep how to load, and how long an answer holds."""
        self._load = load
        self._seconds = seconds
        self._kept: dict[K, tuple[float, V]] = {}
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """Return the kept answer or load it; two threads may load the same at once."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] > monotonic():
            return kept[1]
        return self.renew(key)

    def renew(self, key: K) -> V | None:
        """Load the answer and keep it, whatever is kept by now."""
        now = monotonic()
        value = self._load(key)
        with self._lock:
            if value is None:
                self._kept.pop(key, None)
            else:
                if len(self._kept) >= LARGEST:
                    self._kept.clear()
                self._kept[key] = (now + self._seconds, value)
        return value
