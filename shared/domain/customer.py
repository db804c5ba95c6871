"""A payer who proved her number: what she is sent, what she holds, and how often she may try."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from shared.domain import ids

CHALLENGE_LASTS: Final = timedelta(minutes=10)
SESSION_LASTS: Final = timedelta(minutes=30)
MOST_TRIES: Final = 5
CODE_DIGITS: Final = 6
TOKEN_PREFIX: Final = "cst_"  # noqa: S105 - what a token begins with
_TOKEN_LENGTH: Final = 52
_CODE: Final = re.compile(rf"[0-9]{{{CODE_DIGITS}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bound:
    """So many times within `span`, and `a_day` within 24 hours."""

    most: int
    span: timedelta
    a_day: int


CODES_OF_A_NUMBER: Final = Bound(3, timedelta(minutes=10), 10)
GUESSES_OF_A_NUMBER: Final = Bound(15, timedelta(minutes=10), 20)
# Many phones share one address of an operator.
ASKED_BY_AN_ADDRESS: Final = Bound(60, timedelta(minutes=10), 1000)


@dataclass(frozen=True, slots=True)
class Customer:
    """Who holds a number, known by its HMAC alone, in one mode."""

    number_hmac: str
    livemode: bool


@dataclass(frozen=True, slots=True)
class Challenge:
    """A wish to prove a number. `code` is what her phone will show, and stored as an HMAC alone."""

    id: str
    code: str = field(repr=False)
    created_at: datetime

    @classmethod
    def generate(cls, now: datetime) -> Self:
        """Make one with six random digits."""
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        return cls(ids.new_id("cch", int(now.timestamp() * 1000)), code, now)

    @property
    def expires_at(self) -> datetime:
        """When the code is worth nothing any more."""
        return self.created_at + CHALLENGE_LASTS


def code_hmac(challenge: str, code: str, key: bytes) -> str:
    """Return what is kept of a code: a million codes are tried at once, so it takes a key."""
    return hmac.digest(key, f"customer-code:{challenge}:{code}".encode(), "sha256").hex()


def is_code(text: str) -> bool:
    """Tell whether the text has the form of a code."""
    return _CODE.fullmatch(text) is not None


def new_token() -> str:
    """Return `cst_` and 52 characters, 260 random bits."""
    return TOKEN_PREFIX + ids.encode(secrets.randbits(5 * _TOKEN_LENGTH), _TOKEN_LENGTH)


def is_token(text: str) -> bool:
    """Tell whether the text has the form of a customer's token."""
    tail = text.removeprefix(TOKEN_PREFIX)
    is_long = len(tail) == _TOKEN_LENGTH and len(text) == len(TOKEN_PREFIX) + _TOKEN_LENGTH
    return is_long and all(letter in ids.ALPHABET for letter in tail)


def token_hash(token: str) -> str:
    """Return SHA-256 in hex: nobody guesses 260 bits, so it takes no key."""
    return hashlib.sha256(token.encode()).hexdigest()


def address_hmac(address: str, key: bytes) -> str:
    """Return what is counted of an address."""
    return hmac.digest(key, f"customer-address:{address}".encode(), "sha256").hex()
