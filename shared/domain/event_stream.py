"""The order in which events are streamed, and which of them a reader wants."""

import re
from dataclasses import dataclass
from typing import Final

from shared.domain.errors import InvalidRequest
from shared.domain.events import Event
from shared.domain.ids import is_id

MOST_TYPES: Final = 50
LONGEST_TYPES: Final = 2_000
_TYPE: Final = re.compile(r"[a-z_]+(?:\.[a-z_]+)*")

Place = tuple[int, str]
"""Where an event lies in the feed: the number of the transaction that wrote it, then its id."""

BEFORE_ALL: Final[Place] = (0, "")
START: Final = "start"
"""The cursor of that place, since no event has it; every other is the id of an event."""


def cursor_of(place: Place) -> str:
    """Return what a client shows to go on after a place."""
    return START if place == BEFORE_ALL else place[1]


def is_cursor(text: str) -> bool:
    """Tell whether the text has the form of a cursor; says nothing of existence."""
    return text == START or is_id(text, "evt")


@dataclass(frozen=True, slots=True)
class Told:
    """An event at its place in the feed."""

    place: Place
    event: Event


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events a reader wants: all, or some types and families (`charge.*`)."""

    types: frozenset[str] = frozenset()
    families: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> "EventFilter":
        """Read `charge.*,payout.paid`; None and `*` are everything.

        Raises InvalidRequest `parameter_invalid` for what can be no type.
        """
        if text is None or text == "*":
            return cls()
        words = text.split(",") if len(text) <= LONGEST_TYPES else []
        if not 0 < len(words) <= MOST_TYPES:
            raise InvalidRequest("parameter_invalid", "types")
        for word in words:
            if not _TYPE.fullmatch(word.removesuffix(".*")):
                raise InvalidRequest("parameter_invalid", "types")
        families = (word.removesuffix("*") for word in words if word.endswith(".*"))
        return cls(frozenset(w for w in words if not w.endswith(".*")), tuple(families))

    def takes(self, type_: str) -> bool:
        """Tell whether events of a type are wanted."""
        if not self.types and not self.families:
            return True
        return type_ in self.types or type_.startswith(self.families)
