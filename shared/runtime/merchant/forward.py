"""Sends events to a merchant's own machine, signed as our webhooks are."""

import binascii
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import urllib3

from shared.domain import webhook
from shared.domain.errors import InvalidRequest
from shared.domain.webhook import WebhookSecret
from shared.runtime.merchant.api import CommandError
from shared.runtime.merchant.output import Output, event_line
from shared.runtime.merchant.words import Speaker

SECRET_BYTES: Final = 32
_CONNECT_SECONDS: Final = 3
# As our own senders wait.
_READ_SECONDS: Final = 20
_ENCODER: Final = msgspec.json.Encoder()


def read_secret(text: str | None, speaker: Speaker) -> WebhookSecret:
    """Return a secret that was given, or make one. Raises CommandError."""
    if not text:
        return WebhookSecret(secrets.token_bytes(SECRET_BYTES))
    try:
        return WebhookSecret.parse(text)
    except (InvalidRequest, ValueError, binascii.Error):
        raise CommandError(speaker.say("secret_invalid")) from None


class Forwarder:
    """Posts events to one address and writes how each went; nothing is tried twice."""

    def __init__(self, url: str, secret: WebhookSecret, output: Output) -> None:
        """Open nothing yet."""
        self.url = url
        self._secret = secret
        self._output = output
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        self._http = urllib3.PoolManager(timeout=timeout, retries=False)

    def send(self, event: Mapping[str, Any]) -> bool:
        """Post an event; whether the receiver took it. A redirect is no answer."""
        happened_at = datetime.fromtimestamp(event["created"], UTC)
        data = _ENCODER.encode(event["data"]["object"]).decode()
        body = webhook.payload(event["type"], happened_at, data)
        headers = webhook.signed_headers(
            event["id"], datetime.now(UTC), body, secrets=[self._secret]
        )
        began = time.monotonic()
        status, error = 0, None
        try:
            answer = self._http.request(
                "POST", self.url, body=body, headers=dict(headers), redirect=False
            )
            status = answer.status
        except urllib3.exceptions.HTTPError as failure:
            error = type(failure).__name__
        milliseconds = round((time.monotonic() - began) * 1000)
        self._output.row(
            event_line(event, f"→ {error or status} ({milliseconds} ms)"),
            event=event["id"],
            type=event["type"],
            object=event["data"]["object"].get("id"),
            status=status or None,
            error=error,
            duration_ms=milliseconds,
        )
        return webhook.outcome_of(status, error) is webhook.DeliveryOutcome.DELIVERED
