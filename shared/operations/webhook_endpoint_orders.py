"""What a merchant says of a webhook endpoint, read from a body to a well-formed wish."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, Self, TypeVar

from shared.domain.errors import InvalidRequest
from shared.domain.key_terms import read_overlap
from shared.domain.webhook_endpoint import (
    EndpointStatus,
    Order,
    Payload,
    Scheme,
    Signing,
    WebhookEndpoint,
    read_events,
    switched,
)
from shared.operations.create_charge import DESCRIPTION_LENGTH, read_metadata, read_text
from shared.operations.lists import refuse_unknown

CheckUrl = Callable[[str], object]
"""Raises InvalidRequest for an address that nothing would ever be sent to; asks no resolver."""

_CHANGEABLE: Final = frozenset(
    {"url", "enabled_events", "description", "metadata", "payload", "order", "disabled"}
)
_FIELDS: Final = (_CHANGEABLE - {"disabled"}) | {"signature", "signing"}

T = TypeVar("T", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class CreateEndpoint:
    """A well-formed wish for an endpoint."""

    url: str
    enabled_events: tuple[str, ...]
    description: str | None
    metadata: Mapping[str, str]
    payload: Payload
    scheme: Scheme
    signing: Signing
    order: Order

    @classmethod
    def parse(cls, body: Mapping[str, Any], *, check_url: CheckUrl) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, _FIELDS)
        scheme = _word(body, "signature", Scheme, Scheme.STANDARD)
        signing = _word(body, "signing", Signing, Signing.HMAC)
        if scheme is Scheme.STRIPE and signing is not Signing.HMAC:
            raise InvalidRequest("parameter_invalid", "signing")  # Stripe's scheme has no other
        return cls(
            url=_url(body, check_url),
            enabled_events=read_events(body.get("enabled_events")),
            description=read_text(body, "description", DESCRIPTION_LENGTH),
            metadata=read_metadata(body.get("metadata")),
            payload=_word(body, "payload", Payload, Payload.FULL),
            scheme=scheme,
            signing=signing,
            order=_word(body, "order", Order, Order.NONE),
        )


@dataclass(frozen=True, slots=True)
class UpdateEndpoint:
    """What shall be otherwise; what is not named stays. `disabled` None leaves it as it is."""

    changes: Mapping[str, Any]
    metadata: Mapping[str, str] | None
    disabled: bool | None

    @classmethod
    def parse(cls, body: Mapping[str, Any], *, check_url: CheckUrl) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault.

        Metadata is added to what there is; an empty text takes a name out, null takes all out.
        """
        refuse_unknown(body, _CHANGEABLE)
        disabled = body.get("disabled")
        if disabled is not None and type(disabled) is not bool:
            raise InvalidRequest("parameter_invalid", "disabled")
        changes: dict[str, Any] = {}
        if body.get("url") is not None:
            changes["url"] = _url(body, check_url)
        if body.get("enabled_events") is not None:
            changes["enabled_events"] = read_events(body["enabled_events"])
        if "description" in body:
            changes["description"] = read_text(body, "description", DESCRIPTION_LENGTH)
        if body.get("payload") is not None:
            changes["payload"] = _word(body, "payload", Payload, Payload.FULL)
        if body.get("order") is not None:
            changes["order"] = _word(body, "order", Order, Order.NONE)
        if "metadata" in body and body["metadata"] is None:
            changes["metadata"] = {}
        return cls(changes, read_metadata(body.get("metadata")) or None, disabled)

    def applied(self, endpoint: WebhookEndpoint) -> WebhookEndpoint:
        """Return an endpoint as this makes it. Raises InvalidRequest `metadata_invalid`."""
        changes = dict(self.changes)
        if self.metadata is not None:
            merged = {**endpoint.metadata, **self.metadata}
            changes["metadata"] = read_metadata({n: v for n, v in merged.items() if v})
        if self.disabled is not None and self.disabled is (
            endpoint.status is EndpointStatus.ENABLED
        ):
            changes |= switched(disabled=self.disabled)
        if changes.get("url", endpoint.url) != endpoint.url:
            changes["failing_since"] = None  # the new address has failed nothing yet
        return replace(endpoint, **changes)


def read_overlap_of(body: Mapping[str, Any]) -> timedelta:
    """Read how long former secrets sign on: 0 to 7 days, a day where nothing is said."""
    refuse_unknown(body, {"overlap_seconds"})
    return read_overlap(body.get("overlap_seconds"))


def _url(body: Mapping[str, Any], check_url: CheckUrl) -> str:
    url = body.get("url")
    if url is None:
        raise InvalidRequest("parameter_missing", "url")
    if not isinstance(url, str):
        raise InvalidRequest("url_invalid", "url")
    check_url(url)
    return url


def _word(body: Mapping[str, Any], name: str, words: type[T], usual: T) -> T:
    value = body.get(name)
    if value is None:
        return usual
    if not isinstance(value, str) or value not in {word.value for word in words}:
        raise InvalidRequest("parameter_invalid", name)
    return words(value)
