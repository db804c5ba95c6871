"""Which codes the source raises, and with which HTTP status each leaves."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from shared.domain import errors
from shared.runtime.problem import KINDS

ROOT: Final = Path(__file__).parents[1]
STATUSES: Final = {
    name: next(KINDS[cls].status for cls in value.__mro__ if cls in KINDS)
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.Refusal) and value is not errors.Refusal
}
_NAMED: Final = ("code", "failure_code")


@cache
def raised_codes() -> Mapping[str, frozenset[int]]:
    """Return each code that stands in the source; without a status where none is raised with it."""
    found: dict[str, set[int]] = defaultdict(set)
    for path in sorted(_sources()):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                for code in _texts(node.args[:1]) if node.func.id in STATUSES else ():
                    found[code].add(STATUSES[node.func.id])
            if isinstance(node, ast.keyword) and node.arg in _NAMED:
                for code in _texts([node.value]):
                    found[code] |= set()
    return {code: frozenset(statuses) for code, statuses in found.items()}


def _sources() -> Iterator[Path]:
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            # The simulator speaks in operators' words.
            if not path.is_relative_to(ROOT / "shared" / "simulator"):
                yield path


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    """Yield the texts that an argument may be, both branches of a choice included."""
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from _texts([node.body, node.orelse])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
