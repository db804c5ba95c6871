"""When keys were used: written seldom, together, and never in anybody's way."""

import threading
from collections.abc import Sequence

import pytest

from shared.runtime import key_use
from shared.runtime.key_use import KeyUse


class Written:
    """What was written; `fails` makes it fail once."""

    def __init__(self, *, fails: bool = False) -> None:
        """Nothing yet."""
        self.batches: list[list[str]] = []
        self.has_come = threading.Event()
        self._fails = fails

    def __call__(self, ids: Sequence[str]) -> None:
        """Keep."""
        self.batches.append(list(ids))
        self.has_come.set()
        if self._fails:
            self._fails = False
            raise OSError


def test_uses_are_written_together_and_once_a_minute() -> None:
    """A thousand uses of two keys are one statement."""
    written = Written()
    use = KeyUse(written, gather_seconds=0.05)
    for _ in range(500):
        use.note("b")
        use.note("a")
    use.close()

    assert written.batches == [["a", "b"]]


def test_the_next_minute_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its minute a key is noted anew, also where a write failed."""
    now = [100.0]
    monkeypatch.setattr(key_use, "monotonic", lambda: now[0])
    written = Written(fails=True)
    use = KeyUse(written, gather_seconds=0.0)
    use.note("a")
    assert written.has_come.wait(5)
    now[0] += 61
    use.note("a")
    now[0] += 2
    use.note("a")
    use.close()

    assert written.batches == [["a"], ["a"]]


def test_a_use_waits_for_no_write() -> None:
    """While the database hangs, uses are noted at once."""
    go_on = threading.Event()
    written: list[list[str]] = []

    def hang(ids: Sequence[str]) -> None:
        written.append(list(ids))
        go_on.wait(5)

    use = KeyUse(hang, gather_seconds=0.0)
    for number in range(100):
        use.note(f"key{number}")
    assert not go_on.is_set()
    go_on.set()
    use.close()

    assert sorted(key for batch in written for key in batch) == sorted(
        f"key{number}" for number in range(100)
    )


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many keys come by, memory stays small."""
    monkeypatch.setattr(key_use, "MOST_KNOWN", 3)
    use = KeyUse(Written(), gather_seconds=0.0)
    for number in range(10):
        use.note(str(number))
    use.close()

    assert len(use._noted) <= 3
