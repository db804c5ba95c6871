"""What the log says is said to the end: each field is written, each alarm stands in a runbook."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.domain.outgoing import WaitingReason
from shared.operations.archive_ledger import __file__ as archive_ledger
from shared.runtime.logs import FIELDS
from shared.simulator.faults import KINDS

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "shared/docs/runbooks"
ALARMS = {"warning", "error", "exception"}
CASES = {
    "amount_or_currency_differs", "approved_otherwise", "failed_after_success", "float_differs",
    "float_too_low", "intent_differs", "ledger_refused", "lost_in_restore", "order_differs",
    "paid_after_the_end", "payee_differs", "payer_differs", "sent_and_forgotten",
    "settlement_owner_gone", "statement_amount_differs", "statement_duplicate",
    "statement_missing_here", "statement_missing_there", "statement_reversed",
    "unresolved_for_a_day", "waiting_for_a_day",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One call that writes a line of the log; `word` is None where it is put together."""

    place: str
    level: str
    word: str | None
    fields: frozenset[str]


def _lines(text: str, place: str) -> Iterator[Line]:
    """Find them: on the module of logs, or on a name that stands for one of its functions."""
    tree = ast.parse(text)
    chosen = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp)
        for target in node.targets
        if isinstance(target, ast.Name) and _is_of_logs(node.value.body)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Attribute) and _is_of_logs(called):
            level = called.attr
        elif isinstance(called, ast.Name) and called.id in chosen:
            level = "warning"
        else:
            continue
        first = node.args[0] if node.args else None
        word = first.value if isinstance(first, ast.Constant) else None
        fields = frozenset(each.arg for each in node.keywords if each.arg is not None)
        yield Line(place, level, str(word) if word is not None else None, fields)


def _is_of_logs(node: ast.expr) -> bool:
    is_ours = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return is_ours and ast.unparse(node).startswith("logs.")


def _all_lines() -> list[Line]:
    return [
        line
        for room in ("shared/runtime", "functions")
        for path in sorted((ROOT / room).rglob("*.py"))
        for line in _lines(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())
    ]


def _runbooks() -> str:
    return "".join(page.read_text("utf-8") for page in RUNBOOKS.glob("*.md"))


def test_every_field_of_a_line_is_written() -> None:
    """The log leaves out what its list does not name: an alarm would not say what it is about."""
    left_out = {
        (line.place, field) for line in _all_lines() for field in line.fields if field not in FIELDS
    }

    assert left_out == set()


def test_every_alarm_of_the_log_stands_in_a_runbook() -> None:
    """Whoever is woken by a warning or an error finds what it means for money and what to do."""
    words = {line.word for line in _all_lines() if line.level in ALARMS and line.word}
    # Those that are put together, or told by an operation.
    words |= {"breaker_opened", "breaker_closed", "library"}
    words |= {
        node.args[0].value
        for node in ast.walk(ast.parse(Path(archive_ledger).read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "how.tell"
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }
    text = _runbooks()

    assert len(words) > len(ALARMS)
    assert {word for word in words if f"`{word}`" not in text} == set()


@pytest.mark.parametrize("reason", sorted(CASES | set(WaitingReason)))
def test_every_reason_of_a_case_stands_in_a_runbook(reason: str) -> None:
    """And everything that money out may wait for."""
    assert f"`{reason}`" in _runbooks()


def test_every_fault_of_an_operator_stands_in_a_runbook() -> None:
    """All that the simulator can do wrong an operator may do: the page says what comes of it."""
    text = (RUNBOOKS / "operator-misbehaves.md").read_text("utf-8")

    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []


def test_a_line_that_is_forgotten_is_found() -> None:
    """The look at the tree can fail: on a call by its module, and by a chosen name."""
    text = "tell = logs.warning if bad else logs.info\ntell('a_word', x=1)\nlogs.error('b', y=2)\n"

    assert [(line.level, line.word, set(line.fields)) for line in _lines(text, "x.py")] == [
        ("warning", "a_word", {"x"}),
        ("error", "b", {"y"}),
    ]
