"""Nothing answers but what openapi.yaml names, at the gateway and behind it (E46)."""

import json
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from posixpath import normpath
from typing import Final

from knative.catalogue import load_catalogue
from shared.contracts.operations import OPERATIONS
from shared.domain.errors import MethodNotAllowed, NotFound
from shared.runtime.routing import Routes
from tests.system import HOST, WholeSystem
from tests.trials import Trial

Make = Callable[[random.Random], "Probe"]

_ROUTES: Final = Routes(OPERATIONS)
_CANARY: Final = "kanari7b2e"
_OF_THE_LOCAL_SYSTEM: Final = ("/readyz", "/orange", "/simulator", "/dashboard")
_METHODS: Final = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"),
    *("TRACK", "PROPFIND", "DEBUG", "get", "PRI", "X" * 300),
)
_WORDS: Final = (
    *(".env", ".git/config", "admin", "metrics", "debug", "actuator", "server-status", "healthz"),
    *("wp-login.php", "swagger", "graphql", "console", "v2", "..;", "%00", "%2e%2e", "%09", "{id}"),
)
_HEADERS: Final = (
    *("ce-id", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-subject", "host", "origin"),
    *("x-http-method-override", "x-original-url", "x-rewrite-url", "x-forwarded-host", "baggage"),
    *("traceparent", "content-type", "accept-language", "pay-version", "prefer"),
)
_GATEWAY: Final = "gateway"
_STAND_IN: Final = "simulate_provider"
_CLOSED: Final = 0
_SILENT: Final = -1
_REFUSED: Final = frozenset({400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 431, 501})


@dataclass(frozen=True, slots=True)
class Probe:
    """A request as bytes; `is_known` when the contract has its method and path."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def is_known(self) -> bool:
        """Whether openapi.yaml gives an answer to it, or the local system's own parts do."""
        if self._path.startswith(_OF_THE_LOCAL_SYSTEM) or self._is_root:
            return True
        try:
            _ROUTES.find(self.method, self._path)
        except (MethodNotAllowed, NotFound):
            return False
        return True

    @property
    def _path(self) -> str:
        """The path, also of a target that begins with an address."""
        target = self.target.partition("?")[0]
        if not target.startswith("http://"):
            return target
        return f"/{target.removeprefix('http://').partition('/')[2]}"

    @property
    def _is_root(self) -> bool:
        """Whether a reader is led to the dashboard: the gateway reads a path without its dots."""
        plain = self._path.lower().replace("%2e", ".").partition(";")[0]
        return self.method in {"GET", "HEAD"} and normpath(plain) == "/"

    @property
    def wire(self) -> bytes:
        """What is sent, with nothing repaired on the way."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "connection: close"]
        names = {name for name, _ in self.headers}
        lines += [] if "host" in names else ["host: gateway"]
        lines += [f"{name}: {word}" for name, word in self.headers]
        lines += [f"content-length: {len(self.body)}"] if self.body else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.body


@dataclass(frozen=True, slots=True)
class Found:
    """What came back; a status of none where there was no answer."""

    status: int
    head: str
    body: bytes


def test_what_the_contract_does_not_name_is_refused(
    whole_system: WholeSystem, trial: Trial
) -> None:
    """Odd paths, methods, events and sizes bring our refusal, no echo, and hurt nobody."""
    system = whole_system.with_people()
    doors = {_GATEWAY: system.ports[_GATEWAY]} | {
        entry.name: system.ports[entry.name]
        for entry in load_catalogue()
        if not entry.schedule and entry.kind != "operation" and entry.name != _STAND_IN
    }
    wrong, kinds = [], dict.fromkeys(_MAKERS, 0)
    for number in range(trial.size(400, 5000)):
        kind, make = trial.chance.choice(list(_MAKERS.items()))
        door = _GATEWAY if number % 2 else trial.chance.choice(sorted(doors))
        probe = make(trial.chance)
        fault = _fault(probe, _ask(doors[door], probe.wire))
        kinds[kind] += 1
        if fault:
            wrong.append(f"{door}: {probe.wire[:200]!r}: {fault}")

    assert system.readyz()[0] == 200
    assert not wrong, "\n".join(wrong)
    trial.record("surface (E46)", sum(kinds.values()), wrong=len(wrong), **kinds)


def _fault(probe: Probe, found: Found) -> str:
    if _CANARY in found.head or _CANARY.encode() in found.body:
        return f"an echo: {found.head} {found.body[:300]!r}"
    if probe.is_known:
        return (
            ""
            if _CLOSED <= found.status < 500
            else f"a failure: {found.status} {found.body[:300]!r}"
        )
    if found.status == _CLOSED:
        return ""
    if found.status not in _REFUSED:
        return f"an answer: {found.status} {found.head} {found.body[:300]!r}"
    if found.body and found.status in {404, 405} and "code" not in _error(found.body):
        return f"not in our shape: {found.body[:300]!r}"
    return ""


def _error(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    error: dict[str, object] = found.get("error", {}) if isinstance(found, dict) else {}
    return error


def _ask(port: int, wire: bytes) -> Found:
    """Send the bytes as they are, and read one answer."""
    with socket.create_connection((HOST, port), timeout=10) as connection:
        try:
            connection.sendall(wire)
            answer = HTTPResponse(connection, method=wire.partition(b" ")[0].decode("latin-1"))
            answer.begin()
            with answer:
                return Found(answer.status, str(answer.msg), answer.read())
        except TimeoutError:
            return Found(_SILENT, "", b"")
        except (OSError, HTTPException, ValueError):
            return Found(_CLOSED, "", b"")


def _known_path(chance: random.Random) -> str:
    return chance.choice(OPERATIONS).path.replace("{id}", "ch_2").replace("{", "").replace("}", "")


def _odd_path(chance: random.Random) -> Probe:
    path, word = _known_path(chance), chance.choice(_WORDS)
    at = chance.randrange(len(path))
    changed = (
        *(f"/{word}", f"{path}/{word}", f"/{word}{path}", f"/{path}", f"{path}/", f"{path}//"),
        *(path.upper(), path.replace("/v1", "/v0"), f"/{_CANARY}", "*", path * 90),
        *(path[:at] + chance.choice("%;\\&=.~a") + path[at:], path[:at] + path[at + 1 :]),
        *(f"{path}?{word}={_CANARY}", f"http://{_CANARY}.example{path}"),
    )
    return Probe(chance.choice(("GET", "POST")), chance.choice(changed))


def _odd_method(chance: random.Random) -> Probe:
    return Probe(chance.choice(_METHODS), _known_path(chance), (("x-kanari", _CANARY),))


def _odd_event(chance: random.Random) -> Probe:
    path = chance.choice(("/", _known_path(chance), "/callbacks/mtn/none"))
    names = chance.sample(_HEADERS, chance.randint(1, 8))
    words = (_CANARY, f"{_CANARY}\x01", f"{_CANARY}; charset=x", f'"{_CANARY}', _CANARY * 200)
    headers = tuple((name, chance.choice(words)) for name in names)
    return Probe("POST", path, headers, chance.choice((b"", b"{", f'{{"{_CANARY}": 1}}'.encode())))


def _odd_size(chance: random.Random) -> Probe:
    long = _CANARY * chance.choice((300, 900, 4_000, 20_000))
    body = long.encode()
    many = tuple((f"x-{number}", _CANARY) for number in range(len(long) // 40))
    return chance.choice(
        (
            Probe("GET", f"/v1/charges?cursor={long}"),
            Probe("GET", f"/v1/{long}"),
            Probe("GET", "/v1/charges", (("authorization", f"Bearer {long}"),)),
            Probe("GET", "/v1/charges", many),
            Probe("POST", "/v1/charges", (("content-type", "application/json"),), body * 8),
            Probe("POST", "/", (("transfer-encoding", "chunked"),), b"zz\r\n" + body),
        )
    )


_MAKERS: Final[dict[str, Make]] = {
    "paths": _odd_path,
    "methods": _odd_method,
    "events": _odd_event,
    "sizes": _odd_size,
}
