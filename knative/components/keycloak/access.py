"""Reaches a Keycloak server by the secret of one of its clients."""

from pathlib import Path
from typing import Final

from keycloak import KeycloakAdmin, KeycloakOpenIDConnection

REALM: Final = "pay"
MASTER: Final = "master"
# Making a realm takes seconds, on a busy machine many.
_TIMEOUT_SECONDS: Final = 60


def read_pair(file: Path) -> tuple[str, str]:
    """Return the two halves of a secret file's line `<who>:<secret>`. Raises OSError."""
    who, _, secret = file.read_text(encoding="utf-8").strip().partition(":")
    return who, secret


def connect(
    url: str, *, realm: str, client_id: str, client_secret: str, client_realm: str
) -> KeycloakAdmin:
    """Return what a client of `client_realm` may do with `realm`; nothing is asked yet."""
    connection = KeycloakOpenIDConnection(
        server_url=url,
        realm_name=realm,
        user_realm_name=client_realm,
        client_id=client_id,
        client_secret_key=client_secret,
        timeout=_TIMEOUT_SECONDS,
        max_retries=0,
    )
    return KeycloakAdmin(connection=connection)
