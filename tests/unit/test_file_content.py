"""What bytes are is read to their end; what could be two things is neither."""

import random

import pytest

from shared.domain.file import FileType
from shared.domain.file_content import MalformedError, NotTakenError, read_type
from tests.file_samples import archive, chunk, jpg, pdf, png, segment

WHOLE = {FileType.PDF: pdf(), FileType.PNG: png(), FileType.JPG: jpg()}
MARKED = "%PDF-1.7\n%âãÏÓ\n1 0 obj".encode("latin-1")

MALFORMED = {
    "a ZIP behind a PDF": pdf() + archive(),
    "a PDF's end in the comment of a ZIP": pdf() + archive(b"\n%%EOF\n"),
    "a ZIP behind a PNG": png() + archive(),
    "a ZIP in a PNG's last chunk": png(chunk(b"zIPa", archive())),
    "a ZIP behind a JPEG": jpg() + archive(),
    "a ZIP in a JPEG's comment": jpg(segment(0xFE, archive())),
    "a byte behind a PNG": png() + b"\0",
    "a byte behind a JPEG": jpg() + b"\0",
    "a second JPEG": jpg() + jpg(),
    "words behind a PDF": pdf() + b"<script>alert(1)</script>",
    "an RAR in a PDF": pdf(b"<< >>\nstream\nRar!\x1a\x07\x01\x00\nendstream"),
    "a 7z in a PNG": png(chunk(b"seVn", b"7z\xbc\xaf\x27\x1c")),
    "a PDF in a JPEG's comment": jpg(segment(0xFE, b"%PDF-1.7")),
    "a tape archive": b"%PDF-1.7\n".ljust(257, b" ") + b"ustar" + pdf()[9:],
    "no end of a PDF": pdf().replace(b"%%EOF", b""),
    "no version": pdf().replace(b"-1.7", b"-x.y"),
    "half a PNG": png()[:-6],
    "a damaged PNG": png().replace(b"IDAT", b"IDAt"),
    "a PNG without a picture": b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""),
    "an unknown critical chunk": png(chunk(b"EVIL", b"")),
    "a chunk without end": b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xffIHDR",
    "half a JPEG": jpg()[:-2],
    "a JPEG without a scan": b"\xff\xd8\xff\xd9",
    "a scan before a frame": b"\xff\xd8" + segment(0xDA, b"\0") + b"\xff\xd9",
    "a bare word in a JPEG": b"\xff\xd8\xff\xe0\x00\x04ab" + b"x" + jpg()[2:],
    "as many pixels as fill a memory": png(width=20_000, height=20_000),
    "no pixels": png(width=0),
    "more chunks than a picture has": png(*[chunk(b"tEXt", b"")] * 20_000),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_file_is_known(kind):
    """By its bytes alone."""
    assert read_type(WHOLE[kind]) is kind


@pytest.mark.parametrize("content", [png(chunk(b"tEXt", b"a\0b")), jpg(segment(0xFE, b"words"))])
def test_a_picture_may_say_more(content):
    """What readers skip is no fault."""
    assert read_type(content) in {FileType.PNG, FileType.JPG}


def test_a_pdf_may_be_marked_as_binary():
    """As those that write it do, in its second line."""
    assert read_type(pdf().replace(b"%PDF-1.7\n1 0 obj", MARKED)) is FileType.PDF


@pytest.mark.parametrize("word", MALFORMED)
def test_what_is_more_or_less_than_one_file_is_refused(word):
    """Two readers never see two files in one."""
    with pytest.raises(MalformedError):
        read_type(MALFORMED[word])


@pytest.mark.parametrize(
    "content",
    [b"", b" " + pdf(), b"GIF89a" + pdf(), archive(), b"MZ\x90\0", b"<html>", b"\xff\xd8"],
)
def test_what_begins_otherwise_is_of_no_type(content):
    """A spreadsheet, and a bomb packed as one, are not even opened."""
    with pytest.raises(NotTakenError):
        read_type(content)


def test_no_damage_is_a_fault_of_ours():
    """Whatever stands there, it is known or refused."""
    chance = random.Random(62)  # noqa: S311 - spreads damage, guards nothing
    for whole in WHOLE.values():
        for _ in range(300):
            damaged = bytearray(whole)
            for _ in range(chance.randrange(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            cut = bytes(damaged[: chance.randrange(len(damaged) + 1)])
            for content in (bytes(damaged), cut):
                try:
                    assert read_type(content) in FileType
                except (NotTakenError, MalformedError):
                    continue
