"""Cores, pods, nodes, connections and bytes at a rate of charges; pure arithmetic, no float."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final, Literal

from tests.benchmarks.capacity import assumed, written
from tests.benchmarks.capacity.configured import Nodes, Pod, node_pools, pods, pooler
from tests.benchmarks.capacity.measured import figures

RATES: Final = (10, 100, 1_000, 10_000)
Cloud = Literal["gcp", "aws"]
EXAMPLES: Final[Mapping[Cloud, str]] = {"gcp": "complete-gcp", "aws": "complete-aws"}
# Cores that a database can be bought with.
DATABASES: Final[Mapping[Cloud, tuple[int, ...]]] = {
    "gcp": (2, 4, 8, 16, 32, 48, 64, 80, 96, 128),
    "aws": (2, 4, 8, 16, 32, 48, 64),
}
LARGEST: Final = DATABASES["gcp"][-1]
GIB: Final = 2**30
# What a merchant's hot row does is measured by itself.
_ONE_ROW: Final = "posts on one hot account"
READS: Final = assumed.READS.value


@dataclass(frozen=True, slots=True)
class Hop:
    """A step of a charge: `times` the work that was measured, in requests that wait for others."""

    name: str
    function: str
    requests: Fraction
    waits: Fraction = Fraction(0)
    times: Fraction = Fraction(1)

    @property
    def pod(self) -> Pod:
        """Its function's pod, as production has it."""
        return pods()[self.function]

    @property
    def core_seconds(self) -> Fraction:
        """Processor time of a charge."""
        return self.times * figures()[f"CPU per charge: {self.name}"] / 1000

    @property
    def _most_by_core(self) -> Fraction:
        return self.pod.limit * assumed.BUSY.value / self.core_seconds

    @property
    def _most_by_threads(self) -> Fraction:
        held = self.core_seconds + self.waits
        return self.pod.concurrency * assumed.IN_FLIGHT.value / held

    @property
    def is_held_by_threads(self) -> bool:
        """Tell whether its threads, which wait for others, end it before its core does."""
        return self._most_by_threads < self._most_by_core

    @property
    def most_of_a_pod(self) -> Fraction:
        """Charges a second of one pod: what its core does, or its threads, whichever is less."""
        return min(self._most_by_core, self._most_by_threads)

    @property
    def ends_at(self) -> int:
        """Charges a second at which its largest scale is reached."""
        return int(self.most_of_a_pod * self.pod.most)

    def pods(self, rate: int) -> int:
        """How many pods there are, whatever the largest scale is."""
        return max(self.pod.least, 1, ceil(rate / self.most_of_a_pod))


WAY: Final = (
    Hop("create", "create_charge", Fraction(1)),
    Hop("submit", "submit_charge", Fraction(1), assumed.OPERATOR.value),
    Hop("callback", "receive_callback", Fraction(1)),
    Hop("settle", "settle_charge", READS, READS * assumed.OPERATOR.value, READS),
    Hop("webhook", "dispatch_webhook", Fraction(3), 3 * assumed.MERCHANT.value),
    Hop("receipt", "render_receipt", Fraction(1), assumed.STORE.value),
    # Of all that is not on the way of a charge nearly all is the clock's.
    Hop("other functions", "start_due_work", Fraction(0)),
)
REQUESTS: Final = sum((hop.requests for hop in WAY), Fraction(0))
MESSAGES: Final = sum(written.MESSAGES.values()) + READS - 1


def mesh_cores(rate: int) -> Fraction:
    """Cores of gateways, sidecars and queues."""
    each = assumed.PROXY.value * assumed.PROXIES.value / 1000
    return rate * REQUESTS * each


def function_cores(rate: int) -> Fraction:
    """Cores of all functions."""
    return sum((rate * hop.core_seconds for hop in WAY), Fraction(0))


