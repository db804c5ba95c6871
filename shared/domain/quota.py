"""Windows of time, and the share of a window's quota that one process holds.

A process asks the shared count for a lease when its share is used up: what it needs now, and a
twentieth of what it has used. So leases that nobody uses come to a tenth of the quota at most, and
a caller with few requests may pass on credit, a thousandth of the quota, without being asked about.

What is sent to an operator is counted by the second, and exactly: no credit, and no lease outlives
its second.
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


@dataclass(frozen=True, slots=True)
class SendLease:
    """What a process was given of an operator account's present second, and its seconds left."""

    granted: int
    seconds: float


@dataclass(slots=True)
class SendShare:
    """What one process holds of an operator account's second; moments are monotonic seconds.

    `pace` is what was used here in the second before.
    """

    ends_at: float = 0
    left: int = 0
    used: int = 0
    pace: int = 0
    is_spent: bool = False

    def is_known(self, now: float) -> bool:
        """Tell whether nobody need be asked: some is left here, or none is left to all."""
        return now < self.ends_at and (self.left > 0 or self.is_spent)

    def wish(self, now: float) -> int:
        """Return how many to ask for, one at least; what was left of a second before is gone."""
        if now >= self.ends_at:
            self.pace = self.used if now < self.ends_at + 1 else 0
            self.left = self.used = 0
            # Whatever comes of the question: this second is counted once.
            self.ends_at = now
        return 1 + max(self.pace - self.used, self.used)

    def hear(self, lease: SendLease, asked_at: float, *, needed: int) -> None:
        """Take a lease that was asked for at a moment: it ends no later than its second does."""
        self.left += lease.granted
        self.is_spent = lease.granted < needed
        self.ends_at = asked_at + lease.seconds

    def take(self) -> bool:
        """Use one; False where none is left."""
        if not self.left:
            return False
        self.left -= 1
        self.used += 1
        return True
