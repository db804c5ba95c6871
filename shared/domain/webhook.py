"""Webhooks to merchants as pure rules: what is sent, when, how it is signed, when we give up.

The rules are those of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com).
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, Self

from shared.domain.errors import InvalidRequest

SCHEDULE: Final = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=h) for h in (2, 5, 10, 14, 20, 24)),
)
JITTER_PERMILLE: Final = 200
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
DISABLE_AFTER: Final = timedelta(hours=120)

SHOWN_PREFIX: Final = "whsec_"
PRIVATE_PREFIX: Final = "whsk_"
PUBLIC_PREFIX: Final = "whpk_"
SECRET_BYTES: Final = range(24, 65)

_TYPE: Final = re.compile(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*")
_GONE: Final = 410
_THROTTLES: Final = frozenset({429, 502, 504})
_SUCCESSES: Final = range(200, 300)


class DeliveryOutcome(StrEnum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    FAILED = "failed"
    THROTTLED = "throttled"  # the receiver is overwhelmed: all its deliveries wait
    GONE = "gone"  # the receiver wants no more: its endpoint is disabled at once


def outcome_of(status: int, error: str | None) -> DeliveryOutcome:
    """Judge an attempt: only a whole answer with a 2xx status is a delivery; a redirect is none."""
    if status == _GONE:
        return DeliveryOutcome.GONE
    if status in _THROTTLES:
        return DeliveryOutcome.THROTTLED
    if status in _SUCCESSES and error is None:
        return DeliveryOutcome.DELIVERED
    return DeliveryOutcome.FAILED


def next_attempt(
    attempts: int, now: datetime, *, jitter_permille: int, retry_after_seconds: int | None = None
) -> datetime | None:
    """Return when to try again after `attempts` failures, or None when all ten are used up.

    `jitter_permille` is a random whole number within ±200 (±20 %) that the caller draws. A
    Retry-After may put the time off, by 24 hours at most, never bring it forward.
    """
    if abs(jitter_permille) > JITTER_PERMILLE:
        raise ValueError("the jitter is within ±20 %")
    if attempts >= len(SCHEDULE):
        return None
    delay = SCHEDULE[attempts] * (1000 + jitter_permille) // 1000
    asked = timedelta(seconds=max(0, retry_after_seconds or 0))
    return now + max(delay, min(asked, LONGEST_RETRY_AFTER))


def failing_since(
    before: datetime | None, now: datetime, outcome: DeliveryOutcome
) -> datetime | None:
    """Return since when an endpoint has only failed; one success ends the count."""
    if outcome is DeliveryOutcome.DELIVERED:
        return None
    return before or now


def is_to_be_disabled(since: datetime | None, now: datetime, outcome: DeliveryOutcome) -> bool:
    """Whether to stop calling an endpoint: at 410 at once, or after 120 hours of only failures."""
    if outcome is DeliveryOutcome.DELIVERED:
        return False
    return outcome is DeliveryOutcome.GONE or (since is not None and now - since >= DISABLE_AFTER)


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """An endpoint's signing key: 24 to 64 random bytes, shown as `whsec_` and base64."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key of another length."""
        if len(self.key) not in SECRET_BYTES:
            raise ValueError("a webhook secret has 24 to 64 bytes")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the form shown to merchants; raises InvalidRequest `webhook_secret_invalid`."""
        try:
            return cls(base64.b64decode(text.removeprefix(SHOWN_PREFIX), validate=True))
        except ValueError as error:
            raise InvalidRequest("webhook_secret_invalid", "secret") from error

    @property
    def shown(self) -> str:
        """The form that merchants put into their libraries."""
        return SHOWN_PREFIX + base64.b64encode(self.key).decode()

    def signature(self, signed: bytes) -> str:
        """Return `v1,` and base64 of the HMAC-SHA256."""
        digest = hmac.new(self.key, signed, hashlib.sha256).digest()
        return "v1," + base64.b64encode(digest).decode()


class Signer(Protocol):
    """What signs in the manner of Standard Webhooks: a secret, or the private half of a pair."""

    def signature(self, signed: bytes) -> str:
        """Return version, comma and base64, as the header lists it."""


def payload(event_type: str, happened_at: datetime, data: str) -> bytes:
    """Return the body: type, time of the event in UTC, and the object's JSON at that moment."""
    if _TYPE.fullmatch(event_type) is None:
        raise ValueError(f"{event_type!r} is no event type")
    at = happened_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f'{{"type":{json.dumps(event_type)},"timestamp":"{at}","data":{data}}}'.encode()


def signed_headers(
    message_id: str, attempted_at: datetime, body: bytes, *, secrets: Sequence[Signer]
) -> tuple[tuple[str, str], ...]:
    """Return the headers of one attempt, signed with each secret, the newest first.

    `message_id` is the event's id and stays the same over all attempts; the time is the attempt's.
    """
    if "." in message_id or not message_id.isascii() or not message_id.isprintable():
        raise ValueError("a message id has no full stop, or signatures could be moved")
    if not secrets:
        raise ValueError("a webhook is never sent unsigned")
    timestamp = _seconds(attempted_at)
    signed = f"{message_id}.{timestamp}.".encode() + body
    return (
        ("content-type", "application/json"),
        ("webhook-id", message_id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", " ".join(secret.signature(signed) for secret in secrets)),
    )


def stripe_headers(
    attempted_at: datetime, body: bytes, *, secrets: Sequence[WebhookSecret]
) -> tuple[tuple[str, str], ...]:
    """Return the headers of one attempt in Stripe's manner, one `v1` for each secret.

    Keyed with the whole text `whsec_…`, where Standard Webhooks takes what it stands for.
    """
    if not secrets:
        raise ValueError("a webhook is never sent unsigned")
    timestamp = _seconds(attempted_at)
    signed = f"{timestamp}.".encode() + body
    parts = [
        f"v1={hmac.new(secret.shown.encode(), signed, hashlib.sha256).hexdigest()}"
        for secret in secrets
    ]
    return (
        ("content-type", "application/json"),
        ("Stripe-Signature", ",".join([f"t={timestamp}", *parts])),
    )


def _seconds(moment: datetime) -> str:
    return str((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))
