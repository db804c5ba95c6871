"""Trials: small in `make test` and beside it, large in `make nightly`; size, seed, outcome.

A large one writes a row into chaos/trials.md. A nightly run skips what stands there with its seed
and nothing wrong, so it takes up where it was stopped; AGAIN=1 repeats all. Zero wrong of n says
that the true share lies below 3/n with 95 % certainty, and no more.
"""

import os
import random
import secrets
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import pytest

from tests import PRINTED_AT_THE_END

IS_LARGE: Final = bool(os.environ.get("NIGHTLY"))
SEED: Final = int(os.environ.get("SEED") or secrets.randbelow(2**32))
TABLE: Final = "tests/chaos/trials.md"


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
            with (self.node.config.rootpath / TABLE).open("a", encoding="utf-8") as table:
                table.write(
                    f"| {today} | {name} | {n} | {wrong} | {bound} | {SEED} | {seconds:.0f} s"
                    f" | {also} | {_place(self.node)} |\n"
                )
        assert wrong == 0, line


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Trial:
    """Size, chance and record of this test."""
    return Trial(request.node, random.Random(f"{SEED} {request.node.name}"))  # noqa: S311 - a test


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a nightly run, keep the trials alone, and skip what this seed has passed before."""
    if not IS_LARGE:
        return
    trials = [item for item in items if "trial" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=[item for item in items if item not in trials])
    items[:] = trials
    passed = {} if os.environ.get("AGAIN") else _passed(config)
    sys.stdout.write(f"{len(trials)} trials, seed {SEED}\n")
    for item in trials:
        if _place(item) in passed:
            item.add_marker(pytest.mark.skip(passed[_place(item)]))


def _place(item: pytest.Item) -> str:
    return item.nodeid.removeprefix("tests/")


def _passed(config: pytest.Config) -> dict[str, str]:
    """What the table says of each test that came out right with this seed, the last time."""
    rows = (config.rootpath / TABLE).read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if "|" in row]
    last = {
        place: (wrong, f"{name}: 0 wrong of {n} on {day}, seed {seed}; AGAIN=1 repeats it")
        for day, name, n, wrong, _, seed, *_, place in cells
        if seed == str(SEED)
    }
    return {place: said for place, (wrong, said) in last.items() if wrong == "0"}
