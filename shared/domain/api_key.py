"""API keys: made once, recognised at sight, refused cheaply when mistyped, kept only as an HMAC.

`{sk|pk|rk}_{test|live}_` + 10 characters of key id + 43 of secret (256 bits) + 6 of CRC-32 over all
before it, in base 62. The checksum proves nothing about who holds a key; it spares the database a
look for text that never was one, and makes secret scanners exact.
"""

import hashlib
import hmac
import secrets
import string
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from shared.domain.errors import NotAuthenticated

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH: Final = 10
SECRET_LENGTH: Final = 43
CHECKSUM_LENGTH: Final = 6
_SECRET_BITS: Final = 256
_PREFIX_LENGTH: Final = len("sk_test_")
LENGTH: Final = _PREFIX_LENGTH + ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH


class KeyKind(StrEnum):
    """What a key is for."""

    SECRET = "sk"  # noqa: S105 - the prefix of a kind, not a secret
    PUBLISHABLE = "pk"
    RESTRICTED = "rk"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its holder has it. The secret never shows in a repr."""

    kind: KeyKind
    livemode: bool
    id: str
    secret: str = field(repr=False)

    @classmethod
    def generate(cls, kind: KeyKind, *, livemode: bool) -> Self:
        """Make a new key from the system's randomness."""
        key_id = "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
        return cls(kind, livemode, key_id, _base62(secrets.randbits(_SECRET_BITS), SECRET_LENGTH))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key. Raises NotAuthenticated `api_key_invalid` where form or checksum is wrong."""
        if len(text) != LENGTH or not text.isascii():
            raise NotAuthenticated("api_key_invalid")
        kind, mode, body = text[:2], text[2:_PREFIX_LENGTH], text[_PREFIX_LENGTH:]
        if kind not in _KINDS or mode not in _MODES or not body.isalnum():
            raise NotAuthenticated("api_key_invalid")
        if text[-CHECKSUM_LENGTH:] != _checksum(text[:-CHECKSUM_LENGTH]):
            raise NotAuthenticated("api_key_invalid")
        return cls(KeyKind(kind), _MODES[mode], body[:ID_LENGTH], body[ID_LENGTH:-CHECKSUM_LENGTH])

    @property
    def text(self) -> str:
        """The whole key, as its holder sends it."""
        mode = "_live_" if self.livemode else "_test_"
        unchecked = f"{self.kind}{mode}{self.id}{self.secret}"
        return unchecked + _checksum(unchecked)

    @property
    def last4(self) -> str:
        """The end of the text, by which people tell their keys apart."""
        return self.text[-4:]

    def hmac(self, pepper: bytes) -> bytes:
        """Return what is stored in its place: HMAC-SHA-256 of the secret, 32 bytes."""
        # hmac.digest would let other threads in for the sake of a microsecond's work.
        return hmac.new(pepper, self.secret.encode("ascii"), hashlib.sha256).digest()

    def matches(self, stored: bytes, pepper: bytes) -> bool:
        """Compare with a stored HMAC in constant time."""
        return hmac.compare_digest(self.hmac(pepper), stored)


_KINDS: Final = frozenset(kind.value for kind in KeyKind)
_MODES: Final = {"_test_": False, "_live_": True}


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode("ascii")), CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
