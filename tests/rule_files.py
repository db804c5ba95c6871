"""The rules and pictures of `knative/components/observability/watch`, as tests read them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from knative.catalogue import ROOT
from shared.domain.figure import FIGURES
from shared.runtime import metrics

FOLDER: Final = ROOT / "knative/components/observability/watch"
_STRING: Final = re.compile(r'"(?:\\.|[^"\\])*"')
_MATCHERS: Final = re.compile(r"\{[^}]*\}")
_LABELS: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_RANGE: Final = re.compile(r"\[[^\]]*\]")
_NAME: Final = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)\b(?!\s*\()")
_WORDS: Final = frozenset({"and", "or", "unless", "bool", "offset", "by", "without", "on", "e"})
_NUMBER: Final = re.compile(r"(?<![\w:])\d[\w.]*")


def groups(name: str) -> list[dict[str, Any]]:
    """The groups of a file of rules, as Prometheus itself reads them."""
    document = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    found: list[dict[str, Any]] = document["spec"]["groups"]
    return found


def rules(name: str) -> list[dict[str, Any]]:
    """The rules of a file."""
    return [rule for group in groups(name) for rule in group["rules"]]


def dashboards() -> Mapping[str, Any]:
    """Each picture by its file's name."""
    found = sorted((FOLDER / "dashboards").glob("*.json"))
    return {path.name: json.loads(path.read_text("utf-8")) for path in found}


def expressions(dashboard: Any) -> Iterator[str]:
    """Each query of a picture, for Prometheus without Grafana's own variables."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"].replace("$__range", "1h").replace("$mode", "live")


def names_in(expression: str) -> frozenset[str]:
    """The names of what a PromQL expression reads."""
    bare = expression
    for pattern in (_STRING, _MATCHERS, _LABELS, _RANGE, _NUMBER):
        bare = pattern.sub(" ", bare)
    return frozenset(_NAME.findall(bare)) - _WORDS


def known() -> frozenset[str]:
    """Every name that something exposes: figures, what processes count, records, and others'."""
    foreign = json.loads((FOLDER / "foreign.json").read_text("utf-8"))
    counted = set()
    for name in metrics.DESCRIPTIONS:
        counted |= {f"{name}_total", f"{name}_bucket", f"{name}_count", f"{name}_sum"}
    records = {rule["record"] for rule in rules("records")}
    return frozenset({*FIGURES, *counted, *records, *foreign, "ALERTS"})
