"""Going back in time and letting go: seek, snapshots, detached subscriptions.

Runs against our server, or against the one that PUBSUB_EMULATOR_HOST names, but for the restarts.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.api_core import exceptions
from google.protobuf.timestamp_pb2 import Timestamp
from google.pubsub_v1.types import pubsub

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
from tests.pubsub_server import PROJECT, Client, receiving, started, wait_for


def _seek(subscriber: Client, subscription: str, **target: object) -> None:
    subscriber.seek(request={"subscription": subscription, **target})


def _now() -> datetime:
    return datetime.now(UTC)


def _after(received: pubsub.ReceivedMessage) -> datetime:
    """A time later than this message and earlier than any that is published from then on."""
    published: datetime = received.message.publish_time
    wait_for(lambda: _now() > published + timedelta(milliseconds=4), "the clock to move on")
    return published + timedelta(milliseconds=2)


def test_seek_brings_back_what_was_acknowledged(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Retained messages published since the time come again in order; older ones do not."""
    subscription = subscribe(subscriber, topic, retain_acked_messages=True)
    publish(publisher, topic, b"before")
    (before,) = pull(subscriber, subscription)
    since = _after(before)
    acknowledge(subscriber, subscription, before)
    publish(publisher, topic, b"1", b"2", b"3")
    got = pull(subscriber, subscription, 3)
    acknowledge(subscriber, subscription, got[0], got[2])
    _seek(subscriber, subscription, time=since)
    refuse(subscriber, subscription, got[1])
    again = pull(subscriber, subscription, 3)
    assert sorted(datas(again)) == [b"1", b"2", b"3"]
    acknowledge(subscriber, subscription, *again)
    assert pull_now(subscriber, subscription) == []


