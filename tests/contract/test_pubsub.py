"""What a client of the Pub/Sub API may rely on: resources, publishing, pulling, filters, limits.

Runs against our server, or against the one that PUBSUB_EMULATOR_HOST names.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.pubsub_v1.types import pubsub

from tests.pubsub_calls import create_topic, datas, new_name, pull, pull_now, subscribe
from tests.pubsub_server import PROJECT, Client, Server, wait_for


def _publish(publisher: Client, topic: str, *contents: bytes, **attributes: str) -> list[str]:
    messages = [{"data": data, "attributes": attributes} for data in contents]
    return list(publisher.publish(topic=topic, messages=messages).message_ids)


def _pull_now(subscriber: Client, subscription: str) -> list[bytes]:
    return datas(pull_now(subscriber, subscription))


def test_published_message_is_pulled_and_acknowledged(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A message comes with id, time, data, attributes and key, once, and not after its ack."""
    subscription = subscribe(subscriber, topic)
    message = {"data": b"\x00\xff", "attributes": {"a": "é"}, "ordering_key": "k"}
    (message_id,) = publisher.publish(topic=topic, messages=[message]).message_ids
    (received,) = pull(subscriber, subscription)
    assert received.message.message_id == message_id
    assert received.message.data == b"\x00\xff"
    assert dict(received.message.attributes) == {"a": "é"}
    assert received.message.ordering_key == "k"
    assert abs(received.message.publish_time.timestamp() - time.time()) < 60
    assert received.delivery_attempt == 0
    subscriber.acknowledge(subscription=subscription, ack_ids=[received.ack_id])
    subscriber.modify_ack_deadline(
        subscription=subscription, ack_ids=[received.ack_id], ack_deadline_seconds=0
    )
    assert _pull_now(subscriber, subscription) == []


