"""Fetches a PgBouncer for the tests: Debian's own, beside the libraries it was built with.

A stable Debian has one that is too old. apt takes a newer one from the archive that this machine
installs from, checks Debian's signature and unpacks it into .cache; nothing gets installed.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.debian import Apt, NotToBeHadError

CACHE: Final = Path(__file__).resolve().parent.parent / ".cache" / "pgbouncer"
# Before 1.21 no named prepared statements; before 1.25.1 SQL ran before the password was asked for.
OLDEST: Final = (1, 25, 1)
# The release after Debian 13: its name stays when it becomes the stable one.
_SUITE: Final = "forky"
_KEYS: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SOURCES: Final = ("sources.list", "sources.list.d/*.list", "sources.list.d/*.sources")
_ARCHIVE: Final = re.compile(r"^[^#\n]*?(https?://\S+/debian)/?(?=\s|$)", re.MULTILINE)
_LIBRARY: Final = re.compile(r"^ [ |]Depends: (lib\S+|zlib1g)$", re.MULTILINE)
_ONLY_NEEDED: Final = (
    "--no-recommends",
    "--no-suggests",
    "--no-conflicts",
    "--no-breaks",
    "--no-replaces",
    "--no-enhances",
)


def command() -> tuple[str, ...] | None:
    """The PgBouncer to start: this machine's own or the one fetched, None without either."""
    loader = next(iter(CACHE.glob("lib/ld-linux*")), None)
    fetched = (
        (str(loader), "--library-path", str(CACHE / "lib"), str(CACHE / "pgbouncer"))
        if loader
        else None
    )
    own = shutil.which("pgbouncer")
    for words in ((own,) if own else None, fetched):
        if words and version(words) >= OLDEST:
            return words
    return None


def version(words: tuple[str, ...]) -> tuple[int, ...]:
    """What it says it is; nothing where it does not run."""
    try:
        said = subprocess.run((*words, "--version"), capture_output=True, text=True, check=False)  # noqa: S603 - a program of ours
    except OSError:
        return ()
    found = re.search(r"PgBouncer (\d+)\.(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, found.groups())) if found else ()


def fetch() -> None:
    """Put it into the cache. Raises NotToBeHadError."""
    if not _KEYS.exists():
        raise NotToBeHadError("this is no Debian")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = _unpacked(Apt.begin(folder, f"deb [signed-by={_KEYS}] {_archive()} {_SUITE} main\n"))
        fresh = folder / "pgbouncer"
        triplet = f"{platform.machine()}-linux-gnu"
        shutil.copytree(root / "usr/lib" / triplet, fresh / "lib", symlinks=True)
        shutil.copy2(root / "usr/sbin/pgbouncer", fresh / "pgbouncer")
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.parent.mkdir(exist_ok=True)
        shutil.move(fresh, CACHE)


def _unpacked(apt: Apt) -> Path:
    """Fetch PgBouncer and the libraries below it, at the versions of one release."""
    names, new = {"pgbouncer"}, {"pgbouncer"}
    while new:
        told = apt.run("apt-cache", "depends", *_ONLY_NEEDED, *sorted(new))
        new = set(_LIBRARY.findall(told)) - names
        names |= new
    apt.run("apt-get", "--quiet", "download", *sorted(names))
    return apt.unpack(apt.folder)


def _archive() -> str:
    """Return where this machine's own packages come from."""
    for pattern in _SOURCES:
        for file in sorted(Path("/etc/apt").glob(pattern)):
            if found := _ARCHIVE.search(file.read_text("utf-8")):
                return found[1]
    raise NotToBeHadError("no Debian archive among the sources of apt")


def main() -> int:
    """Fetch it where it is missing; exit code 1 in CI when it cannot be had."""
    try:
        if command() is None:
            fetch()
        words = command()
    except NotToBeHadError as error:
        sys.stderr.write(f"Left out, no PgBouncer to be had: {error}\n")
        return int(os.environ.get("CI") == "true")
    if words is None:
        sys.stderr.write(f"Left out, the PgBouncer of {_SUITE} is too old\n")
        return int(os.environ.get("CI") == "true")
    sys.stdout.write(f"PgBouncer {'.'.join(map(str, version(words)))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
