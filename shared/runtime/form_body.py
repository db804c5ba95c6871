"""Reads a form in Stripe's bracket syntax as the JSON object that means the same, as strictly.

All that a form holds is text. `forms.json` says which fields an operation wants as what, so that
both ways of saying a thing give one parsed body, and with it one fingerprint. What it does not name
stays text, and its operation refuses or keeps it as it does in JSON.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from shared.contracts import FORMS_FILE
from shared.domain.errors import InvalidRequest, TooLarge
from shared.runtime.json_body import (
    DEEPEST,
    LARGEST_BODY_BYTES,
    Fractional,
    read_integer,
)

MOST_FIELDS: Final = 1000
"""In one form; a larger body is JSON."""

Kind = str | Mapping[str, Any] | list[Any] | None
"""What a field is wanted as: `text`, `integer`, `boolean`, an object's fields, or a list's one."""
_Tree = dict[str, Any]
_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_ODD_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BOOLEANS: Final = {"true": True, "false": False}
_NEXT: Final = ""
"""How a list's part is named that stands where it came: `scopes[]`."""


def read_object(
    body: bytes, operation_id: str, *, largest: int = LARGEST_BODY_BYTES
) -> dict[str, Any]:
    """Return the object, of `largest` bytes at most, with the types that its operation wants.

    What is empty is null, but for the texts inside `metadata`. Raises TooLarge `body_too_large`,
    InvalidRequest `form_invalid` or `form_duplicate_field`.
    """
    if len(body) > largest:
        raise TooLarge("body_too_large", limit=largest)
    tree: _Tree = {}
    pairs = body.split(b"&", MOST_FIELDS) if body else []
    if len(pairs) > MOST_FIELDS or _ODD_PERCENT.search(body):
        raise InvalidRequest("form_invalid")
    for pair in pairs:
        name, equals, value = pair.partition(b"=")
        if not equals:
            raise InvalidRequest("form_invalid")
        _put(tree, _text(name), _text(value))
    return _object(tree, _forms().get(operation_id, {}))


@cache
def _forms() -> Mapping[str, Mapping[str, Kind]]:
    forms: Mapping[str, Mapping[str, Kind]] = json.loads(FORMS_FILE.read_bytes())
    return forms


def _text(encoded: bytes) -> str:
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("form_invalid") from None


def _put(tree: _Tree, name: str, value: str) -> None:
    """Grow the tree by one field. Its parts are told apart by their kinds only later."""
    matched = _NAME.fullmatch(name)
    if matched is None or name.count("[") >= DEEPEST:
        raise InvalidRequest("form_invalid", name[:100])
    path = [matched[1], *matched[2][1:-1].split("][")] if matched[2] else [matched[1]]
    here = tree
    for part in path[:-1]:
        inside = here.setdefault(part, {})
        if part == _NEXT or not isinstance(inside, dict):
            code = "form_invalid" if part == _NEXT else "form_duplicate_field"
            raise InvalidRequest(code, name[:100])
        here = inside
    last = path[-1]
    if last == _NEXT:
        here.setdefault(_NEXT, []).append(value)
    elif last in here:
        raise InvalidRequest("form_duplicate_field", name[:100])
    else:
        here[last] = value


def _object(tree: _Tree, fields: Mapping[str, Kind], within: str = "") -> dict[str, Any]:
    if _NEXT in tree:
        raise InvalidRequest("form_invalid", f"{within}[]"[:100])
    return {
        name: _typed(value, fields.get(name), f"{within}[{name}]" if within else name)
        for name, value in tree.items()
    }


def _list(tree: _Tree, kind: Kind, within: str) -> list[Any]:
    """Return what `a[]` names in the order in which it came, or `a[0]`, `a[1]` by its numbers."""
    values = tree.get(_NEXT)
    if values is None:
        values = [tree.get(str(at)) for at in range(len(tree))]
    elif len(tree) > 1:
        values = [None]
    if None in values:
        raise InvalidRequest("form_invalid", within[:100])
    return [_typed(value, kind, f"{within}[{at}]") for at, value in enumerate(values)]


def _typed(value: str | _Tree, kind: Kind, within: str) -> Any:
    if isinstance(value, dict):
        if isinstance(kind, list):
            return _list(value, kind[0], within)
        return _object(value, kind if isinstance(kind, Mapping) else {}, within)
    if kind is None:
        return value
    if value == "":
        return None
    if kind == "boolean":
        return _BOOLEANS.get(value, value)
    return _number(value) if kind == "integer" else value


def _number(text: str) -> int | Fractional | str:
    """Read what JSON reads as a number; anything else stays text, which is no number there."""
    if _INTEGER.fullmatch(text):
        return read_integer(text)
    return Fractional(text) if _NUMBER.fullmatch(text) else text