def test_every_subscription_gets_its_copy(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Each subscription owes each message, and only what came after its creation."""
    first = subscribe(subscriber, topic)
    _publish(publisher, topic, b"1")
    second = subscribe(subscriber, topic)
    _publish(publisher, topic, b"2", b"3")
    assert [r.message.data for r in pull(subscriber, first, 3)] == [b"1", b"2", b"3"]
    assert [r.message.data for r in pull(subscriber, second, 2)] == [b"2", b"3"]


def test_official_client_streams(
    server: Server,
    subscriber: Client,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client's own publish and subscribe, as applications use them, deliver everything once."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.address)
    subscription = subscribe(subscriber, topic)
    got: list[bytes] = []

    def keep(message: pubsub_v1.subscriber.message.Message) -> None:
        got.append(message.data)
        message.ack()

    with pubsub_v1.PublisherClient() as publishing, pubsub_v1.SubscriberClient() as subscribing:
        future = subscribing.subscribe(
            subscription,
            keep,
            flow_control=pubsub_v1.types.FlowControl(max_messages=7),
        )
        sent = [publishing.publish(topic, str(n).encode(), n=str(n)) for n in range(200)]
        assert len({published.result(5) for published in sent}) == 200
        wait_for(lambda: len(got) >= 200, "200 messages streamed")
        future.cancel()
        future.result(10)
    assert sorted(got) == sorted(str(n).encode() for n in range(200))
    wait_for(lambda: _pull_now(subscriber, subscription) == [], "all acknowledged")


def test_stream_holds_no_more_than_asked(publisher: Client, subscriber: Client, topic: str) -> None:
    """max_outstanding_messages bounds what a stream holds; an ack on the stream makes room."""
    subscription = subscribe(subscriber, topic)
    _publish(publisher, topic, b"1", b"2", b"3", b"4", b"5")
    more: list[pubsub.StreamingPullRequest | None] = []
    opening = pubsub.StreamingPullRequest(
        subscription=subscription, stream_ack_deadline_seconds=10, max_outstanding_messages=2
    )

    def requests() -> Iterator[pubsub.StreamingPullRequest]:
        yield opening
        while True:
            wait_for(lambda: more, "the next request")
            request = more.pop()
            if request is None:
                return
            yield request

    stream = subscriber.streaming_pull(requests=requests())
    held: list[Any] = []
    while len(held) < 2:
        held += next(stream).received_messages
    assert _pull_now(subscriber, subscription) == [b"3", b"4", b"5"]
    assert len(held) == 2
    _publish(publisher, topic, b"6")
    more.append(pubsub.StreamingPullRequest(ack_ids=[held[0].ack_id]))
    assert [m.message.data for m in next(stream).received_messages] == [b"6"]
    more.append(None)
    assert list(stream) == []


def test_refused_and_expired_messages_come_again(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A deadline of 0 refuses; a deadline that passes counts as refusal; an extension holds."""
    subscription = subscribe(subscriber, topic)
    _publish(publisher, topic, b"x")
    (first,) = pull(subscriber, subscription)
    subscriber.modify_ack_deadline(
        subscription=subscription, ack_ids=[first.ack_id], ack_deadline_seconds=0
    )
    (second,) = pull(subscriber, subscription)
    assert second.message.message_id == first.message.message_id
    changed = time.monotonic()
    subscriber.modify_ack_deadline(
        subscription=subscription, ack_ids=[second.ack_id], ack_deadline_seconds=1
    )
    assert _pull_now(subscriber, subscription) == []
    (third,) = pull(subscriber, subscription)
    assert 0.9 < time.monotonic() - changed < 2.5
    assert third.message.message_id == first.message.message_id


def test_retry_policy_delays_a_refused_pull(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """The minimum back-off passes before a refused message can be pulled again."""
    policy = {"minimum_backoff": {"nanos": 400_000_000}, "maximum_backoff": {"seconds": 1}}
    subscription = subscribe(subscriber, topic, retry_policy=policy)
    _publish(publisher, topic, b"x")
    (first,) = pull(subscriber, subscription)
    refused = time.monotonic()
    subscriber.modify_ack_deadline(
        subscription=subscription, ack_ids=[first.ack_id], ack_deadline_seconds=0
    )
    pull(subscriber, subscription)
    assert 0.35 < time.monotonic() - refused < 1.5


def test_dead_letter_after_the_last_attempt(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """After five refusals the message moves to the dead-letter topic with its four attributes."""
    dead_topic = create_topic(publisher)
    dead = subscribe(subscriber, dead_topic)
    policy = {"dead_letter_topic": dead_topic, "max_delivery_attempts": 5}
    subscription = subscribe(subscriber, topic, dead_letter_policy=policy)
    _publish(publisher, topic, b"poison", type="charge.created")
    for attempt in range(1, 6):
        (received,) = pull(subscriber, subscription)
        assert received.delivery_attempt == attempt
        subscriber.modify_ack_deadline(
            subscription=subscription, ack_ids=[received.ack_id], ack_deadline_seconds=0
        )
    (letter,) = pull(subscriber, dead)
    attributes = dict(letter.message.attributes)
    published = attributes.pop("CloudPubSubDeadLetterSourceTopicPublishTime")
    assert letter.message.data == b"poison"
    assert datetime.fromisoformat(published) == received.message.publish_time
    assert attributes == {
        "type": "charge.created",
        "CloudPubSubDeadLetterSourceSubscription": subscription.rpartition("/")[2],
        "CloudPubSubDeadLetterSourceSubscriptionProject": PROJECT,
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
    }
    assert _pull_now(subscriber, subscription) == []


def test_message_stays_while_its_dead_letter_topic_is_gone(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A deleted dead-letter topic loses nothing: the message is offered again."""
    dead_topic = create_topic(publisher)
    policy = {"dead_letter_topic": dead_topic, "max_delivery_attempts": 5}
    subscription = subscribe(subscriber, topic, dead_letter_policy=policy)
    publisher.delete_topic(topic=dead_topic)
    _publish(publisher, topic, b"x")
    for _ in range(7):
        (received,) = pull(subscriber, subscription)
        subscriber.modify_ack_deadline(
            subscription=subscription, ack_ids=[received.ack_id], ack_deadline_seconds=0
        )
    assert received.delivery_attempt == 7


def test_filter_lets_only_matching_messages_through(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A subscription never sees what its filter excludes, and its filter never changes."""
    live = subscribe(subscriber, topic, filter='attributes.livemode = "true"')
    test = subscribe(subscriber, topic, filter='NOT attributes.livemode = "true"')
    _publish(publisher, topic, b"live", livemode="true")
    _publish(publisher, topic, b"test", livemode="false")
    _publish(publisher, topic, b"neither")
    assert _pull_now(subscriber, live) == [b"live"]
    assert _pull_now(subscriber, test) == [b"test", b"neither"]
    with pytest.raises(exceptions.InvalidArgument):
        _update(subscriber, {"name": live, "topic": topic, "filter": ""}, "filter")


@pytest.mark.parametrize(
    "settings",
    [
        {"filter": "livemode = true"},
        {"filter": "attributes:a AND attributes:b OR attributes:c"},
        {"filter": 'attributes.a = "' + "x" * 300 + '"'},
        {"ack_deadline_seconds": 9},
        {"ack_deadline_seconds": 601},
        {"message_retention_duration": {"seconds": 599}},
        {"message_retention_duration": {"seconds": 31 * 86_400 + 1}},
        {"expiration_policy": {"ttl": {"seconds": 2**60}}},
        {"retry_policy": {"minimum_backoff": {"seconds": 601}}},
        {"retry_policy": {"minimum_backoff": {"seconds": 1, "nanos": 2 * 10**9}}},
        {"retry_policy": {"minimum_backoff": {"seconds": 5}, "maximum_backoff": {"seconds": 4}}},
        {"push_config": {"push_endpoint": "ftp://127.0.0.1/"}},
        {"push_config": {"push_endpoint": "http://127.0.0.1:9/a\r\nHost: b"}},
        {"push_config": {"push_endpoint": "http://127.0.0.1:99999/"}},
        {"push_config": {"push_endpoint": "http://127.0.0.1:9/", "oidc_token": {"audience": "a"}}},
    ],
)
def test_invalid_setting_is_refused(
    subscriber: Client, topic: str, settings: dict[str, Any]
) -> None:
    """A setting that production refuses creates nothing."""
    name = new_name("subscriptions")
    with pytest.raises(exceptions.InvalidArgument):
        subscriber.create_subscription(request={"name": name, "topic": topic, **settings})
    with pytest.raises(exceptions.NotFound):
        subscriber.get_subscription(subscription=name)


@pytest.mark.parametrize("attempts", [4, 101])
def test_dead_letter_attempts_have_bounds(subscriber: Client, topic: str, attempts: int) -> None:
    """A dead-letter policy allows 5 to 100 attempts."""
    policy = {"dead_letter_topic": topic, "max_delivery_attempts": attempts}
    with pytest.raises(exceptions.InvalidArgument):
        subscribe(subscriber, topic, dead_letter_policy=policy)


def test_missing_topics_are_named(publisher: Client, subscriber: Client, topic: str) -> None:
    """A topic that does not exist is NOT_FOUND wherever it is named."""
    missing = new_name("topics")
    with pytest.raises(exceptions.NotFound):
        subscribe(subscriber, missing)
    with pytest.raises(exceptions.NotFound):
        subscribe(subscriber, topic, dead_letter_policy={"dead_letter_topic": missing})
    with pytest.raises(exceptions.NotFound):
        _publish(publisher, missing, b"x")
    with pytest.raises(exceptions.NotFound):
        publisher.delete_topic(topic=missing)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "topics/x",
        f"projects/{PROJECT}/topics/ab",
        f"projects/{PROJECT}/topics/1abc",
        f"projects/{PROJECT}/topics/goog-x",
        f"projects/{PROJECT}/topics/" + "x" * 256,
        f"projects/{PROJECT}/topics/a b c",
        f"projects/{PROJECT}/subscriptions/abc",
    ],
)
def test_invalid_name_is_refused(publisher: Client, name: str) -> None:
    """Names follow projects/<project>/topics/<id>."""
    with pytest.raises(exceptions.InvalidArgument):
        publisher.create_topic(name=name)


def test_another_project_is_not_found(publisher: Client) -> None:
    """The server knows one project, so that a wrong configuration shows at once."""
    with pytest.raises(exceptions.NotFound):
        publisher.create_topic(name=new_name("topics", project="another"))


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"ordering_key": "k"},
        {"data": b"x", "attributes": {str(n): "" for n in range(101)}},
        {"data": b"x", "attributes": {"": "x"}},
        {"data": b"x", "attributes": {"k" * 257: "x"}},
        {"data": b"x", "attributes": {"é" * 129: "x"}},
        {"data": b"x", "attributes": {"k": "v" * 1025}},
        {"data": b"x", "attributes": {"google": "x"}},
        {"data": b"x", "ordering_key": "k" * 1025},
        {"data": b"x" * 10_000_000},
    ],
)
def test_message_beyond_the_limits_is_refused(
    publisher: Client, subscriber: Client, topic: str, message: dict[str, Any]
) -> None:
    """A message that production refuses is stored nowhere, nor is its neighbour."""
    subscription = subscribe(subscriber, topic)
    with pytest.raises(exceptions.InvalidArgument):
        publisher.publish(topic=topic, messages=[{"data": b"good"}, message])
    assert _pull_now(subscriber, subscription) == []


