"""Signed pushes as Pub/Sub sends them, from an issuer on this machine."""

import base64
import json
from pathlib import Path
from typing import Any, Final, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from knative.local.pubsub import issuer
from shared.domain.events import Message
from shared.messaging.envelope import encode_attributes, encode_data
from tests.scripted_server import ScriptedServer, answer

AUDIENCE: Final = "https://push.example.cm"
EMAIL: Final = "push@example.iam"


class Issuer:
    """The issuer of our Pub/Sub server, with its public keys served on 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        """Keep the key in a folder."""
        self._folder = folder
        self._server = ScriptedServer(lambda _: answer(200, json.dumps(self._issuer.jwks())))

    def __enter__(self) -> Self:
        self._server.__enter__()
        self._issuer = issuer.Issuer(self._folder, self._server.url)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(None, None, None)

    @property
    def environment(self) -> dict[str, str]:
        """How a function learns of this issuer."""
        return {
            "PUSH_ISSUER": self._server.url,
            "PUSH_JWKS_URL": f"{self._server.url}/jwks",
            "PUSH_AUDIENCE": AUDIENCE,
            "PUSH_EMAIL": EMAIL,
        }

    def token(self, function: str, *, email: str = EMAIL) -> str:
        """What the issuer gives to whoever pushes to this function as this account."""
        return self._issuer.token(email, f"{AUDIENCE}/{function}")[0]

    def forged(
        self,
        function: str,
        *,
        key: rsa.RSAPrivateKey | None = None,
        header: dict[str, Any] | None = None,
        left_out: str | None = None,
        **claims: Any,
    ) -> str:
        """A right token but for what is named; signed with the issuer's key or another."""
        right = self.token(function)
        payload = jwt.decode(right, options={"verify_signature": False}) | claims
        payload.pop(left_out or "", None)
        headers = {"kid": jwt.get_unverified_header(right)["kid"]} | (header or {})
        # Below `jwt.encode`, which refuses to write some of what a verifier must refuse to read.
        content = json.dumps(payload).encode()
        return jwt.PyJWS().encode(content, key or self._issuer._key, "RS256", headers)

    def headers(self, function: str) -> dict[str, str]:
        """What a right push carries."""
        return {"Authorization": f"Bearer {self.token(function)}"}


def push_body(message: Message, **changes: Any) -> dict[str, Any]:
    """The production body around one of our messages; `changes` replace parts of the message."""
    inner = {
        "data": base64.b64encode(encode_data(message)).decode(),
        "attributes": encode_attributes(message),
        "messageId": "9001",
        "message_id": "9001",
        "publishTime": "2026-11-25T09:00:00.000Z",
        "publish_time": "2026-11-25T09:00:00.000Z",
    }
    return {
        "message": {**inner, **changes},
        "subscription": f"projects/test/subscriptions/{message.topic}--test",
        "deliveryAttempt": 1,
    }
