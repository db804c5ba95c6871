"""Names of files are safe to show and to save under, and end as what they are."""

import pytest

from shared.domain.errors import InvalidRequest, TooLarge
from shared.domain.file import LARGEST_BYTES, LONGEST_NAME, FileType, Purpose, clean_name
from shared.operations.create_file import CreateFile
from tests.file_samples import archive, jpg, pdf, png


@pytest.mark.parametrize(
    ("given", "kind", "kept"),
    [
        ("/home/marie/rccm.pdf", FileType.PDF, "rccm.pdf"),
        ("C:\\Documents\\carte d'identité.JPEG", FileType.JPG, "carte d'identité.JPEG"),
        ("../../etc/passwd", FileType.PNG, "passwd.png"),
        ("blob", FileType.JPG, "blob.jpg"),
        ("", FileType.PDF, "file.pdf"),
        ("..", FileType.PDF, "file.pdf"),
        (".pdf", FileType.PDF, "pdf.pdf"),
        ("a\u202egpj.exe.pdf", FileType.PDF, "agpj.exe.pdf"),
        ('a"b\r\nc\0<d>|e?.pdf', FileType.PDF, "a_b__c__d__e_.pdf"),
        ("a  b\u00a0\u2003c.pdf ", FileType.PDF, "a b c.pdf"),
        ("trailing.pdf...", FileType.PDF, "trailing.pdf"),
        ("e\u0301tat.pdf", FileType.PDF, "\u00e9tat.pdf"),
    ],
)
def test_a_name_is_kept_as_far_as_it_is_safe(given: str, kind: FileType, kept: str) -> None:
    """Without folders, controls, quotes and marks that turn the writing direction."""
    assert clean_name(given, kind) == kept


def test_a_long_name_keeps_its_end() -> None:
    """Whatever is cut, it is seen what the file is."""
    name = clean_name("x" * 500 + ".pdf", FileType.PDF)

    assert (len(name), name[-5:]) == (LONGEST_NAME, "x.pdf")


def handed_in(content: bytes, name: str, declared: str = "") -> CreateFile:
    """A file as it would be taken."""
    return CreateFile.of(
        content, purpose=Purpose.DISPUTE_EVIDENCE, file_name=name, declared=declared
    )


@pytest.mark.parametrize(
    ("content", "name", "declared"),
    [
        (pdf(), "a.pdf", "application/pdf"),
        (pdf(), "blob", "application/octet-stream"),
        (png(), "a.PNG", "image/png; charset=binary"),
        (jpg(), "a.jpeg", "image/jpg"),
        (jpg(), "a.jpg", ""),
    ],
)
def test_a_name_and_a_declared_type_may_agree_or_say_nothing(
    content: bytes, name: str, declared: str
) -> None:
    """SDKs declare that they do not know."""
    assert handed_in(content, name, declared).content == content


@pytest.mark.parametrize(
    ("content", "name", "declared", "code"),
    [
        (pdf(), "a.png", "", "file_type_mismatch"),
        (pdf(), "a.pdf.exe", "", "file_type_mismatch"),
        (png(), "a.png", "application/pdf", "file_type_mismatch"),
        (png(), "a.png", "text/html", "file_type_mismatch"),
        (archive(), "sums.xlsx", "", "file_type_unsupported"),
        (b"", "a.pdf", "", "file_type_unsupported"),
        (pdf() + archive(), "a.pdf", "", "file_malformed"),
    ],
)
def test_what_says_otherwise_than_its_bytes_is_refused(
    content: bytes, name: str, declared: str, code: str
) -> None:
    """Whoever opens it by its name opens what it is."""
    with pytest.raises(InvalidRequest) as refused:
        handed_in(content, name, declared)

    assert (refused.value.code, refused.value.param) == (code, "file")


def test_a_file_has_ten_megabytes_at_most() -> None:
    """And not a byte more, whatever it is."""
    with pytest.raises(TooLarge):
        handed_in(pdf().ljust(LARGEST_BYTES + 1), "a.pdf")


def test_the_same_file_under_another_purpose_is_another_request() -> None:
    """A key that comes again with it is refused; what a client calls its type is no part of it."""
    same = [handed_in(pdf(), "a.pdf", kind).fingerprint for kind in ("", "application/pdf")]
    other = CreateFile.of(
        pdf(), purpose=Purpose.IDENTITY_DOCUMENT, file_name="a.pdf", declared=""
    ).fingerprint

    assert same[0] == same[1] != other
