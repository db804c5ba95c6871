"""Promises of the strict form reader: whatever JSON can say of a body, a form says as well."""

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import Refusal, TooLarge
from shared.operations.create_charge import fingerprint
from shared.runtime.form_body import MOST_FIELDS, _typed, read_object
from shared.runtime.http import Call
from shared.runtime.json_body import FORM, LARGEST_BODY_BYTES, Fractional, is_form

CHARGE = {
    "amount": 1500,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
    "description": "Café & thé",
    "metadata": {"order": "7", "0": "", "paid": "true"},
    "submit_within_seconds": 60,
}


def _pairs(value: Any, name: str = "") -> list[tuple[str, str]]:
    """A body as Stripe's SDKs write it."""
    if isinstance(value, dict):
        parts = {f"{name}[{key}]" if name else key: each for key, each in value.items()}
    elif isinstance(value, list):
        parts = {f"{name}[{at}]": each for at, each in enumerate(value)}
    else:
        return [(name, str(value))]
    return [pair for key, each in parts.items() for pair in _pairs(each, key)]


def _read(text: str | bytes, operation: str = "create_charge") -> dict[str, Any]:
    return read_object(text if isinstance(text, bytes) else text.encode(), operation)


def test_a_form_and_json_of_equal_meaning_are_one_body() -> None:
    """Types are those of the operation's fields, so that the idempotency fingerprint is one too."""
    form = _read(urlencode(_pairs(CHARGE)))

    assert form == CHARGE
    assert fingerprint(form) == fingerprint(CHARGE)
    assert Call("create_charge", "req_1", content=b"amount=5", content_type=FORM).body() == {
        "amount": 5
    }


_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1, max_size=8)
_AMOUNTS = st.integers(-(10**28), 10**28)
_LINES = st.fixed_dictionaries(
    {"amount": _AMOUNTS, "destination": st.fixed_dictionaries({"type": _WORDS})},
    optional={"metadata": st.dictionaries(_WORDS, st.text(max_size=5), min_size=1)},
)


@given(lines=st.lists(_LINES, min_size=1, max_size=4), words=_WORDS)
def test_what_the_sdks_write_is_read_as_it_was_meant(
    lines: list[dict[str, Any]], words: str
) -> None:
    """Lists of objects, any letters, any whole number, in any order of the fields."""
    body = {"currency": "xaf", "payouts": lines, "description": words}
    pairs = _pairs(body)

    assert _read(urlencode(pairs), "create_payout_batch") == body
    assert _read(urlencode(pairs[::-1]), "create_payout_batch") == body


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1500", 1500),
        ("-5", -5),
        ("0", 0),
        ("9" * 31, 10**30 - 1),
        ("12.5", Fractional("12.5")),
        ("1e3", Fractional("1e3")),
        ("", None),
        ("01500", "01500"),
        ("%2B1500", "+1500"),
        ("1_500", "1_500"),
        ("%EF%BC%91", "\uff11"),
        ("abc", "abc"),
    ],
)
def test_a_number_is_read_as_json_reads_it(text: str, value: object) -> None:
    """What JSON would not take as a whole number reaches the operation as none, to be refused."""
    assert _read(f"amount={text}")["amount"] == value


def test_a_list_is_one_where_the_operation_wants_one() -> None:
    """Numbered or not; elsewhere numbers are names."""
    numbered = _read("scopes[1]=b&scopes[0]=a", "create_api_key")

    assert _read("scopes[]=a&scopes[]=b", "create_api_key") == {"scopes": ["a", "b"]} == numbered
    assert _read("metadata[0]=a&nothing[0]=b") == {"metadata": {"0": "a"}, "nothing": {"0": "b"}}


def test_only_two_words_are_booleans() -> None:
    """Whatever else stands there stays text, which is none."""
    read = [_typed(text, "boolean", "x") for text in ("true", "false", "", "True", "1")]

    assert read == [True, False, None, "True", "1"]


def test_what_is_empty_is_null_but_in_metadata() -> None:
    """Node writes null so; a text of the merchant's own may be empty, a field of ours never is."""
    assert _read("") == {}
    assert _read("description=&metadata=") == {"description": None, "metadata": None}
    assert _read("metadata[a]=&payment_method[phone]=") == {
        "metadata": {"a": ""},
        "payment_method": {"phone": None},
    }


def test_a_field_of_another_kind_keeps_its_form() -> None:
    """So that the operation refuses it by name, as it does in JSON."""
    assert _read("amount[a]=1&payment_method=x&metadata[a][b]=c") == {
        "amount": {"a": "1"},
        "payment_method": "x",
        "metadata": {"a": {"b": "c"}},
    }


@pytest.mark.parametrize(
    "form",
    [
        "amount",
        "&amount=1",
        "amount=1&",
        "amount=1&&currency=xaf",
        "=1",
        "[a]=1",
        "a]=1",
        "a[b=1",
        "a[b]c=1",
        "a[[b]]=1",
        "a[][b]=1",
        "metadata[]=1",
        "amount[]=1",
        "scopes[]=a&scopes[0]=b",
        "scopes[0]=a&scopes[2]=b",
        "scopes[00]=a",
        "scopes[-1]=a",
        "scopes[a]=b",
        "amount=%",
        "amount=%2",
        "amount=%zz",
        "description=%FF",
        "description=%ED%A0%80",
        "description=%C0%80",
        b"description=\xff",
        "%FF=1",
        "a" + "[a]" * 16 + "=1",
        "[" * 60_000,
        '{"amount": 1500}',
        "&".join(f"a{at}=" for at in range(MOST_FIELDS + 1)),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(form: str | bytes) -> None:
    """No half pair, odd bracket, gap in a list, broken letter, depth or crowd of fields."""
    with pytest.raises(Refusal) as refused:
        _read(form, "create_api_key")
    assert refused.value.code == "form_invalid"


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ("a=1&a=1", "a"),
        ("a=&a=", "a"),
        ("a=1&%61=2", "a"),
        ("m[a]=1&m[b]=2&m[a]=3", "m[a]"),
        ("a=1&a[b]=2", "a[b]"),
        ("a[b]=2&a=1", "a"),
        ("a=1&a[]=2", "a[]"),
        ("a[]=2&a=1", "a"),
    ],
)
def test_a_field_given_twice_is_refused_by_name(form: str, param: str) -> None:
    """Nobody can choose which of two values we read."""
    with pytest.raises(Refusal) as refused:
        _read(form)
    assert (refused.value.code, refused.value.param) == ("form_duplicate_field", param)


def test_the_largest_form_is_read_and_a_byte_or_a_field_more_is_not() -> None:
    """64 KiB, 1,000 fields, sixteen levels."""
    filler = b"a=" + b"x" * (LARGEST_BODY_BYTES - 2)

    assert _read(filler)
    assert len(_read("&".join(f"a{at}=" for at in range(MOST_FIELDS)))) == MOST_FIELDS
    assert _read("a" + "[a]" * 15 + "=1")
    with pytest.raises(TooLarge):
        _read(filler + b"x")


@pytest.mark.parametrize(
    ("content_type", "origin", "is_read"),
    [
        (FORM, None, True),
        ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", None, True),
        (FORM, "https://shop.example", False),
        (FORM, "null", False),
        (f"{FORM}; charset=latin-1", None, False),
        ("multipart/form-data; boundary=x", None, False),
        (None, None, False),
    ],
)
def test_a_browser_sends_no_form(
    content_type: str | None, origin: str | None, *, is_read: bool
) -> None:
    """A page of anybody's makes a browser send one, with a key that it remembers."""
    assert is_form(content_type, origin) is is_read
