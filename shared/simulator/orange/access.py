"""Decides who calls Orange: the gateway by consumer key or bearer, the API by X-AUTH-TOKEN."""

import base64
import binascii
import hmac
from datetime import datetime

from werkzeug.wrappers import Request

from shared.simulator.orange.answers import (
    INVALID_CREDENTIALS,
    MISSING_CREDENTIALS,
    GatewayFault,
    bad_request,
    unknown_caller,
)
from shared.simulator.orange.channels import Channel, Channels
from shared.simulator.tokens import digest

_GRANT = "grant_type=client_credentials"


def log_in(request: Request, raw: bytes, channels: Channels) -> Channel:
    """The channel of a token call, by Basic and the form of OAuth. Raises Refusal."""
    consumer_key, consumer_secret = _pair(_credentials(request, "basic"))
    channel = channels.by_consumer(consumer_key)
    if channel is None or not hmac.compare_digest(
        channel.consumer_secret_digest, digest(consumer_secret)
    ):
        raise GatewayFault(401, INVALID_CREDENTIALS, detail="consumer key or secret")
    if _GRANT not in raw.decode(errors="replace").split("&"):
        raise bad_request("grant_type")
    return channel


def authorise(request: Request, channels: Channels, now: datetime) -> Channel:
    """The channel of any other call. Raises Refusal."""
    channel = channels.by_token(_credentials(request, "bearer"), now)
    if channel is None:
        raise GatewayFault(401, INVALID_CREDENTIALS, detail="bearer token is bad or expired")
    api_user, api_password = _pair(request.headers.get("X-AUTH-TOKEN", ""))
    is_user = hmac.compare_digest(api_user.lower().encode(), channel.api_user.encode())
    if not is_user or not hmac.compare_digest(channel.api_password_digest, digest(api_password)):
        raise unknown_caller()
    return channel


def is_pin(given: str, channel: Channel, channels: Channels) -> bool:
    """Is it the channel user's PIN?"""
    return hmac.compare_digest(channels.pin_digest(given), channel.pin_digest)


def _credentials(request: Request, wanted: str) -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != wanted or not given:
        raise GatewayFault(401, MISSING_CREDENTIALS, detail=f"no {wanted} authorization")
    return given


def _pair(encoded: str) -> tuple[str, str]:
    """User and secret of a Base64 pair; two empty words for anything else."""
    try:
        user, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return "", ""
    return user, secret
