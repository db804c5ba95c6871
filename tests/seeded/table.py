"""All seeded bugs, in the order of their numbers, and which tests their ids name."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

from tests.seeded.amounts import AMOUNTS
from tests.seeded.bug import Bug
from tests.seeded.money import MONEY
from tests.seeded.walls import WALLS

ROOT: Final = Path(__file__).resolve().parents[2]


def _place(bug: Bug) -> tuple[int, str]:
    digits = bug.number.rstrip("bcdefg")
    return int(digits), bug.number.removeprefix(digits)


BUGS: Final = tuple(sorted((*MONEY, *AMOUNTS, *WALLS), key=_place))
KINDS: Final = 26
"""How many there must be; a variant is none of its own."""


@cache
def tests_of(file: str) -> frozenset[str]:
    """Return the names of a file's tests. Raises FileNotFoundError."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def is_known(claim: str) -> bool:
    """Tell whether an id names a file of tests, or a test of one."""
    file, _, name = claim.partition("::")
    return bool(tests_of(file)) if not name else name.partition("[")[0] in tests_of(file)
