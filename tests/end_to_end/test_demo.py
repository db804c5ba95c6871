"""`make demo` on a running system."""

import os
import subprocess
import sys

from tests.system import ROOT, LocalSystem


def test_the_demo_takes_a_charge_to_its_receipt(local_system: LocalSystem) -> None:
    """It ends well and shows each step with its time."""
    result = subprocess.run(
        [sys.executable, "-m", "knative.local.demo"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(local_system.data_dir)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    steps = [line.split(" ms  ")[1].split()[0] for line in result.stdout.splitlines()[:-1]]
    assert steps[0] == "created"
    assert {"succeeded", "balance"} < set(steps)
    assert steps.count("webhook") == 3
    assert steps[-1] == "receipt"
