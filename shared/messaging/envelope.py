"""Reads what Pub/Sub pushes: the wrapped body of the service, with the fields frameworks drop."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from shared.domain.events import Message

LARGEST_DATA_BYTES: Final = 64 * 1024
MOST_ATTRIBUTES: Final = 100
_ID: Final = re.compile(r"[A-Za-z0-9_:.-]{1,100}")
_LIVEMODE: Final = {"true": True, "false": False}


class UndecodableError(ValueError):
    """The body is no push of Pub/Sub, or its message is none of ours; no time can heal it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A pushed message as it came; `delivery_attempt` is None without a dead-letter policy."""

    data: bytes
    attributes: Mapping[str, str]
    message_id: str
    publish_time: str
    ordering_key: str
    delivery_attempt: int | None
    subscription: str


@dataclass(frozen=True, slots=True)
class Push:
    """One of our own messages as pushed."""

    message: Message
    delivery_attempt: int | None
    subscription: str
    message_id: str = ""


class _WireMessage(msgspec.Struct):
    """The service writes id and time in both spellings; emulators write either."""

    data: str = ""
    attributes: dict[str, str] | None = None
    camel_id: str = msgspec.field(name="messageId", default="")
    snake_id: str = msgspec.field(name="message_id", default="")
    camel_time: str = msgspec.field(name="publishTime", default="")
    snake_time: str = msgspec.field(name="publish_time", default="")
    camel_key: str = msgspec.field(name="orderingKey", default="")
    snake_key: str = msgspec.field(name="ordering_key", default="")


class _WireBody(msgspec.Struct):
    message: _WireMessage
    subscription: str
    camel_attempt: int | None = msgspec.field(name="deliveryAttempt", default=None)
    snake_attempt: int | None = msgspec.field(name="delivery_attempt", default=None)


class _WireData(msgspec.Struct, forbid_unknown_fields=True):
    event_id: str
    account: str
    livemode: bool
    object_id: str


_BODY: Final = msgspec.json.Decoder(_WireBody)
_DATA: Final = msgspec.json.Decoder(_WireData)
_ENCODER: Final = msgspec.json.Encoder()


def parse_envelope(body: bytes) -> Envelope:
    """Read a push body. Raises UndecodableError."""
    try:
        wire = _BODY.decode(body)
        data = base64.b64decode(wire.message.data, validate=True)
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError) as error:
        raise UndecodableError("not a push body") from error
    inner = wire.message
    attributes = inner.attributes or {}
    if len(data) > LARGEST_DATA_BYTES or len(attributes) > MOST_ATTRIBUTES:
        raise UndecodableError("too large")
    attempt = wire.snake_attempt if wire.camel_attempt is None else wire.camel_attempt
    return Envelope(
        data=data,
        attributes=attributes,
        message_id=inner.camel_id or inner.snake_id,
        publish_time=inner.camel_time or inner.snake_time,
        ordering_key=inner.camel_key or inner.snake_key,
        delivery_attempt=attempt,
        subscription=wire.subscription,
    )


def read_push(envelope: Envelope) -> Push:
    """Read our own message out of an envelope. Raises UndecodableError."""
    try:
        data = _DATA.decode(envelope.data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UndecodableError("not a message of ours") from error
    attributes = envelope.attributes
    topic = attributes.get("type", "")
    for text in (data.event_id, data.account, data.object_id, topic):
        if not _ID.fullmatch(text):
            raise UndecodableError("malformed id")
    agrees = (
        attributes.get("event_id") == data.event_id
        and _LIVEMODE.get(attributes.get("livemode", "")) is data.livemode
    )
    if not agrees:
        raise UndecodableError("attributes and data differ")
    message = Message(
        event_id=data.event_id,
        topic=topic,
        account=data.account,
        livemode=data.livemode,
        object_id=data.object_id,
        traceparent=attributes.get("traceparent"),
    )
    return Push(message, envelope.delivery_attempt, envelope.subscription, envelope.message_id)


def encode_data(message: Message) -> bytes:
    """Return the data of a message as JSON: ids only."""
    return _ENCODER.encode(
        _WireData(message.event_id, message.account, message.livemode, message.object_id)
    )


def encode_attributes(message: Message) -> dict[str, str]:
    """Return the attributes of a message; subscriptions are filtered by `livemode`."""
    attributes = {
        "event_id": message.event_id,
        "type": message.topic,
        "livemode": "true" if message.livemode else "false",
    }
    if message.traceparent:
        attributes["traceparent"] = message.traceparent
    return attributes
