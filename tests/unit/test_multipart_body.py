"""A form with a file is read in one way or not at all."""

import pytest

from shared.domain.errors import Refusal
from shared.runtime.multipart_body import read_multipart
from tests.file_samples import BOUNDARY, MULTIPART, form, pdf

PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nx\r\n'
END = f"--{BOUNDARY}--\r\n"
MANY = "".join(PART.replace("purpose", f"a{at}") for at in range(20)) + END
HEAD = "Content-Disposition: form-data; name="


def one(head: str, body: str = "x") -> str:
    """A form of one part."""
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n{body}\r\n{END}"


def test_a_form_of_stripes_is_read() -> None:
    """Field and file, with its bytes as they are."""
    read = read_multipart(form(pdf(), "a b.pdf"), MULTIPART, None)

    assert read.fields == {"purpose": "business_document"}
    assert read.files["file"].content == pdf()
    assert (read.files["file"].name, read.files["file"].media_type) == (
        "a b.pdf",
        "application/octet-stream",
    )


def test_a_file_may_hold_what_looks_like_a_boundary() -> None:
    """But for the boundary on a line of its own."""
    content = b"--\r\n--a-boundar\r\n-" + f"x--{BOUNDARY}".encode() + b"\r\n\r\n"

    assert read_multipart(form(content), MULTIPART, None).files["file"].content == content


def test_a_quoted_boundary_and_a_name_in_other_letters_are_read() -> None:
    """As some libraries write them."""
    body = one(f'{HEAD}"file"; filename="carte d\'identité.png"')
    read = read_multipart(body.encode(), f'Multipart/Form-Data; boundary="{BOUNDARY}"', None)

    assert read.files["file"].name == "carte d'identité.png"


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (form(pdf()), "multipart/form-data", "multipart_invalid"),
        (form(pdf()), "multipart/form-data; boundary=other", "multipart_invalid"),
        (form(pdf()), f"multipart/form-data; boundary={'x' * 71}", "multipart_invalid"),
        (form(pdf()), "multipart/mixed; boundary=a-boundary", "content_type_unsupported"),
        (form(pdf()), "application/pdf", "content_type_unsupported"),
        (form(pdf()), None, "content_type_unsupported"),
        (b"", MULTIPART, "multipart_invalid"),
        (form(pdf())[:-4], MULTIPART, "multipart_invalid"),
        (form(pdf()) + b"more", MULTIPART, "multipart_invalid"),
        (b"before\r\n" + form(pdf()), MULTIPART, "multipart_invalid"),
        ((PART + PART + END).encode(), MULTIPART, "form_duplicate_field"),
        (MANY.encode(), MULTIPART, "multipart_invalid"),
        (one("Content-Type: text/plain").encode(), MULTIPART, "multipart_invalid"),
        (one(f'{HEAD}""').encode(), MULTIPART, "multipart_invalid"),
        (one('Content-Disposition: attachment; name="a"').encode(), MULTIPART, "multipart_invalid"),
        (one(f'{HEAD}"a"\r\nX-Other: 1').encode(), MULTIPART, "multipart_invalid"),
        (one(f'{HEAD}"a"\r\n{HEAD}"b"').encode(), MULTIPART, "multipart_invalid"),
        (
            one(f'{HEAD}"a"\r\nContent-Transfer-Encoding: base64').encode(),
            MULTIPART,
            "multipart_invalid",
        ),
        (one(f'{HEAD}"{"a" * 3000}"').encode(), MULTIPART, "multipart_invalid"),
        (one(f'{HEAD}"a"', "y" * 5000).encode(), MULTIPART, "body_too_large"),
        (one(f'{HEAD}"a"', "\xff").encode("latin-1"), MULTIPART, "parameter_invalid"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(
    content: bytes, content_type: str | None, code: str
) -> None:
    """Cut, repeated, encoded or hidden."""
    with pytest.raises(Refusal) as refused:
        read_multipart(content, content_type, None)

    assert refused.value.code == code


def test_a_browsers_form_is_refused() -> None:
    """A page of anybody's sends it unasked, with a key that the browser keeps."""
    with pytest.raises(Refusal, match="content_type_unsupported"):
        read_multipart(form(pdf()), MULTIPART, "https://evil.example")
