"""What failed among eleven thousand tests on a busy machine is asked again, alone.

`python -m tests.again`, after a run that failed. A test that is wrong fails by itself too; one that
was only late does not. At most three are asked, three times each, and all nine must pass: more is
no accident. Each is named in the output, for whoever must find out why it needed the quiet.
"""

import json
import subprocess
import sys
from typing import Final

from knative.local.layout import ROOT

FAILED: Final = ROOT / ".cache" / "pytest" / "v" / "cache" / "lastfailed"
MOST: Final = 3
TIMES: Final = 3


def main() -> int:
    """Say which are asked again; 0 where all of them pass each time."""
    failed = json.loads(FAILED.read_text("utf-8")) if FAILED.exists() else {}
    if not 0 < len(failed) <= MOST:
        sys.stdout.write(f"{len(failed)} failed: not asked again\n")
        return 1
    for name in failed:
        sys.stdout.write(f"FAILED AMONG ALL OTHERS, asked again alone, {TIMES} times: {name}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", "-n0", *failed]
    for _ in range(TIMES):
        done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603 - our own tests
        if done.returncode != 0:
            return 1
    sys.stdout.write("Passed alone each time. Find out why not among the others.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
