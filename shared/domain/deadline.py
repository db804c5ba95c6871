"""One deadline for a whole piece of work, so that each call within it gets only what is left."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 20
HANDLER_SECONDS: Final = 25


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a monotonic clock, in seconds of that clock."""

    ends_at: float
    clock: Callable[[], float]

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float]) -> "Deadline":
        """Start a deadline that many seconds from now."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0, self.ends_at - self.clock())

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self.remaining() == 0
