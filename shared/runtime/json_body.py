"""Reads a JSON object so strictly that two readers of the same bytes cannot differ."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.errors import InvalidRequest, TooLarge, WrongContentType

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
LARGEST_BODY_BYTES: Final = 64 * 1024
DEEPEST: Final = 16
LONGEST_INTEGER: Final = 30
_LARGEST: Final = int("9" * LONGEST_INTEGER)
# Possessive, and content with a string that never ends: either way each letter is seen once.
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET: Final = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Fractional:
    """A JSON number with a fraction or an exponent, as written; it is never made a float."""

    text: str


class _DuplicateKeyError(ValueError):
    pass


class _NotJsonError(ValueError):
    pass


def read_object(
    body: bytes, content_type: str | None, *, largest: int = LARGEST_BODY_BYTES
) -> dict[str, Any]:
    """Return the object, of `largest` bytes at most; numbers are int or `Fractional`.

    An integer of more than 30 digits is cut to 30 nines, so that a limit and not a crash refuses
    it. Raises TooLarge `body_too_large`, WrongContentType `content_type_unsupported`,
    InvalidRequest `json_invalid` or `json_duplicate_key`.
    """
    if not is_of_type(content_type, JSON):
        raise WrongContentType("content_type_unsupported", wanted=JSON)
    if len(body) > largest:
        raise TooLarge("body_too_large", limit=largest)
    try:
        text = body.decode("utf-8")
        _refuse_depth(text)
        value = _DECODER.decode(text)
    except _DuplicateKeyError as error:
        raise InvalidRequest("json_duplicate_key", str(error)[:100]) from None
    except (ValueError, RecursionError):
        raise InvalidRequest("json_invalid") from None
    if not isinstance(value, dict):
        raise InvalidRequest("json_invalid")
    return value


def is_of_type(content_type: str | None, wanted: str) -> bool:
    """Tell whether a body is said to be of a type, in UTF-8 where it says in what."""
    if content_type == wanted:
        return True
    kind, _, parameters = (content_type or "").partition(";")
    if kind.strip().lower() != wanted:
        return False
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        is_charset = name.strip().lower() == "charset"
        if is_charset and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            return False
    return True


def is_form(content_type: str | None, origin: str | None) -> bool:
    """Tell whether a body is a form that may be read.

    One that names its `origin` was sent by a browser, for a page that may be anybody's: a browser
    sends forms anywhere, unasked and with what it knows of who signed in, and JSON it does not.
    """
    return origin is None and is_of_type(content_type, FORM)


def _refuse_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            raise _NotJsonError


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _DuplicateKeyError(name)
            seen.add(name)
    return result


def read_integer(digits: str) -> int:
    """Return the number that digits, and a minus at most, write; one too long is cut."""
    if len(digits) <= LONGEST_INTEGER:
        return int(digits)
    return -_LARGEST if digits.startswith("-") else _LARGEST


def _refuse_constant(name: str) -> Any:
    raise _NotJsonError(name)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=Fractional,
    parse_int=read_integer,
    parse_constant=_refuse_constant,
)
