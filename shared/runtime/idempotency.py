"""Reads an Idempotency-Key: bare, as Stripe's tools send it, or quoted (IETF draft)."""

from typing import Final

from shared.domain.errors import InvalidRequest

LONGEST: Final = 255
HEADER: Final = "Idempotency-Key"


def read_key(header: str | None) -> str | None:
    """Return the key of 1 to 255 printable ASCII characters, None where no header came.

    Raises InvalidRequest `idempotency_key_invalid`, also where one key came twice: a server joins
    equal headers by a comma, and the call that is repeated with one would be another. Keys are
    compared byte for byte.
    """
    if header is None:
        return None
    first, *others = (part.strip() for part in header.split(","))
    if others and set(others) == {first}:
        raise InvalidRequest("idempotency_key_invalid", HEADER, limit=LONGEST)
    key = header.strip()
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not 0 < len(key) <= LONGEST or not (key.isascii() and key.isprintable()):
        raise InvalidRequest("idempotency_key_invalid", HEADER, limit=LONGEST)
    return key
