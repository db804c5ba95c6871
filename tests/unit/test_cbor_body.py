"""Promises of the strict CBOR reader: it takes what the JSON reader takes, and nothing else."""

import contextlib
import gc
import json
import time
import tracemalloc
from typing import Any, Final

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from shared.domain.errors import InvalidRequest, Refusal, TooLarge, WrongContentType
from shared.runtime import json_body
from shared.runtime.cbor_body import CBOR, LARGEST_BODY_BYTES, read_object, write, write_list
from tests.bombs import BOMBS, KEY

# What grows beyond its bytes takes seconds; the bar of 50 ms is measured by `make bench`.
LONGEST_SECONDS: Final = 0.5
MOST_BYTES: Final = 32 * 1024 * 1024
WHOLE: Final = some.integers(min_value=-(2**64), max_value=2**64 - 1)
VALUES: Final = some.recursive(
    some.none() | some.booleans() | WHOLE | some.text(max_size=30),
    lambda inner: (
        some.lists(inner, max_size=5) | some.dictionaries(some.text(max_size=10), inner, max_size=5)
    ),
    max_leaves=30,
)
MAPS: Final = some.dictionaries(some.text(max_size=10), VALUES, max_size=5)


def refused(content: bytes) -> bool:
    """Tell whether it is refused, and by the right word."""
    try:
        read_object(content, CBOR)
    except InvalidRequest as refusal:
        return refusal.code == "cbor_invalid"
    return False


@given(MAPS)
@settings(max_examples=100, deadline=None)
def test_both_readers_read_the_same(value: dict[str, Any]) -> None:
    """Whatever JSON says within 64 bits, CBOR says, and what is read is equal in value and type."""
    by_json = json_body.read_object(json.dumps(value).encode(), json_body.JSON)
    by_cbor = read_object(cbor2.dumps(value), CBOR)

    assert by_cbor == by_json == read_object(write(value), CBOR)
    assert repr(by_cbor) == repr(by_json)


@given(some.binary(max_size=80) | some.binary(max_size=60).map(lambda tail: KEY + tail))
@settings(max_examples=300, deadline=None)
def test_whatever_is_read_json_could_say(content: bytes) -> None:
    """No bytes are a fault of ours, and none make a value that the other reader does not know."""
    try:
        found = read_object(content, CBOR)
    except Refusal:
        return
    assert json_body.read_object(json.dumps(found).encode(), json_body.JSON) == found


@pytest.mark.parametrize(
    "value",
    [
        *("f90000", "f97e00", "f97c00", "fa3fc00000", "fb3ff8000000000000", "fb4000000000000000"),
        *("f7", "e0", "f3", "f820", "f8ff", "f818", "f814", "ff", "1c", "3d", "5e", "fc"),
        *("41ff", "40", "5f41ffff", "7f6161ff", "9f00ff", "bf616100ff", "9fff", "bfff"),
        *("61ff", "62c328", "63eda080", "64f4908080", "62c080"),
        *("a10000", "a1f600", "a1f500", "a1416100", "a1800000", "a1a00000", "a1f9000000"),
        *("a2616100616100", "a26161f66161f5", "a3616100616200616100"),
        *("c249010000000000000000", "c34101", "c11a514b67b0", "c074323031332d30332d3231543230"),
        *("d81c00", "d81d00", "d90102810a", "d9d9f700", "c4820001", "dbffffffffffffffff00"),
        *("", "61", "6261", "8200", "a16161", "1b", "9bffffffffffffffff", "7bffffffffffffffff61"),
        *("bbffffffffffffffff616100", "9b7fffffffffffffff00", "ba00000002616100"),
    ],
)
def test_what_json_cannot_say_is_refused(value: str) -> None:
    """Fractions, undefined, bytes, tags, lengths unsaid or untrue, odd keys, wrong UTF-8."""
    assert refused(KEY + bytes.fromhex(value))


