"""The Pub/Sub server as a real process, and a real receiver of pushes, for the suites.

With PUBSUB_EMULATOR_HOST set, `serving` uses that server instead of starting ours.
"""

import contextlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import grpc
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from knative.local.programs import free_port

PROJECT = "pay"
# The published clients take dictionaries and call options that their annotations deny.
Client: TypeAlias = Any
ROOT = Path(__file__).parent.parent


def wait_for(condition: Callable[[], Any], what: str, *, seconds: float = 10.0) -> Any:
    """Return the condition's first true value; fails the test after the deadline."""
    deadline = time.monotonic() + seconds
    waiting = threading.Event()
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        waiting.wait(0.005)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass(slots=True)
class Server:
    """One server; `process` is None where PUBSUB_EMULATOR_HOST named another."""

    address: str
    issuer: str = ""
    data_dir: Path = Path()
    process: "subprocess.Popen[bytes] | None" = None
    channels: list[grpc.Channel] = field(default_factory=list)

    def publisher(self) -> Client:
        """The published client without batching."""
        return PublisherClient(transport=PublisherGrpcTransport(channel=self.channel()))

    def subscriber(self) -> Client:
        """The published client without flow control."""
        return SubscriberClient(transport=SubscriberGrpcTransport(channel=self.channel()))

    def own_process(self) -> "subprocess.Popen[bytes]":
        """Our process; fails the test where the server is another's."""
        assert self.process is not None
        return self.process

    def kill(self) -> None:
        """Take it away as a power cut of the process would."""
        self.own_process().send_signal(signal.SIGKILL)
        self.own_process().wait(5)

    def channel(self) -> grpc.Channel:
        """A channel that ends with the server."""
        # The official client lifts gRPC's limit of 4 MB as well.
        options = [("grpc.max_receive_message_length", -1)]
        channel = grpc.insecure_channel(self.address, options=options)
        self.channels.append(channel)
        return channel


def command(data_dir: Path, port: int, http_port: int) -> list[str]:
    """The command line of one server."""
    return [
        *(sys.executable, "-m", "knative.local.pubsub", "--data-dir", str(data_dir)),
        *("--port", str(port), "--http-port", str(http_port), "--project", PROJECT),
    ]


@contextlib.contextmanager
def started(data_dir: Path) -> Iterator[Server]:
    """Our server on free ports, ready; stopped at the end if it still runs."""
    port, http_port = free_port(), free_port()
    arguments = command(data_dir, port, http_port)
    process = subprocess.Popen(arguments, cwd=ROOT)  # noqa: S603 - our own interpreter and module
    server = Server(f"127.0.0.1:{port}", f"http://127.0.0.1:{http_port}", data_dir, process)
    try:
        wait_for(lambda: _is_ready(server), "the server is ready", seconds=60)
        yield server
    finally:
        for channel in server.channels:
            channel.close()
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


@contextlib.contextmanager
def serving(data_dir: Path) -> Iterator[Server]:
    """The server that PUBSUB_EMULATOR_HOST names, or ours."""
    other = os.environ.get("PUBSUB_EMULATOR_HOST")
    if other is None:
        with started(data_dir) as server:
            yield server
        return
    server = Server(other)
    try:
        yield server
    finally:
        for channel in server.channels:
            channel.close()


def read_json(url: str) -> Any:
    """A document that the server's HTTP door gives."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server's address
        return json.load(answer)


def _is_ready(server: Server) -> bool:
    assert server.own_process().poll() is None, "the server ended at its start"
    return answers(f"{server.issuer}/healthz")


def answers(url: str) -> bool:
    """Whether a document can be read there now."""
    try:
        return bool(read_json(url))
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Push:
    """One request that a receiver got; `at` is monotonic seconds."""

    at: float
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


def _json(body: bytes) -> dict[str, Any]:
    """The wrapped body; nothing where it is none."""
    try:
        return dict(json.loads(body))
    except ValueError:
        return {}


class _Listener(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # more than the pushes that are out at once

    def handle_error(self, *_: object) -> None:
        """Keep quiet about senders that a test has killed."""


class Receiver:
    """An HTTP server that keeps every push and answers as `status_of` says."""

    def __init__(
        self, status_of: Callable[[Push], int], keep_body: Callable[[str, bytes], object]
    ) -> None:
        self.status_of = status_of
        self.keep_body = keep_body
        self.pushes: list[Push] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # the name is http.server's
                body = self.rfile.read(int(self.headers["Content-Length"]))
                push = Push(time.monotonic(), self.path, dict(self.headers.items()), _json(body))
                receiver.pushes.append(push)
                receiver.keep_body(self.path, body)
                status = receiver.status_of(push)
                self.send_response(status)
                if status not in {102, 204}:
                    self.send_header("Content-Length", "2")
                self.end_headers()
                if status not in {102, 204}:
                    self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Keep the tests' output quiet."""

        self._server = _Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def ids(self) -> list[str]:
        """Message ids in the order of arrival."""
        return [push.body["message"]["messageId"] for push in tuple(self.pushes)]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def receiving(
    status_of: Callable[[Push], int] = lambda _push: 204,
    *,
    keep_body: Callable[[str, bytes], object] = lambda _path, _body: None,
) -> Iterator[Receiver]:
    """A receiver for the length of a test; `keep_body` is given each path and raw body."""
    receiver = Receiver(status_of, keep_body)
    try:
        yield receiver
    finally:
        receiver.close()
