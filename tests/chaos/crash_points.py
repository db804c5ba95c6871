"""Finds every crash point in the source, so that a new one is exercised without being listed.

A storm feeds most of them; `RARE` names those that a drill of their own reaches (`rare_ways.py`),
`LEFT_OUT` those where nobody is killed.
"""

import ast
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Final

from knative.catalogue import load_catalogue
from tests.system import ROOT

# Functions, or single points, that a storm does not feed, and why.
RARE: Final = {
    "accept_late_payment": "nothing is paid late in a storm",
    "approve_payout": "a storm has no second person",
    "archive_ledger": "ledgers are archived once a day",
    "create_file": "nobody hands in a file in a storm",
    "create_settlement": "owners' settlements are made once a day",
    "export_report": "nobody asks for a report in a storm",
    "ingest_statement": "nobody uploads a statement in a storm",
    "print_invoice": "no month ends in a storm",
    "read_customer": "three texts in ten minutes are too few to be killed at",
    "receive_statement": "nobody drops a statement in a storm",
    "refund_late_payment": "nothing is paid late in a storm",
    "scan_file": "nobody hands in a file in a storm",
    "serve_checkout": "nobody pays on a merchant's page in a storm",
    "start_due_work.after_invoice": "no month ends in a storm",
    "start_due_work.before_invoice": "no month ends in a storm",
    "upload_statement": "nobody uploads a statement in a storm",
}
# Who passes points that are called after what is done there.
_PASSED_BY: Final = {"open_page": "submit_charge"}
# Nobody is killed there, by a storm or by a drill: they have no point that anybody passes there.
LEFT_OUT: Final = {
    "keep_identity": "it stores nothing of its own, and asks Keycloak for the same again",
    "manage_platform": "what it writes the relay alone publishes",
    "provision_account": "what it writes the relay alone publishes",
}
_ROOMS: Final = ("functions", "shared")
_NAME: Final = "reached"


def discover(root: Path = ROOT) -> frozenset[str]:
    """Every point that a storm feeds. Raises ValueError as `every_point` does."""
    return frozenset(each for each in every_point(root) if not _is_of(each, {*RARE, *LEFT_OUT}))


def rare(root: Path = ROOT) -> frozenset[str]:
    """Every point that a drill of its own reaches. Raises ValueError as `every_point` does."""
    return frozenset(each for each in every_point(root) if _is_of(each, RARE))


def every_point(root: Path = ROOT) -> frozenset[str]:
    """Every name given to `reached(…)`, one for each publishing function where it is a variable.

    Raises ValueError for a call whose name cannot be read from the source.
    """
    return frozenset(
        name
        for room in _ROOMS
        for file in sorted((root / room).rglob("*.py"))
        for call in _calls(ast.parse(file.read_text(encoding="utf-8")))
        for name in _names(call.args[0])
    )


def victim_of(point: str) -> str:
    """The function that dies at a point."""
    name = point.partition(".")[0]
    return _PASSED_BY.get(name, name)


def _is_of(point: str, names: Container[str]) -> bool:
    """Whether a point is one of these, or of a function among them."""
    return point in names or point.partition(".")[0] in names


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name == _NAME:
                yield node


def _names(argument: ast.expr) -> Iterator[str]:
    match argument:
        case ast.Constant(value=str(name)):
            yield name
        case ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value=str(step))]):
            for function in load_catalogue():
                if function.publishes and function.kind != "operation":
                    yield f"{function.name}{step}"
        case _:
            raise ValueError(f"no crash point's name: {ast.unparse(argument)}")
