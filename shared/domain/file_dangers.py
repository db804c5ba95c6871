"""Looks through bytes for what must not be handed on: a little scanner of signatures.

It knows the test file of the anti-virus trade, wherever it stands, and of a PDF what runs, hides or
carries something: scripts, programs to start, attachments, media with code, encryption; names that
are written in other letters and those inside compressed object streams too. It knows no virus: for
that there is the port `Scanner`.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from shared.domain.file import Fault, FileType

LARGEST_STREAM_BYTES: Final = 8_000_000
LARGEST_STREAMS_BYTES: Final = 40_000_000
"""What the object streams of one PDF may unpack to; an honest one holds no more than words."""

# Written in two parts, so that no scanner takes this file for what it looks for.
TEST_FILE: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def _name(*names: str) -> re.Pattern[bytes]:
    """Match a name of PDF, each letter as it is or as `#` and two digits of its code."""

    def letter(each: str) -> str:
        code = ord(each)
        digits = "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in f"{code:02x}")
        return f"(?:{each}|#{digits})"

    spelled = "|".join("".join(letter(each) for each in name) for name in names)
    return re.compile(rf"/(?:{spelled})(?=[\s\x00/<>\[\]()%{{}}]|\Z)".encode())


_LOOKED_FOR: Final = (
    (Fault.ENCRYPTED, _name("Encrypt")),
    (Fault.ACTIVE_CONTENT, _name("JavaScript", "Launch", "RichMedia", "ImportData")),
    (Fault.ATTACHMENT, _name("EmbeddedFile", "EmbeddedFiles", "FileAttachment")),
)
MOST_STREAMS: Final = 2_000
_REACH_BYTES: Final = 4_096
"""How far the description of a stream is looked for around its type."""
_OBJECT_STREAM: Final = _name("ObjStm")
_FILTER: Final = _name("Filter", "F")
_FLATE: Final = re.compile(
    rb"/Filter[\s\x00]*+(?:\[[\s\x00]*+)?/(?:FlateDecode|Fl)(?=[\s\x00/\]>])[\s\x00]*+(?!/\w+Decode)"
)
_PREDICTED: Final = _name("Predictor")
_OBJECT: Final = re.compile(rb"[0-9][\s\x00]+obj")
_STREAM: Final = re.compile(rb"stream\r?\n")


def find_danger(content: bytes, kind: FileType) -> Fault | None:
    """Return what is wrong with it, None where nothing is known to be."""
    if TEST_FILE in content:
        return Fault.MALWARE
    if kind is not FileType.PDF:
        return None
    found = _named(content)
    return found if found is not None else _in_streams(content)


def _named(content: bytes) -> Fault | None:
    return next((fault for fault, name in _LOOKED_FOR if name.search(content)), None)


def _in_streams(content: bytes) -> Fault | None:
    """Look into the streams that hold objects; one that cannot be unpacked hides them."""
    named = list(islice(_OBJECT_STREAM.finditer(content), MOST_STREAMS + 1))
    if len(named) > MOST_STREAMS:
        return Fault.UNREADABLE
    room = LARGEST_STREAMS_BYTES
    for head, start in _object_streams(content, named):
        is_plain = _FLATE.search(head) and len(_FILTER.findall(head)) == 1
        if not is_plain or _PREDICTED.search(head):
            return Fault.UNREADABLE
        unpacked = _unpacked(content, start, min(room, LARGEST_STREAM_BYTES))
        if unpacked is None:
            return Fault.UNREADABLE
        room -= len(unpacked)
        found = Fault.MALWARE if TEST_FILE in unpacked else _named(unpacked)
        if found is not None:
            return found
    return None


def _object_streams(
    content: bytes, named: Iterable[re.Match[bytes]]
) -> Iterator[tuple[bytes, int]]:
    """Yield what each says of itself, and where its bytes begin."""
    for found in named:
        stream = _STREAM.search(content, found.end(), found.end() + _REACH_BYTES)
        if stream is None:
            continue  # No reader finds an object in it either.
        head = content[max(0, found.start() - _REACH_BYTES) : stream.start()]
        begins = [each.end() for each in _OBJECT.finditer(head)]
        yield head[begins[-1] if begins else 0 :], stream.end()


def _unpacked(content: bytes, start: int, most: int) -> bytes | None:
    """Return what was packed here, None for what is damaged or larger than it may be."""
    packed = zlib.decompressobj()
    try:
        unpacked = packed.decompress(memoryview(content)[start:], most + 1)
    except zlib.error:
        return None
    return None if len(unpacked) > most or not packed.eof else unpacked
