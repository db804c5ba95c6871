"""Prices of `terraform/prices.yaml`, the one place where any stands."""

from decimal import Decimal
from functools import cache
from typing import Any, Final

import yaml

from knative.catalogue import ROOT

PATH: Final = ROOT / "terraform/prices.yaml"


@cache
def _known() -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = yaml.safe_load(PATH.read_text("utf-8"))
    return known


def usd(name: str) -> Decimal:
    """Return a price in USD, in its unit."""
    return Decimal(_known()[name]["usd"])


def table() -> str:
    """Return all of them with their dates and sources."""
    lines = ["| price | USD | a | read | where |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {price['usd']} | {price['unit']} | {price['read']} | {price['source']} |"
        for name, price in _known().items()
    ]
    return "\n".join(lines)
