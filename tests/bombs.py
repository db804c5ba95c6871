"""Bodies of CBOR that ask as much of a reader as 64 KiB can."""

from collections.abc import Callable
from typing import Final

import cbor2

from shared.runtime.cbor_body import LARGEST_BODY_BYTES

KEY: Final = b"\xa1\x61a"
"""A map of one pair, its key `a`; the value is to follow."""


def _colliding() -> bytes:
    """A map whose keys are arrays of two numbers that all hash alike in Python 3.11."""
    modulus, room = 2**64, 2**61 - 1
    first, second, start = 11400714785074694791, 14029467366897019727, 2870177450012600261

    def rotated(value: int, bits: int) -> int:
        return (value << bits | value >> (64 - bits)) % modulus

    target = rotated(12345 * pow(first, -1, modulus) % modulus, 33)
    keys: list[list[int]] = []
    number = 0
    while len(keys) < 3400:
        number += 1
        met = rotated((start + number * second) % modulus, 31) * first % modulus
        other = (target - met) * pow(second, -1, modulus) % modulus
        if other < room:
            keys.append([number, other])
    assert len({hash(tuple(key)) for key in keys}) == 1
    return b"\xb9" + len(keys).to_bytes(2, "big") + b"".join(cbor2.dumps(k) + b"\x00" for k in keys)


def _filled(head: bytes, item: bytes, room: int = LARGEST_BODY_BYTES) -> bytes:
    count = (room - len(head) - 3) // len(item)
    return head + b"\x99" + count.to_bytes(2, "big") + item * count


def _pairs(size: int) -> bytes:
    pairs = [b"\x64%04x" % number + b"\x00" for number in range(size)]
    return b"\xb9" + size.to_bytes(2, "big") + b"".join(pairs)


BOMBS: Final[dict[str, Callable[[], bytes]]] = {
    "numbers": lambda: _filled(KEY, b"\x00"),
    "arrays": lambda: _filled(KEY, b"\x80"),
    "maps": lambda: _filled(KEY, b"\xa0"),
    "texts": lambda: _filled(KEY, b"\x60"),
    "as deep as may be": lambda: _filled(KEY, b"\x81" * 13 + b"\xa0"),
    "maps as deep as may be": lambda: _filled(KEY, KEY * 13 + b"\xa0"),
    "deeper than may be": lambda: KEY + b"\x81" * (LARGEST_BODY_BYTES - 3),
    "texts of one letter": lambda: _filled(KEY, b"\x64\xf0\x9f\x98\x80"),
    "pairs": lambda: _pairs(10_900),
    "one key": lambda: b"\xb9\x55\x00" + b"\x61a\x00" * 0x5500,
    "keys that collide": _colliding,
    "a length that is not there": lambda: KEY + b"\x9b\0\0\0\0\x7f\xff\xff\xff" + b"\0" * 9,
    "pairs that are not there": lambda: KEY + b"\xba\x7f\xff\xff\xff" + b"\x61a\x00",
    "a text that is not there": lambda: KEY + b"\x7a\x7f\xff\xff\xff" + b"x" * 60_000,
    "tags": lambda: KEY + b"\xc1" * (LARGEST_BODY_BYTES - 4) + b"\x00",
    "long lengths": lambda: _filled(KEY, b"\x9b" + b"\x00" * 8),
}
