"""Promises of the reader of Pub/Sub pushes."""

import base64
import json

import pytest

from shared.domain.events import Message
from shared.messaging.envelope import (
    UndecodableError,
    encode_attributes,
    encode_data,
    parse_envelope,
    read_push,
)

MESSAGE = Message(
    event_id="evt_2abcdefghijklmnopqrstuvw",
    topic="charge-created",
    account="acct_abcdefghijklmnop",
    livemode=False,
    object_id="ch_2abcdefghijklmnopqrstuvw",
    traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
)


def _body(**changes: object) -> bytes:
    message: dict[str, object] = {
        "data": base64.b64encode(encode_data(MESSAGE)).decode(),
        "attributes": encode_attributes(MESSAGE),
        "messageId": "17",
        "message_id": "17",
        "publishTime": "2026-11-01T00:00:00Z",
        "publish_time": "2026-11-01T00:00:00Z",
        "orderingKey": "k",
    }
    message |= changes
    message = {name: value for name, value in message.items() if value is not None}
    body = {"message": message, "subscription": "projects/p/subscriptions/s", "deliveryAttempt": 3}
    return json.dumps(body).encode()


def test_a_push_of_production_is_read_whole():
    """Delivery attempt, subscription and ordering key, which frameworks drop, are there."""
    envelope = parse_envelope(_body())
    push = read_push(envelope)
    assert push.message == MESSAGE
    assert (push.delivery_attempt, push.subscription) == (3, "projects/p/subscriptions/s")
    assert (envelope.message_id, envelope.ordering_key) == ("17", "k")


def test_either_spelling_of_the_fields_is_enough():
    """A sender that writes only camel case or only snake case is understood."""
    camel = parse_envelope(_body(message_id=None, publish_time=None))
    snake = parse_envelope(_body(messageId=None, publishTime=None))
    assert camel == snake


def test_a_message_of_attributes_alone_is_an_envelope():
    """Without data, or without attributes, the envelope is still kept for a person."""
    assert parse_envelope(_body(data=None)).data == b""
    assert parse_envelope(_body(attributes=None)).attributes == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"message":null,"subscription":"s"}',
        b'{"message":{"data":5},"subscription":"s"}',
        b'{"message":{"attributes":{"a":1}},"subscription":"s"}',
        _body(data="!!!"),
        _body(data="YQ"),
        _body(data=base64.b64encode(b"x" * 65_537).decode()),
        _body(attributes={str(n): "" for n in range(101)}),
        b'{"message":' + b"[" * 100_000,
    ],
)
def test_what_is_no_push_is_undecodable(body: bytes):
    """A garbled body is told apart from one that time can heal."""
    with pytest.raises(UndecodableError):
        parse_envelope(body)


def _data(**changes: object) -> str:
    data = json.loads(encode_data(MESSAGE)) | changes
    data = {name: value for name, value in data.items() if value is not None}
    return base64.b64encode(json.dumps(data).encode()).decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"data": _data(event_id=None)},
        {"data": _data(event_id="evt_other")},
        {"data": _data(livemode=True)},
        {"data": _data(livemode="false")},
        {"data": _data(account="")},
        {"data": _data(account='x"; drop')},
        {"data": _data(object_id="o" * 101)},
        {"data": _data(phone="+237670000001")},
        {"data": base64.b64encode(b"text").decode()},
        {"attributes": {}},
        {"attributes": encode_attributes(MESSAGE) | {"livemode": "True"}},
        {"attributes": encode_attributes(MESSAGE) | {"type": ""}},
    ],
)
def test_what_is_none_of_our_messages_is_undecodable(changes: dict[str, object]):
    """Data and attributes must agree: the mode that a filter saw is the mode that is worked on."""
    envelope = parse_envelope(_body(**changes))
    with pytest.raises(UndecodableError):
        read_push(envelope)
