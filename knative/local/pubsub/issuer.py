"""The local issuer of OIDC tokens, in the place that accounts.google.com has in production.

Its key lives in the data directory (mode 0600), so tokens and verifiers' caches outlive a restart.
"""

import base64
import hashlib
import os
import time
from pathlib import Path
from typing import TypeAlias

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

TOKEN_SECONDS = 3600
REFRESH_SECONDS = 900  # before a token ends, a new one replaces it
KEY_FILE = "issuer-key.pem"

Json: TypeAlias = dict[str, object]


class Issuer:
    """Signs push tokens as Pub/Sub does: RS256, one hour, reused until near its end."""

    def __init__(self, directory: Path, url: str) -> None:
        self.url = url
        self._key = _load_or_create(directory / KEY_FILE)
        numbers = self._key.public_key().public_numbers()
        n, e = _base64url(numbers.n), _base64url(numbers.e)
        # RFC 7638: the thumbprint of the key's required members in this order.
        self._key_id = base64.urlsafe_b64encode(
            hashlib.sha256(f'{{"e":"{e}","kty":"RSA","n":"{n}"}}'.encode()).digest()
        ).decode()[:40]
        self._jwk: Json = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self._key_id,
            "n": n,
            "e": e,
        }
        self._tokens: dict[tuple[str, str], tuple[float, str]] = {}

    def token(self, email: str, audience: str) -> tuple[str, float]:
        """A token for the push account and the Unix second from which it wants replacing."""
        now = time.time()
        kept = self._tokens.get((email, audience))
        if kept is None or kept[0] <= now:
            kept = (
                now + TOKEN_SECONDS - REFRESH_SECONDS,
                self._sign(email, audience, issued_at=int(now)),
            )
            self._tokens[email, audience] = kept
        return kept[1], kept[0]

    def jwks(self) -> Json:
        """The public key set."""
        return {"keys": [self._jwk]}

    def discovery(self) -> Json:
        """The OpenID Connect discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": [
                "aud",
                "azp",
                "email",
                "email_verified",
                "exp",
                "iat",
                "iss",
                "sub",
            ],
        }

    def _sign(self, email: str, audience: str, *, issued_at: int) -> str:
        # Service accounts have a number of 21 digits; the same one for the same account.
        subject = str(10**20 + int(hashlib.sha256(email.encode()).hexdigest(), 16) % 10**20)
        claims = {
            "iss": self.url,
            "aud": audience,
            "azp": subject,
            "sub": subject,
            "email": email,
            "email_verified": True,
            "iat": issued_at,
            "exp": issued_at + TOKEN_SECONDS,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})


def _load_or_create(path: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        try:
            loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except ValueError as error:
            raise ValueError(f"{path} is damaged; without it a new key is made") from error
        if not isinstance(loaded, rsa.RSAPrivateKey):
            raise ValueError(f"{path} holds no RSA key")
        return loaded
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    temporary = path.with_suffix(".writing")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    return key


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
