"""Shows at the end what tests want seen; with CI=true whatever was left out fails the run.

A test is left out when it is skipped, or when it says "left out" in what it shows. "left to" names
another target that does it. What may be left out in CI stands in README.md: no test does.
"""

import os
from collections.abc import Iterator

import pytest

from tests import PRINTED_AT_THE_END

_LEFT_OUT = "left out"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show it, such as the table of crash points, and name what was left out."""
    for _, text in _shown(terminalreporter):
        terminalreporter.write_line(f"\n{text}\n")
    if _is_ci():
        for what in _left_out(terminalreporter):
            terminalreporter.write_line(f"In CI nothing is left out: {what}", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that left something out; the workers of a run leave that to its main process."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus or reporter is None or not _is_ci() or hasattr(session.config, "workerinput"):
        return
    if any(_left_out(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_ci() -> bool:
    return os.environ.get("CI") == "true"


def _shown(reporter: pytest.TerminalReporter) -> Iterator[tuple[str, str]]:
    for reports in reporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, text in report.user_properties:
                    if name == PRINTED_AT_THE_END:
                        yield report.nodeid, str(text)


def _left_out(reporter: pytest.TerminalReporter) -> Iterator[str]:
    for report in reporter.stats.get("skipped", []):
        yield f"{report.nodeid} was skipped"
    for test, text in _shown(reporter):
        if _LEFT_OUT in text:
            yield f"{test}: {text}"
