"""A plugin of pytest that writes down how each test ended: what failed it, and in which part."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

PATH = "SEEDED_WITNESS"
_LONGEST = 200


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Any:
    """Keep one line a part of a test."""
    report = yield
    failure = None if call.excinfo is None else call.excinfo.value
    line = {
        "test": item.nodeid,
        "part": report.when,
        "outcome": report.outcome,
        "is_ours": is_ours(failure),
        "failure": "" if failure is None else f"{type(failure).__name__}: {failure}"[:_LONGEST],
    }
    with Path(os.environ[PATH]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    return report


def is_ours(failure: BaseException | None) -> bool:
    """Tell an assertion, or something expected that did not come, from a crash and a time-out."""
    if isinstance(failure, pytest.fail.Exception):
        return not str(failure).startswith("Timeout")
    return isinstance(failure, AssertionError)
