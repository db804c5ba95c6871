"""Whatever rules and pictures name exists, and each alarm leads whoever it wakes to a page."""

import re

import pytest

from knative.catalogue import ROOT
from shared.domain.figure import FIGURES
from tests.rule_files import dashboards, expressions, known, names_in, rules

RULES = [*rules("records"), *rules("alarms")]
ALARMS = rules("alarms")
QUERIES = [(title, query) for title, board in dashboards().items() for query in expressions(board)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_names_only_what_somebody_exposes(rule: dict[str, str]) -> None:
    """An alarm on a name that nobody exposes would be silent for ever."""
    assert names_in(rule["expr"]) - known() == frozenset()


def test_a_picture_names_only_what_somebody_exposes() -> None:
    """A panel on such a name would be empty, and look like peace."""
    wrong = {(title, name) for title, query in QUERIES for name in names_in(query) - known()}

    assert QUERIES
    assert wrong == set()


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (
            'sum by (kind) (rate(a_b{state=~"x|y", z="count(q)"}[5m])) / ignoring (m) c:d',
            {"a_b", "c:d"},
        ),
        ("a or 0 * max by (mode) (b) > 14.4 * 0.001 and c offset 5m", {"a", "b", "c"}),
        (
            'label_replace(d, "new", "$1", "old", "(.+)") unless on (operator) e_f > 500e6',
            {"d", "e_f"},
        ),
    ],
)
def test_names_are_found_in_promql(expression: str, names: set[str]) -> None:
    """The check can fail: functions, labels, words and numbers are no names, the rest is."""
    assert names_in(expression) == names


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm["alert"])
def test_an_alarm_says_who_gets_up_and_where_to_read(alarm: dict[str, dict[str, str]]) -> None:
    """The page exists and names the alarm; every label in the words is one that the alarm has."""
    notes = alarm["annotations"]
    page = ROOT / notes["runbook"]

    assert alarm["labels"]["severity"] in {"page", "ticket", "none"}
    assert page.parent == ROOT / "shared/docs/runbooks"
    assert f"`{alarm['alert']}`" in page.read_text("utf-8")
    assert notes["summary"].endswith(".")
    shown = set(re.findall(r"\$labels\.(\w+)", notes["summary"]))
    assert shown <= set(re.findall(r"\w+", str(alarm["expr"]))) | {"operator", "kind", "product"}


def test_every_figure_is_looked_at_somewhere() -> None:
    """What no alarm and no picture reads would be told for nobody."""
    read = {name for rule in RULES for name in names_in(rule["expr"])}
    read |= {name for _, query in QUERIES for name in names_in(query)}

    assert set(FIGURES) - read == set()