def test_no_number_of_a_tag_is_taken() -> None:
    """Those that the decoder gives a meaning to, whatever stands behind them, and all others."""
    for number in range(2**16):
        assert refused(KEY + b"\xd9" + number.to_bytes(2, "big") + b"\x01")
    for number in (*range(300), 1004, 43000, 55799):
        tag = b"\xd9" + number.to_bytes(2, "big")
        for inner in (b"\x60", b"\x6a2026-11-30", b"\x41\x01", b"\x82\x01\x02", b"\xa0", b"\xf6"):
            assert refused(KEY + tag + inner)


@pytest.mark.parametrize("content", [b"", b"\xf6", b"\x80", b"\x60", b"\x00", b"\x81\xa0", b"{}"])
def test_only_a_map_is_a_body(content: bytes) -> None:
    """As only an object is with JSON."""
    assert refused(content)


@pytest.mark.parametrize("rest", [b"\x00", b"\xa0", b"\xf6", b"\xff", b"\n", b" "])
def test_nothing_may_follow(rest: bytes) -> None:
    """Two readers of the same bytes cannot end in two places."""
    assert read_object(KEY + b"\x00", CBOR) == {"a": 0}
    assert refused(KEY + b"\x00" + rest)


def test_numbers_are_read_in_each_of_their_forms() -> None:
    """A number that is written longer than it need be has the same value to every reader."""
    for form in ("01", "1801", "190001", "1a00000001", "1b0000000000000001"):
        assert read_object(KEY + bytes.fromhex(form), CBOR) == {"a": 1}
    assert read_object(KEY + bytes.fromhex("1bffffffffffffffff"), CBOR) == {"a": 2**64 - 1}
    assert read_object(KEY + bytes.fromhex("3bffffffffffffffff"), CBOR) == {"a": -(2**64)}


def test_depth_is_that_of_json_below_what_stands_around() -> None:
    """Sixteen levels, and one more for each level of an envelope."""

    def nested(levels: int) -> bytes:
        return KEY * levels + b"\x00"

    assert read_object(nested(16), CBOR)
    assert refused(nested(17))
    assert read_object(nested(17), CBOR, around=1)
    assert refused(KEY + b"\x81" * 16 + b"\x00")
    assert read_object(KEY + b"\x81" * 15 + b"\x00", CBOR)


def test_the_largest_body_is_read_and_one_byte_more_is_not() -> None:
    """The limit is 64 KiB, to the byte."""
    length = LARGEST_BODY_BYTES - 6
    content = KEY + b"\x79" + length.to_bytes(2, "big") + b"x" * length
    assert len(content) == LARGEST_BODY_BYTES
    assert read_object(content, CBOR)
    with pytest.raises(TooLarge):
        read_object(content + b"\x00", CBOR)


@pytest.mark.parametrize(
    "kind", [None, "", "application/json", "application/cbor-seq", "text/cbor"]
)
def test_only_what_is_said_to_be_cbor_is_read(kind: str | None) -> None:
    """A body of another type is refused before it is parsed."""
    with pytest.raises(WrongContentType):
        read_object(b"\xa0", kind)


@pytest.mark.parametrize("count", [0, 1, 24, 100, 255])
def test_a_list_is_written_of_what_is_written(count: int) -> None:
    """Items that are CBOR already make one well-formed list."""
    content = write_list("results", [write({"a": number}) for number in range(count)])

    assert read_object(content, CBOR) == {"results": [{"a": number} for number in range(count)]}


@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_takes_long_or_much(name: str) -> None:
    """64 KiB of whatever is worst: a fraction of a second of the processor, at most 32 MB."""
    content = BOMBS[name]()
    assert len(content) <= LARGEST_BODY_BYTES

    def read() -> None:
        with contextlib.suppress(Refusal):
            read_object(content, CBOR)

    seconds = []
    gc.freeze()  # as a function's process does: what tests before left is not gone through
    for _ in range(3):
        began = time.thread_time()
        read()
        seconds.append(time.thread_time() - began)
    gc.unfreeze()
    tracemalloc.start()
    read()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert min(seconds) <= LONGEST_SECONDS
    assert most <= MOST_BYTES