def database_cores(rate: int, *, is_replanned: bool) -> Fraction:
    """Cores of PostgreSQL; each further read costs what one message of those measured does."""
    measured = figures()["CPU per charge: PostgreSQL"] / 1000
    each = measured * MESSAGES / sum(written.MESSAGES.values())
    return rate * each * (assumed.REPLANNED.value if is_replanned else 1)


def database_size(rate: int, cloud: Cloud) -> tuple[int, int]:
    """How many servers, and of how many cores each, for very many merchants."""
    wanted = database_cores(rate, is_replanned=True) / assumed.BUSY.value
    sizes = DATABASES[cloud]
    servers = max(1, ceil(wanted / sizes[-1]))
    return servers, next(size for size in sizes if size * servers >= wanted)


def server_connections(rate: int) -> int:
    """Connections that are at work at once, with room."""
    each = database_cores(1, is_replanned=True) + written.COMMITS * assumed.COMMIT.value
    return ceil(rate * each / assumed.IN_FLIGHT.value)


def poolers(rate: int) -> int:
    """Poolers that hold so many connections of the server, or so many clients."""
    known = pooler()
    by_server = ceil(Fraction(server_connections(rate), known.server_connections))
    by_clients = ceil(Fraction(client_connections(rate) * 6, known.client_connections * 5))
    return max(known.replicas, by_server, by_clients)


def client_connections(rate: int) -> int:
    """Connections of all pods to the poolers."""
    on_the_way = sum(hop.pods(rate) * hop.pod.pool for hop in WAY)
    return on_the_way + sum(pod.least * pod.pool for pod in _resting())


def all_pods(rate: int) -> int:
    """Pods of functions, of which those not on the way stand at their least."""
    return sum(hop.pods(rate) for hop in WAY) + sum(pod.least for pod in _resting())


def _resting() -> list[Pod]:
    busy = {hop.function for hop in WAY}
    return [pod for pod in pods().values() if pod.name not in busy]


def nodes(rate: int, pool: str, cloud: Cloud) -> int:
    """Machines of a pool: what pods ask for or use, whichever is more, on what a node has left."""
    kind: Nodes = node_pools(EXAMPLES[cloud])[pool]
    calls = pool == "operators"
    here = [hop for hop in WAY if hop.pod.calls_operators == calls]
    share = mesh_cores(rate) / REQUESTS
    cores, memory = (
        (Fraction(0), Fraction(0))
        if calls
        else (assumed.PLATFORM_CPU.value, assumed.PLATFORM_MEMORY.value)
    )
    for hop in here:
        used = (rate * hop.core_seconds + share * hop.requests) / assumed.BUSY.value
        cores += max(hop.pods(rate) * hop.pod.cpu, used)
        memory += hop.pods(rate) * hop.pod.memory / GIB
    by_cores = ceil(cores / (kind.cores * assumed.NODE_CPU.value))
    by_memory = ceil(memory / (kind.gibibytes * assumed.NODE_MEMORY.value))
    return max(kind.least, by_cores, by_memory)


def charges_a_month(rate: int) -> int:
    """Charges of a month at that rate, day and night."""
    return rate * int(assumed.HOURS.value) * 3600


def gigabytes_a_month(rate: int, each: int) -> int:
    """Bytes of each charge over a month, in GB."""
    return ceil(Fraction(charges_a_month(rate) * each, 10**9))


def merchant_ends_at() -> int:
    """Posts a second on the row that all charges of one merchant move, on the machine measured."""
    return int(figures()[_ONE_ROW])


def database_ends_at(*, is_replanned: bool, cores: int) -> int:
    """Charges a second of a server of so many cores."""
    return int(cores * assumed.BUSY.value / database_cores(1, is_replanned=is_replanned))


def pooler_ends_at() -> int:
    """Charges a second that the server connections of production carry."""
    known = pooler()
    each = Fraction(server_connections(10_000), 10_000)
    return int(known.replicas * known.server_connections / each)
