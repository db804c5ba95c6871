"""Promises of the strict JSON reader."""

import pytest

from shared.domain.errors import Refusal, TooLarge, WrongContentType
from shared.runtime.json_body import LARGEST_BODY_BYTES, Fractional, read_object

JSON = "application/json"


def test_an_object_is_read_with_whole_numbers_as_int():
    """Money arrives as int, and text as it was written."""
    body = b'{"amount": 1500, "b": {"c": ["\xc3\xa9", null, true]}}'
    assert read_object(body, JSON) == {"amount": 1500, "b": {"c": ["é", None, True]}}


@pytest.mark.parametrize("number", ["1.0", "1e3", "-0.5", "1E+2", "100.00"])
def test_a_fraction_or_exponent_is_never_a_number(number: str):
    """A parser can tell 100.00 from 100 and refuse it by name."""
    value = read_object(f'{{"amount": {number}}}'.encode(), JSON)["amount"]
    assert value == Fractional(number)
    assert not isinstance(value, int | float)


@pytest.mark.parametrize("digits", [31, 4_301, 60_000])
def test_a_huge_integer_becomes_a_large_one(digits: int):
    """No number of digits crashes us; a limit refuses what is left of it."""
    assert read_object(b'{"a":' + b"9" * digits + b"}", JSON)["a"] == 10**30 - 1
    assert read_object(b'{"a":-' + b"9" * digits + b"}", JSON)["a"] == 1 - 10**30


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{",
        b"{}x",
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":01}',
        b'{"a":"\xff"}',
        b'{"a":"\n"}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b'{"a":' * 17 + b"1" + b"}" * 17,
        b'{"a":' + b"[" * 30_000,
        b'{"a":' + b"[" * 16 + b"]" * 16 + b"}",
    ],
)
def test_what_is_no_plain_object_is_refused(body: bytes):
    """Anything two readers could read differently, or that is too deep, is refused."""
    with pytest.raises(Refusal) as refused:
        read_object(body, JSON)
    assert refused.value.code == "json_invalid"


def test_depth_counts_brackets_and_not_text():
    """Sixteen levels are read; brackets inside of texts are no level."""
    assert read_object(b'{"a":' * 16 + b"1" + b"}" * 16, JSON)
    text = "[{" * 50 + '\\"['
    assert read_object(f'{{"a":"{text}","b":[]}}'.encode(), JSON)["b"] == []


@pytest.mark.parametrize(
    "body", [b'{"a":1,"a":1}', b'{"b":{"a":1,"\\u0061":2}}', b'{"c":[{"a":1,"a":2}]}']
)
def test_a_key_given_twice_is_refused_by_name(body: bytes):
    """Nobody can choose which of two values we read."""
    with pytest.raises(Refusal) as refused:
        read_object(body, JSON)
    assert (refused.value.code, refused.value.param) == ("json_duplicate_key", "a")


def test_the_largest_body_is_read_and_one_byte_more_is_not():
    """The limit is 64 KiB, to the byte."""
    filler = b'{"a":"' + b"x" * (LARGEST_BODY_BYTES - 8) + b'"}'
    assert len(filler) == LARGEST_BODY_BYTES
    assert read_object(filler, JSON)
    with pytest.raises(TooLarge):
        read_object(filler + b" ", JSON)


@pytest.mark.parametrize(
    ("content_type", "is_taken"),
    [
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ('application/json; charset="utf-8"', True),
        ("application/json; charset=latin-1", False),
        ("application/json-patch+json", False),
        ("text/plain", False),
        ("", False),
        (None, False),
    ],
)
def test_only_json_in_utf_8_is_read(content_type: str | None, *, is_taken: bool):
    """A body of another type is refused before it is parsed."""
    if is_taken:
        assert read_object(b"{}", content_type) == {}
    else:
        with pytest.raises(WrongContentType):
            read_object(b"{}", content_type)
