"""`make sign-in`: an access token for the API, by one's own browser, beside the dashboard.

The address to open and what to do go to standard error, the token alone to standard output:
`TOKEN=$(make -s sign-in)`.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from knative.local.credentials import read_credentials

CLIENT: Final = "dashboard"
_TIMEOUT_SECONDS: Final = 20


class SignInError(Exception):
    """There is no token; the message is one sentence."""


def main() -> int:
    """Ask for a sign-in and print the token; 1 with one sentence when that cannot be."""
    data_dir = Path(os.environ.get("DATA_DIR") or ".data").resolve()
    known = read_credentials(data_dir)
    if known is None or known.identity_url is None:
        return _fail(f"No system with Keycloak has run on {data_dir}: start one with `make run`.")
    if not _answers(known.identity_url):
        return _fail("Keycloak does not answer: `make run` starts it and says when it is there.")
    redirect_uri = f"{known.base_url}/dashboard/signed-in"
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    address = _address(known.identity_url, redirect_uri, verifier, state)
    sys.stderr.write(
        f"Open this address and sign in:\n\n  {address}\n\n"
        "The page where you end knows nothing of it. Paste its address here: "
    )
    try:
        code = read_code(sys.stdin.readline().strip(), state)
        token = _token(known.identity_url, redirect_uri, code, verifier)
    except SignInError as error:
        return _fail(str(error))
    sys.stdout.write(f"{token}\n")
    return 0


def read_code(address: str, state: str) -> str:
    """Return the code of the address where a sign-in ended. Raises SignInError."""
    words = parse_qs(urlsplit(address).query)
    if words.get("state") != [state]:
        raise SignInError("That is not where this sign-in ended; begin again.")
    if "code" not in words:
        raise SignInError(f"Keycloak refused: {words.get('error', ['without a word'])[0]}")
    return words["code"][0]


def _address(realm_url: str, redirect_uri: str, verifier: str, state: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    words = {
        "client_id": CLIENT,
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": redirect_uri,
        "state": state,
        # Whoever has a session signs in again: what is grave wants a fresh sign-in.
        "prompt": "login",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"{realm_url}/protocol/openid-connect/auth?{urlencode(words)}"


def _answers(realm_url: str) -> bool:
    try:
        with urllib.request.urlopen(realm_url, timeout=_TIMEOUT_SECONDS):  # noqa: S310 - as below
            return True
    except (OSError, ValueError):
        return False


def _token(realm_url: str, redirect_uri: str, code: str, verifier: str) -> str:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    try:
        with urllib.request.urlopen(  # noqa: S310 - the address of our own realm
            f"{realm_url}/protocol/openid-connect/token",
            data=urlencode(form).encode(),
            timeout=_TIMEOUT_SECONDS,
        ) as answer:
            return str(json.load(answer)["access_token"])
    except urllib.error.HTTPError:
        raise SignInError("The code is used up or too old; begin again.") from None
    except (OSError, ValueError, KeyError) as error:
        raise SignInError(f"Keycloak did not answer: {error}") from None


def _fail(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