def test_seek_to_the_future_drops_the_backlog(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Everything owed counts as acknowledged; what is published later comes."""
    subscription = subscribe(subscriber, topic)
    publish(publisher, topic, *[b"old"] * 20)
    _seek(subscriber, subscription, time=_now() + timedelta(hours=1))
    assert pull_now(subscriber, subscription) == []
    publish(publisher, topic, b"new")
    assert datas(pull(subscriber, subscription)) == [b"new"]


def test_without_retention_an_acknowledged_message_is_gone(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A seek brings back nothing that nobody kept."""
    subscription = subscribe(subscriber, topic)
    publish(publisher, topic, b"x")
    acknowledge(subscriber, subscription, *pull(subscriber, subscription))
    _seek(subscriber, subscription, time=_now() - timedelta(minutes=5))
    assert pull_now(subscriber, subscription) == []


def test_a_topic_keeps_for_its_subscriptions(publisher: Client, subscriber: Client) -> None:
    """With retention on the topic, a later subscription gets what its filter lets through."""
    topic = create_topic(publisher, message_retention_duration={"seconds": 600})
    messages = [{"data": b"yes", "attributes": {"a": ""}}, {"data": b"no"}]
    publisher.publish(topic=topic, messages=messages)
    subscription = subscribe(subscriber, topic, filter="attributes:a")
    assert pull_now(subscriber, subscription) == []
    _seek(subscriber, subscription, time=_now() - timedelta(minutes=5))
    assert datas(pull(subscriber, subscription)) == [b"yes"]


def test_seek_keeps_the_order_of_a_key(publisher: Client, subscriber: Client, topic: str) -> None:
    """Messages that come back stand before later ones of their key."""
    subscription = subscribe(
        subscriber, topic, retain_acked_messages=True, enable_message_ordering=True
    )
    publish(publisher, topic, b"1", b"2", b"3", b"4", key="k")
    first, second, third = pull(subscriber, subscription, 3)
    acknowledge(subscriber, subscription, first, second)
    _seek(subscriber, subscription, time=_now() - timedelta(minutes=5))
    again = pull(subscriber, subscription, 4)
    assert datas(again) == [b"1", b"2", b"3", b"4"]
    assert third.message.data == b"3"


def test_seek_pushes_again(publisher: Client, subscriber: Client, topic: str) -> None:
    """A push subscription that goes back pushes what it has pushed before."""
    with receiving() as receiver:
        config = {"push_endpoint": receiver.url}
        subscription = subscribe(subscriber, topic, retain_acked_messages=True, push_config=config)
        ids = publish(publisher, topic, b"1", b"2")
        wait_for(lambda: sorted(receiver.ids()) == ids, "both pushes")
        _seek(subscriber, subscription, time=_now() + timedelta(hours=1))
        _seek(subscriber, subscription, time=_now() - timedelta(minutes=5))
        wait_for(lambda: sorted(receiver.ids()) == sorted(ids * 2), "both pushes again")


def test_snapshot_keeps_the_backlog_and_what_follows(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Seeking to a snapshot owes what was owed then and all published since, nothing else."""
    subscription = subscribe(subscriber, topic)
    publish(publisher, topic, b"acknowledged", b"owed")
    done, owed = pull(subscriber, subscription, 2)
    acknowledge(subscriber, subscription, done)
    name = new_name("snapshots")
    subscriber.create_snapshot(name=name, subscription=subscription)
    publish(publisher, topic, b"after")
    acknowledge(subscriber, subscription, owed, *pull(subscriber, subscription))
    _seek(subscriber, subscription, snapshot=name)
    assert sorted(datas(pull(subscriber, subscription, 2))) == [b"after", b"owed"]
    other = subscribe(subscriber, topic)
    _seek(subscriber, other, snapshot=name)
    assert sorted(datas(pull(subscriber, other, 2))) == [b"after", b"owed"]


def test_snapshots_are_listed_changed_and_deleted(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A snapshot's life by the API, seven days at first."""
    subscription = subscribe(subscriber, topic)
    name = new_name("snapshots")
    made = subscriber.create_snapshot(request={"name": name, "subscription": subscription})
    assert made.topic == topic
    assert abs(made.expire_time - _now() - timedelta(days=7)) < timedelta(minutes=1)
    with pytest.raises(exceptions.AlreadyExists):
        subscriber.create_snapshot(name=name, subscription=subscription)
    snapshot = {"name": name, "labels": {"a": "b"}}
    changed = subscriber.update_snapshot(
        request={"snapshot": snapshot, "update_mask": {"paths": ["labels"]}}
    )
    assert dict(changed.labels) == {"a": "b"}
    assert subscriber.get_snapshot(snapshot=name) == changed
    listed = subscriber.list_snapshots(project=f"projects/{PROJECT}")
    assert name in [each.name for each in listed]
    assert list(publisher.list_topic_snapshots(request={"topic": topic})) == [name]
    subscriber.delete_snapshot(snapshot=name)
    with pytest.raises(exceptions.NotFound):
        subscriber.get_snapshot(snapshot=name)
    with pytest.raises(exceptions.NotFound):
        _seek(subscriber, subscription, snapshot=name)


def test_a_time_beyond_all_years_is_refused(subscriber: Client, topic: str) -> None:
    """gRPC carries what is no time; it is refused as such and drops nothing."""
    subscription = subscribe(subscriber, topic)
    with pytest.raises(exceptions.InvalidArgument):
        _seek(subscriber, subscription, time=Timestamp(seconds=2**62))


def test_snapshot_of_another_topic_is_refused(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A subscription never owes messages of a topic that it does not hang on."""
    name = new_name("snapshots")
    subscriber.create_snapshot(name=name, subscription=subscribe(subscriber, topic))
    subscription = subscribe(subscriber, create_topic(publisher))
    with pytest.raises(exceptions.FailedPrecondition):
        _seek(subscriber, subscription, snapshot=name)


def test_detached_subscription_owes_nothing(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """It drops its backlog, receives nothing more, and refuses to be pulled from or to seek."""
    subscription = subscribe(subscriber, topic)
    publish(publisher, topic, b"x")
    publisher.detach_subscription(request={"subscription": subscription})
    publish(publisher, topic, b"y")
    assert subscriber.get_subscription(subscription=subscription).detached
    assert list(publisher.list_topic_subscriptions(topic=topic)) == []
    with pytest.raises(exceptions.FailedPrecondition):
        subscriber.pull(subscription=subscription, max_messages=1)
    with pytest.raises(exceptions.FailedPrecondition):
        _seek(subscriber, subscription, time=_now())


def test_detached_subscription_is_pushed_no_more(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Pushes end with the detaching, retries too."""
    with receiving(lambda _push: 500) as receiver:
        policy = {"minimum_backoff": {"nanos": 10_000_000}, "maximum_backoff": {"seconds": 1}}
        subscription = subscribe(
            subscriber, topic, push_config={"push_endpoint": receiver.url}, retry_policy=policy
        )
        publish(publisher, topic, b"x")
        wait_for(lambda: len(receiver.pushes) > 2, "some retries")
        publisher.detach_subscription(request={"subscription": subscription})
        (last,) = publish(publisher, topic, b"y")
        other = subscribe(subscriber, topic, push_config={"push_endpoint": receiver.url})
        (sent,) = publish(publisher, topic, b"z")
        wait_for(lambda: sent in receiver.ids(), "another subscription's push")
        assert last not in receiver.ids()
        publisher.detach_subscription(request={"subscription": other})


def test_past_and_detachment_survive_a_kill(tmp_path: Path) -> None:
    """Retained messages, a seek, a snapshot and a detachment are the same after kill -9."""
    topic, retaining, sought, detached, snapshot = (
        *(new_name("topics"), new_name("subscriptions"), new_name("subscriptions")),
        *(new_name("subscriptions"), new_name("snapshots")),
    )
    with started(tmp_path) as server:
        publisher, subscriber = server.publisher(), server.subscriber()
        publisher.create_topic(name=topic)
        for name in (retaining, sought, detached):
            subscriber.create_subscription(
                request={"name": name, "topic": topic, "retain_acked_messages": True}
            )
        publish(publisher, topic, b"1", b"2")
        subscriber.create_snapshot(name=snapshot, subscription=retaining)
        for name in (retaining, sought):
            acknowledge(subscriber, name, *pull(subscriber, name, 2))
        _seek(subscriber, sought, time=_now() - timedelta(minutes=5))
        publisher.detach_subscription(request={"subscription": detached})
        server.kill()
    for _ in range(2):
        with started(tmp_path) as server:
            subscriber = server.subscriber()
            assert datas(pull_now(subscriber, sought)) == [b"1", b"2"]
            assert pull_now(subscriber, retaining) == []
            assert subscriber.get_subscription(subscription=detached).detached
            server.kill()
    with started(tmp_path) as server:
        subscriber = server.subscriber()
        _seek(subscriber, retaining, snapshot=snapshot)
        assert datas(pull_now(subscriber, retaining)) == [b"1", b"2"]
        _seek(subscriber, retaining, time=_now() + timedelta(hours=1))
        _seek(subscriber, retaining, time=_now() - timedelta(minutes=5))
        assert datas(pull_now(subscriber, retaining)) == [b"1", b"2"]


def test_the_past_survives_a_compaction(tmp_path: Path) -> None:
    """What archives keep goes into the server's own snapshot when it shortens its journal."""
    with started(tmp_path) as server:
        publisher, subscriber = server.publisher(), server.subscriber()
        topic = create_topic(publisher)
        retaining = subscribe(subscriber, topic, retain_acked_messages=True)
        publish(publisher, topic, b"kept")
        acknowledge(subscriber, retaining, *pull(subscriber, retaining))
        bulk = create_topic(publisher)
        draining = subscribe(subscriber, bulk)
        for _ in range(20):
            publish(publisher, bulk, b"x" * 900_000)
            acknowledge(subscriber, draining, *pull(subscriber, draining))
        wait_for(lambda: list(tmp_path.glob("snapshot-?")), "the compaction")
        server.kill()
    with started(tmp_path) as server:
        _seek(server.subscriber(), retaining, time=_now() - timedelta(minutes=5))
        assert datas(pull_now(server.subscriber(), retaining)) == [b"kept"]
