"""Counts faults: how often each was ordered, how often it struck, how often it must strike."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class FaultCounters:
    """A run in which a planned fault struck less often than `least` proves nothing."""

    least: Mapping[str, int]
    injected: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)

    def lacks(self, name: str) -> bool:
        """Whether this fault struck too rarely so far."""
        return self.struck[name] < self.least.get(name, 0)

    def shortfalls(self) -> list[str]:
        """Each fault that struck too rarely, in words; empty for a valid run."""
        return [
            f"{name}: struck {self.struck[name]}, planned {least}"
            for name, least in self.least.items()
            if self.lacks(name)
        ]

    def table(self) -> list[str]:
        """One line a fault."""
        return [
            f"{'fault':<32}{'injected':>10}{'struck':>8}{'least':>7}",
            *(
                f"{name:<32}{self.injected[name]:>10}{self.struck[name]:>8}{least:>7}"
                for name, least in self.least.items()
            ),
        ]
