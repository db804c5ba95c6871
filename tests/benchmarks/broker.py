"""Measures the local Pub/Sub server: publish kept on disk before its answer, and push."""

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import grpc
from google.pubsub_v1 import PublisherClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.types import PublishResponse

from tests import pubsub_server
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import cpu_seconds
from tests.pubsub_server import Client, Server

BODY: Final = b"x" * 512
SECONDS: Final = 4.0
BATCH: Final = 100
PUBLISHERS: Final = 4
PUSHES: Final = 3_000
_PUSH_SECONDS: Final = 60.0
_TOPIC: Final = f"projects/{pubsub_server.PROJECT}/topics/bench"
_PUSHED: Final = f"projects/{pubsub_server.PROJECT}/topics/bench-pushed"
_ANSWER: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


def measure(folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Publish one by one and in batches, beside a gRPC server that only answers; then push."""
    with pubsub_server.started(folder / "broker") as server:
        publisher, subscriber = server.publisher(), server.subscriber()
        for topic in (_TOPIC, _PUSHED):
            publisher.create_topic(request={"name": topic}, timeout=10)
        # A topic without subscription keeps nothing.
        _subscribe(subscriber, "bench", _TOPIC, None)
        process = server.own_process().pid
        single, each_ms = _timed(process, lambda: _publish(publisher, 1))
        with _bare_server() as address:
            channel = grpc.insecure_channel(address)
            bare = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
            raw, _ = _timed(None, lambda: _publish(bare, 1))
            channel.close()
        clients = [server.publisher() for _ in range(PUBLISHERS)]
        batched, _ = _timed(process, lambda: _publish_together(clients))
        say(f"publish: {single:.0f}/s one at a time (bare {raw:.0f}/s), {batched:.0f}/s batched")
        pushed, push_ms = _push(server, publisher, subscriber)
        say(f"push: {pushed:.0f}/s")
    how = f"512 bytes, one client; {_count(single)}; on disk before the answer"
    return [
        Figure("broker", "publish, one at a time", single, "/s", at_least=700, note=how),
        Figure(
            "broker",
            "raw bound: gRPC that answers",
            raw,
            "/s",
            note=f"same client, empty server; {_count(raw)}",
        ),
        Figure("broker", "publish against the raw bound", 100 * single / raw, "%"),
        Figure(
            "broker",
            "publish, batched",
            batched,
            "/s",
            at_least=3_000,
            note=f"batches of {BATCH} by {PUBLISHERS} clients; {_count(batched)}",
        ),
        Figure("broker", "push", pushed, "/s", at_least=600, note=f"{PUSHES} messages, signed"),
        Figure("broker", "CPU per publish: server", each_ms, "ms", note="those one at a time"),
        Figure("broker", "CPU per push: server", push_ms, "ms", note=f"{PUSHES} messages"),
    ]


def _count(per_second: float) -> str:
    return f"{per_second * SECONDS:.0f} in {SECONDS:.0f} s"


def _timed(process: int | None, work: Callable[[], int]) -> tuple[float, float]:
    """Messages per second, and the server's CPU milliseconds for each."""
    work()
    before = 0.0 if process is None else cpu_seconds(process)
    began, count = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        count += work()
    seconds = time.monotonic() - began
    used = 0.0 if process is None else cpu_seconds(process) - before
    return count / seconds, used * 1000 / count


def _publish(client: Client, count: int) -> int:
    messages = [{"data": BODY}] * count
    answer = client.publish(request={"topic": _TOPIC, "messages": messages}, timeout=10, retry=None)
    return len(answer.message_ids)


def _publish_together(clients: list[Client]) -> int:
    threads = [threading.Thread(target=_publish, args=(each, BATCH)) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return BATCH * len(clients)


def _subscribe(subscriber: Client, name: str, topic: str, endpoint: str | None) -> None:
    push = (
        {}
        if endpoint is None
        else {
            "push_endpoint": endpoint,
            "oidc_token": {"service_account_email": "push@bench.test", "audience": "bench"},
        }
    )
    subscription = f"projects/{pubsub_server.PROJECT}/subscriptions/{name}"
    subscriber.create_subscription(
        request={"name": subscription, "topic": topic, "push_config": push}, timeout=10
    )


def _push(server: Server, publisher: Client, subscriber: Client) -> tuple[float, float]:
    """Pushes per second from the first to the last, and the server's CPU milliseconds for each."""
    with _receiver() as (url, arrivals):
        _subscribe(subscriber, "bench-pushed", _PUSHED, url)
        before = cpu_seconds(server.own_process().pid)
        for _ in range(0, PUSHES, 1_000):
            messages = [{"data": BODY}] * 1_000
            publisher.publish(request={"topic": _PUSHED, "messages": messages}, timeout=10)
        deadline = time.monotonic() + _PUSH_SECONDS
        while len(arrivals) < PUSHES:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(arrivals)} of {PUSHES} messages were pushed")
            time.sleep(0.01)
        used = cpu_seconds(server.own_process().pid) - before
        return PUSHES / (arrivals[PUSHES - 1] - arrivals[0]), used * 1000 / PUSHES


class _Receiver(asyncio.Protocol):
    """Says 204 to whatever ends with a whole body: a push comes in one piece."""

    def __init__(self, arrivals: list[float]) -> None:
        self._arrivals = arrivals
        self._transport: Any = None
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, separator, body = self._seen.partition(b"\r\n\r\n")
        length = int(head.lower().rpartition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
        if separator and len(body) >= length:
            self._seen = b""
            self._arrivals.append(time.monotonic())
            self._transport.write(_ANSWER)


@contextmanager
def _receiver() -> Iterator[tuple[str, list[float]]]:
    arrivals: list[float] = []
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(
        loop.create_server(lambda: _Receiver(arrivals), "127.0.0.1", 0, backlog=128)
    )
    port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/push", arrivals
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.close()


@contextmanager
def _bare_server() -> Iterator[str]:
    """A server in a process of its own that takes any publish and keeps nothing."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve_bare, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve_bare(told: Connection) -> None:
    taken: bytes = PublishResponse.serialize(PublishResponse(message_ids=["1"]))

    async def answer(_request: bytes, _context: Any) -> bytes:
        return taken

    async def serve() -> None:
        server = grpc.aio.server()
        methods = {"Publish": grpc.unary_unary_rpc_method_handler(answer)}
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", methods),)
        )
        told.send(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        await server.wait_for_termination()

    asyncio.run(serve())
