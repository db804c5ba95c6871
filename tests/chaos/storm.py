"""Kills everything while charges flow: functions at each crash point and at random, parts below.

What is killed comes back by the runner, what was under way by Pub/Sub, the outbox, leases and due
work. Nothing here repairs anything. One seed decides who dies where, in which order, and who orders
what; what the processes make of it is their own.
"""

import random
import socket
import statistics
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import grpc
from google.pubsub_v1.services.publisher import PublisherClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

from knative.local.layout import PUBSUB_PROJECT
from tests.chaos import killer
from tests.chaos.clients import Clients
from tests.chaos.counters import FaultCounters
from tests.chaos.crash_points import LEFT_OUT, RARE
from tests.chaos.judge import oracle_login, take_fees
from tests.chaos.killer import AT_POINT, AT_RANDOM, PARTS, Death, Killer
from tests.chaos.kinds import KINDS, PAYOUTS, REFUNDS
from tests.chaos.oracle.evidence import Login, under_way
from tests.chaos.treasury import RUNS_SHORT, Treasury
from tests.end_to_end.merchant import Merchant
from tests.end_to_end.money import top_up
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.people import Household
from tests.system import HOST, LocalSystem

FUNCTION_KILLS: Final = frozenset({AT_POINT, AT_RANDOM})
# From a kill until that function answers again.
RECOVERY_BAR_SECONDS: Final = 5.0
REST_BAR_SECONDS: Final = 180.0
# Load average a core above which a slow start says more of the machine than of us.
BUSY_LOAD: Final = 2.0
# A charge that could not be sent in time ends by reads over two minutes more.
PROOF_SECONDS: Final = 400.0
# Ten minutes are Orange's: what was never asked for under a payToken would end that late.
PAY_TOKEN_SECONDS: Final = 60
# After its time a storm goes on this long for the points that were hit too rarely.
TAIL_SECONDS: Final = 300.0
_BACK_SECONDS: Final = 90.0
_MUCH: Final = 1_000_000_000
_OK: Final = 200
_LOOK_SECONDS: Final = 0.05
_PAUSE_SECONDS: Final = 0.5
_NEWS_SECONDS: Final = 4.0
_SHORT_EVERY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how hard, by which seed. A run that falls short of its minimums is invalid."""

    seed: int
    seconds: float
    kills: int
    hits_per_point: int
    pause_seconds: tuple[float, float] = (0.3, 0.9)
    part_every_seconds: float = 11.0

    def least(self) -> dict[str, int]:
        """The planned minimum of each fault."""
        minutes = max(1, int(self.seconds // 60))
        return {
            AT_POINT: self.kills // 3,
            AT_RANDOM: self.kills // 6,
            **{fault: max(1, minutes // 3) for fault in PARTS},
            RUNS_SHORT: max(1, minutes // 3),
            **{name: minutes for name, kind in KINDS.items() if kind.fault},
            **{name: max(1, minutes // 2) for name, kind in REFUNDS.items() if kind.fault},
            **{name: max(1, minutes // 2) for name, kind in PAYOUTS.items() if kind.fault},
        }


@dataclass(slots=True)
class Storm:
    """One storm over one merchant of a running system; `household` gives people something to hear.

    `seconds` says when what was done, `missing` what was waited for and did not come.
    """

    system: LocalSystem
    merchant: Merchant
    points: frozenset[str]
    plan: Plan
    household: Household | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    counters: FaultCounters = field(init=False)
    clients: Clients = field(init=False)
    killer: Killer = field(init=False)
    treasury: Treasury = field(init=False)
    login: Login = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is started yet; only the oracle's login is made."""
        operators = {name: OperatorControl.of(self.system, name) for name in ("mtn", "orange")}
        self.counters = FaultCounters(self.plan.least())
        self.clients = Clients(
            self.merchant, operators, seed=self.plan.seed, counters=self.counters
        )
        chance = random.Random(f"{self.plan.seed}/killer")  # noqa: S311 - seeded, to be replayed
        self.killer = Killer(
            self.system, chance, self.counters, self.points, _answering(self.system)
        )
        self.treasury = Treasury(self.system, self.merchant.schema, self.counters)
        self.login = oracle_login(self.system)

    def run(self) -> None:
        """Kill for as long as planned, stop all faults, and wait until all is quiet."""
        top_up(self.system, self.merchant, _MUCH)
        began = time.monotonic()
        take_fees(self.system, self.merchant.account)
        orange = self.clients.operators["orange"]
        for opening in ("init", "payout_init"):
            orange.fault_everybody("token_short", on=opening, seconds=PAY_TOKEN_SECONDS)
        with self.clients.ordering():
            self._rage(began)
            self.killer.disarm()
            stopped = time.monotonic()
            self.seconds["storm"] = stopped - began
        self._wait("everybody back", self._who_is_down, seconds=_BACK_SECONDS)
        if self.counters.injected[RUNS_SHORT] and not self.treasury.recover():
            self.missing.append("the wallet was not seen full again")
        self._count_what_struck()
        orange.heal()
        orange.heal(product="web")
        self._wait("every page paid", self.clients.unpaid, seconds=REST_BAR_SECONDS, since=stopped)
        self._wait("rest", self._settling, seconds=REST_BAR_SECONDS, since=stopped)

    def await_proofs(self, *, seconds: float = PROOF_SECONDS) -> None:
        """Wait for the last charges, which end by reads over minutes."""
        unproven = partial(self._under_way, with_proofs=True)
        self._wait("every charge final, after rest", unproven, seconds=seconds)

    def invalid(self) -> list[str]:
        """Why this run proves nothing, or less than it should."""
        few = [
            f"{point}: {self.killer.hits[point]} hits"
            for point in sorted(self.points)
            if self.killer.hits[point] < self.plan.hits_per_point
        ]
        if len(self.killer.deaths) < self.plan.kills:
            few.append(f"{len(self.killer.deaths)} kills of {self.plan.kills}")
        return few + self.counters.shortfalls() + self.clients.failures

    def broken(self, *, recovery_seconds: float = RECOVERY_BAR_SECONDS) -> list[str]:
        """Bars of time that did not hold, and what did not come at all."""
        late = [
            f"{death.name} answered {death.back_after:.1f} s after a {death.how}"
            for death in self.killer.deaths
            if death.how in FUNCTION_KILLS and (death.back_after or 0) > recovery_seconds
        ]
        return late + self.missing

    def report(self) -> list[str]:
        """Figures, with n beside everything."""
        hits = self.killer.hits
        return [
            *(f"{point:<36}{hits[point]:>6} kills" for point in sorted(self.points)),
            *(
                f"no kills in this storm: {name}, {why}"
                for name, why in {**RARE, **LEFT_OUT}.items()
            ),
            "",
            *self.counters.table(),
            "",
            *_recoveries(self.killer.deaths),
            *self.clients.report(),
            ", ".join(f"{what} {at:.0f} s" for what, at in self.seconds.items()),
        ]

    def _rage(self, began: float) -> None:
        chance = random.Random(f"{self.plan.seed}/storm")  # noqa: S311 - seeded, to be replayed
        parts = _shuffled_for_ever(chance)
        next_kill, next_part, next_news = 3.0, self.plan.part_every_seconds, 0.0
        next_short, next_look = _SHORT_EVERY_SECONDS / 2, 0.0
        while (elapsed := time.monotonic() - began) < self.plan.seconds + TAIL_SECONDS:
            self.killer.look()
            missing = {p for p in self.points if self.killer.hits[p] < self.plan.hits_per_point}
            is_tail = elapsed > self.plan.seconds
            lacks_random = self.counters.lacks(AT_RANDOM)
            has_all = not missing and not lacks_random
            if is_tail and has_all and len(self.killer.deaths) >= self.plan.kills:
                return
            if elapsed > next_kill:
                next_kill = elapsed + chance.uniform(*self.plan.pause_seconds)
                if is_tail and lacks_random:
                    self.killer.kill_somebody()
                only_missing = is_tail and missing
                armed = self.killer.arm(missing) if only_missing else self.killer.strike()
                if armed and armed.startswith("keep_dead_letter."):
                    threading.Thread(target=self._bury, daemon=True).start()
            is_awaited = any(map(_is_of_news, self.killer.armed()))
            if self.household and is_awaited and elapsed > next_news:
                next_news = elapsed + _NEWS_SECONDS
                threading.Thread(target=self.household.provoke, daemon=True).start()
            if elapsed > next_short and (not is_tail or self.counters.lacks(RUNS_SHORT)):
                next_short = elapsed + _SHORT_EVERY_SECONDS
                threading.Thread(target=self.treasury.run_short, daemon=True).start()
            if elapsed > next_look and any(map(_is_of_wallets, self.killer.armed())):
                next_look = elapsed + _NEWS_SECONDS
                threading.Thread(target=self.treasury.look, daemon=True).start()
            if elapsed > next_part and not is_tail:
                next_part = elapsed + self.plan.part_every_seconds
                self.killer.end_part(next(parts))
            time.sleep(_LOOK_SECONDS)

    def _bury(self) -> None:
        """In a thread: the broker itself may be down, and its client waits for it."""
        self.letters.append(bury_a_letter(self.system))

    def _count_what_struck(self) -> None:
        for name in self.clients.struck():
            self.counters.struck[name] += 1

    def _wait(
        self,
        what: str,
        look: Callable[[], Sequence[str]],
        *,
        seconds: float,
        since: float | None = None,
    ) -> None:
        """Wait until `look` finds nothing; what it still finds then breaks the run, not ends it."""
        began = time.monotonic() if since is None else since
        while (found := look()) and time.monotonic() - began < seconds:
            time.sleep(_PAUSE_SECONDS)
        self.seconds[what] = time.monotonic() - began
        self.missing += [f"{what}: not within {seconds:.0f} s: {each}" for each in found]

    def _who_is_down(self) -> Sequence[str]:
        status, words = self.system.readyz()
        names = [death.name for death in self.killer.deaths if death.back_after is None]
        return names if status == _OK else [*names, f"the system, /readyz: {status} {words}"]

    def _settling(self) -> Sequence[str]:
        """What is under way; nobody waits minutes to be told that the wallet is full again."""
        self.treasury.wake()
        return self._under_way()

    def _under_way(self, *, with_proofs: bool = False) -> Sequence[str]:
        return under_way(self.login, self.merchant.schema, with_proofs=with_proofs)


