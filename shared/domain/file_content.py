"""What bytes are: a PDF, a PNG or a JPEG from their first byte to their last, or none that we take.

A file that two readers can take for different things is refused here: what stands before or behind
it, or hides inside it as an archive. What a PDF would do is looked at in `file_dangers.py`.
"""

import re
import zlib
from typing import Final

from shared.domain.file import FileType

LARGEST_SIDE: Final = 20_000
MOST_PIXELS: Final = 100_000_000
"""A picture of more is there to fill somebody's memory."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_PDF: Final = b"%PDF-"
_PDF_VERSION: Final = re.compile(rb"%PDF-[12]\.[0-9][\r\n \t]")
_PDF_END: Final = re.compile(rb"%%EOF[\r\n \t\x00]{0,1024}\Z")
_PDF_TAIL_BYTES: Final = 1_100
_LARGEST_CHUNK: Final = 2**31 - 1
_MOST_PARTS: Final = 20_000
"""Chunks or segments of a picture; each is a turn of a loop."""
_CRITICAL: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_HEADER_BYTES: Final = 13
# A marker within what a scan holds: neither a stuffed zero nor a restart. Each byte is seen once.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COLOURS: Final = frozenset({1, 3})
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN: Final = 0xDA
_END: Final = 0xD9

# Readers of archives look for these from the end, or anywhere.
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_REACH: Final = 22 + 65_535
_ARCHIVES: Final = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
# Lenient readers of PDF take a header within the first kilobyte.
_PDF_REACH: Final = 1_024
_PLACED: Final = ((257, b"ustar"), (32_769, b"CD001"))


class NotTakenError(ValueError):
    """The bytes begin as nothing that we take."""


class MalformedError(ValueError):
    """The bytes begin as a type that we take, and are not whole, or more than that."""


def read_type(content: bytes) -> FileType:
    """Return what the bytes are, looked at to the end.

    Raises NotTakenError, MalformedError.
    """
    if content.startswith(_PDF):
        _walk_pdf(content)
        found = FileType.PDF
    elif content.startswith(_PNG):
        _walk_png(content)
        found = FileType.PNG
    elif content.startswith(_JPEG):
        _walk_jpeg(content)
        found = FileType.JPG
    else:
        raise NotTakenError
    _refuse_second_meaning(content, found)
    return found


def read_sides(content: bytes) -> tuple[int, int]:
    """Return width and height, in pixels, of what `read_type` found to be a PNG or JPEG.

    Raises MalformedError for a JPEG in another number of colours than one or three, which are for
    printing presses.
    """
    if content.startswith(_PNG):
        width, height = content[16:20], content[20:24]
    else:
        marker, at = _next_marker(content, 2)
        while marker not in _FRAMES:
            at += int.from_bytes(content[at : at + 2], "big")
            marker, at = _next_marker(content, at)
        if content[at + 7] not in _COLOURS:
            raise MalformedError("in colours for a press")
        height, width = content[at + 3 : at + 5], content[at + 5 : at + 7]
    return int.from_bytes(width, "big"), int.from_bytes(height, "big")


def _refuse_second_meaning(content: bytes, found: FileType) -> None:
    if content.find(_ZIP_END, max(0, len(content) - _ZIP_REACH)) >= 0:
        raise MalformedError("a ZIP archive ends in it")
    if any(content.find(start) >= 0 for start in _ARCHIVES):
        raise MalformedError("an archive begins in it")
    if any(content.startswith(mark, at) for at, mark in _PLACED):
        raise MalformedError("it is an archive too")
    if found is not FileType.PDF and content.find(_PDF, 0, _PDF_REACH) >= 0:
        raise MalformedError("it is a PDF too")


def _walk_pdf(content: bytes) -> None:
    if not _PDF_VERSION.match(content):
        raise MalformedError("no version of PDF")
    if not _PDF_END.search(content, max(0, len(content) - _PDF_TAIL_BYTES)):
        raise MalformedError("no end of a PDF, or something behind it")


def _walk_png(content: bytes) -> None:
    """Go from chunk to chunk: the header first, data, the end, and nothing behind it."""
    at, seen = len(_PNG), set[bytes]()
    view = memoryview(content)
    for _ in range(_MOST_PARTS):
        length = int.from_bytes(view[at : at + 4], "big")
        kind = bytes(view[at + 4 : at + 8])
        end = at + 12 + length
        if length > _LARGEST_CHUNK or end > len(content) or not kind.isalpha():
            raise MalformedError("a chunk is cut off")
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise MalformedError("a chunk is damaged")
        if not seen:
            _look_at_header(kind, bytes(view[at + 8 : end - 4]))
        elif kind == b"IHDR" or (kind[:1].isupper() and kind not in _CRITICAL):
            raise MalformedError("a chunk that no reader knows")
        seen.add(kind)
        at = end
        if kind == b"IEND":
            break
    else:
        raise MalformedError("too many chunks")
    if b"IDAT" not in seen or length:
        raise MalformedError("a picture of nothing")
    if at != len(content):
        raise MalformedError("something behind its end")


def _look_at_header(kind: bytes, header: bytes) -> None:
    if kind != b"IHDR" or len(header) != _HEADER_BYTES:
        raise MalformedError("no header")
    _refuse_size(int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big"))


def _walk_jpeg(content: bytes) -> None:
    """Go from segment to segment and past each scan, to the end, and nothing behind it."""
    at, has_frame, has_scan = 2, False, False
    for _ in range(_MOST_PARTS):
        marker, at = _next_marker(content, at)
        if marker == _END:
            break
        if marker in _BARE:
            raise MalformedError("a marker in a wrong place")
        length = int.from_bytes(content[at : at + 2], "big")
        if length < 2 or at + length > len(content):  # noqa: PLR2004 - its own two bytes
            raise MalformedError("a segment is cut off")
        if marker in _FRAMES:
            has_frame = True
            height, width = content[at + 3 : at + 5], content[at + 5 : at + 7]
            _refuse_size(int.from_bytes(width, "big"), int.from_bytes(height, "big"))
        at += length
        if marker == _SCAN:
            has_scan = True
            found = _MARKER.search(content, at)
            if not has_frame or found is None:
                raise MalformedError("a scan without a frame or an end")
            at = found.start()
    else:
        raise MalformedError("too many segments")
    if not has_scan:
        raise MalformedError("a picture of nothing")
    if at != len(content):
        raise MalformedError("something behind its end")


def _next_marker(content: bytes, at: int) -> tuple[int, int]:
    """Return the marker that stands here and where it ends; any number of 0xff may precede it."""
    start = at
    while content[at : at + 1] == b"\xff":
        at += 1
    if at == start or at >= len(content) or content[at] == 0:
        raise MalformedError("no marker where one must be")
    return content[at], at + 1


def _refuse_size(width: int, height: int) -> None:
    is_sane = 0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE
    if not is_sane or width * height > MOST_PIXELS:
        raise MalformedError("too many pixels, or none")
