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

from tests.passkey import Passkey

_FORM: Final = re.compile(r'<form[^>]*\saction="([^"]+)"', re.IGNORECASE)
_PROCEED: Final = re.compile(r'href="([^"]*login-actions/action-token[^"]*)"')
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
    passkey: Passkey | None = None

    def fill_in(self, page: str) -> dict[str, str] | None:
        """What this person types into the page; None where that ends the attempt."""
        if _TOTP_SECRET.search(page):
            return self._set_up_a_device(page)
        if 'id="webauth"' in page:
            return None if self.passkey is None else self.passkey.answer(page)
        for field, typed in self._forms().items():
            if f'name="{field}"' in page:
                return typed
        typed = {"username": self.email}
        return typed | ({"password": self.password} if 'type="password"' in page else {})

    def _forms(self) -> dict[str, dict[str, str]]:
        """What is typed where a page has a field of that name."""
        return {
            # A code counts once, and the clock of a phone may be ahead by a step.
            "otp": {"otp": self.code(ahead=1)} if self.device else {"otp": ""},
            "password-new": {
                "password-new": self.password,
                "password-confirm": self.password,
            },
            "firstName": {"firstName": "A.", "lastName": "Dib"},
        }

    def _set_up_a_device(self, page: str) -> dict[str, str] | None:
        found = _TOTP_SECRET.search(page)
        if found is None or not self.has_phone:
            return None
        self.device = found[1]
        return {"totp": self.code(), "totpSecret": self.device, "userLabel": "phone"}

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
    place = walk(
        authorize_url(
            realm_url,
            client_id="dashboard",
            response_type="code",
            scope="openid",
            redirect_uri=redirect_uri,
            code_challenge=base64.urlsafe_b64encode(digest).decode().rstrip("="),
            code_challenge_method="S256",
        ),
        person,
        redirect_uri=redirect_uri,
    )
    if not place.startswith(redirect_uri):
        return place
    _, tokens = ask_token(
        realm_url,
        grant_type="authorization_code",
        client_id="dashboard",
        code=parse_qs(urlsplit(place).query)["code"][0],
        redirect_uri=redirect_uri,
        code_verifier=verifier,
    )
    return tokens


def walk(address: str, person: Person, *, redirect_uri: str) -> str:
    """Sign in from an address on; return where the browser is sent, or the page shown instead."""
    browser = Browser()
    answer = browser.open(address)
    for _ in range(_MOST_PAGES):
        place = answer.headers.get("Location", "")
        if place.startswith(redirect_uri):
            return place
        if answer.status in _REDIRECTS:
            answer = browser.open(place)
            continue
        page = answer.data.decode()
        form = _FORM.search(page)
        typed = person.fill_in(page)
        if form is None or typed is None:
            return page
        answer = browser.open(html.unescape(form[1]), typed)
    place = answer.headers.get("Location", "")
    return place if place.startswith(redirect_uri) else answer.data.decode()


def follow_link(link: str, person: Person) -> str:
    """Do what Keycloak's mail asks for, page by page; return the last page."""
    browser = Browser()
    answer = browser.open(link)
    for _ in range(_MOST_PAGES):
        if answer.status in _REDIRECTS:
            answer = browser.open(answer.headers["Location"])
            continue
        page = answer.data.decode()
        form, proceed = _FORM.search(page), _PROCEED.search(page)
        typed = person.fill_in(page)
        if form is not None and typed is not None and "username" not in typed:
            answer = browser.open(html.unescape(form[1]), typed)
        elif proceed is not None:
            answer = browser.open(html.unescape(proceed[1]))
        else:
            return page
    return answer.data.decode()


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
