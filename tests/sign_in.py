"""Signs a person in at Keycloak's own pages, as a browser would, by code and PKCE."""

import base64
import hashlib
import hmac
import html
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3

_FORM: Final = re.compile(r'<form[^>]*\saction="([^"]+)"', re.IGNORECASE)
_TOTP_SECRET: Final = re.compile(r'name="totpSecret"[^>]*value="([^"]+)"')
_TOTP_SECONDS: Final = 30
_REDIRECTS: Final = (302, 303)
_MOST_PAGES: Final = 5


class Browser:
    """Carries cookies by hand: Keycloak marks them `Secure`, and here it speaks plain HTTP."""

    def __init__(self) -> None:
        """Begin without a cookie."""
        self._cookies: dict[str, str] = {}

    def open(self, url: str, form: Mapping[str, str] | None = None) -> urllib3.BaseHTTPResponse:
        """Get `url`, or post `form` to it; redirects are not followed."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        body = None if form is None else urlencode(form)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = urllib3.request(
            "GET" if form is None else "POST",
            url,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            timeout=20,
        )
        for line in answer.headers.getlist("Set-Cookie"):
            for name, cookie in SimpleCookie(line).items():
                self._cookies[name] = cookie.value
        return answer


def authorize_url(realm_url: str, **parameters: str) -> str:
    """The address at which a sign-in begins."""
    return f"{realm_url}/protocol/openid-connect/auth?{urlencode(parameters)}"


def ask_token(realm_url: str, **form: str) -> tuple[int, dict[str, Any]]:
    """Status and body of the token endpoint."""
    url = f"{realm_url}/protocol/openid-connect/token"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = urllib3.request(
        "POST", url, body=urlencode(form), headers=headers, retries=False, timeout=20
    )
    return answer.status, answer.json()


@dataclass(slots=True)
class Person:
    """Somebody at the keyboard. `device` holds the secret of the codes, once one was set up."""

    email: str
    password: str
    has_phone: bool = False
    device: str = ""

    def fill_in(self, page: str) -> dict[str, str] | None:
        """What this person types into the page; None where that ends the attempt."""
        secret = _TOTP_SECRET.search(page)
        if secret is not None:
            if not self.has_phone:
                return None
            self.device = secret[1]
            return {"totp": self.code(), "totpSecret": self.device, "userLabel": "phone"}
        if 'name="otp"' in page:
            # A code counts once, and the clock of a phone may be ahead by a step.
            return {"otp": self.code(ahead=1)}
        typed = {"username": self.email}
        return typed | ({"password": self.password} if 'type="password"' in page else {})

    def code(self, *, ahead: int = 0) -> str:
        """The code of now, six digits (RFC 6238)."""
        counter = int(time.time()) // _TOTP_SECONDS + ahead
        digest = hmac.digest(self.device.encode(), counter.to_bytes(8, "big"), "sha1")
        start = digest[-1] & 15
        number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"


def sign_in(realm_url: str, person: Person, *, redirect_uri: str) -> dict[str, Any] | str:
    """Return the dashboard's tokens, or the page that was shown in place of a redirect."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    browser = Browser()
    answer = browser.open(
        authorize_url(
            realm_url,
            client_id="dashboard",
            response_type="code",
            scope="openid",
            redirect_uri=redirect_uri,
            code_challenge=base64.urlsafe_b64encode(digest).decode().rstrip("="),
            code_challenge_method="S256",
        )
    )
    for _ in range(_MOST_PAGES):
        place = answer.headers.get("Location", "")
        if place.startswith(redirect_uri):
            break
        if answer.status in _REDIRECTS:
            answer = browser.open(place)
            continue
        page = answer.data.decode()
        form = _FORM.search(page)
        typed = person.fill_in(page)
        if form is None or typed is None:
            return page
        answer = browser.open(html.unescape(form[1]), typed)
    else:
        return answer.data.decode()
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    _, tokens = ask_token(
        realm_url,
        grant_type="authorization_code",
        client_id="dashboard",
        code=code,
        redirect_uri=redirect_uri,
        code_verifier=verifier,
    )
    return tokens


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
