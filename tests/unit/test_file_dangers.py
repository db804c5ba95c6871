"""The little scanner finds what it says it finds, however it is spelled."""

import time

import pytest

from shared.domain.file import Fault, FileType
from shared.domain.file_dangers import LARGEST_STREAM_BYTES, find_danger
from tests.file_samples import EICAR, chunk, jpg, packed, pdf, png, segment

SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
FOUND = {
    "a script": (pdf(SCRIPT), Fault.ACTIVE_CONTENT),
    "a script in other letters": (
        pdf(SCRIPT.replace(b"JavaScript", b"J#61va#53crip#74")),
        Fault.ACTIVE_CONTENT,
    ),
    "a script that is packed": (pdf(packed(SCRIPT)), Fault.ACTIVE_CONTENT),
    "a script packed under a short name": (
        pdf(packed(SCRIPT, b"/Filter [/Fl]")),
        Fault.ACTIVE_CONTENT,
    ),
    "a program to start": (pdf(b"<< /S /Launch /F (cmd.exe) >>"), Fault.ACTIVE_CONTENT),
    "a film with code": (pdf(b"<< /Subtype/RichMedia>>"), Fault.ACTIVE_CONTENT),
    "an attachment": (pdf(b"<< /Type /EmbeddedFile >>"), Fault.ATTACHMENT),
    "a list of attachments": (pdf(b"<< /Names << /EmbeddedFiles 4 0 R >> >>"), Fault.ATTACHMENT),
    "a lock": (pdf(b"<< /Encrypt 5 0 R >>"), Fault.ENCRYPTED),
    "packed twice": (
        pdf(packed(SCRIPT, b"/Filter [/FlateDecode /ASCII85Decode]")),
        Fault.UNREADABLE,
    ),
    "packed by another": (pdf(packed(SCRIPT, b"/Filter /LZWDecode")), Fault.UNREADABLE),
    "two ways of packing": (
        pdf(packed(SCRIPT, b"/Filter /FlateDecode /Filter /LZWDecode")),
        Fault.UNREADABLE,
    ),
    "packed with a guess": (
        pdf(packed(SCRIPT, b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>")),
        Fault.UNREADABLE,
    ),
    "not packed at all": (pdf(packed(SCRIPT, b"")), Fault.UNREADABLE),
    "packed and damaged": (pdf(packed(SCRIPT).replace(b"\x78\x9c", b"\0\0")), Fault.UNREADABLE),
    "the test file alone": (pdf() + EICAR, Fault.MALWARE),
    "the test file in a stream": (pdf(b"<<>>\nstream\n" + EICAR), Fault.MALWARE),
    "the test file that is packed": (pdf(packed(EICAR)), Fault.MALWARE),
}


@pytest.mark.parametrize("word", FOUND)
def test_a_danger_in_a_pdf_is_found(word: str) -> None:
    """Each by its name."""
    content, fault = FOUND[word]

    assert find_danger(content, FileType.PDF) is fault


@pytest.mark.parametrize("content", [png(chunk(b"tEXt", EICAR)), jpg(segment(0xFE, b"x" + EICAR))])
def test_the_test_file_is_found_in_a_picture(content: bytes) -> None:
    """Wherever it stands."""
    assert find_danger(content, FileType.PNG) is Fault.MALWARE


@pytest.mark.parametrize(
    "content",
    [
        pdf(),
        pdf(b"<< /EncryptMetadata false /JavaScripture 1 /LaunchPad 2 >>"),
        pdf(packed(b"<< /S /GoTo /D [1 0 R /Fit] >>")),
        pdf(b"(how to write JavaScript and Launch it)"),
    ],
)
def test_an_ordinary_pdf_is_left_alone(content: bytes) -> None:
    """What only looks alike is nothing."""
    assert find_danger(content, FileType.PDF) is None


def test_a_bomb_is_not_unpacked() -> None:
    """What unpacks to more than words could be is refused with as much memory as it may have."""
    bomb = pdf(packed(bytes(LARGEST_STREAM_BYTES + 10)))

    assert len(bomb) < LARGEST_STREAM_BYTES / 100
    assert find_danger(bomb, FileType.PDF) is Fault.UNREADABLE


@pytest.mark.parametrize(
    "filling", [b"/ObjStm ", b"/ObjStm stream\n", b"/ObjStm 1 obj ", b"/", b"#4a", b"/J#61va"]
)
def test_no_filling_takes_long(filling: bytes) -> None:
    """Each byte is looked at a few times, whatever it is; a megabyte of it takes no second."""
    content = b"%PDF-1.7\n" + filling * (1_000_000 // len(filling)) + b"\n%%EOF"
    begun = time.thread_time()
    find_danger(content, FileType.PDF)

    assert time.thread_time() - begun < 1
