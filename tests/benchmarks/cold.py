"""Measures how long each function takes from the start of its process to its first answer."""

import base64
import compileall
import contextlib
import http.client
import json
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cbor2
import psutil

from knative.catalogue import FunctionEntry, load_catalogue
from knative.local.environment import function_environment
from knative.local.layout import HOST, ROOT, Layout
from knative.local.programs import Program, free_port, spawn, stop
from tests.benchmarks.figures import Figure
from tests.system import LocalSystem

TIMES: Final = 5
_LONGEST_SECONDS: Final = 15.0
_NOBODY_ASKS: Final = "http://127.0.0.1:9"  # what is no token is refused without its realm
_AT_REST_PERCENT: Final = 15.0


@dataclass(frozen=True, slots=True)
class _First:
    """The first request to a function and the status that it must get."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | bytes | None = None


class ColdError(Exception):
    """A function gave no answer, or a wrong one."""


# What provision_account and approve_payout refuse to every key is refused once the key was looked
# up; the last two know no key, and no token like it.
_BY_KEY: Final = {
    "create_refund": ("POST", f"/v1/late_payments/lp_{'2' * 24}/accept", 404),
    "create_payout": ("POST", f"/v1/payouts/po_{'2' * 24}/cancel", 404),
    "approve_payout": ("POST", f"/v1/payouts/po_{'2' * 24}/reject", 403),
    "lookup_holder": ("POST", "/v1/holder_lookups", 415),
    "read_payments": ("GET", "/v1/charges?limit=3", 200),
    "stream_events": ("GET", "/v1/stream?after=nothing", 400),
    "create_file": ("GET", "/v1/files?limit=3", 200),
    "manage_account": ("GET", "/v1/api_keys?limit=3", 200),
    "provision_account": ("POST", "/v1/account/delete_test_data", 403),
    "manage_platform": ("GET", "/v1/accesses", 401),
    "read_customer": ("GET", "/v1/customer/payments", 401),
}


def measure(running: LocalSystem, folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Start each function beside the running system, with its environment, `TIMES` times."""
    # As in an image, the code is compiled beforehand, whatever this machine's Python is told.
    for room in ("functions", "shared"):
        compileall.compile_dir(ROOT / room, quiet=1)
    ports = running.ports
    store = f"http://{HOST}:{ports['object_store']}"
    layout = Layout(running.data_dir, ports, store, keycloak_url=_NOBODY_ASKS)
    found = []
    _rest()
    for entry in load_catalogue():
        if entry.kind == "operation":
            continue
        # A new idempotency key for each start: a replay would be another request.
        times = [_start(entry, layout, _first(entry, running), folder) for _ in range(TIMES)]
        shown = ", ".join(f"{seconds:.2f}" for seconds in times)
        say(f"{entry.name}: {shown} s")
        found.append(
            Figure(
                "cold",
                f"cold start: {entry.name}",
                statistics.median(times),
                "s",
                at_most=0.7,
                note=f"median of {TIMES}: {shown}",
            )
        )
    return found


_PUBLIC: Final = {
    "verify_receipt": "/verify/2222222222222222",
    "serve_checkout": f"/pay/ch_{'2' * 24}",
}


def _rest() -> None:
    """Wait, within a bound, for the machine to be done with what it was doing: a start, a load."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while psutil.cpu_percent(interval=1.0) > _AT_REST_PERCENT and time.monotonic() < deadline:
        pass


def _first(entry: FunctionEntry, running: LocalSystem) -> _First:
    """A request that reaches the database where there is a door; the refusal of GET elsewhere."""
    key = {"Authorization": f"Bearer {running.credentials['secret_key']}"}
    match entry.name:
        case "create_charge" | "call_rpc":
            return _charge(entry.name, key)
        case name if name in _BY_KEY:
            method, path, status = _BY_KEY[entry.name]
            return _First(method, path, status, key)
        case "receive_callback":
            content = {"Content-Type": "application/json"}
            return _First("POST", f"/callbacks/mtn/{secrets.token_hex(32)}", 404, content, {})
        case "verify_receipt" | "serve_checkout":
            return _First("GET", _PUBLIC[entry.name], 404)
        case "simulate_provider":
            return _token(running)
        case _:
            return _First("GET", "/", 200 if entry.name == "export_metrics" else 405)


def _charge(function: str, key: Mapping[str, str]) -> _First:
    order = {
        "amount": 5000,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": "+237677000001"},
    }
    once = {**key, "Idempotency-Key": secrets.token_hex(12)}
    if function == "create_charge":
        return _First(
            "POST", "/v1/charges", 200, once | {"Content-Type": "application/json"}, order
        )
    envelope = cbor2.dumps({"method": "create_charge", "params": order})
    return _First("POST", "/rpc", 200, once | {"Content-Type": "application/cbor"}, envelope)


def _token(running: LocalSystem) -> _First:
    file = running.data_dir / "secrets" / "simulator_credentials"
    known = json.loads(file.read_text(encoding="utf-8"))
    basic = base64.b64encode(f"{known['api_user']}:{known['api_key']}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Ocp-Apim-Subscription-Key": known["subscription_key"],
    }
    return _First("POST", "/mtn/collection/token/", 200, headers)


def _start(entry: FunctionEntry, layout: Layout, first: _First, folder: Path) -> float:
    port = free_port()
    addresses = {"PORT": str(port), "METRICS_PORT": str(free_port())}
    program = Program(
        name=entry.name,
        argv=(sys.executable, "-m", entry.server),
        log=folder / f"cold-{entry.name}.log",
        folder=ROOT,
        environment=function_environment(entry, layout) | addresses,
    )
    began = time.monotonic()
    process = spawn(program)
    try:
        status = _answer(port, first, deadline=began + _LONGEST_SECONDS)
        seconds = time.monotonic() - began
    finally:
        stop(process, program)
    if status != first.status:
        raise ColdError(f"{entry.name} answered {status}, not {first.status}")
    return seconds


def _answer(port: int, first: _First, *, deadline: float) -> int:
    """Ask until somebody listens; the status of the first answer."""
    body = json.dumps(first.body) if isinstance(first.body, Mapping) else first.body
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(HOST, port, timeout=_LONGEST_SECONDS)
        with contextlib.closing(connection), contextlib.suppress(ConnectionError):
            connection.request(first.method, first.path, body, dict(first.headers))
            return connection.getresponse().status
        time.sleep(0.005)
    raise ColdError(f"nobody answered on port {port}")