def _is_of_news(point: str) -> bool:
    """Whether a point is passed only when there is something that people must hear of."""
    return point.startswith("send_notification.") or point in {
        "dispatch_webhook.before_publish",
        "dispatch_webhook.after_publish",
        "manage_account.before_publish",
        "manage_account.after_publish",
    }


def _is_of_wallets(point: str) -> bool:
    """Whether a point is passed only when a wallet is looked at, which is once an hour."""
    return point.startswith("check_float.")


def bury_a_letter(system: LocalSystem) -> str:
    """Publish to a dead-letter topic what no function of ours can read; its event id."""
    event_id = f"letter-{uuid.uuid4()}"
    attributes = {"type": "charge-created", "event_id": event_id}
    topic = f"projects/{PUBSUB_PROJECT}/topics/charge-created-dead"
    channel = grpc.insecure_channel(f"{HOST}:{system.ports['pubsub']}")
    client: Any = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
    message = {"data": b"no message of ours", "attributes": attributes}
    client.publish(request={"topic": topic, "messages": [message]}, timeout=30)
    client.transport.close()
    return event_id


def _shuffled_for_ever(chance: random.Random) -> Iterator[str]:
    while True:
        yield from chance.sample([*PARTS], len(PARTS))


def _answering(system: LocalSystem) -> Mapping[str, Callable[[], bool]]:
    """How to ask each part whether it works."""
    ports = system.ports
    return {
        "postgres": lambda: _lets_in(ports["postgres"]),
        "pubsub_http": lambda: killer.answers(f"http://{HOST}:{ports['pubsub_http']}/healthz"),
        "object_store": lambda: killer.answers(f"http://{HOST}:{ports['object_store']}/"),
        # Whatever it says: the function behind it may be down itself.
        "gateway": lambda: killer.answers(system.base_url, below=600),
    }


def _lets_in(port: int) -> bool:
    """Whether the database server asks who we are, instead of saying that it is starting."""
    words = struct.pack("!i", 196_608) + b"user\0postgres\0database\0pay\0\0"
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(struct.pack("!i", len(words) + 4) + words)
        return connection.recv(1) == b"R"
    return False


def _recoveries(deaths: list[Death]) -> Iterator[str]:
    """Kill until it answers again: of functions, by how busy the machine was, and of each part."""
    groups: dict[str, list[float]] = {}
    for death in deaths:
        busy = "above" if death.load > BUSY_LOAD else "up to"
        functions = f"functions, load {busy} {BUSY_LOAD:.0f} a core"
        group = functions if death.how in FUNCTION_KILLS else death.how
        groups.setdefault(group, []).append(death.back_after or 0.0)
    for group, times in groups.items():
        spread = f"p50 {statistics.median(times):.2f} s, max {max(times):.2f} s"
        yield f"{group}: {len(times)} kills, back after {spread}"
