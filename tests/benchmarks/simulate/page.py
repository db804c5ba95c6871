"""The table of what was simulated, with money from the same prices as capacity's."""

import json
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.capacity import assumed
from tests.benchmarks.capacity.configured import node_pools, pods
from tests.benchmarks.capacity.marks import table
from tests.benchmarks.capacity.measured import BENCHMARKS, figures
from tests.benchmarks.capacity.model import EXAMPLES, GIB
from tests.benchmarks.capacity.prices import usd
from tests.benchmarks.simulate import chain, days
from tests.benchmarks.simulate.day import SHOPS

KEPT: Final = BENCHMARKS / "simulated.json"
SECTION: Final = "simulated"
_HEAD: Final = (
    "shop",
    "least pods",
    "payments",
    "cold starts a day",
    "met one",
    "added at the door: p50, p95, p99, most",
    "added until told: p50, p95, p99, most",
    "pod-hours a day",
    "USD a month",
)


def kept(path: Path = KEPT) -> list[dict[str, Any]]:
    """Return the rows of the last run of all."""
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["rows"]
    return rows


def text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table, and what it rests on."""
    sizes = {shop.name: shop for shop in SHOPS}
    lines = [
        [
            f"{row['shop']}, {sizes[row['shop']].payments_a_day:,} a day",
            row["minimum"],
            f"{row['payments']:,}",
            f"{row['cold_starts_a_day']:,.0f}",
            f"{row['met_percent']:.1f} %",
            _seconds(row["at_the_door"]),
            _seconds(row["until_told"]),
            f"{sum(row['pod_hours_a_day'].values()):,.0f}",
            f"{money(row['pod_hours_a_day']):,}",
        ]
        for row in rows
    ]
    warm = float(figures()["accepted → succeeded, p50"])
    basis = (
        f"Seed {days.SEED}. Added to {warm:.0f} ms, which a warm chain takes from the request to "
        "the webhook with the stand-in operator (p50, measured), and to the payer's own time. "
        "Assumed: "
        f"{chain.POD_SECONDS:g} s of a pod before its process starts, payers who take "
        f"{chain.PAYER_MEAN_SECONDS:g} s on average, and the hours of "
        "[day.py](../../tests/benchmarks/simulate/day.py); answers of operators, merchants and the "
        "store as below, spread exponentially."
    )
    return f"{table(_HEAD, lines)}\n\n{basis}"


def _seconds(waits: Sequence[float]) -> str:
    return ", ".join(f"{wait:.1f}" for wait in waits) + " s"


def money(pod_hours_a_day: Mapping[str, float]) -> Decimal:
    """Whole dollars a month: what its pods ask for, as a share of GKE's machines."""
    functions = {step.hop: step.function for step in chain.STEPS}
    cost = sum(
        (
            Decimal(str(hours)) / 24 * of_a_pod(functions[hop])
            for hop, hours in pod_hours_a_day.items()
        ),
        Decimal(0),
    )
    return cost.quantize(Decimal(1), rounding=ROUND_HALF_UP)


def of_a_pod(function: str) -> Decimal:
    """Dollars a month of a pod that is always there: its share of a machine, in cores or bytes."""
    pod = pods()[function]
    pool = node_pools(EXAMPLES["gcp"])["operators" if pod.calls_operators else "functions"]
    share = max(
        pod.cpu / (pool.cores * assumed.NODE_CPU.value),
        pod.memory / GIB / (pool.gibibytes * assumed.NODE_MEMORY.value),
    )
    return usd(pool.machine) * share.numerator / share.denominator