def test_message_at_the_limits_is_delivered(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Attributes and data up to the limits come through whole."""
    subscription = subscribe(subscriber, topic)
    attributes = {f"{n:03}".ljust(256, "k"): "v" * 1024 for n in range(100)}
    data = b"\x01" * 9_800_000
    publisher.publish(topic=topic, messages=[{"data": data, "attributes": attributes}])
    (received,) = pull(subscriber, subscription)
    assert received.message.data == data
    assert dict(received.message.attributes) == attributes


def test_too_many_or_no_messages_are_refused(publisher: Client, topic: str) -> None:
    """One request carries 1 to 1000 messages."""
    with pytest.raises(exceptions.InvalidArgument):
        publisher.publish(topic=topic, messages=[])
    with pytest.raises(exceptions.InvalidArgument):
        publisher.publish(topic=topic, messages=[{"data": b"x"}] * 1001)


def test_topics_are_created_changed_listed_and_deleted(
    publisher: Client, subscriber: Client
) -> None:
    """A topic's life by the API, its subscriptions outliving it."""
    name = new_name("topics")
    publisher.create_topic(name=name)
    with pytest.raises(exceptions.AlreadyExists):
        publisher.create_topic(name=name)
    changed = publisher.update_topic(
        request={
            "topic": {"name": name, "labels": {"a": "b"}},
            "update_mask": {"paths": ["labels"]},
        }
    )
    assert changed == publisher.get_topic(topic=name)
    assert dict(changed.labels) == {"a": "b"}
    subscriptions = sorted(subscribe(subscriber, name) for _ in range(3))
    listed = publisher.list_topic_subscriptions(request={"topic": name, "page_size": 2})
    assert list(listed) == subscriptions
    topics = publisher.list_topics(request={"project": f"projects/{PROJECT}", "page_size": 1})
    assert name in [topic.name for topic in topics]
    publisher.delete_topic(topic=name)
    with pytest.raises(exceptions.NotFound):
        publisher.get_topic(topic=name)
    kept = subscriber.get_subscription(subscription=subscriptions[0])
    assert kept.topic == "_deleted-topic_"


def test_subscriptions_are_created_changed_listed_and_deleted(
    subscriber: Client, topic: str
) -> None:
    """A subscription's life by the API, with production's defaults."""
    name = subscribe(subscriber, topic, retry_policy={})
    stored = subscriber.get_subscription(subscription=name)
    assert stored.ack_deadline_seconds == 10
    assert stored.message_retention_duration.total_seconds() == 7 * 86_400
    assert stored.expiration_policy.ttl.total_seconds() == 31 * 86_400
    assert stored.retry_policy.minimum_backoff.total_seconds() == 10
    assert stored.retry_policy.maximum_backoff.total_seconds() == 600
    assert stored.state == pubsub.Subscription.State.ACTIVE
    with pytest.raises(exceptions.AlreadyExists):
        subscriber.create_subscription(request={"name": name, "topic": topic})
    changed = _update(
        subscriber,
        {"name": name, "ack_deadline_seconds": 60},
        "ack_deadline_seconds",
        "retry_policy",
    )
    assert changed.ack_deadline_seconds == 60
    assert "retry_policy" not in changed
    assert changed == subscriber.get_subscription(subscription=name)
    for wrong in ("topic", "no_such_field", "retry_policy.no_such_field"):
        with pytest.raises(exceptions.InvalidArgument):
            _update(subscriber, {"name": name, "topic": topic}, wrong)
    listed = subscriber.list_subscriptions(
        request={"project": f"projects/{PROJECT}", "page_size": 2}
    )
    assert name in [subscription.name for subscription in listed]
    subscriber.delete_subscription(subscription=name)
    with pytest.raises(exceptions.NotFound):
        subscriber.get_subscription(subscription=name)


def test_pull_from_a_push_subscription_is_refused(subscriber: Client, topic: str) -> None:
    """Who is pushed to cannot pull."""
    config = {"push_endpoint": "http://127.0.0.1:9/"}
    subscription = subscribe(subscriber, topic, push_config=config)
    with pytest.raises(exceptions.FailedPrecondition):
        subscriber.pull(subscription=subscription, max_messages=1)


def test_what_is_not_served_yet_says_so(subscriber: Client, topic: str) -> None:
    """An unserved setting answers UNIMPLEMENTED instead of pretending, and creates nothing."""
    name = new_name("subscriptions")
    transform = {"javascript_udf": {"function_name": "f", "code": "function f(m) { return m; }"}}
    with pytest.raises(exceptions.MethodNotImplemented):
        subscriber.create_subscription(
            request={"name": name, "topic": topic, "message_transforms": [transform]}
        )
    with pytest.raises(exceptions.NotFound):
        subscriber.get_subscription(subscription=name)


def _update(subscriber: Client, subscription: dict[str, Any], *paths: str) -> pubsub.Subscription:
    request = {"subscription": subscription, "update_mask": {"paths": list(paths)}}
    changed: pubsub.Subscription = subscriber.update_subscription(request=request)
    return changed
