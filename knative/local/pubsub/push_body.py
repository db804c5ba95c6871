"""A message as a push carries it: the headers of its own, and the body."""

import re

import msgspec

from knative.local.pubsub.delivery import Delivery
from knative.local.pubsub.subscription import Subscription

_JSON = msgspec.json.Encoder()
_OURS = frozenset({"authorization", "connection", "content-length", "host", "transfer-encoding"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|")


def wrapped(subscription: Subscription, delivery: Delivery) -> tuple[bytes, bytes]:
    """The JSON body, as production sends it unless told otherwise.

    `deliveryAttempt` stands in it when the subscription has a dead-letter policy, `orderingKey`
    and `attributes` when the message has them.
    """
    proto = delivery.message.proto
    published = proto.publish_time.ToJsonString()
    message: dict[str, object] = {
        "data": proto.data,
        "messageId": proto.message_id,
        "message_id": proto.message_id,
        "publishTime": published,
        "publish_time": published,
    }
    if proto.attributes:
        message["attributes"] = dict(proto.attributes)
    if proto.ordering_key:
        message["orderingKey"] = proto.ordering_key
    body: dict[str, object] = {"message": message, "subscription": subscription.name}
    attempt = subscription.delivery_attempt(delivery)
    if attempt:
        body["deliveryAttempt"] = attempt
    return b"Content-Type: application/json\r\n", _JSON.encode(body)


def unwrapped(subscription: Subscription, delivery: Delivery) -> tuple[bytes, bytes]:
    """The data alone; on wish the rest in headers, save attributes that fit into none."""
    proto = delivery.message.proto
    if not subscription.proto.push_config.no_wrapper.write_metadata:
        return b"", proto.data
    headers = {
        name: value
        for name, value in proto.attributes.items()
        if _HEADER_NAME.fullmatch(name) and name.lower() not in _OURS
    } | {
        "x-goog-pubsub-subscription-name": subscription.name,
        "x-goog-pubsub-message-id": proto.message_id,
        "x-goog-pubsub-publish-time": proto.publish_time.ToJsonString(),
    }
    if proto.ordering_key:
        headers["x-goog-pubsub-ordering-key"] = proto.ordering_key
    attempt = subscription.delivery_attempt(delivery)
    if attempt:
        headers["x-goog-pubsub-delivery-attempt"] = str(attempt)
    lines = [
        f"{name}: {value}\r\n" for name, value in headers.items() if _HEADER_VALUE.fullmatch(value)
    ]
    return "".join(lines).encode("ascii"), proto.data
