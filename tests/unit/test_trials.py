"""A nightly run keeps what came of its trials, and takes up where it was stopped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import trials

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
def test_no_trial():
    raise AssertionError("left to make test")

def test_right(trial):
    trial.record("right", trial.size(1, 900), wrong=0, late=3)

def test_wrong(trial):
    trial.record("wrong", trial.size(1, 900), wrong=1)
"""


HEAD = """
| date | trial | n | wrong | share | seed | time | seen | test |
|---|---|---|---|---|---|---|---|---|
| 2026-11-25 | right | 900 | 0 | < 3.3e-03 | 8 | 1 s | 3 late | test_it.py::test_right |
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of three tests, and a table with what another seed saw."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(TESTS)
    table = tmp_path / trials.TABLE
    table.parent.mkdir(parents=True)
    table.write_text(HEAD)
    return tmp_path


def _nightly(folder: Path, **settings: str) -> str:
    """What a nightly run prints in a project."""
    settings |= {"NIGHTLY": "1", "SEED": "7", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.trials", "-q", "-rs", "test_it.py"],
        cwd=folder,
        env=os.environ | settings | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return finished.stdout


def test_a_run_is_taken_up_by_its_seed(folder: Path) -> None:
    """Trials alone are run, at full size; what came out right with this seed is skipped, named."""
    first, second, again = _nightly(folder), _nightly(folder), _nightly(folder, AGAIN="1")

    assert "2 trials, seed 7\n" in first
    assert "1 failed, 1 passed, 1 deselected" in first
    assert "1 failed, 1 skipped, 1 deselected" in second
    assert "right: 0 wrong of 900 on 20" in second
    assert "1 failed, 1 passed, 1 deselected" in again
    added = (folder / trials.TABLE).read_text().removeprefix(HEAD).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in added]
    right = ["right", "900", "0", "7", "3 late", "test_it.py::test_right"]
    wrong = ["wrong", "900", "1", "7", "", "test_it.py::test_wrong"]
    seen = [[row[number] for number in (1, 2, 3, 5, 7, 8)] for row in rows]
    assert seen == [right, wrong, wrong, right, wrong]
