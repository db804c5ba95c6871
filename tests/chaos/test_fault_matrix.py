"""E20: whatever an operator does, the end is its own truth, and nothing is sent while unknown.

Each flow meets each fault and each kind of callback, as far as they exist together.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.chaos import judge
from tests.chaos.cells import CELLS, FLOWS, Cell, all_cells, sample
from tests.chaos.matrix import Matrix
from tests.chaos.oracle.evidence import under_way
from tests.chaos.stalls import Stall, open_stalls
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem
from tests.trials import IS_LARGE, Trial

pytestmark = pytest.mark.timeout(7_200 if IS_LARGE else 300)

# The first half are those whose connections fail; one of each is enough for a sample.
NAMES: Final = ("Porte Close", "Ligne Muette", "Comptoir des Pannes", "Halle aux Silences")
ENDING: Final = 211
RUNS: Final = 10
WAVE: Final = 80
# How often a cell that its fault has missed is tried again.
MORE: Final = 3
REST_SECONDS: Final = 300.0
EVERY_FLOW: Final = "every flow"


@pytest.fixture(scope="module")
def stalls(local_system: LocalSystem) -> Iterator[list[Stall]]:
    """Merchants for all trials of this module."""
    login = judge.oracle_login(local_system)
    names = NAMES if IS_LARGE else NAMES[1:3]
    with (
        judge.superuser(local_system) as superuser,
        open_stalls(local_system, login, superuser, names, first=ENDING) as opened,
    ):
        yield opened


@pytest.mark.parametrize("flow", [flow.name for flow in FLOWS] if IS_LARGE else [EVERY_FLOW])
def test_every_failure_ends_as_the_operator_has_it(
    local_system: LocalSystem, stalls: list[Stall], trial: Trial, flow: str
) -> None:
    """I5 to I8 hold in every cell, and its end is what the operator's books say."""
    cells = [cell for cell in CELLS if flow in {cell.flow.name, EVERY_FLOW}]
    tried = cells if IS_LARGE else sample(cells, trial.chance)
    runs = trial.size(1, RUNS)
    matrix = Matrix(local_system, stalls)
    for _ in range(runs):
        for wave in _waves(trial.chance.sample(tried, len(tried))):
            matrix.run(wave, trial.chance)
    for _ in range(MORE):
        for wave in _waves([cell for cell in tried if matrix.hits[cell.name] < runs]):
            matrix.run(wave, trial.chance)
    missed = [cell.name for cell in tried if matrix.hits[cell.name] < runs]
    violations = _judged(local_system, stalls)

    assert not matrix.wrong, "\n".join(matrix.wrong)
    assert not violations, json.dumps(violations, indent=1)
    assert not missed, "\n".join(missed)
    trial.record(
        f"E20 faults of operators, {flow}",
        matrix.tries,
        wrong=0,
        cells=len(tried),
        cells_that_exist=len(CELLS),
        that_cannot_be=sum(1 for _ in all_cells()) - len(CELLS),
        hits_of_the_least=min(matrix.hits[cell.name] for cell in tried),
        sendings=matrix.sendings,
        too_late_and_tried_again=matrix.late,
    )


def _waves(cells: Sequence[Cell]) -> Iterator[Sequence[Cell]]:
    for start in range(0, len(cells), WAVE):
        yield cells[start : start + WAVE]


def _judged(system: LocalSystem, stalls: Sequence[Stall]) -> dict[str, list[str]]:
    """What the oracle finds at any of the merchants, once all is at rest."""

    def left() -> list[str]:
        shops = [stall.shop for stall in stalls]
        return [name for shop in shops for name in under_way(shop.login, shop.merchant.schema)]

    wait_for("rest", lambda: not left(), seconds=REST_SECONDS)

    def verdict(stall: Stall) -> dict[str, list[str]]:
        shop = stall.shop
        told = judge.sources(system, shop.merchant, shop.accepted, shop.login)
        found: dict[str, Any] = dict(judge.judge(told)["violations"])
        return {f"{name} of {shop.merchant.account}": each for name, each in found.items()}

    with ThreadPoolExecutor(2) as threads:
        return {name: e for found in threads.map(verdict, stalls) for name, e in found.items()}
