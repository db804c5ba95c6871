"""When payments come on a day in Cameroon: a Poisson process whose rate has an hourly profile."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

HOUR_SECONDS: Final = 3600.0
DAY_SECONDS: Final = 24 * HOUR_SECONDS
# Weights of the hours from midnight, Douala's time. Assumed: noon and the way home are busiest, and
# between one and five hardly anybody pays. None was measured.
PROFILE: Final = (
    *(1.0, 0.5, 0.3, 0.2, 0.3, 1.0),
    *(2.0, 4.0, 6.0, 7.0, 7.0, 8.0),
    *(9.0, 8.0, 7.0, 7.0, 8.0, 10.0),
    *(10.0, 8.0, 6.0, 4.0, 3.0, 2.0),
)


@dataclass(frozen=True, slots=True)
class Shop:
    """Who sells: so many payments a day on average, over so many days."""

    name: str
    payments_a_day: int
    days: int


# Fewer days of more payments: what is told of each rests on hundreds of payments or more.
SHOPS: Final = (
    Shop("small shop", 40, 10),
    Shop("busy shop", 2_000, 5),
    Shop("platform of many", 50_000, 1),
)


def arrivals(shop: Shop, seed: int) -> Iterator[float]:
    """Seconds from the first midnight at which somebody pays, in order; the same for a seed."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    for hour in range(24 * shop.days):
        rate = shop.payments_a_day * PROFILE[hour % 24] / sum(PROFILE) / HOUR_SECONDS
        at = hour * HOUR_SECONDS + chance.expovariate(rate)
        # What is left of an hour has no memory: the next begins anew at its own rate.
        while at < (hour + 1) * HOUR_SECONDS:
            yield at
            at += chance.expovariate(rate)
