"""Kills by SIGKILL at the points that no storm feeds: each armed, then reached by its one way.

Who died is started again by the runner; what was under way is finished by whoever comes next: a
caller who asks again, Pub/Sub, the outbox, due work. Nothing here repairs anything.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Final

import psutil
import pytest
from urllib3.exceptions import HTTPError

from shared.runtime.crash import DIED
from tests.chaos.killer import AT_POINT, Death, answers
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, LocalSystem

_PAUSE_SECONDS: Final = 0.25
_NOBODY_ANSWERS: Final = (HTTPError, HTTPException, OSError)


@dataclass(frozen=True, slots=True)
class Way:
    """A way through the system, by the points on it; several are met one death after the other.

    `function` is whose process dies. `go` takes the way, and returns what does as whoever has no
    answer yet would do, and says whether all of it is done; both may find nobody who answers.
    """

    function: str
    points: tuple[str, ...]
    go: Callable[[], Callable[[], object]]


Together = Sequence[Way]
"""Ways of one function that are all begun before the first is waited for."""


@dataclass(slots=True)
class RareDrill:
    """Takes every way once; `missing` is what did not come.

    `hits` counts deaths by point, and on a way by who was to die: two functions may pass one point.
    """

    system: LocalSystem
    way_seconds: float
    deaths: list[Death] = field(default_factory=list)
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    _armed: set[str] = field(default_factory=set)
    _noted: set[str] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def run(self, lanes: Sequence[Iterable[Together]]) -> None:
        """Take the ways of all lanes at once, those of each lane one after another."""
        with ThreadPoolExecutor(len(lanes)) as threads:
            list(threads.map(self._follow, lanes))

    def not_hit(self, points: Iterable[str]) -> list[str]:
        """The points at which nobody died."""
        hit = {point for _, point in self.hits}
        return sorted(point for point in points if point not in hit)

    def disarm(self) -> None:
        """Let nobody die any more who comes to a point that was not reached."""
        for point in self._armed:
            (self.system.crash_points / point).unlink(missing_ok=True)

    def _follow(self, lane: Iterable[Together]) -> None:
        for ways in lane:
            begun = [(way, self._begin(way)) for way in ways]
            for way, is_done in begun:
                if is_done is not None:
                    self._await(f"what died at {_words(way)} finished", is_done)

    def _begin(self, way: Way) -> Callable[[], object] | None:
        """Arm its points, take it, and see a process end at each of them."""
        for point in way.points:
            self._armed.add(point)
            (self.system.crash_points / point).touch()
        try:
            is_done = way.go()
        except (*_NOBODY_ANSWERS, AssertionError, pytest.fail.Exception) as failure:
            self._miss(f"the way to {_words(way)}: {failure!r}")
            return None

        def is_over() -> bool:
            if not self._note(way):
                is_done()
            return self._note(way)

        self._await(f"a death at {_words(way)}", is_over)
        url = f"http://{HOST}:{self.system.ports[way.function]}/"
        self._await(f"{way.function} back", lambda: answers(url))
        return is_done

    def _note(self, way: Way) -> bool:
        """Keep who has died on a way since the last look, and say whether that is all."""
        for point in way.points:
            for note in self.system.crash_points.glob(f"{point}{DIED}*"):
                is_new = note.name not in self._noted
                if is_new and not _is_alive(int(note.name.rpartition(".")[2])):
                    self._noted.add(note.name)
                    self.hits[way.function, point] += 1
                    self.deaths.append(Death(way.function, AT_POINT, note.stat().st_ctime))
        return all((way.function, point) in self.hits for point in way.points)

    def _await(self, what: str, look: Callable[[], object]) -> None:
        """Wait for one thing; that it did not come is told at the end, and stops no other way."""

        def quietly() -> object:
            with suppress(*_NOBODY_ANSWERS):
                return look()
            return None

        try:
            wait_for(what, quietly, seconds=self.way_seconds, pause_seconds=_PAUSE_SECONDS)
        except (AssertionError, pytest.fail.Exception) as failure:
            self._miss(f"{what}: {failure!r}")

    def _miss(self, what: str) -> None:
        with self._guard:
            self.missing.append(what)


def _words(way: Way) -> str:
    return " and ".join(way.points)


def _is_alive(process_id: int) -> bool:
    """Whether a process runs; one that its parent has not buried yet is as dead as any."""
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
