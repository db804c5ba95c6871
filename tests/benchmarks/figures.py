"""One measured number and the bar it has to clear."""

from dataclasses import dataclass
from typing import Final, Literal

Part = Literal[
    "create", "rpc", "ledger", "batch", "broker", "start", "flow", "memory", "cold", "whole",
    "webhooks", "stream", "dashboard", "export", "list", "tenants",
]  # fmt: skip
# Those of `make bench`; tenants are measured by themselves.
PARTS: Final[tuple[Part, ...]] = (
    "create",
    "rpc",
    "ledger",
    "batch",
    "broker",
    "start",
    "flow",
    "memory",
    "cold",
    "whole",
    "webhooks",
    "stream",
    "dashboard",
    "export",
    "list",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit`; a bar is the most or the least that it may be, None where there is none.

    `note` says what was counted and how often.
    """

    part: Part
    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def bar(self) -> str:
        """The bar as one reads it, empty without one."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {self.unit}"
        return "" if self.at_most is None else f"≤ {self.at_most:g} {self.unit}"

    @property
    def holds(self) -> bool:
        """Whether the value clears its bar; true without one."""
        is_low = self.at_least is not None and self.value < self.at_least
        is_high = self.at_most is not None and self.value > self.at_most
        return not (is_low or is_high)
