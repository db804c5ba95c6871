"""The instrument that kills: each armed point once, and no death unseen."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime.crash import DIED, crash_points
from shared.runtime.settings import SettingsError

ROOT = Path(__file__).parents[2]
MANY = """
import threading
from shared.runtime.crash import reached
gate = threading.Barrier(8)
def run(number):
    gate.wait()
    reached(f"point.{number}")
threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_a_point_that_is_taken_is_noted(tmp_path: Path) -> None:
    """However many threads reach their points at once, a point is armed or noted, with whose it is.

    What stores for several functions has points that each of them passes.
    """
    names = {f"point.{number}" for number in range(8)}
    for name in names:
        (tmp_path / name).touch()

    finished = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", MANY],
        cwd=ROOT,
        env={
            **os.environ,
            "CRASH_POINTS_DIR": str(tmp_path),
            "ENVIRONMENT": "local",
            "FUNCTION_TARGET": "create_charge",
        },
        check=False,
        timeout=30,
    )

    left = {path.name for path in tmp_path.iterdir()}
    died = {name.partition(DIED)[0] for name in left if DIED in name}
    assert all(f"{DIED}create_charge." in name for name in left if DIED in name)
    assert finished.returncode == -9
    assert died
    assert died | (left & names) == names


def test_what_is_not_armed_goes_on(tmp_path: Path) -> None:
    """A point without its file does nothing, and so does all of it where nobody watches."""
    crash_points(str(tmp_path), "local")("point")
    crash_points(None, "production")("point")


def test_production_has_no_crash_points(tmp_path: Path) -> None:
    """A folder named in production is refused at start."""
    with pytest.raises(SettingsError):
        crash_points(str(tmp_path), "production")


def test_a_point_may_stop_instead_of_kill(tmp_path: Path) -> None:
    """A file that names SIGSTOP makes a sleeper, which goes on from the point when it is woken."""
    (tmp_path / "point.0").write_text("SIGSTOP")
    sleeper = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", MANY],
        cwd=ROOT,
        env={**os.environ, "CRASH_POINTS_DIR": str(tmp_path), "ENVIRONMENT": "local"},
    )

    _, status = os.waitpid(sleeper.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    sleeper.send_signal(signal.SIGCONT)
    assert sleeper.wait(30) == 0
