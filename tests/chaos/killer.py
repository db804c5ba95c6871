"""Kills processes by SIGKILL, at crash points and out of the blue, and times their way back.

The runner waits longer from a third crash within 10 s on, so a function dies at most twice in a row
before it is left in peace for a while.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import pytest
import urllib3

from knative.catalogue import FunctionEntry, load_catalogue
from shared.runtime.crash import DIED
from tests.chaos.counters import FaultCounters
from tests.chaos.crash_points import victim_of
from tests.system import HOST, LocalSystem

AT_POINT: Final = "kill at a crash point"
AT_RANDOM: Final = "kill at random"
BACK_SECONDS: Final = 30.0
# What lies below the functions, by the port that tells its process, and how it is ended. For the
# server of the database SIGQUIT is an immediate shutdown and SIGINT a fast one.
PARTS: Final[Mapping[str, tuple[str, signal.Signals]]] = {
    "kill of the database": ("postgres", signal.SIGKILL),
    "immediate stop of the database": ("postgres", signal.SIGQUIT),
    "fast stop of the database": ("postgres", signal.SIGINT),
    "kill of the broker": ("pubsub_http", signal.SIGKILL),
    "kill of the object store": ("object_store", signal.SIGKILL),
    "kill of the gateway": ("gateway", signal.SIGKILL),
}
_IN_A_ROW: Final = 2
# More at once would measure how long two cores take to start many programs.
_MOST_DOWN: Final = 2
_STEADY_SECONDS: Final = 11.0
_LOOK_SECONDS: Final = 0.03
_SERVER_FAILURE: Final = 500
_TICK_SECONDS: Final = 25.0
_ODDS_OF_A_POINT: Final = 0.7


@dataclass(slots=True)
class Death:
    """One kill: of what, how, when (seconds since 1970), after how long it answered again.

    `load` is the machine's load average of the minute before, for each core.
    """

    name: str
    how: str
    at: float
    load: float = field(default_factory=lambda: os.getloadavg()[0] / (os.cpu_count() or 1))
    back_after: float | None = None


@dataclass(slots=True)
class _Victim:
    entry: FunctionEntry
    points: tuple[str, ...]
    in_a_row: int = 0
    is_down: bool = False
    back_at: float = 0.0
    armed: str | None = None
    ticked_at: float = 0.0

    def may_die(self) -> bool:
        """Whether it is up, and was not killed too often just now."""
        is_steady = time.time() - self.back_at > _STEADY_SECONDS
        return not self.is_down and (self.in_a_row < _IN_A_ROW or is_steady)


@dataclass(slots=True)
class Killer:
    """Chooses by `chance` who dies where; `hits` counts deaths by crash point."""

    system: LocalSystem
    chance: random.Random
    counters: FaultCounters
    points: frozenset[str]
    is_answering: Mapping[str, Callable[[], bool]]
    deaths: list[Death] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    _victims: dict[str, _Victim] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Every function is a victim, with the crash points of its name; who died before is not."""
        self._seen = set(self._died())
        for entry in load_catalogue():
            if entry.kind != "operation":
                mine = tuple(sorted(p for p in self.points if victim_of(p) == entry.name))
                self._victims[entry.name] = _Victim(entry, mine)

    def look(self) -> None:
        """Notice who died at a point since the last look, and call what runs by the clock."""
        dead = self._died()
        for name in dead.keys() - self._seen:
            self._seen.add(name)
            point, _, who = name.partition(DIED)
            self._victims[victim_of(point)].armed = None
            self.hits[point] += 1
            # What stores for several functions has points that each of them passes.
            self._mourn(self._victims[who.rpartition(".")[0]], AT_POINT, dead[name])
        for victim in self._victims.values():
            if victim.armed and victim.entry.schedule and not victim.is_down:
                self._tick(victim)

    def _died(self) -> dict[str, float]:
        """The marks of those who died at a point, each with its time."""
        with os.scandir(self.system.crash_points) as found:
            return {e.name: e.stat().st_ctime for e in found if DIED in e.name}

    def armed(self) -> list[str]:
        """The points that wait for somebody to pass."""
        return [victim.armed for victim in self._victims.values() if victim.armed is not None]

    def strike(self) -> str | None:
        """Arm a point or kill at once; the name of the point that was armed, if any."""
        if self.chance.random() < _ODDS_OF_A_POINT and not self._are_many_down():
            return self.arm(self.points)
        self.kill_somebody()
        return None

    def kill_somebody(self) -> None:
        """Kill at once whoever may die, unless too many are down."""
        able = [victim for victim in self._victims.values() if victim.may_die()]
        if able and not self._are_many_down():
            self._kill_now(self.chance.choice(able))

    def _are_many_down(self) -> bool:
        return sum(victim.is_down for victim in self._victims.values()) >= _MOST_DOWN

    def arm(self, points: Iterable[str]) -> str | None:
        """Arm the point among `points` that was hit least, of a function that waits for none."""
        able = {
            point
            for victim in self._victims.values()
            if victim.armed is None and victim.may_die()
            for point in victim.points
        } & set(points)
        if not able:
            return None
        least = min(self.hits[point] for point in able)
        point = self.chance.choice(sorted(p for p in able if self.hits[p] == least))
        self._victims[victim_of(point)].armed = point
        (self.system.crash_points / point).touch()
        self.counters.injected[AT_POINT] += 1
        return point

    def end_part(self, fault: str) -> None:
        """End what lies below the functions."""
        name, how = PARTS[fault]
        if (process_id := self._process_id(name)) is not None:
            self.counters.injected[fault] += 1
            os.kill(process_id, how)
            death = Death(name, fault, time.time())
            self._time(death, lambda: self._is_another(name, process_id), lambda: None)

    def disarm(self) -> None:
        """Let nobody die any more."""
        for victim in self._victims.values():
            if victim.armed is not None:
                (self.system.crash_points / victim.armed).unlink(missing_ok=True)
        self.look()

    def _kill_now(self, victim: _Victim) -> None:
        process_id = self._process_id(victim.entry.name)
        if process_id is None:
            return
        self.counters.injected[AT_RANDOM] += 1
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)
            self._mourn(victim, AT_RANDOM, time.time())

    def _process_id(self, name: str) -> int | None:
        with suppress(pytest.fail.Exception):
            return self.system.process_id(name)
        return None

    def _is_another(self, name: str, process_id: int) -> bool:
        """Whether a new process has the part's port, and the part works."""
        return self._process_id(name) not in {None, process_id} and self.is_answering[name]()

    def _mourn(self, victim: _Victim, how: str, at: float) -> None:
        is_steady = at - victim.back_at > _STEADY_SECONDS
        victim.in_a_row = 1 if is_steady else victim.in_a_row + 1
        victim.is_down = True
        url = f"http://{HOST}:{self.system.ports[victim.entry.name]}/"

        def is_back() -> None:
            victim.back_at = time.time()
            victim.is_down = False

        self._time(Death(victim.entry.name, how, at), lambda: answers(url), is_back)

    def _time(
        self, death: Death, is_answering: Callable[[], bool], done: Callable[[], None]
    ) -> None:
        """Ask in a thread of its own until it answers; a process that was killed cannot."""
        self.counters.struck[death.how] += 1
        self.deaths.append(death)

        def ask() -> None:
            while time.time() < death.at + BACK_SECONDS:
                if is_answering():
                    break
                time.sleep(_LOOK_SECONDS)
            death.back_after = time.time() - death.at
            done()

        threading.Thread(target=ask, daemon=True).start()

    def _tick(self, victim: _Victim) -> None:
        """Call a scheduled function as soon as it is back, and again when that run is over."""
        now = time.time()
        if victim.ticked_at < victim.back_at or now - victim.ticked_at > _TICK_SECONDS:
            victim.ticked_at = now
            url = f"http://{HOST}:{self.system.ports[victim.entry.name]}/"
            threading.Thread(target=_post, args=(url,), daemon=True).start()


def answers(url: str, *, below: int = _SERVER_FAILURE) -> bool:
    """Whether an answer comes from there, with a status `below` that of a server's failure."""
    with suppress(urllib3.exceptions.HTTPError):
        return urllib3.request("GET", url, timeout=1, retries=False).status < below
    return False


def _post(url: str) -> None:
    """A tick's answer comes when its run is over, or never, when it is killed meanwhile."""
    with suppress(urllib3.exceptions.HTTPError):
        urllib3.request("POST", url, timeout=_TICK_SECONDS, retries=False)
