"""A security key in software: signs a person in at Keycloak's page as the browser's would."""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_CHALLENGE: Final = re.compile(r'challenge\s*:\s*"([^"]+)"')
_PRESENT_AND_VERIFIED: Final = b"\x05"
# A map in CBOR: a key of two coordinates, for ES256, on the curve P-256 (RFC 9052).
_COSE_P256: Final = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20%b\x22\x58\x20%b"


@dataclass(frozen=True, slots=True)
class Passkey:
    """One key for one site."""

    origin: str
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def credential(self) -> dict[str, Any]:
        """What Keycloak keeps of a registered key, in its own format."""
        point = self.private.public_key().public_numbers()
        public = _COSE_P256 % (point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big"))
        data = {
            "aaguid": "00000000-0000-0000-0000-000000000000",
            "credentialId": base64.b64encode(self.id).decode(),
            "counter": 0,
            "credentialPublicKey": _text(public),
            "attestationStatementFormat": "none",
        }
        return {
            "type": "webauthn",
            "userLabel": "key",
            "secretData": "{}",
            "credentialData": json.dumps(data),
        }

    def answer(self, page: str) -> dict[str, str]:
        """The fields that the browser would post from the page that asks for a key."""
        challenge = _CHALLENGE.search(page)
        assert challenge is not None
        client = json.dumps(
            {"type": "webauthn.get", "challenge": challenge[1], "origin": self.origin}
        ).encode()
        site = hashlib.sha256(str(urlsplit(self.origin).hostname).encode()).digest()
        data = site + _PRESENT_AND_VERIFIED + (1).to_bytes(4, "big")
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return {
            "clientDataJSON": _text(client),
            "authenticatorData": _text(data),
            "signature": _text(signature),
            "credentialId": _text(self.id),
            "userHandle": "",
            "error": "",
        }


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
