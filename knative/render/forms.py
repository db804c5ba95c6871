"""Says of each body what its fields are, for who reads a form: all that a form holds is text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from knative.catalogue import CatalogueError

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
_METHODS: Final = ("post", "put", "patch")
_OBJECT: Final = ["object"]
_LIST: Final = ["array"]

Schema = Mapping[str, Any]


def render_forms(document: Mapping[str, Any]) -> str:
    """Return the fields of each operation that takes a form, by operationId, one a line, as JSON.

    A field is `text`, `integer` or `boolean`, an object of such fields or a list of one. What an
    object takes beyond its named fields is text.

    Raises:
        CatalogueError: a field is of a kind that a form cannot say.

    """
    forms = {
        operation["operationId"]: _kind(content[JSON]["schema"], document)
        for operation, content in _bodies(document)
    }
    rows = (f"{json.dumps(name)}: {json.dumps(forms[name])}" for name in sorted(forms))
    return "{\n" + ",\n".join(rows) + "\n}\n"


def add_forms(document: Mapping[str, Any]) -> None:
    """Write beside each such JSON body that a form is as good."""
    for _, content in _bodies(document):
        schema = content[JSON]["schema"]
        fields = _resolved(schema, document).get("properties", {})
        types = {name: _types(_resolved(each, document)) for name, each in fields.items()}
        nested = [name for name, each in types.items() if each in (_OBJECT, _LIST)]
        deep = {"style": "deepObject", "explode": True}
        encoding = {"encoding": dict.fromkeys(nested, deep)} if nested else {}
        # A schema of its own: generators of clients tell bodies apart by their classes.
        content[FORM] = {"schema": {"allOf": [schema, {"type": "object"}]}, **encoding}


def _bodies(document: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield operations of merchants that take JSON, with what their bodies may be.

    Nobody else has a client that sends forms, and browsers send them anywhere unasked.
    """
    for item in document["paths"].values():
        for method in _METHODS:
            operation = item.get(method, {})
            content = operation.get("requestBody", {}).get("content", {})
            if operation.get("x-auth") == "merchant" and JSON in content:
                yield operation, content


def _kind(schema: Schema, document: Mapping[str, Any]) -> Any:
    schema = _resolved(schema, document)
    match _types(schema):
        case ["object"]:
            others = schema.get("additionalProperties")
            if isinstance(others, dict) and _kind(others, document) != "text":
                raise CatalogueError(f"what else an object takes is no text: {schema}")
            fields = schema.get("properties", {})
            return {name: _kind(each, document) for name, each in fields.items()}
        case ["array"]:
            return [_kind(schema["items"], document)]
        case ["string"]:
            return "text"
        case ["integer" | "boolean" as kind]:
            return kind
    raise CatalogueError(f"a form cannot say this: {schema}")


def _types(schema: Schema) -> list[str]:
    """Return the types that a value may have beside null."""
    words = "string" if {"enum", "const"} & schema.keys() else ()
    types = schema.get("type", words)
    return [each for each in ([types] if isinstance(types, str) else types) if each != "null"]


def _resolved(schema: Schema, document: Mapping[str, Any]) -> Schema:
    """Return what a schema refers to; of two of which one is null, the other."""
    while "$ref" in schema:
        target: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    for word in ("anyOf", "oneOf"):
        others = [each for each in schema.get(word, ()) if each.get("type") != "null"]
        if len(others) == 1:
            return _resolved(others[0], document)
    return schema
