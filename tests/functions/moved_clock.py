"""A shop's test clock at its door, moved as its merchant moves it."""

import time
from typing import Any, Final

from tests.factories import an_id
from tests.functions.door import Door, Reply
from tests.functions.till import Till

PATH: Final = "/v1/test_clock"
DAY: Final = 86_400
PATIENCE_SECONDS: Final = 60


class Clock:
    """The clock of a shop's test mode, through its own door."""

    def __init__(self, till: Till, door: Door) -> None:
        self.till = till
        self.door = door

    def ask(self, *, key: str | None = None, idempotency: str | None = None, **body: Any) -> Reply:
        """Ask that it be put ahead."""
        headers = {"Idempotency-Key": idempotency or an_id("key")}
        return self.door.post(PATH, body, key=key or self.till.account.secret_key, headers=headers)

    def read(self) -> dict[str, Any]:
        """What it says."""
        reply = self.door.get(PATH, key=self.till.account.secret_key)
        assert reply.status == 200, reply.json
        shown: dict[str, Any] = reply.json
        return shown

    def advance(self, seconds: int) -> dict[str, Any]:
        """Put it ahead, and wait until it has moved."""
        before = self.read()["now"]
        reply = self.ask(advance_seconds=seconds)
        assert reply.status == 200, reply.json
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while (shown := self.read())["now"] < before + seconds:
            assert time.monotonic() < give_up_at
            time.sleep(0.2)
        return shown
