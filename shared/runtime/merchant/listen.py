"""`listen`: follows the live stream and sends each event on to an address of the merchant's."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import urllib3

from shared.domain.event_stream import START
from shared.runtime.merchant.api import Api, Refused
from shared.runtime.merchant.output import Output

_SHORTEST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 10.0
# What another try cannot change.
_FINAL: Final = frozenset({400, 401, 403})


class Receiver(Protocol):
    """Who is given the events."""

    def send(self, event: Mapping[str, Any], /) -> bool:
        """Take one; whether all went well."""


class Listener:
    """One run of the command; `cursor` is the last event that was sent on."""

    def __init__(self, api: Api, receiver: Receiver, output: Output, *, types: str | None) -> None:
        """Open nothing yet."""
        self.cursor: str | None = None
        self._api = api
        self._receiver = receiver
        self._output = output
        self._types = types
        self._pause = _SHORTEST_PAUSE

    def run(self, *, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Follow until interrupted, whatever is cut. Raises Refused where it may not follow.

        `goes_on` is asked after each event and each cut.
        """
        while goes_on():
            wait = 0.0
            try:
                reason = self._follow(goes_on)
            except Refused as refused:
                if refused.code == "resource_missing":
                    # A test mode was emptied: whatever it has by now came after that.
                    self.cursor = START
                elif refused.status in _FINAL:
                    raise
                reason, wait = refused.code, refused.retry_after
            except (urllib3.exceptions.HTTPError, OSError) as failure:
                reason = type(failure).__name__
            if not goes_on():
                return
            self._output.say("cut", reason=reason, cursor=self.cursor or "…")
            time.sleep(max(self._pause, min(wait, _LONGEST_PAUSE)))
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _follow(self, goes_on: Callable[[], bool]) -> str:
        """Send on what one stream brings; return why it ended."""
        for frame in self._api.follow(self.cursor, self._types):
            match frame["object"]:
                case "stream":
                    self._pause = _SHORTEST_PAUSE
                    # Where nothing of these types comes, it goes on from here all the same.
                    self.cursor = self.cursor or frame["cursor"]
                case "event":
                    self._receiver.send(frame)
                    self.cursor = frame["id"]
                    if not goes_on():
                        return "done"
                case "stream_end":
                    return str(frame["code"])
        return "closed"
