"""A merchant's address for webhooks: what it asks for, how it is spoken to, and what it may be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.domain.errors import InvalidRequest
from shared.domain.events import API_VERSION, EVENT_TYPES

PREFIX: Final = "we"
MOST_ENDPOINTS: Final = 16
MOST_OLD_SECRETS: Final = 3
BY_MERCHANT: Final = "merchant"
"""Why an endpoint is disabled where it did not fail."""
EVERYTHING: Final = "*"
_ANY: Final = ".*"
EVENTS_PARAM: Final = "enabled_events"
FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    family + _ANY: tuple(each for each in EVENT_TYPES if each.partition(".")[0] == family)
    for family in dict.fromkeys(each.partition(".")[0] for each in EVENT_TYPES)
}
"""The types behind `charge.*` and its like."""


class EndpointStatus(StrEnum):
    """Whether anything is sent to it. Deleted is final."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"


class Payload(StrEnum):
    """How much of an object a webhook carries."""

    FULL = "full"
    THIN = "thin"  # its id and kind alone: the receiver asks us for the rest


class Scheme(StrEnum):
    """In whose manner body and signature are."""

    STANDARD = "standard"  # Standard Webhooks 1.0.0
    STRIPE = "stripe"  # Stripe's event and `Stripe-Signature`


class Signing(StrEnum):
    """With what a webhook is signed."""

    HMAC = "hmac"  # a secret that both sides know
    ED25519 = "ed25519"  # a key of ours; the receiver knows its public half


class Order(StrEnum):
    """In which order events are sent."""

    NONE = "none"
    OBJECT = "object"  # of one object one after the other


@dataclass(frozen=True, slots=True)
class OldSecret:
    """A sealed secret that still signs beside the newest one, until a moment."""

    sealed: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """An endpoint as it is stored.

    `enabled_events` has beside a family each type it stood for: a former release knows no family.
    """

    id: str
    livemode: bool
    url: str
    enabled_events: tuple[str, ...]
    created_at: datetime
    secret_sealed: str = field(repr=False)
    status: EndpointStatus = EndpointStatus.ENABLED
    disabled_reason: str | None = None
    failing_since: datetime | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    api_version: str = API_VERSION
    payload: Payload = Payload.FULL
    scheme: Scheme = Scheme.STANDARD
    signing: Signing = Signing.HMAC
    order: Order = Order.NONE
    public_key: str | None = None
    old_secrets: tuple[OldSecret, ...] = field(default=(), repr=False)

    def overlap_until(self, now: datetime) -> datetime | None:
        """When the last of its former secrets signs no more; None where none does now."""
        return max((old.until for old in self.still_signing(now)), default=None)

    def still_signing(self, now: datetime) -> tuple[OldSecret, ...]:
        """Return its former secrets that sign at this moment, the newest first."""
        return tuple(old for old in self.old_secrets if old.until > now)

    def deleted(self) -> "WebhookEndpoint":
        """Return what is left of it: whom it was, without a secret."""
        return replace(self, status=EndpointStatus.DELETED, secret_sealed="", old_secrets=())


def switched(*, disabled: bool) -> dict[str, object]:
    """Return what of an endpoint is otherwise once its merchant switched it off, or on again."""
    status = EndpointStatus.DISABLED if disabled else EndpointStatus.ENABLED
    return {
        "status": status,
        "disabled_reason": BY_MERCHANT if disabled else None,
        "failing_since": None,
    }


def read_events(value: object) -> tuple[str, ...]:
    """Read the types that an endpoint asks for: `*`, or types and families (`charge.*`), each once.

    What comes back is what is stored: families with their types. Raises InvalidRequest
    `parameter_missing`, `parameter_invalid` or `event_type_unknown`.
    """
    if value is None:
        raise InvalidRequest("parameter_missing", EVENTS_PARAM)
    longest = len(EVENT_TYPES) + len(FAMILIES) + 1
    if not isinstance(value, list) or not 0 < len(value) <= longest:
        raise InvalidRequest("parameter_invalid", EVENTS_PARAM)
    for place, word in enumerate(value):
        param = f"{EVENTS_PARAM}[{place}]"
        if not isinstance(word, str) or word in value[:place]:
            raise InvalidRequest("parameter_invalid", param)
        if word != EVERYTHING and word not in FAMILIES and word not in EVENT_TYPES:
            raise InvalidRequest("event_type_unknown", param)
    if EVERYTHING in value:
        return (EVERYTHING,)
    given = {each for word in value for each in (word, *FAMILIES.get(word, ()))}
    return tuple(sorted(given))


def shown_events(stored: Iterable[str]) -> list[str]:
    """Return what an endpoint asks for in its own words: a family instead of its types."""
    words = list(stored)
    covered = {each for word in words for each in FAMILIES.get(word, ())}
    return [word for word in words if word not in covered]
