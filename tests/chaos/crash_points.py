"""Finds every crash point in the source, so that a new one is exercised without being listed."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from knative.catalogue import load_catalogue
from tests.system import ROOT

# What a storm does not feed, and why: nobody is killed there, except where a test of its own does.
LEFT_OUT: Final = {
    "accept_late_payment": "nothing is paid late in a storm",
    "approve_payout": "a storm has no second person",
    "archive_ledger": "ledgers are archived once a day",
    "create_settlement": "owners' settlements are made once a day",
    "keep_identity": "storms run without Keycloak",
    "ingest_statement": "nobody uploads a statement in a storm",
    "manage_platform": "what it writes the relay alone publishes",
    "print_invoice": "no month ends in a storm",
    "provision_account": "what it writes the relay alone publishes",
    "receive_statement": "nobody drops a statement in a storm",
    "read_customer": "three texts in ten minutes are too few to be killed at",
    "refund_late_payment": "nothing is paid late in a storm",
    "start_due_work.after_invoice": "no month ends in a storm",
    "start_due_work.before_invoice": "no month ends in a storm",
    "upload_statement": "nobody uploads a statement in a storm",
}
# Who passes points that are called after what is done there.
_PASSED_BY: Final = {"open_page": "submit_charge"}
_ROOMS: Final = ("functions", "shared")
_NAME: Final = "reached"


def discover(root: Path = ROOT) -> frozenset[str]:
    """Every name given to `reached(…)`, one for each publishing function where it is a variable.

    Raises ValueError for a call whose name cannot be read from the source.
    """
    return frozenset(
        name
        for room in _ROOMS
        for file in sorted((root / room).rglob("*.py"))
        for call in _calls(ast.parse(file.read_text(encoding="utf-8")))
        for name in _names(call.args[0])
        if name not in LEFT_OUT and name.partition(".")[0] not in LEFT_OUT
    )


def victim_of(point: str) -> str:
    """The function that dies at a point."""
    name = point.partition(".")[0]
    return _PASSED_BY.get(name, name)


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
                holds_work = function.publishes and function.kind != "operation"
                if holds_work and function.name not in LEFT_OUT:
                    yield f"{function.name}{step}"
        case _:
            raise ValueError(f"no crash point's name: {ast.unparse(argument)}")
