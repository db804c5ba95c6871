"""Measures the whole path under load, charge to webhook and receipt, and what each hop costs."""

import itertools
import json
import queue
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Final

from knative.catalogue import load_catalogue
from knative.local.webhook_receiver import WebhookReceiver
from tests.benchmarks import load
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import cpu_seconds
from tests.system import LocalSystem

RATES: Final = ((25, 60.0), (40, 30.0))
"""Charges per second and for how long; the first has a bar, the second is what we aim for."""
CLIENTS: Final = 32
WARM_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 60.0
# What a merchant is told of each charge.
_EVENTS: Final = frozenset({"charge.pending", "charge.succeeded", "receipt.available"})
# Where the processor time of a charge goes, in the order in which a charge meets it.
_PARTS: Final = {
    "gateway": "gateway",
    "PostgreSQL": "postgres",
    "Pub/Sub server": "pubsub_http",
    "object store": "object_store",
}
_HOPS: Final = {
    "create": "create_charge",
    "submit": "submit_charge",
    "callback": "receive_callback",
    "settle": "settle_charge",
    "webhook": "dispatch_webhook",
    "receipt": "render_receipt",
    "stand-in operator": "simulate_provider",
}


class BehindError(Exception):
    """Charges did not reach their end in a minute; the message says how many."""


def measure(running: LocalSystem, say: Callable[[str], None]) -> list[Figure]:
    """Hold each rate, wait until all is delivered and stored, and share out the processor time."""
    known = running.credentials
    found: list[Figure] = []
    with WebhookReceiver(known["webhook_url"], known["webhook_secret"]) as receiver:
        _hold(running, receiver, per_second=RATES[0][0], seconds=WARM_SECONDS)
        for per_second, seconds in RATES:
            before = _cpu(running)
            charges, empty_after = _hold(running, receiver, per_second=per_second, seconds=seconds)
            used = {name: now - before[name] for name, now in _cpu(running).items()}
            say(f"{charges} charges at {per_second}/s: all done {empty_after:.1f} s after the last")
            is_barred = per_second == RATES[0][0]
            found.append(
                Figure(
                    "whole",
                    f"{per_second} charges/s: webhooks and receipts done after the last",
                    empty_after,
                    "s",
                    at_most=5 if is_barred else None,
                    note=f"{charges} charges in {seconds:.0f} s; 3 webhooks and a receipt each",
                )
            )
            if is_barred:
                found += _per_charge(used, charges)
    return found


def _hold(
    running: LocalSystem, receiver: WebhookReceiver, *, per_second: int, seconds: float
) -> tuple[int, float]:
    """Charges that were asked for, and seconds from the last answer to the last event told.

    A charge counts once all its events came; one that came twice counts once.
    """
    run = secrets.token_hex(8)
    asked = len(
        load.paced(
            running.ports["gateway"],
            _maker(running.credentials["secret_key"], run),
            clients=CLIENTS,
            per_second=per_second,
            seconds=seconds,
        ).milliseconds
    )
    ended = time.monotonic()
    told: set[tuple[str, str]] = set()
    last = ended
    while len(told) < len(_EVENTS) * asked:
        try:
            got = receiver.received.get(timeout=_LONGEST_SECONDS)
        except queue.Empty:
            missing = len(_EVENTS) * asked - len(told)
            raise BehindError(f"{missing} events of {asked} charges never came") from None
        if not got.is_verified:
            raise BehindError("a webhook's signature is wrong")
        if got.event["data"]["description"] == run and got.event_type in _EVENTS:
            told.add((got.event["data"]["id"], got.event_type))
            last = max(last, got.at)
    return asked, last - ended


def _maker(key: str, run: str) -> load.MakeRequest:
    """Charges of one merchant by four hundred payers, each with a key of its own."""
    numbers = itertools.count()

    def make() -> bytes:
        number = next(numbers)
        body = {
            "amount": 5000,
            "currency": "xaf",
            "payment_method": {
                "type": "mobile_money",
                "phone": f"+237{677_000_001 + number % 400}",
            },
            "description": run,
        }
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"{run}-{number}",
        }
        return load.request("POST", "/v1/charges", json.dumps(body).encode(), headers)

    return make


def _cpu(running: LocalSystem) -> Mapping[str, float]:
    """Seconds of processor time so far, by hop and part; `others` is every other function."""
    ports = {**_HOPS, **_PARTS}
    used = {name: cpu_seconds(running.process_id(port)) for name, port in ports.items()}
    used["other functions"] = sum(
        cpu_seconds(running.process_id(entry.name))
        for entry in load_catalogue()
        if entry.kind != "operation" and entry.name not in _HOPS.values()
    )
    used["client and webhook receiver"] = time.process_time()
    return used


def _per_charge(used: Mapping[str, float], charges: int) -> list[Figure]:
    each = {name: seconds * 1000 / charges for name, seconds in used.items()}
    figures = [Figure("whole", f"CPU per charge: {name}", ms, "ms") for name, ms in each.items()]
    total = Figure(
        "whole",
        "CPU per charge: all of it",
        sum(each.values()),
        "ms",
        note=f"publishing is in each function, pushing in the Pub/Sub server; {charges} charges",
    )
    return [*figures, total]
