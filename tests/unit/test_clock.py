"""The time that a process is told: true, unless a test moved it."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.runtime.clock import CommonClock, clock, utc
from shared.runtime.settings import SettingsError

SECOND = timedelta(seconds=1)


def test_without_an_address_time_is_true() -> None:
    """Production reads the machine's clock and nothing else."""
    assert clock(None, environment="production", function="create_charge") is utc
    assert abs(utc() - datetime.now(UTC)) < SECOND


def test_a_function_is_ahead_or_behind_as_its_file_says(tmp_path: Path) -> None:
    """Each function has its own file; who has none is right."""
    (tmp_path / "submit_charge").write_text(json.dumps({"offset_seconds": -600}))
    behind, right = (
        clock(f"file://{tmp_path}", environment="local", function=name)
        for name in ("submit_charge", "settle_charge")
    )

    assert abs(behind() + timedelta(seconds=600) - datetime.now(UTC)) < SECOND
    assert abs(right() - datetime.now(UTC)) < SECOND


def test_time_may_pass_faster(tmp_path: Path) -> None:
    """From the file's last change on, at its rate: an hour ago at sixty times is sixty hours."""
    file = tmp_path / "submit_charge"
    file.write_text(json.dumps({"rate": 60}))
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))

    told = clock(f"file://{tmp_path}", environment="local", function="submit_charge")()
    assert abs(told - datetime.now(UTC) - timedelta(hours=59)) < timedelta(minutes=5)


def test_production_has_one_time(tmp_path: Path) -> None:
    """An address of another clock is refused at the first question."""
    with pytest.raises(SettingsError):
        clock(f"file://{tmp_path}", environment="production", function="create_charge")


def test_who_is_minutes_off_follows_the_database() -> None:
    """Late or early by more than a second is put right, in both directions and back again."""
    offset = [timedelta(minutes=10)]
    common = CommonClock(lambda: utc() + offset[0])

    for offset[0] in (timedelta(minutes=10), -timedelta(minutes=10), timedelta()):
        common.hear(utc())
        assert abs(common.now() - utc()) < SECOND


def test_small_differences_are_left_alone() -> None:
    """The way to the database takes time; nobody's clock jumps because of it."""
    started = utc()
    common = CommonClock(lambda: started)

    common.hear(started + timedelta(milliseconds=900))
    assert common.now() == started
