"""The same call by both doors: by path and JSON, and by name and CBOR."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import quote, urlencode

import cbor2
from pycddl import Schema

from knative.catalogue import ROOT
from shared.contracts.operations import OPERATIONS, Operation
from tests.functions.door import Door, Reply

BY_NAME: Final = {op.operation_id: op for op in OPERATIONS if op.auth == "merchant"}
_REQUEST_ID: Final = re.compile(r"req_[a-z2-7]{24}")
_ANY_REQUEST: Final = "req_222222222222222222222222"
_HEADERS: Final = (
    "Cache-Control",
    "Content-Language",
    "Idempotent-Replayed",
    "Pay-Version",
    "Retry-After",
    "Stripe-Should-Retry",
    "WWW-Authenticate",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a caller can tell of an answer, but for the id of its request."""

    status: int
    shown: Any
    headers: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Doors:
    """Somebody who knows both."""

    door: Callable[[str], Door]
    headers: Mapping[str, str]

    def rest(self, method: str, params: Mapping[str, Any], key: str | None = None) -> Seen:
        """Call the operation by its path, its query and its body."""
        operation = BY_NAME[method]
        path, rest = _path(operation, params)
        headers = {**self.headers, **({} if key is None else {"Idempotency-Key": key})}
        served = self.door(operation.function)
        if operation.method == "GET":
            query = urlencode(rest, doseq=True)
            reply = served.get(f"{path}?{query}" if query else path, headers=headers)
        else:
            content = json.dumps(rest).encode() if rest or operation.method == "POST" else None
            reply = served.call(operation.method, path, content, headers=headers)
        return _seen(reply, reply.json)

    def rpc(self, method: str, params: Mapping[str, Any], key: str | None = None) -> Seen:
        """Call it by its name."""
        envelope = {"method": method, "params": params}
        if key is not None:
            envelope["idempotency_key"] = key
        reply = self.door("call_rpc").rpc(envelope, headers=self.headers)
        ((word, shown),) = reply.cbor.items()
        assert (word == "error") == (reply.status >= 400)
        return _seen(reply, shown)


def hold_to_cddl(rule: str, value: object) -> None:
    """Raise ValidationError unless rpc.cddl has a value for a good one of a rule."""
    _schema(rule).validate_cbor(cbor2.dumps(value))


@cache
def _schema(rule: str) -> Schema:
    text = (ROOT / "shared/contracts/rpc.cddl").read_text("utf-8")
    return Schema(f"start = {rule}\n\n{text}")


def _path(operation: Operation, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    rest = dict(params)
    path = re.sub(r"\{(\w+)\}", lambda part: quote(str(rest.pop(part[1])), safe=""), operation.path)
    return path, rest


def _seen(reply: Reply, shown: object) -> Seen:
    bare = json.loads(_REQUEST_ID.sub(_ANY_REQUEST, json.dumps(shown)))
    return Seen(reply.status, bare, {name: reply.headers.get(name) for name in _HEADERS})
