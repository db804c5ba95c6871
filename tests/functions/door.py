"""A function behind its door, in this process: each answer is held to the contract as it comes."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

import cbor2
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from werkzeug.test import EnvironBuilder, run_wsgi_app

from knative.catalogue import ROOT, load_catalogue
from knative.render.contract import load_document
from shared.contracts.operations import OPERATIONS, Operation
from shared.domain.advice.catalogue import sections
from shared.domain.errors import MethodNotAllowed, NotFound
from shared.domain.events import API_VERSION
from shared.runtime.edge import create_app
from shared.runtime.routing import Routes
from shared.runtime.serve_asgi import load as load_asgi
from tests.functions.streaming import until_it_lasts

DOCUMENT: Final[Mapping[str, Any]] = load_document()
JSON: Final = "application/json"
CBOR: Final = "application/cbor"
ANCHORS: Final = frozenset(entry.code for theme in sections("en").values() for entry in theme)
LIST_FIELDS: Final = frozenset({"object", "url", "has_more", "data"})
OF_EVERY_ANSWER: Final = frozenset(
    {
        *("Content-Type", "Content-Length", "Content-Language", "Content-Encoding"),
        *("Cache-Control", "Vary", "Content-Security-Policy", "Referrer-Policy"),
        *("X-Content-Type-Options", "X-Robots-Tag", "Date"),
    }
)
"""Headers that no operation need tell of: how an answer is carried, and how a browser is bound."""
STREAMING: Final = frozenset(entry.name for entry in load_catalogue() if entry.is_streaming)
_EVERYTHING: Final = Routes(OPERATIONS)
# Python 3.11 counts the depth of a parse for all threads together, and routes are made by parsing.
_ONE_AT_A_TIME: Final = Lock()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; header names are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body, unpacked and parsed."""
        is_zipped = self.headers.get("Content-Encoding") == "gzip"
        return json.loads(gzip.decompress(self.content) if is_zipped else self.content)

    @property
    def cbor(self) -> Any:
        """The body of an answer in CBOR, parsed."""
        return cbor2.loads(self.content)

    @property
    def error(self) -> Mapping[str, Any]:
        """Stripe's half of an error."""
        error: Mapping[str, Any] = self.problem["error"]
        return error

    @property
    def problem(self) -> Mapping[str, Any]:
        """The whole of an error, in whichever form it came."""
        is_cbor = self.headers["Content-Type"] == CBOR
        problem: Mapping[str, Any] = self.cbor["error"] if is_cbor else self.json
        return problem


