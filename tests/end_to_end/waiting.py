"""Waits for what must come, and says what did not."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import pytest

_PAUSE_SECONDS: Final = 0.05

T = TypeVar("T")


def wait_for(
    what: str,
    look: Callable[[], T | None],
    *,
    seconds: float,
    pause_seconds: float = _PAUSE_SECONDS,
) -> T:
    """Return the first thing that `look` finds; fails the test when `seconds` are over."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:.0f} s: {what}")
        time.sleep(pause_seconds)
