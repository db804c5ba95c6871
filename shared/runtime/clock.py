"""Tells the time in UTC; a test may move it and change its pace, function by function."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from shared.runtime.settings import PRODUCTION, SettingsError


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
