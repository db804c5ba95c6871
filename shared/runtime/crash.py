"""Lets a test kill this process at a named point, to prove that no death loses or doubles money."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from shared.runtime.settings import PRODUCTION, SettingsError

DIED: Final = ".died."
"""Between a point's name and the process that ended there, in the name of the file that says so."""


def crash_points(folder: str | None, environment: str) -> Callable[[str], None]:
    """Return what operations call at each point: nothing happens unless tests named a folder.

    Raises SettingsError in production.
    """
    if not folder:
        return _pass
    if environment == PRODUCTION:
        raise SettingsError("CRASH_POINTS_DIR is refused in production")
    armed = Path(folder)

    def reached(name: str) -> None:
        """Die here, once, if the point is armed by a file of its name.

        One rename takes the point and notes the death: another thread may kill the process next.
        """
        try:
            (armed / name).rename(armed / f"{name}{DIED}{os.getpid()}")
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    return reached


def _pass(_name: str) -> None:
    """No test is watching."""


reached = crash_points(os.environ.get("CRASH_POINTS_DIR"), os.environ.get("ENVIRONMENT", ""))
