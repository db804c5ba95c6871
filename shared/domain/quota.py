"""Windows of time, and the share of a window's quota that one process holds.

A process asks the shared count for a lease when its share is used up: what it needs now, and a
twentieth of what it has used. So leases that nobody uses come to a tenth of the quota at most, and
a caller with few requests may pass on credit, a thousandth of the quota, without being asked about.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

LEASE_DIVISOR: Final = 20
CREDIT_DIVISOR: Final = 1_000
# Douala is an hour ahead of UTC all the year.
_DOUALA: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def window_start(at: datetime, seconds: int) -> int:
    """Return the first second, since 1970, of the window in which a moment lies."""
    moment = int(at.timestamp())
    return moment - moment % seconds


def seconds_left(starts_at: int, seconds: int, at: datetime) -> int:
    """Return whole seconds until a window is over, at least 1."""
    return max(1, starts_at + seconds - int(at.timestamp()))


def business_day(at: datetime) -> date:
    """Return the day in Douala."""
    return (at.astimezone(UTC) + _DOUALA).date()


def seconds_to_next_day(at: datetime) -> int:
    """Return whole seconds until the next day begins in Douala, at least 1."""
    local = at.astimezone(UTC) + _DOUALA
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    return -((local - midnight) // timedelta(seconds=1))


@dataclass(slots=True)
class Share:
    """What one process holds of one quota in one window; `taken` is by all, as last heard.

    `pace` is what was used here in the window before.
    """

    quota: int
    starts_at: int
    pace: int = 0
    granted: int = 0
    used: int = 0
    taken: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left to ask for."""
        return self.taken >= self.quota

    @property
    def has_room(self) -> bool:
        """Whether one more may pass without asking."""
        credit = 0 if self.is_spent else self.quota // CREDIT_DIVISOR
        return self.used < self.granted + credit

    @property
    def remaining(self) -> int:
        """What is left to all, as far as it is known here."""
        return max(0, self.quota - self.taken + self.granted - self.used)

    def wanted(self) -> int:
        """Return how much to ask for so that one more passes; 0 where it need not or cannot."""
        if self.has_room or self.is_spent:
            return 0
        return self.used + 1 - self.granted + max(self.used, self.pace) // LEASE_DIVISOR

    def hear(self, granted: int, taken: int) -> None:
        """Take a lease, and note what all have taken by now."""
        self.granted += granted
        self.taken = taken

    def following(self, starts_at: int, seconds: int, quota: int) -> "Share":
        """Return an unused share of a later window."""
        is_next = starts_at == self.starts_at + seconds
        return Share(quota, starts_at, pace=self.used if is_next else 0)
