"""Shows how far a long run is: a bar on a terminal, a line every few seconds in a log."""

import time
from typing import Final, TextIO

LINE_SECONDS: Final = 5.0
BAR_SECONDS: Final = 0.1
_WIDTH: Final = 30


class Progress:
    """Writes to a stream what it is told; a run that is soon over writes no line to a log."""

    def __init__(self, stream: TextIO) -> None:
        """Ask the stream once whether somebody sits before it."""
        self._stream = stream
        self._is_terminal = stream.isatty()
        # The bar begins at once, the lines only when there is something to wait for.
        self._shown_at = time.monotonic() - (BAR_SECONDS if self._is_terminal else 0)
        self._has_bar = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are `what`; too soon after the last word it says nothing."""
        now = time.monotonic()
        pause = BAR_SECONDS if self._is_terminal else LINE_SECONDS
        if now - self._shown_at < pause and not (self._is_terminal and done == total):
            return
        self._shown_at = now
        if self._is_terminal:
            filled = _WIDTH * done // max(total, 1)
            bar = "#" * filled + "." * (_WIDTH - filled)
            self._stream.write(f"\r[{bar}] {done} of {total} {what}\x1b[K")
            self._has_bar = True
        else:
            self._stream.write(f"{done} of {total} {what}\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line of the bar."""
        if self._has_bar:
            self._stream.write("\n")
            self._has_bar = False
