"""Reads CBOR as strictly as `json_body` reads JSON, the same values and no others; writes it."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Final, NoReturn

import cbor2

from shared.domain.errors import InvalidRequest, TooLarge, WrongContentType
from shared.runtime.json_body import DEEPEST, is_of_type

CBOR: Final = "application/cbor"
LARGEST_BODY_BYTES: Final = 64 * 1024
_TEXT: Final = frozenset({str})
_PLAIN: Final = frozenset({str, int, bool, type(None)})


def _refuse_tag(*_: object) -> NoReturn:
    raise ValueError


# The tags that cbor2 6.3 gives a meaning to; any other comes to `tag_hook`. A test tries every
# number of two bytes, so that one more in a later release is noticed.
_MEANT: Final = (
    *(0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100),
    *(256, 258, 260, 261, 1004, 43000, 55799),
)
_STRICT: Final[dict[str, Any]] = {
    "tag_hook": _refuse_tag,
    "semantic_decoders": dict.fromkeys(_MEANT, _refuse_tag),
    "allow_indefinite": False,
    "allow_duplicate_keys": False,
    # Keys that are arrays can be made to collide: 160 ms for 48 kB. They are refused unhashed.
    "strict_hashable_types": True,
}


def read_object(content: bytes, content_type: str | None, *, around: int = 0) -> dict[str, Any]:
    """Return the map of at most 64 KiB; its values are text, int, bool, None, lists and maps.

    It may be as deep as a JSON body with `around` levels around it. Refused are tags,
    bytes, fractions, undefined and other simple values, lengths that are not said beforehand, keys
    that are no text or come twice, and whatever follows the map.
    Raises TooLarge `body_too_large`, WrongContentType `content_type_unsupported`, InvalidRequest
    `cbor_invalid`.
    """
    if not is_of_type(content_type, CBOR):
        raise WrongContentType("content_type_unsupported", wanted=CBOR)
    if len(content) > LARGEST_BODY_BYTES:
        raise TooLarge("body_too_large", limit=LARGEST_BODY_BYTES)
    try:
        decoder = cbor2.CBORDecoder(BytesIO(content), max_depth=DEEPEST + around, **_STRICT)
        value = decoder.decode()
    except (cbor2.CBORDecodeError, ValueError):
        raise InvalidRequest("cbor_invalid") from None
    if not isinstance(value, dict) or not _is_at_its_end(decoder) or not _is_plain(value):
        raise InvalidRequest("cbor_invalid")
    return value


def write(value: Mapping[str, Any]) -> bytes:
    """Return a map of plain values as CBOR."""
    return cbor2.dumps(value)


def write_list(name: str, items: Sequence[bytes]) -> bytes:
    """Return a map of one list, whose items are CBOR already; at most 255 of them."""
    head = bytes([0x98, len(items)])
    return b"".join((b"\xa1", cbor2.dumps(name), head, *items))


def _is_at_its_end(decoder: cbor2.CBORDecoder) -> bool:
    try:
        decoder.read(1)
    except cbor2.CBORDecodeEOF:
        return True
    return False


def _is_plain(value: dict[str, Any]) -> bool:
    """Tell whether JSON could say all of it; what the decoder has no switch for is found here."""
    waiting: list[Any] = [value]
    for item in waiting:  # it grows while it is gone through
        parts = item
        if type(item) is dict:
            if not _TEXT.issuperset(map(type, item)):
                return False
            parts = item.values()
        for part in parts:
            kind = type(part)
            if kind is dict or kind is list:
                waiting.append(part)
            elif kind not in _PLAIN:
                return False
    return True
