"""Trials: small in `make test`, large in `make nightly`; their size, seed and what came of them.

A large one writes a row into chaos/trials.md. Zero wrong of n says that the true share lies below
3/n with 95 % certainty, and no more.
"""

import os
import random
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests import PRINTED_AT_THE_END

IS_LARGE: Final = bool(os.environ.get("NIGHTLY"))
SEED: Final = int(os.environ.get("SEED") or secrets.randbelow(2**32))
TABLE: Final = Path(__file__).parent / "chaos" / "trials.md"


@dataclass(slots=True)
class Trial:
    """One test with numbers in it; `chance` repeats itself for the same SEED and test."""

    node: pytest.Item
    chance: random.Random
    began: float = field(default_factory=time.monotonic)

    def size(self, small: int, large: int) -> int:
        """How many, by whether this is the nightly run."""
        return large if IS_LARGE else small

    def record(self, name: str, n: int, *, wrong: int, **seen: int) -> None:
        """Keep what came of `n` tries; fails the test where any went wrong."""
        seconds = time.monotonic() - self.began
        also = ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in seen.items())
        line = f"{name}: {wrong} wrong of {n} in {seconds:.0f} s, seed {SEED}; {also}"
        self.node.user_properties.append((PRINTED_AT_THE_END, line))
        if IS_LARGE:
            bound = f"< {3 / n:.1e}" if wrong == 0 else ""
            today = datetime.now(UTC).date()
            with TABLE.open("a", encoding="utf-8") as table:
                table.write(
                    f"| {today} | {name} | {n} | {wrong} | {bound} | {SEED} | {seconds:.0f} s"
                    f" | {also} |\n"
                )
        assert wrong == 0, line


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Trial:
    """Size, chance and record of this test."""
    return Trial(request.node, random.Random(f"{SEED} {request.node.name}"))  # noqa: S311 - a test


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a nightly run, keep the trials alone: the rest is what `make test` runs."""
    if IS_LARGE:
        trials = [item for item in items if "trial" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in trials])
        items[:] = trials
