"""The raw bound of the stream: who posts to an address is heard by all who listen there.

It stands on the same server and writes the same frames as stream_events, and nothing else: no
database, no keys, no places. `bare_stream` is served by `shared.runtime.serve_asgi`.
"""

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Final

from shared.domain.event_stream import START
from shared.runtime.streams.line import (
    Line,
    Receive,
    Scope,
    Send,
    ServerSentEvents,
    WebSocket,
)
from shared.runtime.streams.subscription import Frame

_listening: Final[dict[str, list[Line]]] = defaultdict(list)


async def bare_stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Listen at an address; POST hands on its body, an event; `/` only answers."""
    path = scope["path"]
    if scope["type"] == "http" and (path == "/" or scope["method"] == "POST"):
        if path != "/":
            content = (await receive())["body"]
            event = json.loads(content)
            frame = Frame((0, event["id"]), event["type"], content, datetime.now(UTC))
            for each in _listening[path]:
                await each.tell(frame)
        await ServerSentEvents(receive, send).refuse(204, {}, b"")
        return
    line: Line = (WebSocket if scope["type"] == "websocket" else ServerSentEvents)(receive, send)
    await line.begin({}, START)
    _listening[path].append(line)
    await line.gone()
    _listening[path].remove(line)
