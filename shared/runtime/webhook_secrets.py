"""Makes, seals and opens what webhooks are signed with: shared secrets, and key pairs of ours."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.domain.webhook import PRIVATE_PREFIX, PUBLIC_PREFIX, Signer, WebhookSecret
from shared.domain.webhook_endpoint import Signing
from shared.operations.webhook_endpoint_store import MadeSecret
from shared.operations.webhook_ports import Endpoint
from shared.runtime import wiring
from shared.runtime.sealing import Sealer

SECRET_BYTES: Final = 32


class KeyPair:
    """An ed25519 pair. Its private half never leaves us; sealed it is `whsk_` and base64."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        """Keep the private half."""
        self._private = private

    @classmethod
    def parse(cls, text: str) -> "KeyPair":
        """Read the sealed form. Raises ValueError."""
        seed = base64.b64decode(text.removeprefix(PRIVATE_PREFIX), validate=True)
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def text(self) -> str:
        """The form that is sealed."""
        return PRIVATE_PREFIX + base64.b64encode(self._private.private_bytes_raw()).decode()

    @property
    def public_key(self) -> str:
        """The half that receivers verify with: `whpk_` and base64 of 32 bytes."""
        raw = self._private.public_key().public_bytes_raw()
        return PUBLIC_PREFIX + base64.b64encode(raw).decode()

    def signature(self, signed: bytes) -> str:
        """Return `v1a,` and base64 of the signature."""
        return "v1a," + base64.b64encode(self._private.sign(signed)).decode()


def make_secret(signing: Signing) -> MadeSecret:
    """Return a new secret of 32 random bytes, or a new pair."""
    if signing is Signing.HMAC:
        return MadeSecret(WebhookSecret(secrets.token_bytes(SECRET_BYTES)).shown)
    pair = KeyPair(Ed25519PrivateKey.generate())
    return MadeSecret(pair.text, pair.public_key)


def seal(text: str, endpoint_id: str) -> str:
    """Seal a secret for its endpoint."""
    return _sealer().seal(text, endpoint_id)


def open_secrets(endpoint: Endpoint, now: datetime) -> Sequence[Signer]:
    """Return what signs for an endpoint now, the newest first. Raises SealBrokenError."""
    sealer = _sealer()
    texts = (sealer.open(sealed, endpoint.id) for sealed in endpoint.sealed_secrets(now))
    return [_signer(text) for text in texts]


def _signer(text: str) -> Signer:
    return KeyPair.parse(text) if text.startswith(PRIVATE_PREFIX) else WebhookSecret.parse(text)


def _sealer() -> Sealer:
    return Sealer(wiring.key_bytes("webhook_sealing_key"))
