"""Reads openapi.yaml as routes: who serves which method on which path, and by which door."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

import yaml

from knative.catalogue import ROOT, CatalogueError, FunctionEntry

OPENAPI_PATH: Final = ROOT / "shared" / "contracts" / "openapi.yaml"

SAMPLES: Final = "x-codeSamples"
"""The one key of ours that is served: several viewers know it."""
Auth = Literal["merchant", "person", "customer", "method", "public", "callback_token"]
Door = Literal["api", "pay", "callbacks"]

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_AUTHS: Final = ("merchant", "person", "customer", "method", "public", "callback_token")
_DOORS: Final = ("api", "pay", "callbacks")
_COMMON_HEADERS: Final = {"Request-Id": "RequestId", "Content-Language": "ContentLanguage"}
_PARAMETER: Final = re.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path template of the contract."""

    operation_id: str
    function: str
    method: str
    path: str
    auth: Auth
    door: Door

    @property
    def is_template(self) -> bool:
        """Tell whether the path has a part that callers choose."""
        return "{" in self.path

    @property
    def path_regex(self) -> str:
        """Return the path as an RE2 expression for the whole path: a parameter is one segment."""
        literals = [re.escape(part) for part in _PARAMETER.split(self.path)]
        return "[^/]+".join(literals)

    @property
    def resource(self) -> str:
        """Return the noun that the path is about, which names its file of routes."""
        parts = [part for part in self.path.split("/") if part and part != "v1"]
        return parts[0].split(".")[0]


def load_document(path: Path = OPENAPI_PATH) -> dict[str, Any]:
    """Return openapi.yaml as plain data."""
    # By libyaml: the document is long, and the loader in Python takes a second for it.
    text = path.read_text("utf-8")
    return cast("dict[str, Any]", yaml.load(text, Loader=yaml.CSafeLoader))


def load_routes(
    entries: tuple[FunctionEntry, ...], document: Mapping[str, Any]
) -> tuple[Route, ...]:
    """Return the routes in the order in which they must be tried.

    Raises:
        CatalogueError: an operation lacks a key, or its function does not serve operations.

    """
    serving = {entry.name for entry in entries if entry.serves_operations}
    routes = [
        _route(path, method, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    for route in routes:
        if route.function not in serving:
            raise CatalogueError(f"{route.operation_id}: {route.function} serves no operations")
    if idle := serving - {route.function for route in routes}:
        raise CatalogueError(f"no operation of openapi.yaml is served by {', '.join(sorted(idle))}")
    return tuple(sorted(routes, key=_precedence))


def unshared(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy in which nothing is one with something else, as anchors of YAML make it."""
    return cast("dict[str, Any]", json.loads(json.dumps(document)))


def with_common_headers(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with the headers that every answer has, wherever they are not named."""
    whole = unshared(document)
    named = whole["components"]["responses"].values()
    operations = (
        item[method] for item in whole["paths"].values() for method in _METHODS if method in item
    )
    answers = [*named, *(each for one in operations for each in one["responses"].values())]
    for answer in answers:
        if "$ref" not in answer:
            for header, name in _COMMON_HEADERS.items():
                shown = {"$ref": f"#/components/headers/{name}"}
                answer.setdefault("headers", {}).setdefault(header, shown)
    return whole


def compact_json(document: Mapping[str, Any]) -> str:
    """Return the contract as the JSON that is served, without the `x-` keys that are our own."""
    return json.dumps(_public(document), ensure_ascii=False, separators=(",", ":")) + "\n"


def _route(path: str, method: str, operation: Mapping[str, Any]) -> Route:
    where = f"{method.upper()} {path}"
    # The second method of one operation has no operationId: OpenAPI wants each only once.
    operation_id = operation.get("operationId", operation.get("x-operation"))
    function, auth, door = (operation.get(f"x-{key}") for key in ("function", "auth", "door"))
    if operation_id is None or function is None:
        raise CatalogueError(f"{where}: operationId or x-function is missing")
    if auth not in _AUTHS or door not in _DOORS:
        raise CatalogueError(f"{where}: x-auth or x-door is missing or unknown")
    return Route(operation_id, function, method.upper(), path, auth, door)


def _precedence(route: Route) -> tuple[bool, int, str, str]:
    """Order exact paths before templates, and of two templates the one with more fixed text."""
    fixed = len(_PARAMETER.sub("", route.path))
    return route.is_template, -fixed, route.path, route.method


def _public(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: _public(inner)
            for key, inner in value.items()
            if key == SAMPLES or not str(key).startswith("x-")
        }
    if isinstance(value, list):
        return [_public(item) for item in value]
    return value
