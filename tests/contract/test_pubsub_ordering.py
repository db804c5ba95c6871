"""What ordered and exactly-once subscriptions promise beyond the others.

Runs against our server, or against the one that PUBSUB_EMULATOR_HOST names.
"""

import itertools
from pathlib import Path

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1

from tests.pubsub_calls import (
    acknowledge,
    create_topic,
    datas,
    new_name,
    publish,
    pull,
    pull_now,
    refuse,
    subscribe,
)
from tests.pubsub_server import Client, Push, Server, receiving, started, wait_for

LEASE_EXPIRED = "PERMANENT_FAILURE_INVALID_ACK_ID"


def test_messages_of_a_key_come_in_order(publisher: Client, subscriber: Client, topic: str) -> None:
    """A pull gets a key's messages in the order of publishing, and the next ones after those."""
    subscription = subscribe(subscriber, topic, enable_message_ordering=True)
    publish(publisher, topic, b"a1", b"a2", b"a3", key="a")
    got = pull(subscriber, subscription, 3)
    assert datas(got) == [b"a1", b"a2", b"a3"]
    acknowledge(subscriber, subscription, *got)
    publish(publisher, topic, b"a4", b"a5", key="a")
    assert datas(pull(subscriber, subscription, 2)) == [b"a4", b"a5"]


