"""Builds the dashboard once for each content of its sources, and checks them the same way.

`python -m knative.local.dashboard_build` builds; with `check` it looks at format, rules and types.
All of it happens in one folder of the cache, where the packages of the lock file are: the sources'
own folder gets no file.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from knative.local.layout import ROOT, reason_of
from knative.local.node import NodeError, node_of_the_wheel, npm_of_the_wheel
from knative.local.programs import Program, kill, spawn

SOURCES: Final = ROOT / "functions" / "dashboard"
CONTRACT: Final = ROOT / "shared" / "contracts" / "openapi.yaml"
BUILD_NOTICE: Final = "Fetching the dashboard's packages and building it, once for its sources"
_CACHE: Final = ROOT / ".cache"
_LOCK_FILE: Final = "package-lock.json"
_KEPT: Final = 3
_GOOD: Final = ".checked"
_LOG: Final = ".log"
_INSTALLED: Final = ".installed"
_MADE: Final = frozenset({"node_modules", ".next", "next-env.d.ts", "schema.d.ts"})
# What a build is not made of.
_UNBUILT: Final = frozenset({"README.md", "biome.json", "tests", "vitest.config.ts"})
_INSTALL_SECONDS: Final = 600
_RUN_SECONDS: Final = 600
_LONGEST_REASON: Final = 8000
_SCHEMA: Final = (
    "openapi-typescript/bin/cli.js",
    str(CONTRACT),
    "--default-non-nullable",
    "false",
    "-o",
    "src/api/schema.d.ts",
)
_BUILD: Final = ("next/dist/bin/next", "build")
_CHECKS: Final = (
    ("@biomejs/biome/bin/biome", "ci", "--colors=off", "--error-on-warnings", "."),
    ("typescript/bin/tsc", "--noEmit"),
)
_TESTS: Final = ("vitest/vitest.mjs", "run")


class DashboardError(Exception):
    """The dashboard cannot be built, or is not as it should be; the message says why."""


def built_dashboard(*, cache: Path = _CACHE) -> Path | None:
    """Return the folder of the server built of today's sources, or None where it is to be made."""
    folder = built_folder(cache)
    return folder if folder.exists() else None


def prepare_dashboard(announce: Callable[[str], None], *, cache: Path = _CACHE) -> Path:
    """Return that folder; install and build first, a minute or two, where it is missing.

    Several may ask at the same time: one builds, the others wait. Raises DashboardError, NodeError.
    """
    with _workshop(cache) as workshop:
        folder = built_folder(cache)
        if not folder.exists():
            announce(BUILD_NOTICE)
            _enter(workshop)
            run_tool(workshop, _BUILD)
            made = workshop / ".next" / "standalone"
            shutil.copytree(workshop / ".next" / "static", made / ".next" / "static")
            made.rename(folder)
            _forget_old(cache)
    return folder


def check_sources(*, cache: Path = _CACHE) -> None:
    """Format, lint and type the sources, unless these very ones were found good before.

    Raises DashboardError with what is wrong, NodeError.
    """
    with _workshop(cache) as workshop:
        good, digest = workshop / _GOOD, _digest(_MADE)
        if good.exists() and good.read_text("utf-8") == digest:
            return
        _enter(workshop)
        for command in _CHECKS:
            run_tool(workshop, command)
        good.write_text(digest, encoding="utf-8")


def run_tests(*, cache: Path = _CACHE) -> None:
    """Run the tests of what is pure. Raises DashboardError with what fails, NodeError."""
    with _workshop(cache) as workshop:
        _enter(workshop)
        run_tool(workshop, _TESTS)


@contextlib.contextmanager
def _workshop(cache: Path) -> Iterator[Path]:
    """Hold the folder in which packages lie and everything is made."""
    folder = cache / "dashboard"
    folder.mkdir(parents=True, exist_ok=True)
    with (cache / "dashboard.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _enter(workshop: Path) -> None:
    """Have today's packages and sources there, and the types of today's contract."""
    for found in workshop.iterdir():
        if found.name not in {*_MADE, _GOOD, _INSTALLED, _LOG}:
            _remove(found)
    shutil.copytree(SOURCES, workshop, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_MADE))
    # What the build before said of pages that may have moved since would be checked too.
    for made in ("standalone", "types"):
        _remove(workshop / ".next" / made)
    _install(workshop)
    run_tool(workshop, _SCHEMA)


def _install(workshop: Path) -> None:
    digest = hashlib.sha256((workshop / _LOCK_FILE).read_bytes()).hexdigest()
    stamp = workshop / _INSTALLED
    if stamp.exists() and stamp.read_text("utf-8") == digest:
        return
    stamp.unlink(missing_ok=True)
    words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    _finish(workshop, (*npm_of_the_wheel(), *words), seconds=_INSTALL_SECONDS)
    stamp.write_text(digest, encoding="utf-8")


def run_tool(workshop: Path, command: tuple[str, ...]) -> None:
    """Run a script of a package with its words. Raises DashboardError with what it says."""
    script, *words = command
    node = str(node_of_the_wheel())
    argv = (node, str(workshop / "node_modules" / script), *words)
    _finish(workshop, argv, seconds=_RUN_SECONDS)


def _finish(workshop: Path, argv: tuple[str, ...], *, seconds: int) -> None:
    # Whatever npm and Next.js start by name is the same Node.
    path = f"{node_of_the_wheel().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    plain = {"PATH": path, "NEXT_TELEMETRY_DISABLED": "1", "CI": "true", "NO_COLOR": "1"}
    log = workshop / _LOG
    log.unlink(missing_ok=True)
    # It dies with us: whoever comes next finds nobody at work in the workshop.
    program = Program("dashboard_build", argv, log, workshop, {**os.environ, **plain})
    process = spawn(program)
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        kill(process)
    if code != 0:
        said = log.read_text("utf-8", errors="replace").strip()[-_LONGEST_REASON:]
        raise DashboardError(f"{Path(argv[1]).name} {' '.join(argv[2:4])} failed: {said}")


def built_folder(cache: Path) -> Path:
    """Say where what is built of today's sources lies, or will."""
    return cache / f"dashboard-{_digest(_MADE | _UNBUILT)[:16]}"


def _digest(without: frozenset[str]) -> str:
    """Tell one content of the sources, and of the contract they are typed by, from another."""
    sha = hashlib.sha256()
    for file in (*sorted(_files(SOURCES, without)), CONTRACT):
        sha.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode())
        sha.update(file.read_bytes())
    return sha.hexdigest()


def _files(folder: Path, without: frozenset[str]) -> Iterator[Path]:
    for found in folder.iterdir():
        if found.name in without:
            continue
        if found.is_dir():
            yield from _files(found, without)
        else:
            yield found


def _forget_old(cache: Path) -> None:
    """Remove builds that nobody serves any more: the latest may still be."""
    builds = [path for path in cache.glob("dashboard-*") if path.is_dir()]
    for build in sorted(builds, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        _remove(build)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main() -> int:
    """Build or check; 1 with what was wrong."""
    try:
        match sys.argv[1:]:
            case []:
                prepare_dashboard(_say)
            case ["check"]:
                check_sources()
            case _:
                sys.stderr.write("Nothing, or `check`\n")
                return 2
    except (DashboardError, NodeError, OSError) as error:
        sys.stderr.write(f"{reason_of(error)}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
