"""How far the test mode of an account is ahead of the time, and how it is put further ahead.

It only goes forward: going back would put balances, invoices and archives out of order. A clock
moves a moment after it was set, when every process knows of it; so all of them go by the new time
from the same moment on.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from shared.domain.errors import InvalidRequest

FURTHEST: Final = timedelta(days=400)
"""How far a clock may be ahead in all. The table of clocks has it too."""

NOTICE: Final = timedelta(seconds=4)
"""How long before it moves a clock is set: processes look every two seconds for what has changed,
and believe what they know for as long."""

_SECOND: Final = timedelta(seconds=1)
_NOTHING: Final = timedelta()
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Advance:
    """A wish: so many seconds more, or to a moment; one of them is given."""

    by: timedelta | None = None
    to: datetime | None = None


@dataclass(frozen=True, slots=True)
class TestClock:
    """A test mode that was ahead by whole seconds, and is by others from `moves_at` on."""

    __test__ = False  # no test, whatever its name says to those who collect them

    was_ahead: timedelta = _NOTHING
    ahead: timedelta = _NOTHING
    moves_at: datetime = _LONG_AGO

    def ahead_at(self, machine: datetime) -> timedelta:
        """Return by how much it is ahead at a moment of the machine's."""
        return self.was_ahead if machine < self.moves_at else self.ahead

    def time(self, machine: datetime) -> datetime:
        """Return what time it is in the test mode."""
        return machine + self.ahead_at(machine)

    def moved(self, wish: Advance, machine: datetime) -> Self:
        """Return the clock as it is to be. One that is about to move moves once, further.

        Raises InvalidRequest `test_clock_not_forward` and `test_clock_too_far`.
        """
        moves_at = machine + NOTICE
        if wish.to is None:
            ahead = self.ahead + (wish.by or _NOTHING)
        else:
            # Up to the next whole second: the time that was asked for has come then.
            ahead = -((moves_at - wish.to) // _SECOND) * _SECOND
            if ahead <= self.ahead:
                raise InvalidRequest("test_clock_not_forward", "to")
        if ahead > FURTHEST:
            name = "advance_seconds" if wish.to is None else "to"
            raise InvalidRequest("test_clock_too_far", name, limit=FURTHEST.days)
        return type(self)(self.ahead_at(machine), ahead, moves_at)


STILL: Final = TestClock()
"""Of the live mode, and of a test mode whose clock nobody has moved."""
