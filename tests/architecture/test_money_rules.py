"""The page of money's rules is held to the tree: each rule names tests and code that are there."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.seeded.table import is_known

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = (ROOT / "shared/docs/money_rules.md").read_text("utf-8")
PARTS: Final = 7
_PLAIN: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: what nobody may break, the ids of its tests, the files where it lives."""

    number: str
    text: str
    tests: tuple[str, ...]
    files: tuple[str, ...]


def rules_of(page: str) -> list[Rule]:
    """Read the rows of all tables; a row that is not whole has neither tests nor files."""
    found = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if re.match(r"\| \d", line):
            held, lives = ([*cells, "", ""])[2:4]
            found.append(
                Rule(cells[0], cells[1], tuple(_PLAIN.findall(held)), tuple(_PLAIN.findall(lives)))
            )
    return found


def what_is_wrong(rule: Rule) -> list[str]:
    """Tell which tests and files of a rule are not there, or that it has none."""
    wrong = [test for test in rule.tests if not _is_test(test)]
    wrong += [file for file in rule.files if not (ROOT / file).is_file()]
    return wrong + [word for word in ("tests", "files", "text") if not getattr(rule, word)]


def _is_test(name: str) -> bool:
    file, _, test = name.partition("::")
    return bool(test) and (ROOT / "tests" / file).is_file() and is_known(f"tests/{name}")


RULES: Final = rules_of(PAGE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.number)
def test_a_rule_of_money_has_its_tests_and_its_code(rule: Rule) -> None:
    """A test that is renamed or taken away leaves no rule without one unseen."""
    assert what_is_wrong(rule) == []


def test_no_rule_of_money_is_left_out() -> None:
    """Each part has rules, numbered without a gap, and each row of a table is read."""
    parts = [re.findall(rf"^\| {part}\.(\d+) \|", PAGE, re.MULTILINE) for part in range(1, 8)]
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]

    for numbers in parts:
        assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert all(parts)
    assert sum(map(len, parts)) == len(RULES) == sum(not row.startswith("| nr |") for row in rows)
    assert len(re.findall(r"^## \d\. ", PAGE, re.MULTILINE)) == PARTS


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("| 1.1 | x | `unit/test_x.py::test_y` | `shared/README.md` |", ["unit/test_x.py::test_y"]),
        (
            "| 1.1 | x | `unit/test_money.py::test_y` | `shared/README.md` |",
            ["unit/test_money.py::test_y"],
        ),
        ("| 1.1 | x | `unit/test_money.py` | `shared/README.md` |", ["unit/test_money.py"]),
        ("| 1.1 | x |  | `shared/nowhere.py` |", ["shared/nowhere.py", "tests"]),
        ("| 1.1 | x |", ["tests", "files"]),
    ],
)
def test_a_rule_without_its_test_is_found(row: str, wrong: list[str]) -> None:
    """The check can fail: on a test or file that is not there, and on none at all."""
    assert what_is_wrong(rules_of(row)[0]) == wrong
