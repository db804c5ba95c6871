"""Shows merchants their events as they happen, over WebSocket or as server-sent events."""

from shared.runtime import callers
from shared.runtime.streams.door import stream_function

stream_events = stream_function(
    "stream_events",
    authenticate=callers.authenticate,
    admit=callers.admit,
    standing=callers.standing,
)
