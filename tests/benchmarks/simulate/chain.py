"""The way of a charge through its functions, each with an autoscaler of its own."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.benchmarks.capacity.assumed import MERCHANT, OPERATOR, STORE
from tests.benchmarks.capacity.configured import Pod, pods
from tests.benchmarks.capacity.measured import figures
from tests.benchmarks.simulate.autoscaler import Settings
from tests.benchmarks.simulate.clock import Clock
from tests.benchmarks.simulate.service import Seen, Served, Service

# Assumed: what a pod takes beside its process (a place, its containers, the mesh's proxy first),
# with its image on the node; and how long a payer takes to type her code, on average and at least.
POD_SECONDS: Final = 2.0
PAYER_LEAST_SECONDS: Final = 5.0
PAYER_MEAN_SECONDS: Final = 20.0
# What the clock reads meanwhile, after the charge was made.
CHECKS_SECONDS: Final = (10.0, 30.0, 120.0)
PER_CHARGE: Final = "CPU per charge: "


@dataclass(frozen=True, slots=True)
class Step:
    """A function of the way: requests a charge in what was measured, and what each waits for."""

    hop: str
    function: str
    requests: int
    waits_seconds: float = 0.0

    @property
    def works_seconds(self) -> float:
        """Processor time of one request."""
        return float(figures()[PER_CHARGE + self.hop] / 1000 / self.requests)


STEPS: Final = (
    Step("create", "create_charge", 1),
    Step("submit", "submit_charge", 1, float(OPERATOR.value)),
    Step("callback", "receive_callback", 1),
    Step("settle", "settle_charge", 1, float(OPERATOR.value)),
    Step("webhook", "dispatch_webhook", 3, float(MERCHANT.value)),
    Step("receipt", "render_receipt", 1, float(STORE.value)),
)


@dataclass(slots=True)
class Payment:
    """What one payment waited for pods on the way to its merchant's hearing that it is paid."""

    at_the_door: float = 0.0
    on_the_way: float = 0.0
    met_cold_start: bool = False
    is_paid: bool = False
    is_told: bool = False

    def add(self, served: Served) -> None:
        """Count a step that the end had to wait for."""
        self.on_the_way += served.waited_seconds
        self.met_cold_start |= served.met_cold_start


@dataclass(slots=True)
class Chain:
    """All functions and every payment that came."""

    clock: Clock
    services: Mapping[str, Service]
    chance: random.Random
    payments: list[Payment] = field(default_factory=list)

    def pay(self) -> None:
        """Somebody pays: her merchant asks for it."""
        payment = Payment()
        self.payments.append(payment)

        def made(served: Served) -> None:
            payment.at_the_door = served.waited_seconds
            payment.add(served)
            self._ask("webhook", _nothing)
            self._ask("submit", lambda told: self._asked(payment, told))

        for seconds in CHECKS_SECONDS:
            self.clock.after(seconds, lambda: self._read_in_between(payment))
        self._ask("create", made)

    def _asked(self, payment: Payment, served: Served) -> None:
        payment.add(served)
        payer = PAYER_LEAST_SECONDS + self.chance.expovariate(
            1 / (PAYER_MEAN_SECONDS - PAYER_LEAST_SECONDS)
        )
        self.clock.after(payer, lambda: self._ask("callback", called))

        def called(told: Served) -> None:
            payment.add(told)
            self._ask("settle", lambda settled: self._settled(payment, settled))

    def _read_in_between(self, payment: Payment) -> None:
        if not payment.is_paid:
            self._ask("settle", _nothing)

    def _settled(self, payment: Payment, served: Served) -> None:
        payment.add(served)
        payment.is_paid = True

        def told(webhook: Served) -> None:
            payment.add(webhook)
            payment.is_told = True

        self._ask("webhook", told)
        self._ask("receipt", lambda _: self._ask("webhook", _nothing))

    def _ask(self, hop: str, done: Callable[[Served], None]) -> None:
        step = next(step for step in STEPS if step.hop == hop)
        waits = self.chance.expovariate(1 / step.waits_seconds) if step.waits_seconds else 0.0
        self.services[hop].ask(step.works_seconds + waits, done)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all payments, and of each function, by its hop."""

    payments: Sequence[Payment]
    seen: Mapping[str, Seen]


def simulate(
    arrivals: Iterable[float],
    *,
    least: Callable[[Pod], int],
    cold: Mapping[str, Sequence[float]],
    until: float,
    seed: int,
) -> Outcome:
    """Have payments come; `least` says how many pods a function never goes below."""
    clock, chance = Clock(), random.Random(seed)  # noqa: S311 - no secret
    services = {
        step.hop: Service(
            clock,
            Settings(pod.concurrency, least(pod), pod.most),
            [POD_SECONDS + seconds for seconds in cold[step.function]],
            chance,
        )
        for step in STEPS
        if (pod := pods()[step.function])
    }
    chain = Chain(clock, services, chance)
    for at in arrivals:
        clock.at(at, chain.pay)
    clock.run()
    return Outcome(chain.payments, {hop: one.end(until) for hop, one in services.items()})


def _nothing(_: Served) -> None:
    """What follows is not waited for."""
