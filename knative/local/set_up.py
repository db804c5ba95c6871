"""Makes .venv and installs one pinned requirements file, once for each content of that file.

Run by any Python 3.11+, before anything is installed: `python3 -I knative/local/set_up.py FILE`.
"""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)


def main() -> int:
    """Install what the named file pins, unless it is there already; the exit code."""
    if sys.version_info < OLDEST:
        return _refuse(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    requirements = ROOT / sys.argv[1]
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = VENV / f".installed-{sys.argv[1].replace('/', '-')}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return 0
    began = time.monotonic()
    if not (VENV / "bin" / "pip").exists():
        _say("Making .venv")
        if _run(sys.executable, "-m", "venv", str(VENV)) != 0:
            return _refuse("python3 -m venv failed: install your system's package python3-venv")
    _say(f"Installing {sys.argv[1]} (once; every package is checked against its hash)")
    pip = (str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input")
    options = ("--disable-pip-version-check", "--require-hashes", "--requirement")
    if _run(*pip, *options, str(requirements)) != 0:
        return _refuse(f"the packages of {sys.argv[1]} could not be installed")
    stamp.write_text(digest, encoding="utf-8")
    _say(f"Set up in {time.monotonic() - began:.0f} s")
    return 0


def _run(*argv: str) -> int:
    return subprocess.run(argv, check=False, cwd=ROOT).returncode  # noqa: S603 - our own words


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _refuse(why: str) -> int:
    sys.stderr.write(f"Set-up stopped: {why}.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
