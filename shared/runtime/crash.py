"""Lets a test kill or stop this process at a named point: no money may be lost or doubled by it."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from shared.runtime.settings import PRODUCTION, SettingsError

DIED: Final = ".died."
"""Between a point's name and who ended there: the file that says so is named by both.

Who it was is its function, a dot, and the number of its process.
"""


def crash_points(folder: str | None, environment: str, function: str = "") -> Callable[[str], None]:
    """Return what operations call at each point: nothing happens unless tests named a folder.

    Raises SettingsError in production.
    """
    if not folder:
        return _pass
    if environment == PRODUCTION:
        raise SettingsError("CRASH_POINTS_DIR is refused in production")
    armed = Path(folder)

    def reached(name: str) -> None:
        """Die here, once, if the point is armed by a file of its name; it may name another signal.

        One rename takes the point and notes the death: another thread may kill the process next.
        """
        died = armed / f"{name}{DIED}{function}.{os.getpid()}"
        try:
            (armed / name).rename(died)
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.Signals[died.read_text("ascii") or "SIGKILL"])

    return reached


def _pass(_name: str) -> None:
    """No test is watching."""


reached = crash_points(
    os.environ.get("CRASH_POINTS_DIR"),
    os.environ.get("ENVIRONMENT", ""),
    os.environ.get("FUNCTION_TARGET", ""),
)
