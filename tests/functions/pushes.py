"""Signed pushes as Pub/Sub sends them, from an issuer on this machine."""

import base64
import json
import time
from typing import Any, Final, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from shared.domain.events import Message
from shared.messaging.envelope import encode_attributes, encode_data
from tests.scripted_server import ScriptedServer, answer

AUDIENCE: Final = "https://push.example.cm"
EMAIL: Final = "push@example.iam"
KEY_ID: Final = "key-1"


class Issuer:
    """Signs tokens; its public keys are served on 127.0.0.1."""

    def __init__(self) -> None:
        """Make a key of its own."""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        document = json.dumps({"keys": [{**public, "kid": KEY_ID, "alg": "RS256", "use": "sig"}]})
        self._server = ScriptedServer(lambda _: answer(200, document))

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(None, None, None)

    @property
    def environment(self) -> dict[str, str]:
        """How a function learns of this issuer."""
        return {
            "PUSH_ISSUER": self._server.url,
            "PUSH_JWKS_URL": f"{self._server.url}/certs",
            "PUSH_AUDIENCE": AUDIENCE,
            "PUSH_EMAIL": EMAIL,
        }

    def token(self, function: str, *, key: rsa.RSAPrivateKey | None = None, **claims: Any) -> str:
        """A token for one function's door; `claims` replace the right ones."""
        now = int(time.time())
        payload = {
            "iss": self._server.url,
            "aud": f"{AUDIENCE}/{function}",
            "email": EMAIL,
            "email_verified": True,
            "sub": "push",
            "iat": now,
            "exp": now + 600,
        }
        return jwt.encode(
            {**payload, **claims}, key or self._key, algorithm="RS256", headers={"kid": KEY_ID}
        )

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
