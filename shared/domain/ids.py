"""Public ids: they sort by time, show their kind, and are made here, never by the database."""

import secrets
from typing import Final

ALPHABET: Final = "234567abcdefghijklmnopqrstuvwxyz"
LENGTH: Final = 24
ACCOUNT_LENGTH: Final = 16
_LENGTHS: Final = {"acct": ACCOUNT_LENGTH, "wd": 2 * LENGTH}
"""Of ids that are not of the usual length; a delivery's is made of its event's and endpoint's."""
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_RANDOM_BITS: Final = 72
_RANDOM_BYTES: Final = _RANDOM_BITS // 8
_READ_AT_ONCE: Final = 128
# Each call of the system's source lets every other thread run before its caller goes on: under load
# that costs far more than the bytes, so they are fetched for many ids at once. `pop` is atomic.
_spare: Final[list[int]] = []


def new_id(prefix: str, at_ms: int) -> str:
    """Return `<prefix>_` and 24 characters: 48 bits of milliseconds since 1970, 72 random ones.

    The alphabet is in byte order, so that text order (COLLATE "C") is time order.
    """
    return f"{prefix}_{encode((at_ms << _RANDOM_BITS) | _random_bits(), LENGTH)}"


def first_id(prefix: str, at_ms: int) -> str:
    """Return the least id that can be made from a moment on, in milliseconds since 1970."""
    return f"{prefix}_{encode(at_ms << _RANDOM_BITS, LENGTH)}"


def milliseconds_of(public_id: str) -> int:
    """Return when an id was made, in milliseconds since 1970. Raises ValueError for no such id."""
    number = 0
    for letter in public_id.rpartition("_")[2]:
        number = number * len(ALPHABET) + ALPHABET.index(letter)
    return number >> _RANDOM_BITS


def new_account_id() -> str:
    """Return `acct_` and 16 random characters (80 bits)."""
    return f"acct_{encode(secrets.randbits(5 * ACCOUNT_LENGTH), ACCOUNT_LENGTH)}"


def encode(number: int, length: int) -> str:
    """Write `5 * length` bits in our alphabet, most significant first; `length` is even."""
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(5 * length - 10, -1, -10)])


def _random_bits() -> int:
    while True:
        try:
            return _spare.pop()
        except IndexError:
            read = secrets.token_bytes(_RANDOM_BYTES * _READ_AT_ONCE)
            _spare.extend(
                int.from_bytes(read[start : start + _RANDOM_BYTES])
                for start in range(0, len(read), _RANDOM_BYTES)
            )


def is_id(text: str, prefix: str) -> bool:
    """Tell whether the text has the form of an id with this prefix; says nothing of existence."""
    head, tail = text[: len(prefix) + 1], text[len(prefix) + 1 :]
    length = _LENGTHS.get(prefix, LENGTH)
    return (
        head == f"{prefix}_" and len(tail) == length and all(letter in ALPHABET for letter in tail)
    )
