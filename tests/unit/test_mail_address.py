"""One address has one form, and what could be read in two ways is no address."""

import pytest

from shared.domain.errors import InvalidRequest
from shared.domain.mail_address import read_email


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("ngono@shop.example", "ngono@shop.example"),
        ("Ngono@Shop.EXAMPLE", "ngono@shop.example"),
        ("a.b+till@shop.example", "a.b+till@shop.example"),
        ("almeida_x-y@sub.shop.cm", "almeida_x-y@sub.shop.cm"),
        ("ngono@xn--caf-dma.example", "ngono@xn--caf-dma.example"),
        ("a@b.cm", "a@b.cm"),
        (f"{'a' * 64}@shop.example", f"{'a' * 64}@shop.example"),
    ],
)
def test_an_address_is_written_in_one_way(text: str, canonical: str) -> None:
    """Case makes no difference, what stands behind `+` does, and reading twice changes nothing."""
    assert read_email(text) == canonical
    assert read_email(canonical) == canonical


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "ngono", "@shop.example", "ngono@", "ngono@shop", "a@b@shop.example",
        " ngono@shop.example", "ngono@shop.example ", "ngono@shop.example\n",
        "ngono@shop.example\r\nBcc: all@shop.example", "ngono@shop.example,other@shop.example",
        "Ngono <ngono@shop.example>", '"ngono x"@shop.example', "ngono@[192.0.2.1]",
        "ngono@192.0.2.1", "ngono@-shop.example", "ngono@shop-.example", "ngono@shop..example",
        ".ngono@shop.example", "ngono.@shop.example", "n..o@shop.example", "n/o@shop.example",
        "n%o@shop.example", "n'o@shop.example", "<script>@shop.example", "ngono@shop.example\x00",
        # A Cyrillic letter, a letter whose lower case is ASCII, full width, a hidden mark.
        "ng\u043eno@shop.example", "ngono@shop.e\u212aample", "ngono\uff20shop.example",
        "ngo\u200bno@shop.example", "ngono@caf\u00e9.example", "\ud800@shop.example",
        f"{'a' * 65}@shop.example", f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.example",
        7, True, [], {"email": "ngono@shop.example"},
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(value: object) -> None:
    """Neither a line more, nor a second address, nor a letter that only looks like one gets in."""
    with pytest.raises(InvalidRequest) as refused:
        read_email(value)

    assert (refused.value.code, refused.value.param) == ("email_invalid", "email")


def test_an_address_must_be_there() -> None:
    """Nothing is said to be missing, not wrong."""
    with pytest.raises(InvalidRequest, match="parameter_missing"):
        read_email(None)