class Door:
    """One function, loaded as its server loads it."""

    def __init__(self, function: str) -> None:
        """Load functions/<function>/main.py."""
        self.function = function
        source = ROOT / "functions" / function / "main.py"
        with _ONE_AT_A_TIME:
            if function in STREAMING:
                self._application = until_it_lasts(load_asgi(function, str(source)))
            else:
                self._application = create_app(function, str(source))

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        remote: str = "127.0.0.1",
    ) -> Reply:
        """Send a request and hold its answer to the contract; what is not bytes goes as JSON.

        `key` is an API key. A header None is left out.
        """
        sent = {} if key is None else {"Authorization": f"Bearer {key}"}
        content = b""
        if body is not None:
            sent["Content-Type"] = JSON
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent |= headers or {}
        builder = EnvironBuilder(method=method, path=path.partition("?")[0], data=content)
        environ = builder.get_environ()
        builder.close()
        environ["QUERY_STRING"] = path.partition("?")[2]
        environ["REMOTE_ADDR"] = remote
        # Written by hand, because a client library refuses the very headers that are to be refused.
        for name, value in sent.items():
            variable = name.upper().replace("-", "_")
            environ[variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"] = value
        answered = run_wsgi_app(self._application, environ, buffered=True)
        found, status, sent_back = answered
        reply = Reply(int(status[:3]), dict(sent_back), b"".join(found))
        self._hold_to_contract(method, environ["PATH_INFO"], reply)
        return reply

    def post(self, path: str, body: object = None, **how: Any) -> Reply:
        """POST."""
        return self.call("POST", path, body, **how)

    def get(self, path: str, **how: Any) -> Reply:
        """GET."""
        return self.call("GET", path, **how)

    def rpc(self, envelope: object, path: str = "/rpc", **how: Any) -> Reply:
        """POST an envelope of CBOR, or bytes as they are."""
        content = envelope if isinstance(envelope, bytes) else cbor2.dumps(envelope)
        headers = {"Content-Type": CBOR, **how.pop("headers", {})}
        return self.call("POST", path, content, headers=headers, **how)

    def _hold_to_contract(self, method: str, path: str, reply: Reply) -> None:
        assert reply.headers["Request-Id"].startswith("req_")
        kind = reply.headers.get("Content-Type", "").partition(";")[0]
        if reply.status >= HTTPStatus.BAD_REQUEST and kind in {JSON, CBOR} and method != "HEAD":
            hold_to_error_shape(reply)
        operation = _operation(method, path)
        if operation is not None and operation.function == self.function:
            # The contract shows the newest version alone.
            is_newest = reply.headers.get("Pay-Version", API_VERSION) == API_VERSION
            hold_to_operation(operation, reply, has_body=is_newest and method != "HEAD")


def hold_to_operation(operation: Operation, reply: Reply, *, has_body: bool) -> None:
    """Fail unless openapi.yaml knows this status of this operation, its headers and its body."""
    known = _operation_at(operation)["responses"]
    assert str(reply.status) in known, f"{operation.operation_id} answers {reply.status}"
    response = resolved(known[str(reply.status)])
    _hold_headers(operation, response.get("headers", {}), reply)
    contents = response.get("content", {})
    if not contents or not has_body:
        return
    kind = reply.headers.get("Content-Type", "").partition(";")[0]
    assert kind in contents, f"{operation.operation_id} answers {kind}"
    if kind in {JSON, CBOR}:
        value = reply.json if kind == JSON else reply.cbor
        assert _problems(contents[kind]["schema"], value) == []
        if value.get("object") == "list":
            # Two schemas make up a list, so neither of them can refuse what is in the other.
            assert value.keys() <= LIST_FIELDS, f"{operation.operation_id}: fields of a list"


def _hold_headers(operation: Operation, declared: Mapping[str, Any], reply: Reply) -> None:
    """Fail unless each header is one that the contract tells of, with a value that it allows."""
    for name, value in reply.headers.items():
        if name in OF_EVERY_ANSWER:
            continue
        assert name in declared, f"{operation.operation_id} answers {reply.status} with {name}"
        schema = resolved(declared[name])["schema"]
        read: object = int(value) if schema.get("type") == "integer" else value
        assert _problems(schema, read) == [], f"{operation.operation_id}: {name}"


def _problems(schema: Mapping[str, Any], value: object) -> list[str]:
    return [error.message for error in _validator(json.dumps(schema)).iter_errors(value)]


def hold_to_error_shape(reply: Reply) -> None:
    """RFC 9457 outside, Stripe's inside, one request id, words in the language that is named."""
    problem, error = reply.problem, reply.error
    assert set(problem) == {"type", "title", "status", "detail", "instance", "error"}
    assert set(error) - {"param", "lines"} == {"type", "code", "message", "doc_url", "request_id"}
    assert problem["status"] == reply.status
    assert problem["type"] == error["doc_url"]
    assert problem["type"].endswith(f"/docs/errors#{error['code']}")
    assert error["code"] in ANCHORS
    assert problem["detail"] == error["message"] != ""
    assert problem["title"] != ""
    assert problem["instance"] == error["request_id"] == reply.headers["Request-Id"]
    assert reply.headers["Content-Language"] in {"fr", "en"}
    assert reply.headers["Cache-Control"] == "no-store"
    refused_for_good = reply.status < HTTPStatus.INTERNAL_SERVER_ERROR and reply.status not in {
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
    if refused_for_good:
        assert reply.headers["Stripe-Should-Retry"] == "false"
    assert _problems({"$ref": "#/components/schemas/Error"}, problem) == []


def _operation(method: str, path: str) -> Operation | None:
    try:
        return _EVERYTHING.find(method, path)[0]
    except (MethodNotAllowed, NotFound):
        return None


def _operation_at(operation: Operation) -> Mapping[str, Any]:
    found: Mapping[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return found


def resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


@cache
def _validator(schema: str) -> Draft202012Validator:
    """Return a validator of a schema whose references lie in the document."""
    resource = DRAFT202012.create_resource(DOCUMENT)
    registry: Registry[Any] = Registry().with_resource("urn:openapi", resource)
    absolute = schema.replace('"#/', '"urn:openapi#/')
    return Draft202012Validator(json.loads(absolute), registry=registry)
