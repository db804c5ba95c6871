"""Reads a form that carries a file (RFC 7578), so strictly that two readers cannot differ.

The bytes of a part are copied once: a file of ten megabytes is held twice, not more.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from werkzeug.http import parse_options_header

from shared.domain.errors import InvalidRequest, TooLarge, WrongContentType

MULTIPART: Final = "multipart/form-data"
MOST_PARTS: Final = 16
LARGEST_HEAD_BYTES: Final = 2048
LARGEST_FIELD_BYTES: Final = 4096
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_KNOWN_HEADERS: Final = frozenset(
    {"content-disposition", "content-type", "content-transfer-encoding", "content-length"}
)
_AS_IT_IS: Final = frozenset({"", "binary", "8bit", "7bit"})


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file as it came; `media_type` is what its sender says, empty where nothing is said."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Multipart:
    """Fields by their names, and files by the names of theirs; no name stands in both."""

    fields: Mapping[str, str]
    files: Mapping[str, FilePart]


def read_multipart(content: bytes, content_type: str | None, origin: str | None) -> Multipart:
    """Return the parts of a form.

    One that a browser sends by itself is refused, as any form is: it asks nobody before. Raises
    WrongContentType, InvalidRequest `multipart_invalid` and `form_duplicate_field`, TooLarge.
    """
    kind, options = parse_options_header(content_type)
    if kind.lower() != MULTIPART or origin is not None:
        raise WrongContentType("content_type_unsupported", wanted=MULTIPART)
    boundary = options.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidRequest("multipart_invalid")
    fields: dict[str, str] = {}
    files: dict[str, FilePart] = {}
    for count, (start, end) in enumerate(_parts(content, boundary.encode("ascii")), start=1):
        if count > MOST_PARTS:
            raise InvalidRequest("multipart_invalid")
        head, begin = _head(content, start, end)
        name, file_name, media_type = _named(head)
        if name in fields or name in files:
            raise InvalidRequest("form_duplicate_field", name[:100])
        if file_name is not None:
            files[name] = FilePart(file_name, media_type, content[begin:end])
        else:
            fields[name] = _text(content[begin:end], name)
    return Multipart(fields, files)


def _parts(content: bytes, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each part begins and ends; what stands before, between and behind is nothing."""
    mark = b"--" + boundary
    if not content.startswith(mark):
        raise InvalidRequest("multipart_invalid")
    at = len(mark)
    between = b"\r\n" + mark
    while True:
        following = content[at : at + 2]
        if following == b"--":
            if content[at + 2 :] not in {b"", b"\r\n"}:
                raise InvalidRequest("multipart_invalid")
            return
        end = content.find(between, at)
        if following != b"\r\n" or end < 0:
            raise InvalidRequest("multipart_invalid")
        yield at + 2, end
        at = end + len(between)


def _head(content: bytes, start: int, end: int) -> tuple[Mapping[str, str], int]:
    """Return the headers of a part by their names in lower case, and where its bytes begin."""
    close = content.find(b"\r\n\r\n", start, min(end, start + LARGEST_HEAD_BYTES))
    if close < 0:
        raise InvalidRequest("multipart_invalid")
    headers: dict[str, str] = {}
    try:
        lines = content[start:close].decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise InvalidRequest("multipart_invalid") from None
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name not in _KNOWN_HEADERS or name in headers or "\n" in value:
            raise InvalidRequest("multipart_invalid")
        headers[name] = value.strip()
    return headers, close + 4


def _named(head: Mapping[str, str]) -> tuple[str, str | None, str]:
    """Return the name of a part, that of its file, None for a field, and its media type."""
    kind, options = parse_options_header(head.get("content-disposition"))
    name = options.get("name")
    is_as_it_is = head.get("content-transfer-encoding", "").lower() in _AS_IT_IS
    if kind.lower() != "form-data" or not name or not is_as_it_is:
        raise InvalidRequest("multipart_invalid")
    return name, options.get("filename"), head.get("content-type", "")


def _text(value: bytes, name: str) -> str:
    if len(value) > LARGEST_FIELD_BYTES:
        raise TooLarge("body_too_large", limit=LARGEST_FIELD_BYTES)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("parameter_invalid", name[:100]) from None
