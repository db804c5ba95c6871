"""What a receiver of pushes may rely on: body, token, acknowledging codes, retries, dead letters.

Runs against our server, or against the one that PUBSUB_EMULATOR_HOST names.
"""

import asyncio
import base64
import contextlib
import functools
import itertools
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import jwt
import pytest

from knative.local.programs import free_port
from knative.local.pubsub.push_connection import ConnectionPool, parse_endpoint
from tests.pubsub_calls import create_topic, new_name
from tests.pubsub_server import (
    PROJECT,
    Client,
    Push,
    Receiver,
    Server,
    read_json,
    receiving,
    wait_for,
)

EMAIL = "push@pay.example"
ACKNOWLEDGING = (102, 200, 201, 202, 204)
REFUSING = (203, 206, 301, 307, 400, 404, 409, 429, 500, 503)
Answer: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _subscribe(
    subscriber: Client,
    topic: str,
    url: str,
    *,
    oidc: dict[str, str] | None = None,
    **settings: object,
) -> str:
    name = new_name("subscriptions")
    request = {
        "name": name,
        "topic": topic,
        "push_config": {"push_endpoint": url, **({"oidc_token": oidc} if oidc else {})},
        **settings,
    }
    subscriber.create_subscription(request=request)
    return name


def _backoff(minimum: int, maximum: int) -> dict[str, object]:
    milliseconds = 1_000_000
    return {
        "minimum_backoff": {"nanos": minimum * milliseconds},
        "maximum_backoff": {"nanos": maximum * milliseconds},
    }


def _publish(publisher: Client, topic: str, *datas: bytes) -> list[str]:
    return list(
        publisher.publish(topic=topic, messages=[{"data": data} for data in datas]).message_ids
    )


def _has_come(receiver: Receiver, message_id: str) -> bool:
    return message_id in receiver.ids()


def _data(push: Push) -> bytes:
    return base64.b64decode(push.body["message"]["data"])


