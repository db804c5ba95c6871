"""Receives webhooks as a merchant does: nothing counts before its signature is checked."""

import json
import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

_LARGEST_BODY_BYTES: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery: when (monotonic seconds), its event, whether its signature was ours."""

    at: float
    event_type: str
    event: Mapping[str, Any]
    is_verified: bool


class WebhookReceiver:
    """Listens on the loopback address and port of `url` while the block lasts.

    Raises OSError on entering when the port is taken.
    """

    def __init__(self, url: str, secret: str) -> None:
        """`secret` is the endpoint's `whsec_…`."""
        self.received: queue.Queue[Received] = queue.Queue()
        self._address = urlsplit(url)
        self._webhook = Webhook(secret)

    def __enter__(self) -> Self:
        """Start to listen."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                status = 413
                if length <= _LARGEST_BODY_BYTES:
                    status = receiver.take(self.rfile.read(length), dict(self.headers.items()))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Stay silent: whoever listens prints what it wants."""

        server = ThreadingHTTPServer(
            (self._address.hostname or "127.0.0.1", self._address.port or 80), Handler
        )
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Check one delivery and queue it; the HTTP status to answer."""
        try:
            self._webhook.verify(body, {name.lower(): value for name, value in headers.items()})
            is_verified = True
            event = json.loads(body)
        except (WebhookVerificationError, ValueError):
            is_verified, event = False, {}
        self.received.put(
            Received(time.monotonic(), str(event.get("type", "?")), event, is_verified)
        )
        return 204 if is_verified else 400
