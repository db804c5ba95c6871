"""Progress: a bar for whoever watches, few lines for a log, nothing for a run that is soon over."""

import io

import pytest

from shared.db import progress
from shared.db.progress import Progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_that_ends() -> None:
    """The line is drawn over, is full at the end, and is left."""
    stream = _Terminal()
    show = Progress(stream)

    show("migrated", 0, 40)
    show("migrated", 20, 40)
    show("migrated", 40, 40)
    show.end()

    first, last = stream.getvalue().strip("\r\n").split("\r")
    assert first == f"[{'.' * 30}] 0 of 40 migrated\x1b[K"
    assert last == f"[{'#' * 30}] 40 of 40 migrated\x1b[K"
    assert stream.getvalue().endswith("\n")


def test_a_log_gets_no_line_for_a_short_run() -> None:
    """A start on one machine says nothing of two schemas."""
    stream = io.StringIO()
    show = Progress(stream)

    show("looked at", 2, 2)
    show.end()

    assert stream.getvalue() == ""


def test_a_log_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each time that the pause is over."""
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    stream = io.StringIO()
    show = Progress(stream)

    show("migrated", 1, 3)
    show("migrated", 3, 3)

    assert stream.getvalue() == "1 of 3 migrated\n3 of 3 migrated\n"
