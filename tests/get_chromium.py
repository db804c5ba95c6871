"""Finds a Chromium for the tests, or fetches Debian's own with all below it, into .cache."""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.debian import Apt, NotToBeHadError

FETCH_SECONDS: Final = 300
_CACHE: Final = Path(__file__).resolve().parent.parent / ".cache"
_FETCHED: Final = _CACHE / "chromium"
_NAMES: Final = ("chromium", "google-chrome")
_PACKAGES: Final = ("chromium", "fonts-dejavu-core")
# What is unpacked has no /etc of its own: the fonts are named, beside this machine's.
_FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>{root}/usr/share/fonts</dir><dir>/usr/share/fonts</dir>
<match><edit name="family" mode="append_last"><string>DejaVu Sans</string></edit></match>
</fontconfig>
"""


@dataclass(frozen=True, slots=True)
class Chromium:
    """The program, and the environment that it starts in."""

    program: str
    environment: Mapping[str, str]


def chromium() -> Chromium:
    """Return this machine's own, else the one fetched. Raises NotToBeHadError."""
    own = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if own is not None:
        return Chromium(own, os.environ)
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / "chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _FETCHED.exists():
            _fetch()
    libraries = sorted({str(path.parent) for path in _FETCHED.rglob("lib*.so*")})
    return Chromium(
        str(_FETCHED / "usr/lib/chromium/chromium"),
        {
            **os.environ,
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "FONTCONFIG_FILE": str(_FETCHED / "fonts.conf"),
        },
    )


def _fetch() -> None:
    """Fetch what this machine lacks of it; the cache holds all or nothing."""
    with tempfile.TemporaryDirectory(dir=_CACHE) as name:
        apt = Apt.begin(Path(name))
        words = ("--quiet", "--yes", "--no-install-recommends", "--download-only", "install")
        apt.run("apt-get", *words, *_PACKAGES)
        root = apt.unpack(apt.folder / "cache/archives")
        (root / "fonts.conf").write_text(_FONTS.format(root=_FETCHED), encoding="utf-8")
        root.rename(_FETCHED)


def main() -> int:
    """Fetch it where it is missing; exit code 1 in CI when it cannot be had."""
    try:
        sys.stdout.write(f"Chromium: {Path(chromium().program).name}\n")
    except NotToBeHadError as error:
        sys.stderr.write(f"Left out, no Chromium to be had: {error}\n")
        return int(os.environ.get("CI") == "true")
    return 0


if __name__ == "__main__":
    sys.exit(main())
