"""Seals the few secrets that must be read again, so that a copy of the database reveals none.

AES-256-GCM with a random nonce; the row's id is authenticated with it, so a sealed text copied to
another row does not open there. A webhook secret is sealed, an API key is not: that one is only
ever compared, and kept as an HMAC.
"""

import base64
import binascii
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = "v1."


class SealBrokenError(Exception):
    """A sealed text is damaged, belongs to another row, or was sealed with another key."""


class Sealer:
    """Seals and opens under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError where the key is not 32 bytes long."""
        if len(key) != KEY_BYTES:
            raise ValueError("a sealing key has 32 bytes")
        self._cipher = AESGCM(key)

    def seal(self, secret: str, row_id: str) -> str:
        """Return `v1.` and base64 of nonce, ciphertext and tag; different each time."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), row_id.encode())
        return _VERSION + base64.b64encode(nonce + sealed).decode("ascii")

    def open(self, sealed: str, row_id: str) -> str:
        """Return the secret. Raises SealBrokenError."""
        if not sealed.startswith(_VERSION):
            raise SealBrokenError("unknown version")
        try:
            raw = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
            plain = self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], row_id.encode())
        except (binascii.Error, ValueError, InvalidTag) as error:
            raise SealBrokenError("does not open with this key for this row") from error
        return plain.decode()
