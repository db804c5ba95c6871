"""Puts examples into the contract wherever a body is asked for or answered without one."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import yaml

from knative.catalogue import ROOT
from knative.render.contract import unshared

EXAMPLES_PATH: Final = ROOT / "shared" / "contracts" / "openapi.examples.yaml"
BASE_URL: Final = "https://api.example.com"
REQUEST_ID: Final = "req_2abcdefghijklmnopqrstuvw"
METHODS: Final = ("get", "post", "put", "patch", "delete")
_JSON: Final = "application/json"
_ID: Final = re.compile(r"\^([a-z]+_)\[2-7a-z\]\{(\d+)\}\$")
_LETTERS: Final = "2abcdefghijklmnopqrstuvwxyz"
_KEY_ID: Final = "key_0123456789"
_PERSON_ID: Final = "7f8b3c1e-8a54-4a6f-9c55-0d9f0a1b2c3d"


def load_examples(path: Path = EXAMPLES_PATH) -> Mapping[str, Any]:
    """Return openapi.examples.yaml as plain data."""
    return cast("dict[str, Any]", yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader))


def with_examples(document: Mapping[str, Any], examples: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with an example at each body of a known schema, and at each error."""
    whole = unshared(document)
    for name, error in examples["errors"].items():
        media = whole["components"]["responses"][name]["content"][_JSON]
        media["examples"] = _both_languages(error)
    for path, item in whole["paths"].items():
        for method in METHODS:
            if method in item:
                _show(whole, _filled(whole, path, item), item[method], examples)
    return whole


def example_of(parameter: Mapping[str, Any]) -> str:
    """Return a value of a path parameter: its example, or one made of its pattern or first word."""
    if "example" in parameter:
        return str(parameter["example"])
    schema = parameter["schema"]
    if "enum" in schema:
        return str(schema["enum"][0])
    made = _ID.fullmatch(schema["pattern"])
    if made:
        return made[1] + (_LETTERS * 2)[: int(made[2])]
    if schema["pattern"].startswith("^key_"):
        return _KEY_ID
    return _PERSON_ID if parameter["name"] == "person" else _LETTERS[:26]


def _filled(document: Mapping[str, Any], path: str, item: Mapping[str, Any]) -> str:
    for parameter in (resolved(document, each) for each in item.get("parameters", ())):
        path = path.replace(f"{{{parameter['name']}}}", example_of(parameter))
    return path


def _show(
    document: dict[str, Any], path: str, operation: dict[str, Any], examples: Mapping[str, Any]
) -> None:
    for media in _medias(document, operation.get("requestBody", {})):
        _fill(document, media, path, examples["schemas"])
    for status, answer in operation["responses"].items():
        for media in _medias(document, answer):
            if status == "200" and operation.get("operationId") in examples["operations"]:
                media.setdefault("example", examples["operations"][operation["operationId"]])
            _fill(document, media, path, examples["schemas"])


def _medias(document: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resolved(document, node).get("content", {}).values()


def _fill(
    document: Mapping[str, Any],
    media: dict[str, Any],
    path: str,
    schemas: Mapping[str, Any],
) -> None:
    if "example" in media or "examples" in media:
        return
    schema = media.get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    if name in schemas:
        media["example"] = schemas[name]
    elif name.endswith("List"):
        listed = _listed(resolved(document, schema))
        if listed in schemas:
            shown = {"object": "list", "url": path, "has_more": False, "data": [schemas[listed]]}
            media["example"] = shown
    elif schema.get("type") == "object" and schema.get("additionalProperties") is False:
        constants = {key: node["const"] for key, node in schema.get("properties", {}).items()}
        media["example"] = constants


def _listed(schema: Mapping[str, Any]) -> str:
    """Return the name of the schema whose objects a list holds."""
    for part in (schema, *schema.get("allOf", ())):
        data = part.get("properties", {}).get("data", {})
        if "$ref" in data.get("items", {}):
            return str(data["items"]["$ref"].rpartition("/")[2])
    return ""


def _both_languages(error: Mapping[str, Any]) -> dict[str, Any]:
    return {
        language: {"value": _problem(error, title, detail)}
        for language, title, detail in zip(
            ("english", "french"), error["title"], error["detail"], strict=True
        )
    }


def _problem(error: Mapping[str, Any], title: str, detail: str) -> dict[str, Any]:
    address = f"{BASE_URL}/docs/errors#{error['code']}"
    inner = {"type": error["type"], "code": error["code"], "message": detail}
    if "param" in error:
        inner["param"] = error["param"]
    return {
        "type": address,
        "title": title,
        "status": error["status"],
        "detail": detail,
        "instance": REQUEST_ID,
        "error": {**inner, "doc_url": address, "request_id": REQUEST_ID},
    }


def resolved(document: Mapping[str, Any], node: Any) -> Any:
    """Follow references to what they name."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node
