"""Files that use one running system, Keycloak or API server are taken by one process."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.sharing import SHARED, group_of, place_of
from tests.system import ROOT

USERS: Final = {
    "the local system": re.compile(r"\b(local_system|whole_system): "),
    "the identity server": re.compile(r"\bidentity: (Identity|Server)\b|\bowner: str\b"),
    "the API server": re.compile(r"def test_\w+\(\s*api: Api\b"),
}
# By a target of their own, in one process.
APART: Final = tuple(
    f"tests/{room}/" for room in ("benchmarks", "chaos", "journeys", "storms", "watching")
)


def _files() -> list[str]:
    found = (path.relative_to(ROOT) for path in Path(ROOT / "tests").rglob("test_*.py"))
    return sorted(str(path) for path in found if not str(path).startswith(APART))


@pytest.mark.parametrize("group", SHARED)
def test_whoever_uses_it_shares_it(group: str) -> None:
    """None of them starts another one in the other process."""
    users = [name for name in _files() if USERS[group].search((ROOT / name).read_text())]

    assert users
    assert [name for name in users if group_of(name) != group] == []


def test_all_others_are_taken_by_themselves() -> None:
    """A file that shares nothing is a group of its own."""
    assert group_of("tests/unit/test_sharing.py") == "tests/unit/test_sharing.py"


def test_the_system_is_found_new_and_left_ended() -> None:
    """Keycloak's first start and the count of all payments come first, the end of all last."""
    users = [name for name in _files() if group_of(name) == "the local system"]

    ordered = sorted(users, key=place_of)

    assert ordered[:2] == [
        "tests/end_to_end/test_identity.py",
        "tests/end_to_end/test_statements.py",
    ]
    assert ordered[-1] == "tests/end_to_end/test_stopping.py"
