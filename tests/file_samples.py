"""Small files of each type that we take, whole or with something wrong, and their forms."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

BOUNDARY: Final = "a-boundary"
MULTIPART: Final = f"multipart/form-data; boundary={BOUNDARY}"
# In two parts, so that no scanner takes this file for what it is about.
EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG with its right checksum."""
    crc = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + crc


def png(*more: bytes, width: int = 1, height: int = 1) -> bytes:
    """A picture with further chunks before its end."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0\0"))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + data + b"".join(more) + chunk(b"IEND", b"")


def segment(marker: int, data: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpg(*more: bytes, scan: bytes = b"\x12\xff\x00\x34\xff\xd0\x56") -> bytes:
    """A picture with further segments before its frame; its scan has a stuffed zero, a restart."""
    start = b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
    frame = segment(0xC0, b"\x08\x00\x01\x00\x01\x01\x01\x11\x00")
    return (
        start + b"".join(more) + frame + segment(0xDA, b"\x01\x01\0\0\x3f\0") + scan + b"\xff\xd9"
    )


def pdf(*objects: bytes) -> bytes:
    """A document with further objects."""
    body = b"".join(b"\n%d 0 obj\n%b\nendobj" % (n, each) for n, each in enumerate(objects, 7))
    catalog = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj"
    return catalog + body + b"\ntrailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"


def packed(words: bytes, said: bytes = b"/Filter /FlateDecode") -> bytes:
    """An object stream that holds one object."""
    data = zlib.compress(b"9 0 " + words)
    return b"<< /Type /ObjStm /N 1 /First 4 %b >>\nstream\n%b\nendstream" % (said, data)


def archive(comment: bytes = b"") -> bytes:
    """A ZIP archive, as a spreadsheet is one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as writer:
        writer.writestr("xl/workbook.xml", "<workbook/>")
        writer.comment = comment
    return made.getvalue()


def form(
    content: bytes | None = None,
    name: str = "document.pdf",
    *,
    media_type: str = "application/octet-stream",
    fields: Mapping[str, str] | None = None,
) -> bytes:
    """A form as Stripe's SDKs write it; without content it has no file."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    named = (fields or {"purpose": "business_document"}).items()
    parts = [f'{head}"{field}"\r\n\r\n{value}\r\n'.encode() for field, value in named]
    if content is not None:
        whole = f'{head}"file"; filename="{name}"\r\nContent-Type: {media_type}\r\n\r\n'
        parts.append(whole.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def logo(width: int = 200, height: int = 100, *, red: int = 200, filler: int = 0) -> bytes:
    """A whole PNG of one colour, that any reader draws; `filler` bytes of comment on top."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = b"\0" + bytes((red, 30, 60)) * width
    comment = chunk(b"tEXt", b"c\0" + b"x" * filler) if filler else b""
    data = chunk(b"IDAT", zlib.compress(row * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + comment + data + chunk(b"IEND", b"")
