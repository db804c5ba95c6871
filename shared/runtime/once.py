"""Makes a part of a process at its first use, and only once however many threads come first."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """A function without arguments whose one result everybody gets."""

    def __init__(self, make: Callable[[], T]) -> None:
        """Keep how to make it; nothing is made yet."""
        self._make = make
        self._lock = threading.RLock()
        self._made: tuple[T] | None = None

    def __call__(self) -> T:
        """Return the part. Raises what making it raises, and then tries again the next time."""
        made = self._made
        if made is not None:
            return made[0]
        with self._lock:
            if self._made is None:
                self._made = (self._make(),)
            return self._made[0]

    def cache_clear(self) -> None:
        """Forget the part, as a process that starts anew."""
        self._made = None


def once(make: Callable[[], T]) -> Once[T]:
    """Wrap what `functools.cache` would make twice when two first requests come together."""
    return Once(make)
