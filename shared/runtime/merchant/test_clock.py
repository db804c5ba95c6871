"""`clock`: what time it is in the test mode, and letting time pass there."""

import time
from datetime import UTC, datetime
from typing import Final

from shared.runtime.merchant import replay
from shared.runtime.merchant.api import Api, CommandError, Object
from shared.runtime.merchant.output import Output, clock

PATH: Final = "/v1/test_clock"
LOOK_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 120.0
"""What still waits then is told as what is under way: it goes on without us."""


def show(api: Api, output: Output) -> None:
    """Write what time it is. Raises CommandError."""
    _refuse_live(api, output)
    _write(api.get(PATH), output)


def advance(api: Api, output: Output, how_far: str) -> None:
    """Let so much time pass (`3d`), and wait until what has come due is done."""
    seconds = replay.read_span(how_far)
    if seconds is None:
        raise CommandError(output.speaker.say("span_unread", text=how_far))
    _move(api, output, advance_seconds=seconds)


def move_to(api: Api, output: Output, when: str) -> None:
    """Let time pass until a moment, and wait until what has come due is done."""
    _move(api, output, to=replay.read_time(when, datetime.now(UTC), output.speaker))


def _move(api: Api, output: Output, **wish: int) -> None:
    _refuse_live(api, output)
    found = api.post(PATH, wish)
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while found["status"] != "ready" and time.monotonic() < give_up_at:
        time.sleep(LOOK_SECONDS)
        found = api.get(PATH)
    _write(found, output)


def _write(found: Object, output: Output) -> None:
    name = "clock_ready" if found["status"] == "ready" else "clock_advancing"
    ahead = round(found["ahead_seconds"] / 86_400, 2)
    output.row(output.speaker.say(name, now=clock(found["now"]), days=f"{ahead:g}"), **found)


def _refuse_live(api: Api, output: Output) -> None:
    if api.login.livemode:
        raise CommandError(output.speaker.say("key_live"))
