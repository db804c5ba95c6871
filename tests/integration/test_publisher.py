"""Promises of publishing: whole batches leave in one call, and what fails is left to the relay."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from knative.local.programs import free_port
from shared.domain.events import Message
from shared.messaging.envelope import encode_attributes, encode_data
from shared.messaging.publisher import Publisher, PublishError
from shared.runtime.publishing import MOST_WAITING, BackgroundPublisher
from tests.pubsub_server import PROJECT, Server, serving, wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("pubsub")) as running:
        for topic in ("charge-created", "webhook-due"):
            running.publisher().create_topic(name=f"projects/{PROJECT}/topics/{topic}")
        yield running


def _message(number: int, topic: str = "charge-created") -> Message:
    return Message(f"evt_{number}", topic, "acct_1", livemode=False, object_id=f"ch_{number}")


def test_messages_of_several_topics_arrive_as_they_were_given(server: Server):
    """One call per topic carries data and attributes of every message."""
    subscriber = server.subscriber()
    names = {}
    for topic in ("charge-created", "webhook-due"):
        names[topic] = f"projects/{PROJECT}/subscriptions/all-{topic}"
        path = f"projects/{PROJECT}/topics/{topic}"
        subscriber.create_subscription(request={"name": names[topic], "topic": path})
    sent = [_message(n, "webhook-due" if n % 2 else "charge-created") for n in range(20)]
    publisher = Publisher(PROJECT, server.address)
    publisher.publish(sent)
    publisher.close()
    for topic, name in names.items():
        wanted = {m.event_id: m for m in sent if m.topic == topic}
        received: dict[str, Any] = {}
        while len(received) < len(wanted):
            answer = subscriber.pull(subscription=name, max_messages=50, timeout=5)
            for item in answer.received_messages:
                received[item.message.attributes["event_id"]] = item.message
        for event_id, message in wanted.items():
            assert received[event_id].data == encode_data(message)
            assert dict(received[event_id].attributes) == encode_attributes(message)


def test_an_unknown_topic_or_a_dead_server_is_a_publish_error(server: Server):
    """Whatever the client raises reaches callers as one kind, without the client's own types."""
    with pytest.raises(PublishError, match="nowhere"):
        Publisher(PROJECT, server.address).publish([_message(1, "nowhere")])
    with pytest.raises(PublishError):
        Publisher(PROJECT, f"127.0.0.1:{free_port()}").publish([_message(1)])


class _Broker:
    """Takes batches, or refuses them, or holds them."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.marked: list[str] = []
        self.is_down = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def publish(self, messages: Sequence[Message]) -> None:
        assert self.may_go_on.wait(10)
        if self.is_down:
            raise PublishError("down")
        self.batches.append([message.event_id for message in messages])

    def mark(self, ids: Sequence[str]) -> None:
        self.marked += ids


def test_what_the_broker_took_is_marked_and_the_rest_is_not():
    """A failed batch stays in the outbox; nothing is published twice by us."""
    broker = _Broker()
    publishing = BackgroundPublisher(broker.publish, broker.mark)
    publishing.enqueue([_message(1)])
    wait_for(lambda: broker.marked == ["evt_1"], "the first is marked")
    broker.is_down = True
    publishing.enqueue([_message(2)])
    publishing.close()
    assert broker.marked == ["evt_1"]
    assert broker.batches == [["evt_1"]]


def test_a_burst_leaves_in_batches_and_is_flushed_at_the_end():
    """While one call is under way the rest gathers, a hundred at most per call."""
    broker = _Broker()
    broker.may_go_on.clear()
    publishing = BackgroundPublisher(broker.publish, broker.mark)
    for number in range(250):
        publishing.enqueue([_message(number)])
    broker.may_go_on.set()
    publishing.close()
    assert sum(len(batch) for batch in broker.batches) == 250
    assert len(broker.batches) <= 5
    assert max(len(batch) for batch in broker.batches) == 100
    assert broker.marked == [f"evt_{number}" for number in range(250)]


def test_a_full_queue_drops_and_never_blocks():
    """A broker that hangs costs no request its time and no process its memory."""
    broker = _Broker()
    broker.may_go_on.clear()
    publishing = BackgroundPublisher(broker.publish, broker.mark)
    publishing.enqueue([_message(number) for number in range(MOST_WAITING + 500)])
    assert len(publishing._waiting) <= MOST_WAITING
    broker.may_go_on.set()
    publishing.close()
    assert publishing._thread is not None
    publishing._thread.join(30)  # a busy machine may take longer than a process has to end
    assert MOST_WAITING <= len(broker.marked) <= MOST_WAITING + 100
