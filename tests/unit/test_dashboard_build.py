"""The dashboard is built once for its sources, and its own tests are run with all others."""

import shutil
from pathlib import Path

import pytest

from knative.local import dashboard_build
from knative.local.dashboard_build import DashboardError, built_dashboard, run_tests
from tests.npm_packages import INSTALL_SECONDS

pytestmark = pytest.mark.timeout(INSTALL_SECONDS + 120)


def test_what_is_pure_in_it_keeps_its_promises() -> None:
    """Amounts, times, languages, and a stream that is cut anywhere without gap or repetition."""
    run_tests()


def test_what_was_built_of_other_sources_is_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any change of a source, and it alone, asks for another build."""
    root = tmp_path / "root"
    sources, contract = root / "functions" / "dashboard", root / "openapi.yaml"
    shutil.copytree(
        dashboard_build.SOURCES, sources, ignore=shutil.ignore_patterns("node_modules", ".next")
    )
    contract.write_text("openapi: 3.1.0\n", encoding="utf-8")
    for name, value in {"ROOT": root, "SOURCES": sources, "CONTRACT": contract}.items():
        monkeypatch.setattr(dashboard_build, name, value)
    made = dashboard_build.built_folder(tmp_path)
    made.mkdir()
    assert built_dashboard(cache=tmp_path) == made

    (sources / "README.md").write_text("Another word", encoding="utf-8")
    (sources / "node_modules").mkdir()
    (sources / "node_modules" / "a.js").touch()
    assert built_dashboard(cache=tmp_path) == made

    for changed in (sources / "src" / "settings.ts", sources / "package-lock.json", contract):
        before = changed.read_bytes()
        changed.write_bytes(before + b" ")
        assert built_dashboard(cache=tmp_path) is None
        changed.write_bytes(before)

    assert built_dashboard(cache=tmp_path) == made


def test_what_a_tool_finds_is_told(tmp_path: Path) -> None:
    """Whoever reads the one line of a failed build sees what the tool said."""
    script = tmp_path / "node_modules" / "tool.js"
    script.parent.mkdir()
    script.write_text("console.error('a fault in line 7'); process.exit(3);", encoding="utf-8")

    with pytest.raises(DashboardError, match=r"tool\.js .*a fault in line 7"):
        dashboard_build.run_tool(tmp_path, ("tool.js", "build"))
