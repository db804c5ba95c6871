"""The tools' settings keep their promises, and the import contracts are ones that can break."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from knative.catalogue import ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
MOST_EXCEPTIONS = 15
# One forbidden import for each contract of .importlinter, in the order in which they stand there.
BREAKING = {
    "Imports go down": ("shared/domain/money.py", "import shared.operations.charges"),
    "Functions never import each other": (
        "functions/create_charge/main.py",
        "import functions.read_payments.main",
    ),
    "Functions ask the runtime": ("functions/read_payments/main.py", "import shared.db.tables"),
    "Domain and operations": ("shared/operations/charges.py", "import sqlalchemy"),
    "Contracts are data": ("shared/contracts/operations.py", "import shared.domain.money"),
    "The simulator cannot share": ("shared/simulator/engine.py", "import shared.providers.mtn"),
    "Only its own function": ("shared/runtime/http.py", "import shared.simulator.engine"),
    "The platform's own code": ("knative/local/runner.py", "import shared.runtime.http"),
    "Nothing but tests": ("shared/storage/store.py", "import knative.local.runner"),
    "The oracle judges": ("tests/chaos/oracle/evidence.py", "import shared.domain.ledger"),
    "Who reads the most": ("functions/call_rpc/main.py", "import shared.providers.mtn"),
}


def test_linter_exceptions_are_few_and_each_has_its_reason() -> None:
    """At most fifteen rules are off anywhere, each says why, none is off in the core alone."""
    text = (ROOT / ".ruff.toml").read_text("utf-8")
    lint = tomllib.loads(text)["lint"]
    per_file = lint.get("per-file-ignores", {})
    codes = [*lint["ignore"], *(code for codes in per_file.values() for code in codes)]

    assert lint["select"] == ["ALL"]
    assert len(codes) <= MOST_EXCEPTIONS
    for code in codes:
        assert re.search(rf'"{code}",\s+# \S+', text), f"{code} has no reason"
    core = ("shared/domain", "shared/operations", "shared/**", "shared/*", "functions")
    assert not [pattern for pattern in per_file if pattern.startswith(core)]


def _lint_imports(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - a tool of our own environment
        [LINT_IMPORTS, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_imports_go_one_way() -> None:
    """The contracts of .importlinter hold, and none of them ignores an import."""
    finished = _lint_imports(ROOT)

    assert finished.returncode == 0, finished.stdout
    assert "ignore_imports" not in (ROOT / ".importlinter").read_text("utf-8")


@pytest.fixture(scope="module")
def broken_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the linter says of a small tree that breaks every contract once."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / ".importlinter", tree)
    modules = {"shared/db/tables.py": "", "shared/providers/mtn.py": "", "tests/test_x.py": ""}
    modules |= {"shared/identity/server.py": "", "shared/messaging/publisher.py": ""}
    modules |= {"functions/simulate_provider/main.py": ""}
    modules |= dict(BREAKING.values())
    for path, source in modules.items():
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source + "\n", "utf-8")
        for parent in file.relative_to(tree).parents[:-1]:
            (tree / parent / "__init__.py").touch()
    return _lint_imports(tree).stdout


@pytest.mark.parametrize("contract", BREAKING)
def test_a_contract_can_break(broken_report: str, contract: str) -> None:
    """A contract that holds whatever is imported protects nothing."""
    assert re.search(rf"^{re.escape(contract)}.* BROKEN$", broken_report, re.MULTILINE)
