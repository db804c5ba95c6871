"""The two ways in which a stream is sent by ASGI: as server-sent events and over WebSocket."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, Protocol

import msgspec

from shared.runtime.streams.subscription import End, Frame

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

EVENT_STREAM: Final = "text/event-stream"
_ENCODER: Final = msgspec.json.Encoder()
_EVENTS: Final[Mapping[str, str]] = {
    "Content-Type": EVENT_STREAM,
    "Cache-Control": "no-store",
}


class Line(Protocol):
    """One client's connection."""

    async def refuse(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with something else than a stream."""

    async def begin(self, headers: Mapping[str, str], cursor: str) -> None:
        """Begin the stream, and say after what."""

    async def tell(self, frame: Frame) -> None:
        """Send an event."""

    async def ping(self) -> None:
        """Show that the connection lives."""

    async def finish(self, end: End, cursor: str | None) -> None:
        """Say why the stream ends, and after what it goes on elsewhere."""

    async def gone(self) -> End | None:
        """Wait until the client leaves (None), or does what it may not."""


class ServerSentEvents:
    """An answer to GET that never ends; browsers' EventSource reads it and comes back by itself."""

    def __init__(self, receive: Receive, send: Send) -> None:
        """Keep the two ends of the request."""
        self._receive = receive
        self._send = send

    async def refuse(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with a whole body."""
        await self._send(_start("http.response.start", status, headers))
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, headers: Mapping[str, str], cursor: str) -> None:
        """Send the head and the first event, by whose id a client comes back."""
        await self._send(_start("http.response.start", 200, {**_EVENTS, **headers}))
        await self._write(b"id: " + cursor.encode() + b"\ndata: " + _first(cursor) + b"\n\n")

    async def tell(self, frame: Frame) -> None:
        """Send one event; JSON has no line breaks."""
        head = b"id: " + frame.place[1].encode() + b"\ndata: "
        await self._write(head + frame.content + b"\n\n")

    async def ping(self) -> None:
        """Send a comment, which nobody reads."""
        await self._write(b": ping\n\n")

    async def finish(self, end: End, cursor: str | None) -> None:
        """Send a last event and end the answer."""
        last = b"data: " + _last(end, cursor) + b"\n\n"
        await self._send({"type": "http.response.body", "body": last, "more_body": False})

    async def gone(self) -> End | None:
        """Wait for the client to hang up."""
        while True:
            if (await self._receive())["type"] == "http.disconnect":
                return None

    async def _write(self, content: bytes) -> None:
        await self._send({"type": "http.response.body", "body": content, "more_body": True})


class WebSocket:
    """A WebSocket of text frames from us alone."""

    def __init__(self, receive: Receive, send: Send) -> None:
        """Keep the two ends of the connection."""
        self._receive = receive
        self._send = send

    async def refuse(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer the handshake as any other request, and its connection's last."""
        # Else the server says `Connection: upgrade` with it, and clients wait for what follows.
        closing = {**headers, "Connection": "close"}
        await self._send(_start("websocket.http.response.start", status, closing))
        await self._send({"type": "websocket.http.response.body", "body": body})

    async def begin(self, headers: Mapping[str, str], cursor: str) -> None:
        """Accept, and send the first frame."""
        await self._receive()
        await self._send({"type": "websocket.accept", "headers": _pairs(headers)})
        await self._write(_first(cursor))

    async def tell(self, frame: Frame) -> None:
        """Send one event."""
        await self._write(frame.content)

    async def ping(self) -> None:
        """Send a frame that says nothing: what stands between must see that something flows."""
        await self._write(b'{"object":"ping"}')

    async def finish(self, end: End, cursor: str | None) -> None:
        """Send a last frame and close."""
        await self._write(_last(end, cursor))
        close = {"type": "websocket.close", "code": end.close_code, "reason": end.word}
        await self._send(close)

    async def gone(self) -> End | None:
        """Wait for the client to close, or to send what nobody reads."""
        while True:
            kind = (await self._receive())["type"]
            if kind == "websocket.disconnect":
                return None
            if kind == "websocket.receive":
                return End.DATA_SENT

    async def _write(self, content: bytes) -> None:
        await self._send({"type": "websocket.send", "text": content.decode()})


def _start(kind: str, status: int, headers: Mapping[str, str]) -> Message:
    return {"type": kind, "status": status, "headers": _pairs(headers)}


def _pairs(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _first(cursor: str) -> bytes:
    return _ENCODER.encode({"object": "stream", "cursor": cursor})


def _last(end: End, cursor: str | None) -> bytes:
    return _ENCODER.encode({"object": "stream_end", "code": end.word, "cursor": cursor})
