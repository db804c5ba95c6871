"""Answers with what is the same for all until the next release: kept by readers, sent small."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.runtime.http import Answer, Call

_WORTH_ZIPPING_BYTES: Final = 1024
_KEPT: Final = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class Published:
    """A text with its type, zipped once; `headers` go with it whenever it is sent.

    `varies` names the request headers besides Accept-Encoding by which it was chosen.
    """

    content: bytes
    content_type: str
    zipped: bytes | None
    tag: str
    varies: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def publish(
    content: bytes,
    content_type: str,
    *,
    varies: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Published:
    """Prepare a content; the same bytes get the same entity tag in every process."""
    zipped = gzip.compress(content, mtime=0) if len(content) >= _WORTH_ZIPPING_BYTES else None
    # Weak: it names the text, whichever way it is packed.
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    return Published(content, content_type, zipped, tag, varies, headers or {})


def answer(published: Published, call: Call) -> Answer:
    """Send it, zipped for whoever takes that, or say that the reader has it already (304)."""
    headers = {
        "ETag": published.tag,
        "Cache-Control": _KEPT,
        "Vary": ", ".join(("Accept-Encoding", *published.varies)),
        "X-Content-Type-Options": "nosniff",
        **published.headers,
    }
    if _has(call.if_none_match, published.tag):
        return Answer(304, b"", headers, published.content_type)
    if published.zipped is not None and _takes_gzip(call.accept_encoding):
        headers["Content-Encoding"] = "gzip"
        return Answer(200, published.zipped, headers, published.content_type)
    return Answer(200, published.content, headers, published.content_type)


def _has(if_none_match: str | None, tag: str) -> bool:
    known = [each.strip() for each in (if_none_match or "").split(",")]
    return "*" in known or tag.removeprefix("W/") in {each.removeprefix("W/") for each in known}


def _takes_gzip(accept_encoding: str | None) -> bool:
    """Whether gzip is named and not by a weight of nothing; `*` alone gets the plain text."""
    for each in (accept_encoding or "").split(","):
        coding, _, weight = each.partition(";")
        if coding.strip().lower() == "gzip":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False
