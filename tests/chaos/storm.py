"""Kills everything while charges flow: each function at each crash point, then the parts below.

What is killed comes back by the runner, what was under way by Pub/Sub, the outbox, leases and due
work. Nothing here repairs anything.
"""

import itertools
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
import pytest
import urllib3
from google.pubsub_v1.services.publisher import PublisherClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

from knative.catalogue import load_catalogue
from knative.local.layout import PUBSUB_PROJECT
from tests.chaos import crash_points
from tests.chaos.evidence import Evidence, gather, is_at_rest
from tests.end_to_end.merchant import Accepted, Merchant, Order
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, LocalSystem

CLIENTS: Final = 8
FIRST_CHARGES: Final = 16
CHARGES_PER_ROUND: Final = 2
MOST_CHARGES: Final = 200
CHARGES_PER_WAVE: Final = 10
POINTS_SECONDS: Final = 90.0
BACK_SECONDS: Final = 30.0
# A charge whose sender was killed and whose resend came too late ends by proof: its lease, the
# minute after which a lost check is made again, then three reads over two minutes.
REST_SECONDS: Final = 240.0
# A charge comes to these points when submit_charge lets it pass, so their turn is second.
LATER: Final = (
    "receive_callback.",
    "settle_charge.",
    "render_receipt.",
    "submit_charge.before_publish",
    "submit_charge.after_publish",
)
# What no crash point reaches is killed whole, with charges and readers under way.
WAVES: Final = (
    ("simulate_provider", "read_payments", "verify_receipt"),
    ("pubsub_http",),  # the broker, found by its other door
    ("postgres",),
)
_ROUND_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.05
_TICK_SECONDS: Final = 25.0
_REFUSED_EVERY: Final = 4
_DECLINED_EVERY: Final = 7


@dataclass(slots=True)
class Storm:
    """One storm over one merchant of a running system; `seconds` says when what was done."""

    system: LocalSystem
    merchant: Merchant
    operator: OperatorControl
    points: frozenset[str]
    seconds: dict[str, float] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _asked: list[Future[Accepted]] = field(default_factory=list)
    _poked: Counter[str] = field(default_factory=Counter)

    def run(self) -> Evidence:
        """Kill, wait until all is quiet, and return what is left."""
        for number in range(0, MOST_CHARGES, _REFUSED_EVERY):
            phone = _phone(number)
            self.operator.fault(phone, "error_before", http_status=500, code="PAYER_NOT_FOUND")
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as clients:
            later = frozenset(name for name in self.points if name.startswith(LATER))
            bury_a_letter(self.system)
            self._ask(clients, FIRST_CHARGES)
            self._kill_at(clients, self.points - later)
            crash_points.arm(self.system.crash_points, later)
            for wave in WAVES:
                self._kill_whole(clients, wave)
            self.seconds["every part killed"] = time.monotonic() - began
            self._kill_at(clients, later)
            self.seconds["every point hit"] = time.monotonic() - began
            self.accepted = [future.result() for future in self._asked]
        self._await_rest()
        self.seconds["at rest"] = time.monotonic() - began
        return gather(self.system, self.merchant, self.operator, self.accepted)

    def hits(self) -> Counter[str]:
        """How often a process died at each point."""
        return crash_points.hits(self.system.crash_points)

    def _kill_at(self, clients: ThreadPoolExecutor, points: frozenset[str]) -> None:
        """Arm points and let work flow until each was hit, or the time is over."""
        crash_points.arm(self.system.crash_points, points - self.hits().keys())
        deadline = time.monotonic() + POINTS_SECONDS
        while (missing := points - self.hits().keys()) and time.monotonic() < deadline:
            self._tick_what_was_killed()
            # New work is pushed at once; what was under way waits for its next delivery.
            if len(self._asked) < MOST_CHARGES and any(map(self._is_up, missing)):
                self._ask(clients, CHARGES_PER_ROUND)
            until = time.monotonic() + _ROUND_SECONDS
            while time.monotonic() < until and not missing & self.hits().keys():
                time.sleep(_PAUSE_SECONDS)

    def _ask(self, clients: ThreadPoolExecutor, count: int) -> None:
        for number in itertools.islice(self._numbers, count):
            order = Order(_phone(number), amount=1_000 + number)
            self._asked.append(clients.submit(self.merchant.charge, order))

    def _tick_what_was_killed(self) -> None:
        """Call a killed scheduled function as soon as it is back, as its clock would in 15 s."""
        for entry in load_catalogue():
            deaths = sum(n for name, n in self.hits().items() if name.startswith(f"{entry.name}."))
            if entry.schedule is None or deaths == self._poked[entry.name]:
                continue
            if self._is_up(entry.name):
                self._poked[entry.name] = deaths
                port = self.system.ports[entry.name]
                threading.Thread(target=_tick, args=(port,), daemon=True).start()

    def _is_up(self, point: str) -> bool:
        """Whether the function to which a point belongs takes connections."""
        port = self.system.ports[point.partition(".")[0]]
        with suppress(OSError), socket.create_connection((HOST, port), timeout=0.5):
            return True
        return False

    def _kill_whole(self, clients: ThreadPoolExecutor, names: Sequence[str]) -> None:
        before = {name: self.system.process_id(name) for name in names}
        self._ask(clients, CHARGES_PER_WAVE)
        readers = [
            clients.submit(self._read_until_answered, path, status)
            for path, status in (("/v1/balance", 200), (f"/verify/{'7' * 26}", 404))
        ]
        for process_id in before.values():
            os.kill(process_id, signal.SIGKILL)
        wait_for(f"{names} back", lambda: self._are_back(before), seconds=BACK_SECONDS)
        for reader in readers:
            reader.result()

    def _are_back(self, before: dict[str, int]) -> bool:
        for name, process_id in before.items():
            with suppress(pytest.fail.Exception):
                if self.system.process_id(name) != process_id:
                    continue
            return False
        return True

    def _read_until_answered(self, path: str, status: int) -> None:
        def look() -> bool:
            with suppress(urllib3.exceptions.HTTPError):
                return self.merchant.call("GET", path).status == status
            return False

        wait_for(f"GET {path} answered", look, seconds=BACK_SECONDS)

    def _await_rest(self) -> None:
        """Return when nothing is under way any more; what still is then, the oracle will name."""
        deadline = time.monotonic() + REST_SECONDS
        while time.monotonic() < deadline:
            if is_at_rest(self.system, self.merchant) and self.system.readyz()[0] == 200:
                return
            time.sleep(_ROUND_SECONDS)


def bury_a_letter(system: LocalSystem) -> None:
    """Publish to a dead-letter topic what no function of ours can read."""
    channel = grpc.insecure_channel(f"{HOST}:{system.ports['pubsub']}")
    client: Any = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
    topic = f"projects/{PUBSUB_PROJECT}/topics/charge-created-dead"
    message = {"data": b"no message of ours", "attributes": {"type": "charge-created"}}
    client.publish(request={"topic": topic, "messages": [message]}, timeout=10)
    client.transport.close()


def _phone(number: int) -> str:
    """A payer who pays, or now and then one who declines."""
    return f"+23767{number:04d}{'451' if number % _DECLINED_EVERY == 0 else '001'}"


def _tick(port: int) -> None:
    """A tick's answer comes when its run is over, or never, when it is killed meanwhile."""
    with suppress(urllib3.exceptions.HTTPError):
        urllib3.request("POST", f"http://{HOST}:{port}/", timeout=_TICK_SECONDS, retries=False)
