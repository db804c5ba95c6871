"""Each shop's days with each minimum of pods, as rows that can be kept and compared."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tests.benchmarks.capacity.configured import Pod
from tests.benchmarks.capacity.measured import notes
from tests.benchmarks.simulate.chain import Outcome, simulate
from tests.benchmarks.simulate.day import DAY_SECONDS, HOUR_SECONDS, SHOPS, Shop, arrivals

SEED: Final = 237
MINIMA: Final[Mapping[str, Callable[[Pod], int]]] = {
    "0": lambda _: 0,
    "1": lambda _: 1,
    "production": lambda pod: pod.least,
}
# Of waits: the middle, the slowest of twenty, of a hundred, of all.
SHARES: Final = (0.5, 0.95, 0.99, 1.0)
COLD: Final = "cold start: "


@dataclass(frozen=True, slots=True)
class Row:
    """A shop with a minimum: waits in seconds by SHARES, pod-hours a day by hop."""

    shop: str
    minimum: str
    payments: int
    cold_starts_a_day: float
    met_percent: float
    at_the_door: Sequence[float]
    until_told: Sequence[float]
    pod_hours_a_day: Mapping[str, float]


def all_rows() -> list[dict[str, Any]]:
    """Simulate everything: a minute of processor time."""
    return [row(shop, minimum) for shop in SHOPS for minimum in MINIMA]


def row(shop: Shop, minimum: str, *, seed: int = SEED) -> dict[str, Any]:
    """Simulate a shop's days; the same for a seed."""
    outcome = simulate(
        arrivals(shop, seed),
        least=MINIMA[minimum],
        cold=cold_starts(),
        until=shop.days * DAY_SECONDS,
        seed=seed,
    )
    return asdict(_row(shop, minimum, outcome))


def _row(shop: Shop, minimum: str, outcome: Outcome) -> Row:
    payments, seen = outcome.payments, outcome.seen
    met = sum(payment.met_cold_start for payment in payments)
    return Row(
        shop=shop.name,
        minimum=minimum,
        payments=len(payments),
        cold_starts_a_day=round(sum(one.cold_starts for one in seen.values()) / shop.days, 1),
        met_percent=round(100 * met / max(1, len(payments)), 2),
        at_the_door=shares([payment.at_the_door for payment in payments]),
        until_told=shares([payment.on_the_way for payment in payments]),
        pod_hours_a_day={
            hop: round(one.pod_seconds / HOUR_SECONDS / shop.days, 2) for hop, one in seen.items()
        },
    )


def shares(waits: Sequence[float]) -> list[float]:
    """The wait that so large a share of all stays within."""
    ordered = sorted(waits)
    last = len(ordered) - 1
    return [round(ordered[min(last, int(share * len(ordered)))], 2) for share in SHARES]


def cold_starts() -> Mapping[str, Sequence[float]]:
    """Seconds of each measured start of a process, by function; they are drawn at random."""
    return {
        name.removeprefix(COLD): [float(each) for each in re.findall(r"\d+\.\d+", note)]
        for name, note in notes().items()
        if name.startswith(COLD)
    }
