"""Fixtures for all tests: a database is there for whoever names it, and starts for nobody else."""

import pytest

from tests import PRINTED_AT_THE_END

pytest_plugins = ("tests.database", "tests.system", "tests.trials")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests want seen, such as the table of crash points."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") != "call":
                continue
            for name, text in report.user_properties:
                if name == PRINTED_AT_THE_END:
                    terminalreporter.write_line(f"\n{text}\n")
