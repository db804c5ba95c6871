"""What survives when the Pub/Sub server is killed or restarted.

These promises are about our process and its data directory, so they always run against ours.
"""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.pubsub_v1.types import pubsub

from knative.local.programs import free_port
from tests.pubsub_server import (
    PROJECT,
    ROOT,
    Client,
    Server,
    answers,
    command,
    read_json,
    receiving,
    started,
    wait_for,
)

TOPIC = f"projects/{PROJECT}/topics/durable"
SUBSCRIPTION = f"projects/{PROJECT}/subscriptions/durable"
DEAD_TOPIC = f"projects/{PROJECT}/topics/durable-dead"

_STARTED_BY_A_THREAD = """
import subprocess, sys, threading
started = []
thread = threading.Thread(target=lambda: started.append(subprocess.Popen(sys.argv[1:])))
thread.start()
thread.join()
started[0].wait()
"""


def _set_up(server: Server, **settings: object) -> tuple[Client, Client]:
    publisher, subscriber = server.publisher(), server.subscriber()
    publisher.create_topic(name=TOPIC)
    subscriber.create_subscription(request={"name": SUBSCRIPTION, "topic": TOPIC, **settings})
    return publisher, subscriber


def _publish(publisher: Client, *datas: bytes) -> list[str]:
    messages = [{"data": data} for data in datas]
    # Without the client's own retries: a test wants to see the failure.
    answer = publisher.publish(topic=TOPIC, messages=messages, retry=None, timeout=10)
    return list(answer.message_ids)


def _drain(subscriber: Client, *, acknowledge: bool = True) -> list[Any]:
    """Everything that can be pulled now."""
    got: list[Any] = []
    while True:
        request = pubsub.PullRequest(
            subscription=SUBSCRIPTION, max_messages=1000, return_immediately=True
        )
        answer = subscriber.transport.pull(request, timeout=5)
        if not answer.received_messages:
            return got
        got += answer.received_messages
        if acknowledge:
            ack_ids = [received.ack_id for received in answer.received_messages]
            subscriber.acknowledge(subscription=SUBSCRIPTION, ack_ids=ack_ids)


