"""Where the command line writes: sentences for people, or a JSON object a line for programs."""

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from shared.runtime.merchant.words import Speaker


class Output:
    """Writes what happened. With `is_json` sentences go to standard error, objects to the other."""

    def __init__(self, speaker: Speaker, *, is_json: bool, out: TextIO | None = None) -> None:
        """`out` is standard output where it is not given."""
        self.speaker = speaker
        self.is_json = is_json
        self._out = out or sys.stdout

    def say(self, name: str, **values: object) -> None:
        """Tell a person something beside the results."""
        stream = sys.stderr if self.is_json else self._out
        _write(stream, self.speaker.say(name, **values))

    def row(self, shown: str, **facts: Any) -> None:
        """Write one result: a line as people read it, or its facts."""
        _write(self._out, json.dumps(facts, ensure_ascii=False) if self.is_json else shown)


def clock(seconds: int) -> str:
    """Return a time in UTC as it stands in a line."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def event_line(event: Mapping[str, Any], rest: str = "") -> str:
    """Return an event in one line."""
    return f"{clock(event['created'])}  {event['type']:<26}  {event['id']}  {rest}".rstrip()


def _write(stream: TextIO, line: str) -> None:
    try:
        stream.write(line + "\n")
        stream.flush()
    except BrokenPipeError:
        # Whoever read along is gone; what is left unwritten must not fail at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise SystemExit(0) from None
