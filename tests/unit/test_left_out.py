"""With CI=true nothing is left out in silence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WHOLE = "def test_whole(): pass\n"
SKIPPED = "import pytest\n@pytest.mark.skip\ndef test_skipped(): pass\n"
SAID = """
from tests import PRINTED_AT_THE_END
def test_said(record_property):
    record_property(PRINTED_AT_THE_END, "left out, no such part here: a store")
"""


def _run(folder: Path, tests: str, ci: str) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(WHOLE + tests)
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.left_out", "-q", "test_it.py"],
        cwd=folder,
        env=os.environ | {"CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return finished.returncode, finished.stdout


@pytest.mark.parametrize("tests", [SKIPPED, SAID])
def test_what_is_left_out_fails_ci_and_is_named(tmp_path: Path, tests: str) -> None:
    """By hand it is shown and passes; in CI a green run means that all of it ran."""
    assert _run(tmp_path, tests, "")[0] == 0
    code, output = _run(tmp_path, tests, "true")
    assert (code, output.count("In CI nothing is left out: test_it.py::")) == (1, 1)


def test_a_whole_run_passes_in_ci(tmp_path: Path) -> None:
    """The rule fails nobody else."""
    assert _run(tmp_path, "", "true")[0] == 0
