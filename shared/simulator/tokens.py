"""Makes and checks access tokens that carry their own facts, so that no call has to look them up.

MTN's token is a JWT of which a client knows only that it is one
(https://momodeveloper.mtn.com/api-documentation/api-description). Ours is signed with HMAC-SHA256.
Nothing is stored: an earlier token stays valid beside a later one until it expires.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LIFETIME: Final = timedelta(seconds=3600)
_MAX_LENGTH: Final = 2048


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


_HEADER: Final = _encode(b'{"typ":"JWT","alg":"HS256"}')


def digest(secret: str) -> str:
    """What is kept of a key in place of the key. Keys are random, so one hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: whose it is, for which product, and which callback host it may name."""

    api_user: str
    product: str
    subscription_digest: str
    callback_host: str


class TokenMint:
    """Signs and verifies with a key drawn from the control token, so that replicas agree."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"simulator access tokens", "sha256")

    def issue(self, claims: Claims, expires_at: datetime) -> str:
        """A token that is valid before `expires_at`."""
        payload = {
            "sub": claims.api_user,
            "product": claims.product,
            "subscription": claims.subscription_digest,
            "host": claims.callback_host,
            "exp": expires_at.timestamp(),
            "jti": secrets.token_hex(8),
        }
        signed = f"{_HEADER}.{_encode(json.dumps(payload, separators=(',', ':')).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def read(self, token: str, now: datetime) -> Claims | None:
        """The claims of a token of ours that has not expired, else None."""
        signed, _, signature = token.rpartition(".")
        if len(token) > _MAX_LENGTH or not token.isascii():
            return None
        if not hmac.compare_digest(signature, self._signature(signed)):
            return None
        try:
            payload = json.loads(_decode(signed.partition(".")[2]))
        except (ValueError, binascii.Error):
            return None
        if now.timestamp() >= payload["exp"]:
            return None
        return Claims(payload["sub"], payload["product"], payload["subscription"], payload["host"])

    def _signature(self, signed: str) -> str:
        return _encode(hmac.digest(self._key, signed.encode(), "sha256"))
