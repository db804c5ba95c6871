"""Streams in this process: a client of an ASGI application without a server between them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from shared.runtime.edge import Application as Wsgi
from shared.runtime.streams.door import Application
from shared.runtime.streams.line import Message, Scope

PATIENCE_SECONDS: Final = 10.0
_SPELLED: Final = {
    "ratelimit": "RateLimit",
    "ratelimit-policy": "RateLimit-Policy",
    "www-authenticate": "WWW-Authenticate",
}
_READ: Final = ("http.response.start", "websocket.accept", "websocket.http.response.start")


class Client:
    """What a client has of a stream. `reads` is cleared while it takes nothing.

    `last_id` is what a browser's EventSource comes back with.
    """

    def __init__(self) -> None:
        """Connected, and reading."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.close_code = 0
        self.last_id = ""
        self.is_over = False
        self.reads = asyncio.Event()
        self.reads.set()
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._begun = asyncio.Event()
        self.body = b""

    async def frame(self) -> dict[str, Any]:
        """Return the next frame that is no comment; of server-sent events what `data` says."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                content = await self._frames.get()
                assert content is not None, "the stream has ended"
                lines = content.decode().splitlines()
                for line in lines:
                    if line.startswith("id: "):
                        self.last_id = line.removeprefix("id: ")
                    if line.startswith(("{", "data: ")):
                        found: dict[str, Any] = json.loads(line.removeprefix("data: "))
                        return found

    async def comment(self) -> None:
        """Wait for a comment among server-sent events."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._frames.get() != b": ping\n\n":
                pass

    async def begun(self) -> None:
        """Wait for the first bytes, or for an answer that has none."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._begun.wait()

    async def over(self) -> None:
        """Wait for the end, whatever comes before it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._frames.get() is not None:
                pass

    def send(self, message: Message) -> None:
        """Send something as the server would hand it on."""
        self._sent.put_nowait(message)

    async def receive(self) -> Message:
        """ASGI's own."""
        return await self._sent.get()

    async def take(self, message: Message) -> None:
        """ASGI's `send`: waits as long as the client reads nothing."""
        kind = message["type"]
        if kind in _READ:
            self.status = message.get("status", 101)
            self.headers = {
                name.decode(): value.decode() for name, value in message.get("headers", ())
            }
            return
        await self.reads.wait()
        if kind == "websocket.close":
            self.close_code = message["code"]
        elif kind == "websocket.send":
            self._frames.put_nowait(message["text"].encode())
        else:
            self.body += message["body"]
            self._begun.set()
            self._frames.put_nowait(message["body"])

    def hang_up(self) -> None:
        """Tell who waits that nothing follows."""
        self.is_over = True
        self._begun.set()
        self._frames.put_nowait(None)


@asynccontextmanager
async def listening(
    application: Application,
    path: str,
    headers: Mapping[str, str],
    *,
    is_socket: bool = False,
    method: str = "GET",
) -> AsyncIterator[Client]:
    """A client until the block ends; it then hangs up."""
    client = Client()
    kind = "websocket" if is_socket else "http"
    scope: Scope = {
        "type": kind,
        "path": path.partition("?")[0],
        "query_string": path.partition("?")[2].encode("latin-1"),
        "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers.items()],
        "client": ("127.0.0.1", 1),
    }
    if not is_socket:
        scope["method"] = method
    client.send({"type": "websocket.connect" if is_socket else "http.request"})

    async def served() -> None:
        try:
            await application(scope, client.receive, client.take)
        finally:
            client.hang_up()

    task = asyncio.create_task(served())
    try:
        yield client
    finally:
        client.reads.set()
        client.send({"type": f"{kind}.disconnect"})
        async with asyncio.timeout(PATIENCE_SECONDS):
            await task


def until_it_lasts(application: Application) -> Wsgi:
    """Return an application for `Door`: its answer is all of a refusal, or a stream's beginning."""

    def served(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        client = asyncio.run(_beginning(application, environ))
        headers = [(_SPELLED.get(n, n.title()), value) for n, value in client.headers.items()]
        start_response(f"{client.status} -", headers)
        return [client.body]

    return served


async def _beginning(application: Application, environ: Mapping[str, Any]) -> Client:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    path = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
    method = environ["REQUEST_METHOD"]
    async with listening(application, path, headers, method=method) as client:
        await client.begun()
    return client
