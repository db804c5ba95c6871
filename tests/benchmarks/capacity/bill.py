"""Money a month at a rate of charges, in whole USD, from the prices of `terraform/prices.yaml`."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from tests.benchmarks.capacity import assumed, model, written
from tests.benchmarks.capacity.configured import node_pools
from tests.benchmarks.capacity.model import Cloud
from tests.benchmarks.capacity.prices import usd

PARTS: Final = (
    "control plane",
    "nodes for functions",
    "nodes for operators",
    "database",
    "its disk",
    "ways out",
    "balancer, DNS, keys, logs",
    "documents written",
    "documents kept",
    "Pub/Sub",
)
# Of these as much comes on top each month.
GROWING: Final = frozenset({"its disk", "documents kept"})
_DATABASES: Final[Mapping[Cloud, str]] = {"gcp": "db-perf-optimized-N-2", "aws": "db.m7g.large"}
_CORES_PRICED: Final = 2
_DISK_AT_FIRST: Final = 100
# Gateways and addresses: both ways out, in each zone at AWS.
_WAYS_OUT: Final[Mapping[Cloud, tuple[int, int]]] = {"gcp": (2, 3), "aws": (6, 6)}
_FREE_BYTES: Final = 10 * 2**30
_TIB: Final = 2**40

Bill = Mapping[str, Decimal]


def bill(cloud: Cloud, rate: int) -> Bill:
    """What each part costs in the first month; with a rate of 0 nobody pays."""
    charges = model.charges_a_month(rate)
    pools = node_pools(model.EXAMPLES[cloud])
    servers, cores = model.database_size(rate, cloud)
    gateways, addresses = _WAYS_OUT[cloud]
    disk = servers * _DISK_AT_FIRST + model.gigabytes_a_month(rate, written.KEPT_BYTES)
    outside = model.gigabytes_a_month(rate, int(assumed.OUTSIDE.value))
    parts = {
        "control plane": usd("control_plane"),
        **{
            f"nodes for {pool}": model.nodes(rate, pool, cloud) * usd(pools[pool].machine)
            for pool in ("functions", "operators")
        },
        "database": servers * cores * usd(_DATABASES[cloud]) / _CORES_PRICED,
        "its disk": disk * usd(f"{cloud}_database_disk"),
        "ways out": gateways * usd(f"{cloud}_nat")
        + addresses * usd("address")
        + outside * usd("nat_data"),
        "balancer, DNS, keys, logs": usd(f"{cloud}_fixed")
        + usd(f"{cloud}_logs") * charges / 1_000_000,
        "documents written": usd("document_written") * charges / 1000,
        "documents kept": usd("document_stored")
        * model.gigabytes_a_month(rate, written.RECEIPT_BYTES),
        "Pub/Sub": _messages(cloud, charges),
    }
    return {name: whole(amount) for name, amount in parts.items()}


def trial() -> Bill:
    """minimal-gcp while nobody pays: few nodes, a small database, the cluster's own store."""
    pools = node_pools("minimal-gcp")
    parts = {
        "control plane": usd("control_plane"),
        **{
            f"nodes for {pool}": pools[pool].least * usd(pools[pool].machine)
            for pool in ("functions", "operators")
        },
        "database": usd("db-custom-1-3840"),
        "its disk": 10 * usd("gcp_database_disk"),
        "ways out": 2 * usd("gcp_nat") + 2 * usd("address"),
        "balancer, DNS, keys, logs": usd("minimal_fixed"),
        "documents written": Decimal(0),
        "documents kept": Decimal(0),
        "Pub/Sub": Decimal(0),
    }
    return {name: whole(amount) for name, amount in parts.items()}


def _messages(cloud: Cloud, charges: int) -> Decimal:
    """Published and delivered; from AWS each also crosses between the clouds, there and back."""
    carried = 2 * charges * _whole(model.MESSAGES * assumed.MESSAGE.value)
    cost = usd("pubsub") * max(0, carried - _FREE_BYTES) / _TIB
    return cost + (usd("between_clouds") * carried / 10**9 if cloud == "aws" else 0)


def _whole(number: Fraction) -> int:
    if number.denominator != 1:
        raise ValueError(f"not whole: {number}")
    return number.numerator


def together(one: Bill) -> Decimal:
    """All parts of a bill."""
    return sum(one.values(), Decimal(0))


def whole(amount: Decimal) -> Decimal:
    """Whole dollars, halves up."""
    return amount.quantize(Decimal(1), rounding=ROUND_HALF_UP)