def test_redelivery_of_one_redelivers_the_later_ones(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Refusing a message brings it and all later ones of its key again, acknowledged or not."""
    subscription = subscribe(subscriber, topic, enable_message_ordering=True)
    publish(publisher, topic, b"1", b"2", b"3", b"4", key="k")
    publish(publisher, topic, b"other", key="other")
    got = {received.message.data: received for received in pull(subscriber, subscription, 5)}
    acknowledge(subscriber, subscription, got[b"1"], got[b"3"], got[b"other"])
    refuse(subscriber, subscription, got[b"2"])
    again = pull(subscriber, subscription, 3)
    assert datas(again) == [b"2", b"3", b"4"]
    acknowledge(subscriber, subscription, *reversed(again))
    assert pull_now(subscriber, subscription) == []


def test_a_waiting_retry_holds_back_its_key_alone(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """While one message waits for its retry, later ones of its key wait, other keys do not."""
    subscription = subscribe(
        subscriber,
        topic,
        enable_message_ordering=True,
        retry_policy={"minimum_backoff": {"seconds": 600}},
    )
    publish(publisher, topic, b"1", b"2", key="k")
    refuse(subscriber, subscription, pull(subscriber, subscription, 2)[0])
    publish(publisher, topic, b"3", key="k")
    publish(publisher, topic, b"other", key="other")
    assert datas(pull_now(subscriber, subscription)) == [b"other"]


def test_a_dead_letter_lets_its_key_go_on(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A key does not wait for a message that was given up."""
    policy = {"dead_letter_topic": create_topic(publisher), "max_delivery_attempts": 5}
    subscription = subscribe(
        subscriber, topic, enable_message_ordering=True, dead_letter_policy=policy
    )
    publish(publisher, topic, b"poison", b"good", key="k")
    for _ in range(5):
        refuse(subscriber, subscription, pull(subscriber, subscription, 1)[0])
    assert datas(pull(subscriber, subscription, 1)) == [b"good"]


def test_pushes_of_a_key_come_one_after_another(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A push waits for the answer to its predecessor, also when that one is refused at first."""
    seen: set[str] = set()

    def status_of(push: Push) -> int:
        message_id = push.body["message"]["messageId"]
        is_refused = int(message_id) % 3 == 0 and message_id not in seen
        seen.add(message_id)
        return 500 if is_refused else 204

    with receiving(status_of) as receiver:
        subscribe(
            subscriber,
            topic,
            enable_message_ordering=True,
            push_config={"push_endpoint": receiver.url},
            retry_policy={"minimum_backoff": {"nanos": 10_000_000}},
        )
        ids = {key: publish(publisher, topic, *[b"x"] * 20, key=key) for key in "abc"}
        wait_for(lambda: seen >= set(itertools.chain(*ids.values())), "all pushes")
        pushes = list(receiver.pushes)
    for key, sent in ids.items():
        came = [
            push.body["message"]["messageId"]
            for push in pushes
            if push.body["message"]["orderingKey"] == key
        ]
        assert [message_id for message_id, _ in itertools.groupby(came)] == sent


def test_official_client_streams_in_order(
    server: Server,
    publisher: Client,
    subscriber: Client,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream of the official client gets each key's messages in order, once."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.address)
    subscription = subscribe(subscriber, topic, enable_message_ordering=True)
    for batch in range(5):
        for key in "abc":
            publish(publisher, topic, *(b"%d" % (batch * 10 + n) for n in range(10)), key=key)
    got: dict[str, list[int]] = {key: [] for key in "abc"}

    def keep(message: pubsub_v1.subscriber.message.Message) -> None:
        got[message.ordering_key].append(int(message.data))
        message.ack()

    with pubsub_v1.SubscriberClient() as subscribing:
        future = subscribing.subscribe(subscription, keep)
        wait_for(lambda: sum(map(len, got.values())) >= 150, "150 messages streamed")
        future.cancel()
        future.result(10)
    assert got == {key: list(range(50)) for key in "abc"}


def test_order_survives_a_kill(tmp_path: Path) -> None:
    """After kill -9 a key's messages, one of them refused before, still come in order."""
    topic, subscription = new_name("topics"), new_name("subscriptions")
    with started(tmp_path) as server:
        publisher, subscriber = server.publisher(), server.subscriber()
        publisher.create_topic(name=topic)
        subscriber.create_subscription(
            request={"name": subscription, "topic": topic, "enable_message_ordering": True}
        )
        publish(publisher, topic, *(b"%d" % n for n in range(10)), key="k")
        got = pull(subscriber, subscription, 6)
        acknowledge(subscriber, subscription, got[0], got[4])
        refuse(subscriber, subscription, got[2])
        publish(publisher, topic, b"10", key="k")  # its answer means that all before is on disk
        server.kill()
    with started(tmp_path) as server:
        again = datas(pull(server.subscriber(), subscription, 10))
    assert again == [b"%d" % n for n in range(1, 11)]


def test_exactly_once_refuses_an_expired_ack_id(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """An ack id is good for its own lease alone; a refused one changes nothing and is named."""
    subscription = subscribe(subscriber, topic, enable_exactly_once_delivery=True)
    publish(publisher, topic, b"x")
    (first,) = pull(subscriber, subscription)
    refuse(subscriber, subscription, first)
    (second,) = pull(subscriber, subscription)
    assert second.ack_id != first.ack_id
    for call in (acknowledge, refuse):
        with pytest.raises(exceptions.InvalidArgument) as refused:
            call(subscriber, subscription, first)
        assert refused.value.reason == "EXACTLY_ONCE_ACKID_FAILURE"
        assert refused.value.metadata == {first.ack_id: LEASE_EXPIRED}
    acknowledge(subscriber, subscription, second)
    with pytest.raises(exceptions.InvalidArgument):
        acknowledge(subscriber, subscription, second)
    assert pull_now(subscriber, subscription) == []


def test_exactly_once_takes_the_good_ids_of_a_mixed_request(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Beside an expired ack id, the good one of the same request still takes effect."""
    subscription = subscribe(subscriber, topic, enable_exactly_once_delivery=True)
    publish(publisher, topic, b"x")
    (expired,) = pull(subscriber, subscription)
    refuse(subscriber, subscription, expired)
    (received,) = pull(subscriber, subscription)
    with pytest.raises(exceptions.InvalidArgument) as refused:
        acknowledge(subscriber, subscription, expired, received)
    assert refused.value.metadata == {expired.ack_id: LEASE_EXPIRED}
    with pytest.raises(exceptions.InvalidArgument):
        acknowledge(subscriber, subscription, received)


def test_exactly_once_acknowledges_a_key_in_order(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """An ack before an earlier one of its key is refused for the moment, not kept or lost."""
    subscription = subscribe(
        subscriber, topic, enable_exactly_once_delivery=True, enable_message_ordering=True
    )
    publish(publisher, topic, b"1", b"2", key="k")
    first, second = pull(subscriber, subscription, 2)
    with pytest.raises(exceptions.InvalidArgument) as refused:
        acknowledge(subscriber, subscription, second)
    assert refused.value.metadata == {second.ack_id: "TRANSIENT_FAILURE_UNORDERED_ACK_ID"}
    acknowledge(subscriber, subscription, first, second)
    assert pull_now(subscriber, subscription) == []


def test_exactly_once_answer_survives_a_kill(tmp_path: Path) -> None:
    """An acknowledgement that was answered is never delivered again; old ids stay refused."""
    topic, subscription = new_name("topics"), new_name("subscriptions")
    with started(tmp_path) as server:
        publisher, subscriber = server.publisher(), server.subscriber()
        publisher.create_topic(name=topic)
        subscriber.create_subscription(
            request={"name": subscription, "topic": topic, "enable_exactly_once_delivery": True}
        )
        publish(publisher, topic, b"acknowledged", b"held")
        done, held = pull(subscriber, subscription, 2)
        acknowledge(subscriber, subscription, done)
        server.kill()
    with started(tmp_path) as server:
        subscriber = server.subscriber()
        assert datas(pull(subscriber, subscription)) == [b"held"]
        with pytest.raises(exceptions.InvalidArgument):
            acknowledge(subscriber, subscription, held)


def test_official_client_learns_that_its_ack_took_effect(
    server: Server,
    publisher: Client,
    subscriber: Client,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client's ack_with_response ends well on an exactly-once stream, once per message."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.address)
    subscription = subscribe(subscriber, topic, enable_exactly_once_delivery=True)
    ids = publish(publisher, topic, *(b"%d" % n for n in range(20)))
    answers: dict[str, object] = {}

    def keep(message: pubsub_v1.subscriber.message.Message) -> None:
        answers[message.message_id] = message.ack_with_response().result(10)

    with pubsub_v1.SubscriberClient() as subscribing:
        future = subscribing.subscribe(subscription, keep)
        wait_for(lambda: len(answers) >= 20, "20 confirmed acknowledgements")
        future.cancel()
        future.result(10)
    success = pubsub_v1.subscriber.exceptions.AcknowledgeStatus.SUCCESS
    assert answers == dict.fromkeys(ids, success)
    assert pull_now(subscriber, subscription) == []


def test_exactly_once_is_for_pull_alone(subscriber: Client, topic: str) -> None:
    """Production has no exactly-once push, so neither have we."""
    config = {"push_endpoint": "http://127.0.0.1:9/"}
    with pytest.raises(exceptions.InvalidArgument):
        subscribe(subscriber, topic, enable_exactly_once_delivery=True, push_config=config)
