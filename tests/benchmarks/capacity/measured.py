"""Reads what was measured; nothing here is a number of its own."""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Final

from knative.catalogue import ROOT

BENCHMARKS: Final = ROOT / "tests/benchmarks"


@cache
def figures(name: str = "results") -> Mapping[str, Fraction]:
    """Return what was measured, by its name; of two with one name the first."""
    found: dict[str, Fraction] = {}
    for figure in _results(name)["figures"]:
        found.setdefault(figure["name"], Fraction(figure["value"]))
    return found


def measured_on(name: str = "results") -> str:
    """Say when and on what."""
    known = _results(name)
    machine = known["machine"]
    return f"{known['measured_at'][:10]} on {machine['cores']} cores of an {machine['processor']}"


@cache
def _results(name: str) -> dict[str, Any]:
    text = (BENCHMARKS / f"{name}.json").read_text("utf-8")
    known: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return known


@cache
def notes() -> Mapping[str, str]:
    """Return how each figure was measured, by its name."""
    return {figure["name"]: figure["note"] for figure in _results("results")["figures"]}
