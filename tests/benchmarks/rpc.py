"""Measures the CBOR door against REST: calls and bytes for a charge, and batches of fifty."""

import contextlib
import itertools
import json
import secrets
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import cbor2
import urllib3

from shared.domain.errors import Refusal
from shared.runtime.cbor_body import CBOR, read_object
from tests.benchmarks import load
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import cpu_seconds, group_pss_mb
from tests.benchmarks.rig import Rig, Served, rig
from tests.bombs import BOMBS

CLIENTS: Final = 8
ROUNDS: Final = 5
ROUND_SECONDS: Final = 4.0
WARM_SECONDS: Final = 4.0
CALLS: Final = 50
TRIES: Final = 10
_BODY: Final[Mapping[str, Any]] = {
    "amount": 5000,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237677000001"},
    "description": "Commande 1042, deux pagnes",
    "metadata": {"order": "1042"},
}
_RUN: Final = secrets.token_hex(8)
_NUMBERS: Final = itertools.count()


class _Lane:
    """One way to ask for charges, `per_request` of them in each request."""

    def __init__(
        self,
        name: str,
        at: tuple[Rig, Served],
        make: load.MakeRequest,
        per_request: int,
        clients: int,
    ) -> None:
        self.name, self.per_request, self.clients = name, per_request, clients
        stand, served = at
        self.port, self.make = served.port, make
        self.rates: list[float] = []
        self.cpu: list[tuple[float, float]] = []
        self._processes = (served.process.pid, stand.postgres.process.pid)

    def turn(self, seconds: float, *, counts: bool = True) -> None:
        before = [cpu_seconds(number) for number in self._processes]
        run = load.closed(self.port, self.make, clients=self.clients, seconds=seconds)
        if not counts:
            return
        after = [cpu_seconds(number) for number in self._processes]
        charges = len(run.milliseconds) * self.per_request
        ours, theirs = ((b - a) * 1000 / charges for a, b in zip(before, after, strict=True))
        self.cpu.append((ours, theirs))
        self.rates.append(run.per_second * self.per_request)

    def cpu_ms(self) -> tuple[float, float]:
        """Milliseconds of the processor for a charge: the function's and PostgreSQL's."""
        ours, theirs = zip(*self.cpu, strict=True)
        return statistics.median(ours), statistics.median(theirs)

    def against(self, other: "_Lane") -> float:
        """The median of how many charges this one took for each of the other's, pair by pair."""
        pairs = zip(self.rates, other.rates, strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    def per_second(self) -> float:
        return statistics.median(self.rates)


def measure(folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Ask for charges by REST, by name, and fifty at once, by turns."""
    with ExitStack() as stack:
        stand = stack.enter_context(rig(folder))
        rest = stack.enter_context(stand.serving("create_charge"))
        named = stack.enter_context(stand.serving("call_rpc"))
        key = stand.secret_key
        lanes = [
            _Lane("REST", (stand, rest), lambda: _rest(key), 1, CLIENTS),
            _Lane("/rpc", (stand, named), lambda: _one(key), 1, CLIENTS),
            _Lane("/rpc, one client", (stand, named), lambda: _one(key), 1, 1),
            _Lane("/rpc.batch, one client", (stand, named), lambda: _many(key), CALLS, 1),
            _Lane("/rpc.batch", (stand, named), lambda: _many(key), CALLS, CLIENTS),
        ]
        for lane in lanes:
            lane.turn(WARM_SECONDS, counts=False)
        for _ in range(ROUNDS):
            for lane in lanes:
                lane.turn(ROUND_SECONDS)
                ours, theirs = lane.cpu[-1]
                say(f"{lane.name}: {lane.rates[-1]:.0f}/s, {ours:.2f} and {theirs:.2f} ms of CPU")
        by_rest, by_name = _bytes(rest, _rest(key)), _bytes(named, _one(key))
        memory = group_pss_mb(named.process.pid)
    return _figures(lanes, by_rest, by_name, memory)


def _figures(lanes: list[_Lane], by_rest: int, by_name: int, memory: float) -> list[Figure]:
    rest, one, lone, lone_many, many = lanes
    how = f"charges; {CLIENTS} clients, median of {ROUNDS} turns"
    alone = f"charges; one client, {CALLS} calls a batch"
    size = f"{by_name} and {by_rest} bytes of body, there and back; the key in a header of both"
    return [
        Figure("rpc", "create_charge by REST", rest.per_second(), "/s", note=how),
        Figure("rpc", "create_charge by /rpc", one.per_second(), "/s", note=how),
        Figure(
            "rpc", "/rpc against REST", 100 * one.against(rest), "%", at_least=95, note="by turns"
        ),
        Figure("rpc", "its bytes", 100 * by_name / by_rest, "%", at_most=85, note=size),
        Figure("rpc", "/rpc, one client", lone.per_second(), "/s", note=alone),
        Figure("rpc", "/rpc.batch, one client", lone_many.per_second(), "/s", note=alone),
        Figure(
            "rpc", "a batch against as many calls", lone_many.against(lone), "times", at_least=4,
            note=f"by turns; {alone}",
        ),
        Figure("rpc", f"/rpc.batch, {CLIENTS} clients", many.per_second(), "/s", note=how),
        Figure("rpc", f"the same, {CLIENTS} clients each", many.against(one), "times", note=how),
        *_cpu(lanes),
        *_bombs(),
        Figure("rpc", "memory of call_rpc", memory, "MB", at_most=100, note="PSS of the group"),
    ]  # fmt: skip


def _bombs() -> list[Figure]:
    """Read the worst bodies (E43); the raw bound is the decoder alone, on the same one."""
    took = {name: _reading(make(), _read) for name, make in BOMBS.items()}
    worst = max(took, key=lambda name: took[name])
    raw = _reading(BOMBS[worst](), _decode)
    how = f"of {len(took)} of 64 KiB: {worst}; processor, the least of {TRIES}"
    return [
        Figure("rpc", "the worst bomb of CBOR", took[worst], "ms", at_most=50, note=how),
        Figure("rpc", "the same, decoded and not looked at", raw, "ms", note="cbor2"),
    ]


def _reading(content: bytes, read: Callable[[bytes], object]) -> float:
    took = []
    for _ in range(TRIES):
        began = time.thread_time()
        read(content)
        took.append(time.thread_time() - began)
    return 1000 * min(took)


def _read(content: bytes) -> None:
    with contextlib.suppress(Refusal):
        read_object(content, CBOR)


def _decode(content: bytes) -> None:
    with contextlib.suppress(cbor2.CBORDecodeError, ValueError):
        cbor2.loads(content)


def _cpu(lanes: list[_Lane]) -> list[Figure]:
    return [
        Figure("rpc", f"CPU per charge by {lane.name}: {whose}", value, "ms", note="by turns")
        for lane in (lanes[0], lanes[1], lanes[4])
        for whose, value in zip(("function", "PostgreSQL"), lane.cpu_ms(), strict=True)
    ]


def _key() -> str:
    return f"{_RUN}-{next(_NUMBERS)}"


def _headers(secret_key: str, kind: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret_key}", "Content-Type": f"application/{kind}"}


def _rest(secret_key: str) -> bytes:
    content = json.dumps(_BODY, ensure_ascii=False, separators=(",", ":")).encode()
    headers = _headers(secret_key, "json") | {"Idempotency-Key": _key()}
    return load.request("POST", "/v1/charges", content, headers)


def _one(secret_key: str) -> bytes:
    content = cbor2.dumps({"method": "create_charge", "params": _BODY})
    headers = _headers(secret_key, "cbor") | {"Idempotency-Key": _key()}
    return load.request("POST", "/rpc", content, headers)


def _many(secret_key: str) -> bytes:
    call = {"method": "create_charge", "params": _BODY}
    content = cbor2.dumps({"calls": [{**call, "idempotency_key": _key()} for _ in range(CALLS)]})
    return load.request("POST", "/rpc.batch", content, _headers(secret_key, "cbor"))


def _bytes(served: Served, request: bytes) -> int:
    """Send it once more and count the bodies, there and back."""
    head, _, content = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    url = f"http://127.0.0.1:{served.port}{first.split()[1]}"
    answer = urllib3.request("POST", url, body=content, headers=headers, retries=False)
    if answer.status != 200:
        raise load.WrongAnswerError(str(answer.data[:300]))
    return len(content) + len(answer.data)