def test_push_body_is_productions(publisher: Client, subscriber: Client, topic: str) -> None:
    """The wrapped body has every field under both spellings, and nothing else."""
    with receiving() as receiver:
        subscription = _subscribe(subscriber, topic, f"{receiver.url}/deep/path?a=b")
        message = {"data": b"\x00\xffhi", "attributes": {"k": "é"}, "ordering_key": "key"}
        (message_id,) = publisher.publish(topic=topic, messages=[message]).message_ids
        (push,) = wait_for(lambda: receiver.pushes, "the push")
    published = push.body["message"]["publishTime"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", published)
    assert push.body == {
        "message": {
            "data": base64.b64encode(b"\x00\xffhi").decode(),
            "attributes": {"k": "é"},
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": published,
            "publish_time": published,
            "orderingKey": "key",
        },
        "subscription": subscription,
    }
    assert push.path == "/deep/path?a=b"
    assert push.headers["Content-Type"] == "application/json"
    assert "Authorization" not in push.headers


def test_plain_message_has_no_empty_fields(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Attributes and key are absent where the message has none."""
    with receiving() as receiver:
        _subscribe(subscriber, topic, receiver.url)
        _publish(publisher, topic, b"x")
        (push,) = wait_for(lambda: receiver.pushes, "the push")
    fields = {"data", "messageId", "message_id", "publishTime", "publish_time"}
    assert set(push.body["message"]) == fields
    assert set(push.body) == {"message", "subscription"}


def test_unwrapped_push_is_the_data_itself(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """Without the wrapper the body is the data; on wish headers carry what else belongs to it."""
    bodies: dict[str, bytes] = {}
    with receiving(keep_body=bodies.__setitem__) as receiver:
        for path, write in (("/plain", False), ("/full", True)):
            config = {
                "push_endpoint": receiver.url + path,
                "no_wrapper": {"write_metadata": write},
            }
            name = new_name("subscriptions")
            subscriber.create_subscription(
                request={"name": name, "topic": topic, "push_config": config}
            )
        attributes = {
            "type": "charge.created",
            "no header": "x",
            "Host": "elsewhere",
            "cr": "a\r\nb",
        }
        message = {"data": b"\x00\xff", "attributes": attributes, "ordering_key": "k"}
        (message_id,) = publisher.publish(topic=topic, messages=[message]).message_ids
        wait_for(lambda: len(bodies) == 2, "both pushes")
        headers = {push.path: push.headers for push in receiver.pushes}
    assert bodies == {"/plain": b"\x00\xff", "/full": b"\x00\xff"}
    assert not [each for each in headers["/plain"] if each.lower().startswith(("x-goog", "type"))]
    full = headers["/full"]
    assert full["type"] == "charge.created"
    assert full["x-goog-pubsub-message-id"] == message_id
    assert full["x-goog-pubsub-subscription-name"] == name
    assert full["x-goog-pubsub-ordering-key"] == "k"
    assert full["Host"].startswith("127.0.0.1")
    assert not {"no header", "cr"} & set(full)


def test_push_carries_a_verifiable_token(
    server: Server, publisher: Client, subscriber: Client, topic: str
) -> None:
    """The bearer token verifies by discovery and key set, has production's claims, is reused."""
    if server.process is None:
        pytest.skip("another server's issuer is not known here")
    with receiving() as receiver:
        oidc = {"service_account_email": EMAIL, "audience": "https://push.example/create_charge"}
        _subscribe(subscriber, topic, receiver.url, oidc=oidc)
        _publish(publisher, topic, b"1", b"2")
        first, second = wait_for(lambda: receiver.pushes[1:] and receiver.pushes, "two pushes")
    discovery = read_json(f"{server.issuer}/.well-known/openid-configuration")
    assert discovery["issuer"] == server.issuer
    scheme, token = first.headers["Authorization"].split(" ")
    assert scheme == "Bearer"
    key = jwt.PyJWKClient(discovery["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience="https://push.example/create_charge",
        issuer=server.issuer,
        options={"require": ["exp", "iat", "iss", "aud", "sub", "email", "email_verified"]},
    )
    assert claims["email"] == EMAIL
    assert claims["email_verified"] is True
    assert claims["exp"] - claims["iat"] == 3600
    assert abs(claims["iat"] - time.time()) < 60
    assert second.headers["Authorization"] == first.headers["Authorization"]
    assert "d" not in read_json(discovery["jwks_uri"])["keys"][0]


def test_audience_defaults_to_the_endpoint(
    server: Server, publisher: Client, subscriber: Client, topic: str
) -> None:
    """Without an audience the token is for the push endpoint's URL."""
    if server.process is None:
        pytest.skip("another server's issuer is not known here")
    with receiving() as receiver:
        url = f"{receiver.url}/here"
        _subscribe(subscriber, topic, url, oidc={"service_account_email": EMAIL})
        _publish(publisher, topic, b"1")
        (push,) = wait_for(lambda: receiver.pushes, "the push")
    token = push.headers["Authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == url


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /jwks HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
        (b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
        (b"GET /../etc/passwd HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /jwks HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"405"),
        (b"\x16\x03\x01 what\r\n\r\n", b"400"),
        (b"GET http://[ HTTP/1.1\r\n\r\n", b"400"),
        (b"PUT / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"400"),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000, b"400"),
    ],
)
def test_http_door_answers_what_it_has(server: Server, request_head: bytes, status: bytes) -> None:
    """The documents are read by GET and HEAD, everything else is refused with a status."""
    if server.process is None:
        pytest.skip("another server's issuer is not known here")
    port = int(server.issuer.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        with contextlib.suppress(ConnectionError):  # it may answer and close before it has all
            connection.sendall(request_head)
        assert connection.recv(12) == b"HTTP/1.1 " + status


def test_codes_that_acknowledge_and_codes_that_do_not(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """102, 200, 201, 202 and 204 end a delivery; every other code brings it back."""

    def status_of(push: Push) -> int:
        again = receiver.ids().count(push.body["message"]["messageId"]) > 1
        return 204 if again and _data(push) not in acknowledging else int(_data(push))

    acknowledging = {str(code).encode() for code in ACKNOWLEDGING}
    with receiving() as receiver:
        receiver.status_of = status_of
        _subscribe(subscriber, topic, receiver.url, retry_policy=_backoff(200, 200))
        _publish(publisher, topic, *(str(code).encode() for code in ACKNOWLEDGING + REFUSING))
        wait_for(
            lambda: len(receiver.pushes) >= len(ACKNOWLEDGING) + 2 * len(REFUSING),
            "each refused message came again",
        )
        # A message refused now comes again after the time in which the others would have.
        _publish(publisher, topic, b"500")
        wait_for(
            lambda: sum(_data(push) == b"500" for push in receiver.pushes) == 4,
            "the last one again",
        )
    counts = dict.fromkeys(ACKNOWLEDGING + REFUSING, 0)
    for push in receiver.pushes:
        counts[int(_data(push))] += 1
    assert counts == {**dict.fromkeys(ACKNOWLEDGING, 1), **dict.fromkeys(REFUSING, 2), 500: 4}


def test_retries_keep_their_distance(publisher: Client, subscriber: Client, topic: str) -> None:
    """Gaps double from the minimum to the maximum back-off, for each message by itself."""
    with receiving(lambda push: 500 if _data(push) == b"bad" else 204) as receiver:
        _subscribe(subscriber, topic, receiver.url, retry_policy=_backoff(100, 400))
        (bad,) = _publish(publisher, topic, b"bad")
        wait_for(lambda: receiver.ids().count(bad) >= 1, "the first attempt")
        sent = time.monotonic()
        (good,) = _publish(publisher, topic, b"good")
        wait_for(lambda: good in receiver.ids(), "the good message")
        assert time.monotonic() - sent < 0.3, "another message's retries delay nobody"
        wait_for(lambda: receiver.ids().count(bad) >= 5, "five attempts")
    times = [push.at for push in receiver.pushes if push.body["message"]["messageId"] == bad]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[:5])]
    for gap, wanted in zip(gaps, (0.1, 0.2, 0.4, 0.4), strict=True):
        assert wanted - 0.01 < gap < wanted + 0.25


def test_dead_letter_by_push(publisher: Client, subscriber: Client, topic: str) -> None:
    """Attempts are numbered in the body; after the last one the letter is pushed on, once."""
    dead_topic = create_topic(publisher)
    policy = {"dead_letter_topic": dead_topic, "max_delivery_attempts": 5}
    with receiving(lambda _push: 503) as failing, receiving() as keeping:
        subscription = _subscribe(
            subscriber,
            topic,
            failing.url,
            dead_letter_policy=policy,
            retry_policy=_backoff(10, 20),
        )
        _subscribe(subscriber, dead_topic, keeping.url)
        message = {"data": b"poison", "attributes": {"type": "charge.created"}}
        publisher.publish(topic=topic, messages=[message])
        (letter,) = wait_for(lambda: keeping.pushes, "the dead letter")
        assert [push.body["deliveryAttempt"] for push in failing.pushes] == [1, 2, 3, 4, 5]
        original = failing.pushes[0].body["message"]
    assert "deliveryAttempt" not in letter.body
    assert letter.body["message"]["data"] == original["data"]
    attributes = letter.body["message"]["attributes"]
    published = attributes.pop("CloudPubSubDeadLetterSourceTopicPublishTime")
    assert published.removesuffix("+00:00") == original["publishTime"].removesuffix("Z")
    assert attributes == {
        "type": "charge.created",
        "CloudPubSubDeadLetterSourceSubscription": subscription.rpartition("/")[2],
        "CloudPubSubDeadLetterSourceSubscriptionProject": PROJECT,
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
    }


def test_filtered_messages_are_not_pushed(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """A push subscription's filter holds back what it excludes."""
    with receiving() as receiver:
        _subscribe(subscriber, topic, receiver.url, filter='attributes.livemode = "true"')
        messages = [
            {"data": str(n).encode(), "attributes": {"livemode": "true" if n % 2 else "false"}}
            for n in range(10)
        ]
        publisher.publish(topic=topic, messages=messages)
        wait_for(lambda: len(receiver.pushes) >= 5, "five pushes")
    assert {_data(push) for push in receiver.pushes} == {b"1", b"3", b"5", b"7", b"9"}


def test_backlog_waits_for_a_receiver_that_is_down(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """What nobody answered is delivered soon after the receiver is there."""
    port = free_port()
    subscription = _subscribe(
        subscriber, topic, f"http://127.0.0.1:{port}", retry_policy=_backoff(50, 100)
    )
    ids = _publish(publisher, topic, *(b"%d" % n for n in range(100)))
    with receiving() as receiver:
        subscriber.modify_push_config(
            subscription=subscription, push_config={"push_endpoint": receiver.url}
        )
        wait_for(lambda: set(ids) <= set(receiver.ids()), "the whole backlog")


def test_pull_subscription_becomes_push_and_back(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """ModifyPushConfig turns the backlog over to push, and an empty config back to pull."""
    name = new_name("subscriptions")
    subscriber.create_subscription(request={"name": name, "topic": topic})
    ids = _publish(publisher, topic, b"1", b"2")
    with receiving() as receiver:
        config = {"push_endpoint": receiver.url}
        subscriber.modify_push_config(subscription=name, push_config=config)
        wait_for(lambda: sorted(receiver.ids()) == ids, "the backlog by push")
        subscriber.modify_push_config(subscription=name, push_config={})
        ids = _publish(publisher, topic, b"3")
        answer = subscriber.pull(subscription=name, max_messages=5, timeout=5)
        assert [received.message.message_id for received in answer.received_messages] == ids


def test_slow_receiver_holds_up_nobody_else(
    publisher: Client, subscriber: Client, topic: str
) -> None:
    """One subscription has at most 32 pushes out, and others are served meanwhile."""
    waiting = threading.Event()

    def stuck(_push: Push) -> int:
        assert waiting.wait(30)
        return 204

    with receiving(stuck) as slow, receiving() as fast:
        _subscribe(subscriber, topic, slow.url)
        _subscribe(subscriber, topic, fast.url)
        ids = _publish(publisher, topic, *(b"%d" % n for n in range(200)))
        wait_for(lambda: set(ids) <= set(fast.ids()), "all messages at the fast receiver")
        wait_for(lambda: len(slow.pushes) >= 32, "the slow receiver's first messages")
        assert len(slow.pushes) == 32
        waiting.set()
        wait_for(lambda: set(ids) <= set(slow.ids()), "all messages at the slow receiver")


def test_first_push_leaves_at_once(publisher: Client, subscriber: Client, topic: str) -> None:
    """At rest a message is at its receiver within milliseconds of being published."""
    with receiving() as receiver:
        _subscribe(subscriber, topic, receiver.url)
        delays = []
        for _ in range(15):
            started = time.monotonic()
            (message_id,) = _publish(publisher, topic, b"x")
            wait_for(functools.partial(_has_come, receiver, message_id), "the push")
            delays.append(receiver.pushes[-1].at - started)
    assert sorted(delays)[7] < 0.05


def _post(answer: Answer, *, timeout_seconds: float = 5.0, posts: int = 1) -> list[int | None]:
    """The statuses that the push client reads from a server that answers each post by `answer`."""

    async def run() -> list[int | None]:
        statuses: asyncio.Queue[int | None] = asyncio.Queue()
        answering: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            answering.add(task)
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await answer(reader, writer)
            with contextlib.suppress(ConnectionError):
                writer.close()
                await writer.wait_closed()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            endpoint = parse_endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
            pool = ConnectionPool()
            got = []
            for _ in range(posts):
                request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
                pool.post(endpoint, request, timeout_seconds, statuses.put_nowait)
                got.append(await asyncio.wait_for(statuses.get(), 5))
            pool.close()
            await asyncio.gather(*answering)
        return got

    return asyncio.run(run())


def _answering(*parts: bytes, close: bool = False) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"hi"):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            if close:
                return

    return answer


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), 204),
        ((b"HTTP/1.1 2", b"00 OK\r\nContent-Length: 5\r\n\r\nhe", b"llo"), 200),
        ((b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",), 500),
        ((b"HTTP/1.0 200 OK\r\n\r\nuntil the end",), 200),
        ((b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n",), 503),
        ((b"HTTP/1.1 102 Processing\r\n\r\n",), 102),
        ((b"SSH-2.0-OpenSSH\r\n\r\n",), None),
        ((b"HTTP/1.1 abc X\r\n\r\n",), None),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,), None),
    ],
)
def test_push_client_reads_every_kind_of_answer(
    parts: tuple[bytes, ...], status: int | None
) -> None:
    """Split, chunked, interim, endless and foreign answers give their status, or none."""
    assert _post(_answering(*parts), posts=2) == [status, status]


def test_push_client_gives_up_at_the_deadline() -> None:
    """A receiver that never answers counts as a refusal once the ack deadline has passed."""
    started = time.monotonic()
    assert _post(_answering(), timeout_seconds=0.2) == [None]
    assert 0.19 < time.monotonic() - started < 1


def test_push_client_survives_a_closed_connection() -> None:
    """A kept connection that its server has closed costs no attempt."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    assert _post(_answering(head, close=True), posts=5) == [200] * 5


def test_push_client_reports_a_cut_connection() -> None:
    """A server that hangs up without an answer has not acknowledged."""
    assert _post(_answering(close=True)) == [None]
