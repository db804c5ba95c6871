"""The calls that every suite of the Pub/Sub API makes, short enough to read past."""

import itertools
import time
from typing import Any

from google.pubsub_v1.types import pubsub

from tests.pubsub_server import PROJECT, Client

# Google's emulator outlives a run, so that names must differ between runs.
_numbers = itertools.count(int(time.time()) % 100_000 * 1000)


def new_name(kind: str, project: str = PROJECT) -> str:
    """The name of a resource that does not exist."""
    return f"projects/{project}/{kind}/test-{next(_numbers)}"


def create_topic(publisher: Client, **settings: object) -> str:
    """Create a topic; answers its name."""
    name = new_name("topics")
    publisher.create_topic(request={"name": name, **settings})
    return name


def subscribe(subscriber: Client, topic: str, **settings: object) -> str:
    """Create a subscription; answers its name."""
    name = new_name("subscriptions")
    subscriber.create_subscription(request={"name": name, "topic": topic, **settings})
    return name


def publish(publisher: Client, topic: str, *datas: bytes, key: str = "") -> list[str]:
    """Publish in one request; answers the message ids."""
    messages = [{"data": data, "ordering_key": key} for data in datas]
    return list(publisher.publish(topic=topic, messages=messages).message_ids)


def pull(subscriber: Client, subscription: str, count: int = 1) -> list[Any]:
    """Pull until `count` messages came."""
    got: list[Any] = []
    while len(got) < count:
        answer = subscriber.pull(subscription=subscription, max_messages=count, timeout=5)
        got += answer.received_messages
    return got


def pull_now(subscriber: Client, subscription: str) -> list[Any]:
    """What can be pulled at this moment."""
    # By the transport: the client warns about return_immediately, which tests alone need.
    request = pubsub.PullRequest(
        subscription=subscription, max_messages=100, return_immediately=True
    )
    return list(subscriber.transport.pull(request, timeout=5).received_messages)


def acknowledge(subscriber: Client, subscription: str, *received: Any) -> None:
    """Acknowledge what was pulled, in one request and without the client's retries."""
    ack_ids = [each.ack_id for each in received]
    subscriber.acknowledge(subscription=subscription, ack_ids=ack_ids, retry=None)


def refuse(subscriber: Client, subscription: str, *received: Any) -> None:
    """Give back what was pulled."""
    ack_ids = [each.ack_id for each in received]
    subscriber.modify_ack_deadline(
        subscription=subscription, ack_ids=ack_ids, ack_deadline_seconds=0, retry=None
    )


def datas(received: list[Any]) -> list[bytes]:
    """The messages' data, in the order in which they came."""
    return [each.message.data for each in received]
