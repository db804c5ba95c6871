"""The tables of shared/docs/capacity.md and of terraform/README.md, as the figures give them."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final

from knative.catalogue import ROOT
from tests.benchmarks.capacity import assumed, bill, model, places, prices, written
from tests.benchmarks.capacity.configured import node_pools, pooler
from tests.benchmarks.capacity.marks import table
from tests.benchmarks.capacity.model import RATES, WAY

PAGE: Final = ROOT / "shared/docs/capacity.md"
TERRAFORM: Final = ROOT / "terraform/README.md"
_AT: Final = tuple(f"{rate:,}/s" for rate in RATES)


def sections() -> dict[Path, dict[str, str]]:
    """Each document's parts between marks."""
    return {
        PAGE: {
            "short": places.short(),
            "measured": places.measured(),
            "cores": cores(),
            "pods": pods(),
            "nodes": nodes_and_connections(),
            "bytes": bytes_and_messages(),
            "money": money(),
            "ends": places.ends(),
            "assumed": _assumed(),
            "prices": prices.table(),
        },
        TERRAFORM: {"money": examples()},
    }


def _row(name: str, each: Callable[[int], str], *more: str) -> list[str]:
    return [name, *more, *(each(rate) for rate in RATES)]


def cores() -> str:
    """Cores in use by hop."""
    one, many = (model.database_cores(1, is_replanned=is_many) for is_many in (False, True))
    rows = [
        *(_cores(hop.name, hop.core_seconds) for hop in WAY),
        _cores("**functions**", model.function_cores(1)),
        _cores("mesh and queues †", model.mesh_cores(1)),
        _cores("PostgreSQL, one merchant", one),
        _cores("PostgreSQL, very many at most †", many),
    ]
    return table(("cores in use", "a charge", *_AT), rows)


def _cores(name: str, each: Fraction) -> list[str]:
    return _row(name, lambda rate: f"{float(rate * each):,.1f}", f"{float(each * 1000):.2f} ms")


def pods() -> str:
    """Pods by function, and where the largest scale ends them."""
    rows = [
        [
            f"`{hop.function}`",
            *(f"{hop.pods(rate):,}" for rate in RATES),
            str(hop.pod.most),
            f"{hop.ends_at:,}/s",
        ]
        for hop in WAY
    ]
    rows.append(["all functions", *(f"{model.all_pods(rate):,}" for rate in RATES), "", ""])
    return table(("pods", *_AT, "max-scale", "reached at"), rows)


def nodes_and_connections() -> str:
    """Machines, poolers, connections and database servers."""
    rows = [
        *(_machines(pool) for pool in ("functions", "operators")),
        _row("connections of pods to poolers", _thousands(model.client_connections)),
        _row("connections of poolers to the database", _thousands(model.server_connections)),
        _row(f"poolers (production has {pooler().replicas})", _thousands(model.poolers)),
        _servers("Cloud SQL", "gcp"),
        _servers("RDS", "aws"),
    ]
    return table(("", *_AT), rows)


def _machines(pool: str) -> list[str]:
    kinds = [node_pools(example)[pool].machine for example in model.EXAMPLES.values()]
    name = f"nodes for {pool}: {' or '.join(kinds)}"
    return _row(name, _thousands(lambda rate: model.nodes(rate, pool, "gcp")))


def _servers(name: str, cloud: model.Cloud) -> list[str]:
    def size(rate: int) -> str:
        servers, cores_each = model.database_size(rate, cloud)
        return f"{servers} of {cores_each}"

    return _row(f"{name}: servers, cores of each", size)


def _thousands(count: Callable[[int], int]) -> Callable[[int], str]:
    return lambda rate: f"{count(rate):,}"


def bytes_and_messages() -> str:
    """What is written, sent and kept."""
    message = int(model.MESSAGES * assumed.MESSAGE.value)
    rows = [
        _row("commits", lambda rate: f"{rate * written.COMMITS:,}/s"),
        _row("log of PostgreSQL", _a_second(written.WAL_BYTES)),
        _row("the same, two weeks of restoring", _two_weeks),
        _row("rows and indexes, more each month", _a_month(written.KEPT_BYTES)),
        _row("a disk of 64 TB is full after", _full_after),
        _row("Pub/Sub, messages", lambda rate: f"{int(rate * model.MESSAGES):,}/s"),
        _row("the same, bytes published", _a_second(message)),
        _row("receipts", lambda rate: f"{rate:,}/s"),
        _row("the same, more each month", _a_month(written.RECEIPT_BYTES)),
        _row("charges a month", lambda rate: f"{model.charges_a_month(rate) // 10**6:,} million"),
    ]
    return table(("", *_AT), rows)


def _a_second(each: int) -> Callable[[int], str]:
    return lambda rate: f"{float(Fraction(rate * each, 10**6)):,.2f} MB/s"


def _a_month(each: int) -> Callable[[int], str]:
    return lambda rate: f"{model.gigabytes_a_month(rate, each):,} GB"


def _two_weeks(rate: int) -> str:
    return f"{rate * written.WAL_BYTES * 14 * 86_400 // 10**9:,} GB"


def _full_after(rate: int) -> str:
    months = assumed.DISK.value / model.gigabytes_a_month(rate, written.KEPT_BYTES)
    return f"{float(months):,.1f} months"


def money() -> str:
    """Both clouds by part, at each rate."""
    rows = [*_money("GKE", "gcp"), *_money("EKS", "aws")]
    return table(("", "USD in the first month", *_AT), rows)


def _money(name: str, cloud: model.Cloud) -> Iterator[list[str]]:
    bills = [bill.bill(cloud, rate) for rate in RATES]
    for part in bill.PARTS:
        yield [name, _marked(part), *(_usd(one[part]) for one in bills)]
    totals = [bill.together(one) for one in bills]
    yield [name, "**together**", *(f"**{_usd(total)}**" for total in totals)]
    yield [
        name,
        "a thousand charges",
        *(
            f"{total * 1000 / model.charges_a_month(rate):.3f}"
            for total, rate in zip(totals, RATES, strict=True)
        ),
    ]


def _marked(part: str) -> str:
    return f"{part} ‡" if part in bill.GROWING else part


def _usd(amount: Decimal) -> str:
    return f"{amount:,}"


def examples() -> str:
    """The examples of Terraform, idle and busy."""
    columns = {
        "minimal-gcp idle": bill.trial(),
        "complete-gcp idle": bill.bill("gcp", 0),
        "complete-gcp busy": bill.bill("gcp", 10),
        "complete-aws idle": bill.bill("aws", 0),
        "complete-aws busy": bill.bill("aws", 10),
    }
    rows = [[_marked(part), *(_usd(one[part]) for one in columns.values())] for part in bill.PARTS]
    totals = (bill.together(one) for one in columns.values())
    rows.append(["**together**", *(f"**{_usd(total)}**" for total in totals)])
    return table(("USD a month", *columns), rows)


def _assumed() -> str:
    rows = [[f"{each.text}", each.why] for each in assumed.ALL]
    return table(("assumed", "what and why"), rows)
