"""Decides who calls: subscription key, then token or key pair, then target environment."""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from shared.simulator.answers import (
    GatewayRefusal,
    Refusal,
    TokenRefusal,
    bad_request,
    length_required,
)
from shared.simulator.outcomes import CURRENCIES
from shared.simulator.tokens import Claims, TokenMint, digest
from shared.simulator.users import Users

_SUBSCRIPTION_KEY: Final = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)
_MAX_URL: Final = 2048


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose call it is, in which environment, and which callback host was agreed."""

    api_user: str
    environment: str
    callback_host: str


def subscription_digest(request: Request) -> str:
    """The digest of the key of the product called. Raises GatewayRefusal."""
    key = request.headers.get("Ocp-Apim-Subscription-Key", "")
    if not key:
        raise GatewayRefusal(
            401,
            detail="Access denied due to missing subscription key. Make sure to include "
            "subscription key when making requests to an API.",
        )
    if not _SUBSCRIPTION_KEY.fullmatch(key):
        raise _wrong_subscription()
    return digest(key.lower())


def authorise(request: Request, mint: TokenMint, *, product: str, now: datetime) -> Caller:
    """The caller of a product by bearer token. Raises Refusal."""
    subscription = subscription_digest(request)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    claims = mint.read(token, now) if scheme.lower() == "bearer" else None
    if claims is None or claims.product != product:
        raise TokenRefusal("invalid_token", detail="bearer token is missing, bad or expired")
    if not hmac.compare_digest(claims.subscription_digest, subscription):
        raise _wrong_subscription()
    return Caller(claims.api_user, target_environment(request), claims.callback_host)


def log_in(request: Request, users: Users, *, product: str) -> Claims:
    """The claims for a token, by API user and key (Basic). Raises Refusal."""
    subscription = subscription_digest(request)
    api_user, api_key = _basic(request.headers.get("Authorization", ""))
    user = users.find(api_user) if _UUID4.fullmatch(api_user) else None
    if user is None or user.api_key_digest is None:
        raise TokenRefusal("login_failed", detail="no such API user, or it has no key")
    if not hmac.compare_digest(user.api_key_digest, digest(api_key)):
        raise TokenRefusal("login_failed", detail="wrong API key")
    if not hmac.compare_digest(user.subscription_digest, subscription):
        raise _wrong_subscription()
    if users.product_of(subscription, product) != product:
        raise _wrong_subscription()
    return Claims(api_user, product, subscription, user.callback_host)


def target_environment(request: Request) -> str:
    """`sandbox` or `mtncameroon`. Raises Refusal: 500, as MTN answers a wrong one."""
    environment = request.headers.get("X-Target-Environment", "")
    if not environment:
        raise bad_request("X-Target-Environment is missing")
    if environment not in CURRENCIES:
        raise Refusal(500, "NOT_ALLOWED_TARGET_ENVIRONMENT", detail="unknown environment")
    return environment


def reference_id(request: Request) -> str:
    """The caller's own id, a UUID of version 4. Raises Refusal: 400."""
    reference = request.headers.get("X-Reference-Id", "").lower()
    if not _UUID4.fullmatch(reference):
        raise bad_request("X-Reference-Id is not a UUID of version 4")
    return reference


def callback_url(request: Request, host: str) -> str | None:
    """Where the notice shall go. Raises Refusal: 400 when empty or no URL, 500 for another host."""
    url = request.headers.get("X-Callback-Url")
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError as error:
        raise bad_request("X-Callback-Url is malformed") from error
    is_url = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    if not is_url or not has_port or len(url) > _MAX_URL or not url.isascii():
        raise bad_request("X-Callback-Url is not an http or https URL")
    if (parts.hostname or "").lower() != host:
        raise Refusal(500, "INVALID_CALLBACK_URL_HOST", detail="not the agreed callback host")
    return url


def callback_host(value: object) -> str:
    """A bare host, without scheme, port or path, lower case. Raises Refusal: 400."""
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        raise bad_request("providerCallbackHost is not a bare host")
    return value.lower()


def is_uuid4(text: str) -> bool:
    """Is it a lower-case UUID of version 4?"""
    return _UUID4.fullmatch(text) is not None


def claimed_user(request: Request) -> str | None:
    """Whom a token call says it comes from, for the log."""
    try:
        api_user, _ = _basic(request.headers.get("Authorization", ""))
    except TokenRefusal:
        return None
    return api_user if is_uuid4(api_user) else None


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise TokenRefusal("login_failed", detail="no Basic authorization")
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise TokenRefusal("login_failed", detail="malformed Basic authorization") from error
    api_user, _, api_key = pair.partition(":")
    return api_user.lower(), api_key


def _wrong_subscription() -> GatewayRefusal:
    return GatewayRefusal(
        401,
        detail="Access denied due to invalid subscription key. Make sure to provide a valid "
        "key for an active subscription.",
    )


def require_length(request: Request) -> None:
    """Raises Refusal: 411 for a body without a stated length, chunked ones too."""
    environ = request.environ
    if environ.get("CONTENT_LENGTH") in {None, ""} or "HTTP_TRANSFER_ENCODING" in environ:
        raise length_required()
