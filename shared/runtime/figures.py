"""Reads the platform's figures for whoever watches: one read at a time, and not again at once.

They are told on the port of metrics, which no gateway reaches. On its own port the function says
only whether the last read went well: that is what a probe asks.
"""

import re
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from shared.db.figures import Figures
from shared.domain.errors import MethodNotAllowed, NotFound, Unavailable
from shared.domain.figure import (
    CLOCK,
    CLOCK_DISTANCE,
    FIGURES,
    READ,
    READ_FIGURES,
    READ_SECONDS,
    Reading,
)
from shared.runtime import logs, metrics, wiring
from shared.runtime.exchange import Answer, Exchange, Function, edge
from shared.runtime.once import once

if TYPE_CHECKING:
    import flask

KEPT_SECONDS: Final = 5.0
"""For how long a read serves others who ask."""
AGAIN_SECONDS: Final = 1.0
"""And for how long the word that it failed."""
MOST_SERIES: Final = 300
"""What a figure may have of them: more would be a label that is not bounded."""
OTHER: Final = "other"
_WORD: Final = re.compile(r"[a-z][a-z0-9_.-]{0,59}")


class Watch:
    """The last read. Nothing old is told: where it failed there are no figures of the database."""

    def __init__(self, figures: Figures) -> None:
        """Keep where to read; nothing is read yet."""
        self._figures: Final = figures
        self._lock: Final = threading.Lock()
        self._ends_at = 0.0
        self._families: Sequence[metrics.Family] = ()
        self.is_well = True

    def families(self) -> Sequence[metrics.Family]:
        """Return all figures, read now or a moment ago."""
        with self._lock:
            if time.monotonic() >= self._ends_at:
                self._families = tuple(self._read())
                seconds = KEPT_SECONDS if self.is_well else AGAIN_SECONDS
                self._ends_at = time.monotonic() + seconds
            return self._families

    def _read(self) -> Iterator[metrics.Family]:
        began = time.monotonic()
        readings: Sequence[Reading] = ()
        try:
            readings = self._figures.read(at=wiring.now())
            self.is_well = True
        except Exception as failure:  # noqa: BLE001 - that it fails is what must be told
            self.is_well = False
            if isinstance(failure, Unavailable):
                logs.warning("figures_unread", code=failure.code)
            else:
                logs.exception("figures_unread", failure)
        yield _family(READ, [((), int(self.is_well))])
        yield _family(READ_SECONDS, [((), time.monotonic() - began)])
        if self.is_well:
            yield from _families(readings)


def _families(readings: Sequence[Reading]) -> Iterator[metrics.Family]:
    values: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in sorted(READ_FIGURES)}
    for reading in readings:
        words = tuple(_plain(word) for word in reading.words)
        of_name = values[reading.name]
        if words in of_name or len(of_name) < MOST_SERIES:
            of_name[words] = of_name.get(words, 0) + reading.value
    clock = values.pop(CLOCK)
    for milliseconds in clock.values():
        yield _family(CLOCK_DISTANCE, [((), milliseconds / 1000 - time.time())])
    for name, of_name in values.items():
        yield _family(name, list(of_name.items()))


def _plain(word: str) -> str:
    """Return a word of ours, and for whatever else came from a row one word: no label is free."""
    return word if _WORD.fullmatch(word) else OTHER


def _family(name: str, values: Sequence[tuple[Sequence[str], float]]) -> metrics.Family:
    return (name, FIGURES[name].meaning, FIGURES[name].labels, values)


@once
def watch() -> Watch:
    """Return the one watch of this process."""
    return Watch(Figures(wiring.metrics_database()))


def figures_function(name: str) -> Function:
    """Return the function of this name: figures where metrics are asked for, and `GET /`."""
    metrics.collect(lambda: watch().families())

    def serve(request: "flask.Request", _exchange: Exchange) -> Answer:
        if request.path != "/":
            raise NotFound("route_unknown")
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowed("method_not_allowed", allow="GET, HEAD")
        watch().families()
        if not watch().is_well:
            raise Unavailable("temporarily_unavailable", retry_after_seconds=5)
        return Answer(200, {"read": True})

    return edge(name, serve)