def test_answered_publish_survives_kill(tmp_path: Path) -> None:
    """Whatever was answered before kill -9, amid a storm of publishing, is delivered."""
    answered: list[str] = []

    def storm(publisher: Client) -> None:
        while True:
            try:
                answered.extend(_publish(publisher, b"x" * 300, b"y"))
            except exceptions.GoogleAPICallError:
                return

    with started(tmp_path) as server:
        publisher, _ = _set_up(server)
        threads = [threading.Thread(target=storm, args=(publisher,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(answered) > 200, "the storm")
        server.kill()
        for thread in threads:
            thread.join(10)
    with started(tmp_path) as server:
        got = {received.message.message_id for received in _drain(server.subscriber())}
        assert set(answered) <= got
        new = _publish(server.publisher(), b"z")
        assert set(new).isdisjoint(got)


def test_push_goes_on_after_kill(tmp_path: Path) -> None:
    """A message published just before kill -9 is pushed after the restart, by the same settings."""
    with receiving(lambda _push: 503) as receiver:
        oidc = {"service_account_email": "push@pay.example", "audience": "a"}
        with started(tmp_path) as server:
            publisher, _ = _set_up(
                server,
                push_config={"push_endpoint": receiver.url, "oidc_token": oidc},
                filter="NOT attributes:a",
                retry_policy={"minimum_backoff": {"nanos": 50_000_000}},
            )
            (message_id,) = _publish(publisher, b"x")
            server.kill()
        del receiver.pushes[:]
        receiver.status_of = lambda _push: 204
        with started(tmp_path):
            wait_for(lambda: message_id in receiver.ids(), "the push after the restart")
            assert "Authorization" in receiver.pushes[0].headers


def test_clean_restart_keeps_what_is_owed(tmp_path: Path) -> None:
    """Undelivered messages, failure counts and acknowledgements are the same after a restart."""
    with started(tmp_path) as server:
        server.publisher().create_topic(name=DEAD_TOPIC)
        policy = {"dead_letter_topic": DEAD_TOPIC, "max_delivery_attempts": 10}
        publisher, subscriber = _set_up(server, dead_letter_policy=policy)
        _publish(publisher, b"acknowledged", b"refused", b"held", b"untouched")
        for _ in range(3):
            held = subscriber.pull(subscription=SUBSCRIPTION, max_messages=10).received_messages
            refused = [r.ack_id for r in held if r.message.data == b"refused"]
            subscriber.modify_ack_deadline(
                subscription=SUBSCRIPTION, ack_ids=refused, ack_deadline_seconds=0
            )
            done = [r.ack_id for r in held if r.message.data == b"acknowledged"]
            if done:
                subscriber.acknowledge(subscription=SUBSCRIPTION, ack_ids=done)
    for _ in range(2):
        with started(tmp_path) as server:
            got = _drain(server.subscriber(), acknowledge=False)
            attempts = {received.message.data: received.delivery_attempt for received in got}
            assert attempts == {b"refused": 4, b"held": 1, b"untouched": 1}


def test_retry_waits_its_time_across_a_restart(tmp_path: Path) -> None:
    """A restart is no way around the back-off."""
    with started(tmp_path) as server:
        policy = {"minimum_backoff": {"seconds": 600}}
        publisher, subscriber = _set_up(server, retry_policy=policy)
        _publish(publisher, b"x")
        (held,) = subscriber.pull(subscription=SUBSCRIPTION, max_messages=10).received_messages
        subscriber.modify_ack_deadline(
            subscription=SUBSCRIPTION, ack_ids=[held.ack_id], ack_deadline_seconds=0
        )
    with started(tmp_path) as server:
        assert _drain(server.subscriber()) == []


def test_disk_is_given_back(tmp_path: Path) -> None:
    """Acknowledged messages leave the disk, what is still owed stays, also across a restart."""
    with started(tmp_path) as server:
        publisher, subscriber = _set_up(server)
        _publish(publisher, b"kept from the first")
        (kept,) = subscriber.pull(subscription=SUBSCRIPTION, max_messages=10).received_messages
        for _ in range(6):
            _publish(publisher, *[b"x" * 900_000] * 10)
            _drain(subscriber)
        _publish(publisher, b"kept from the last")
        wait_for(lambda: _size(tmp_path) < 20_000_000, "40 of 54 MB are gone")
        subscriber.modify_ack_deadline(
            subscription=SUBSCRIPTION, ack_ids=[kept.ack_id], ack_deadline_seconds=0
        )
        server.kill()
    with started(tmp_path) as server:
        datas = [received.message.data for received in _drain(server.subscriber())]
        assert sorted(datas) == [b"kept from the first", b"kept from the last"]


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


def test_stop_is_quick_while_busy(tmp_path: Path) -> None:
    """SIGTERM ends the server within 2 s, with a stream, a waiting pull and a hanging push open."""
    hanging = threading.Event()
    with receiving(lambda _push: 204 if hanging.wait(30) else 500) as receiver:
        with started(tmp_path) as server:
            publisher, subscriber = _set_up(
                server, push_config={"push_endpoint": receiver.url}, ack_deadline_seconds=60
            )
            pulled = f"{SUBSCRIPTION}-pulled"
            subscriber.create_subscription(request={"name": pulled, "topic": TOPIC})
            opening = pubsub.StreamingPullRequest(
                subscription=pulled, stream_ack_deadline_seconds=10
            )
            stream = subscriber.streaming_pull(requests=iter([opening]))
            _publish(publisher, b"x")
            wait_for(lambda: receiver.pushes, "the push that hangs")
            stop = time.monotonic()
            server.own_process().send_signal(signal.SIGTERM)
            assert server.own_process().wait(5) == 0
            assert time.monotonic() - stop < 2
            stream.cancel()
        hanging.set()


def test_server_dies_with_its_parent(tmp_path: Path) -> None:
    """The server goes with its runner; that a mere thread of the runner ends changes nothing."""
    http_port = free_port()
    arguments = command(tmp_path, free_port(), http_port)
    parent = subprocess.Popen(  # noqa: S603 - our own interpreter
        [
            sys.executable,
            "-c",
            _STARTED_BY_A_THREAD,
            *arguments,
        ],
        cwd=ROOT,
    )
    try:
        lock = tmp_path / "lock"
        url = f"http://127.0.0.1:{http_port}/healthz"
        wait_for(lambda: answers(url), "the server is ready, its starting thread gone", seconds=20)
        child = int(lock.read_text())
    finally:
        parent.kill()
        parent.wait(5)
    wait_for(lambda: not _is_alive(child), "the server is gone")


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_signing_key_is_private_and_lasting(tmp_path: Path) -> None:
    """Only the owner reads the key, and a restart signs with the same one."""
    with started(tmp_path) as server:
        before = read_json(f"{server.issuer}/jwks")
    assert stat.S_IMODE((tmp_path / "issuer-key.pem").stat().st_mode) == 0o600
    with started(tmp_path) as server:
        assert read_json(f"{server.issuer}/jwks") == before


def test_deleted_things_stay_deleted(tmp_path: Path) -> None:
    """A deleted topic or subscription is gone after a restart, and with it what it owed."""
    with started(tmp_path) as server:
        publisher, subscriber = _set_up(server)
        _publish(publisher, b"x")
        subscriber.delete_subscription(subscription=SUBSCRIPTION)
        publisher.delete_topic(topic=TOPIC)
        server.kill()
    with started(tmp_path) as server:
        publisher, subscriber = server.publisher(), server.subscriber()
        with pytest.raises(exceptions.NotFound):
            publisher.get_topic(topic=TOPIC)
        publisher.create_topic(name=TOPIC)
        subscriber.create_subscription(request={"name": SUBSCRIPTION, "topic": TOPIC})
        assert _drain(subscriber) == []


def test_clients_survive_a_restart_on_the_same_port(tmp_path: Path) -> None:
    """A client's channel goes on working once the server is back on its port."""
    with started(tmp_path) as server:
        publisher, _ = _set_up(server)
        server.kill()
        port, http_port = server.address.rpartition(":")[2], server.issuer.rpartition(":")[2]
        arguments = command(tmp_path, int(port), int(http_port))
        again = subprocess.Popen(arguments, cwd=ROOT)  # noqa: S603 - our own module
        try:
            grpc.channel_ready_future(server.channels[0]).result(20)
            assert _publish(publisher, b"x")
        finally:
            again.terminate()
            assert again.wait(5) == 0
