"""Lets tflint and checkov look at Terraform's tree: `python -m tests.deployment.lint`.

tflint is built from its module, checkov has an environment of its own, since it brings a hundred
packages; both are kept in .cache/terraform. What cannot be had is left out by name.
"""

import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests import terraform_tool
from tests.deployment.get_parts import GO_SECONDS, NotToBeHadError, go, run
from tests.terraform_tool import CACHE, TREE, Terraform

TFLINT: Final = "github.com/terraform-linters/tflint@v0.64.0"
CHECKOV: Final = "checkov==3.3.30"
# pip takes half a minute longer for the hundred packages.
UV: Final = "uv==0.13.9"
_CHECKOV_SECONDS: Final = 1200
CHECKOV_PROGRAM: Final = CACHE / "checkov" / "bin" / "checkov"


def _tflint() -> tuple[str, ...]:
    program = CACHE / "bin" / "tflint"
    if not program.exists():
        run((go(), "install", TFLINT), TREE, GO_SECONDS, GOBIN=str(program.parent))
    return (str(program), "--recursive", "--format", "compact")


def get_checkov() -> None:
    """Install checkov where it is not. Raises NotToBeHadError."""
    folder = CHECKOV_PROGRAM.parent.parent
    if not CHECKOV_PROGRAM.exists():
        venv.create(folder, with_pip=True)
        run((str(folder / "bin/pip"), "install", "--quiet", UV), TREE, _CHECKOV_SECONDS)
        words = ("pip", "install", "--quiet", "--python", str(folder / "bin/python"), CHECKOV)
        run((str(folder / "bin/uv"), *words), TREE, _CHECKOV_SECONDS)


def _checkov() -> tuple[str, ...]:
    get_checkov()
    return (str(CHECKOV_PROGRAM), "--directory", ".", "--config-file", ".checkov.yaml")


def _look(get: Callable[[], tuple[str, ...]], got: Future[tuple[str, ...]], tree: Path) -> int:
    try:
        words = got.result()
    except NotToBeHadError as error:
        sys.stderr.write(f"Left out, {get.__name__.strip('_')} could not be had: {error}\n")
        return int(os.environ.get("CI") == "true")
    finished = subprocess.run(words, cwd=tree, check=False)  # noqa: S603 - a program of ours
    return finished.returncode


def main() -> int:
    """Look with each of them; exit code 1 when one finds something."""
    with tempfile.TemporaryDirectory() as name:
        # A copy, beside which lies what stacks read.
        tree = Terraform(terraform_tool.command() or "terraform", Path(name)).tree
        # One is compiled while the other is fetched.
        with ThreadPoolExecutor() as pool:
            tools = {get: pool.submit(get) for get in (_tflint, _checkov)}
            codes = [_look(get, got, tree) for get, got in tools.items()]
        return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
