"""Tokens of people as Keycloak gives them, from an issuer on this machine."""

import json
import time
from typing import Any, Final, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.scripted_server import ScriptedServer, answer

KEY_ID: Final = "people"


class Realm:
    """The issuer of people's tokens, with its public keys served on 127.0.0.1."""

    def __init__(self) -> None:
        """Make a key."""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._server = ScriptedServer(lambda _: answer(200, json.dumps({"keys": [self._jwk()]})))

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(None, None, None)

    @property
    def environment(self) -> dict[str, str]:
        """How a function learns of this issuer."""
        return {"KEYCLOAK_URL": self._server.url}

    def token(self, person: str, *roles: str, signed_in_ago: int = 0, **claims: Any) -> str:
        """The access token of a person who signed in so many seconds ago."""
        now = int(time.time())
        content = {
            "iss": f"{self._server.url}/realms/pay",
            "aud": "pay-api",
            "azp": "dashboard",
            "typ": "Bearer",
            "sub": person,
            "iat": now,
            "exp": now + 300,
            "auth_time": now - signed_in_ago,
            "realm_access": {"roles": list(roles or ("merchant",))},
            **claims,
        }
        return jwt.encode(content, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def _jwk(self) -> dict[str, Any]:
        jwk: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(
            self._key.public_key(), as_dict=True
        )
        return jwk | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}
