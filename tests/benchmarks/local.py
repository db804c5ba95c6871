"""Measures the whole local system: its start, a charge's way through it, the memory it keeps."""

import contextlib
import json
import queue
import secrets
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import urllib3

from knative.catalogue import FunctionEntry, load_catalogue
from knative.local.programs import free_port
from knative.local.webhook_receiver import WebhookReceiver
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import group_pss_mb
from tests.system import LocalSystem, start_system

Say = Callable[[str], None]

STARTS: Final = 3
WARM_CHARGES: Final = 10
CHARGES: Final = 150
PER_SECOND: Final = 5
LOST: Final = 12
_LONGEST_SECONDS: Final = 40.0
_HEAVY: Final = "render_receipt"


class BenchError(Exception):
    """A measurement could not be made; the message says which and why."""


@contextlib.contextmanager
def system(data_dir: Path, starts: list[float], port: int) -> Iterator[LocalSystem]:
    """A system on `data_dir` in which charges flow; adds the seconds that its start took."""
    began = time.monotonic()
    # Without crash points, as `make run` has it: each would ask the disk whether it is armed.
    running = start_system(data_dir, port=port, environment={"CRASH_POINTS_DIR": ""})
    try:
        running.wait_ready()
        starts.append(time.monotonic() - began)
        yield running
    finally:
        running.stop()


@contextlib.contextmanager
def measured_system(
    data_dir: Path, found: list[Figure], say: Say, *, with_starts: bool
) -> Iterator[LocalSystem]:
    """A system for the other measurements; first started often enough to time it, if wanted."""
    first: list[float] = []
    again: list[float] = []
    port = free_port()
    if with_starts:
        with system(data_dir, first, port):
            say(f"first start ever: {first[0]:.1f} s")
        for _ in range(STARTS - 1):
            with system(data_dir, again, port):
                say(f"start: {again[-1]:.1f} s")
    with system(data_dir, again, port) as running:
        if with_starts:
            say(f"start: {again[-1]:.1f} s")
            shown = ", ".join(f"{seconds:.1f}" for seconds in again)
            found += [
                Figure(
                    "start",
                    "start, once set up, to charges flowing",
                    statistics.median(again),
                    "s",
                    at_most=20,
                    note=f"median of {len(again)}: {shown}",
                ),
                Figure("start", "first start ever", first[0], "s", note="empty data folder"),
            ]
        yield running


def measure_flow(running: LocalSystem, say: Say) -> list[Figure]:
    """Charges from accepted to succeeded as a merchant sees it: by the webhook."""
    known = running.credentials
    with WebhookReceiver(known["webhook_url"], known["webhook_secret"]) as receiver:
        merchant = _Merchant(running, receiver)
        merchant.succeed(WARM_CHARGES, per_second=PER_SECOND)
        quick = merchant.succeed(CHARGES, per_second=PER_SECOND)
        say(f"{CHARGES} charges: p50 {statistics.median(quick) * 1000:.0f} ms")
        merchant.order_fault("callback_none", times=LOST)
        lost = merchant.succeed(LOST, per_second=PER_SECOND)
        say(f"{LOST} charges without callback: {max(lost):.1f} s at most")
    quick.sort()
    how = f"{CHARGES} charges at {PER_SECOND}/s, from the request sent to the webhook received"
    return [
        Figure(
            "flow",
            "accepted → succeeded, p50",
            quick[len(quick) // 2] * 1000,
            "ms",
            at_most=300,
            note=how,
        ),
        Figure(
            "flow",
            "accepted → succeeded, p99",
            quick[int(len(quick) * 0.99)] * 1000,
            "ms",
            at_most=1500,
            note=how,
        ),
        Figure(
            "flow",
            "callback lost: settled, slowest",
            max(lost),
            "s",
            at_most=12,
            note=f"of {LOST} charges, likewise; the operator calls nobody back",
        ),
    ]


def measure_memory(running: LocalSystem) -> list[Figure]:
    """Own memory of each function, as it stands now."""
    return [
        Figure(
            "memory",
            f"own memory: {entry.name}",
            group_pss_mb(running.process_id(entry.name)),
            "MB",
            at_most=_most_mb(entry),
            note="PSS of the process group, after the charges above",
        )
        for entry in load_catalogue()
        if entry.kind != "operation"
    ]


def _most_mb(entry: FunctionEntry) -> int:
    """Who speaks to a store carries a client of S3, 32 MB of botocore, and papers a compiler."""
    if entry.name == _HEAVY:
        return 150
    return 120 if any(name.startswith("s3_") for name in entry.secrets) else 90


class _Merchant:
    """Makes charges at a steady rate and waits for their webhooks."""

    def __init__(self, running: LocalSystem, receiver: WebhookReceiver) -> None:
        self._known = running.credentials
        self._receiver = receiver
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(total=15), retries=False)

    def succeed(self, count: int, *, per_second: float) -> list[float]:
        """Seconds from the request to the webhook, of each charge. Raises BenchError."""
        accepted: dict[str, float] = {}
        began = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
            asked = time.monotonic()
            charge = self._post("/v1/charges", self._known["secret_key"], _charge())
            accepted[charge["id"]] = asked
        ended: dict[str, float] = {}
        deadline = time.monotonic() + _LONGEST_SECONDS
        while len(ended) < count:
            if time.monotonic() > deadline:
                raise BenchError(f"{count - len(ended)} of {count} charges did not end")
            self._take(ended, accepted)
        return [ended[charge] - at for charge, at in accepted.items()]

    def order_fault(self, kind: str, *, times: int) -> None:
        """Have the stand-in operator misbehave for the next charges."""
        order = {"fault": kind, "times": times}
        self._post("/_control/faults", self._known["simulator_control_token"], order)

    def _take(self, ended: dict[str, float], accepted: Mapping[str, float]) -> None:
        try:
            got = self._receiver.received.get(timeout=1)
        except queue.Empty:
            return
        if got.event_type == "charge.succeeded" and got.is_verified:
            charge = got.event["data"]["id"]
            if charge in accepted:
                ended.setdefault(charge, got.at)

    def _post(self, path: str, key: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._http.request(
            "POST",
            self._known["base_url"] + path,
            body=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Idempotency-Key": secrets.token_hex(12),
            },
        )
        if answer.status != 200:
            raise BenchError(f"POST {path} answered {answer.status}: {answer.data[:200]!r}")
        content: Mapping[str, Any] = answer.json()
        return content


def _charge() -> Mapping[str, Any]:
    number = 677_000_001 + secrets.randbelow(400)
    return {
        "amount": 5000,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": f"+237{number}"},
        "description": "Commande 1042",
    }
