"""Tells the time in UTC: the machine's, unless the database has another; tests may move it."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from shared.runtime.settings import PRODUCTION, SettingsError

TOLERATED: Final = timedelta(seconds=1)
"""Machines that keep time differ by less; whoever differs by more follows the database."""


class CommonClock:
    """One time for all functions, so that a machine that is minutes off expires nothing early."""

    def __init__(self, machine: Callable[[], datetime]) -> None:
        """`machine` is trusted until the database says otherwise."""
        self._machine = machine
        self._correction = timedelta()

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._machine() + self._correction

    def hear(self, server_time: datetime) -> None:
        """Take the database's time, as it was a moment ago."""
        difference = server_time - self._machine()
        self._correction = difference if abs(difference) > TOLERATED else timedelta()


def utc() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def clock(url: str | None, *, environment: str, function: str) -> Callable[[], datetime]:
    """Return what tells the time here.

    `url` is a folder, `file:///…/`, in which a file of the function's name may hold JSON: from its
    last change on, `offset_seconds` are added and time passes at `rate`. Without it time is true.
    Raises SettingsError in production.
    """
    if not url:
        return utc
    if environment == PRODUCTION:
        raise SettingsError("CLOCK_URL is refused in production")
    file = Path(urlsplit(url).path) / function

    def moved() -> datetime:
        try:
            told = json.loads(file.read_text("utf-8"))
            since = file.stat().st_mtime
        except FileNotFoundError:
            return utc()
        passed = (time.time() - since) * told.get("rate", 1)
        return datetime.fromtimestamp(since, UTC) + timedelta(
            seconds=passed + told.get("offset_seconds", 0)
        )

    return moved
