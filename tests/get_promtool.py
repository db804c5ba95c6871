"""Fetches promtool and amtool for the tests: Debian's own, unpacked into .cache."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.debian import Apt, NotToBeHadError

CACHE: Final = Path(__file__).resolve().parent.parent / ".cache" / "prometheus"
_PACKAGES: Final = ("prometheus", "prometheus-alertmanager")
TOOLS: Final = ("promtool", "amtool", "prometheus")


def tool(name: str) -> Path | None:
    """The tool to run: the one fetched or this machine's own, None without either."""
    fetched = CACHE / name
    if fetched.exists():
        return fetched
    own = shutil.which(name)
    return Path(own) if own else None


def fetch() -> None:
    """Put them into the cache. Raises NotToBeHadError."""
    with tempfile.TemporaryDirectory() as name:
        apt = Apt.begin(Path(name))
        apt.run("apt-get", "--quiet", "download", *_PACKAGES)
        root = apt.unpack(apt.folder)
        CACHE.mkdir(parents=True, exist_ok=True)
        for each in TOOLS:
            shutil.copy2(root / "usr/bin" / each, CACHE / each)


def main() -> int:
    """Fetch them where they are missing; exit code 1 in CI when they cannot be had."""
    try:
        if any(tool(name) is None for name in TOOLS):
            fetch()
    except NotToBeHadError as error:
        sys.stderr.write(f"Left out, no promtool to be had: {error}\n")
        return int(os.environ.get("CI") == "true")
    return 0


if __name__ == "__main__":
    sys.exit(main())
