"""Automatic settlement: what is available goes to the merchant's own number, by itself.

A rule has one moment a day or a week, in Douala. Each moment settles once: the payout's idempotency
key follows from the rule and the day, so that whoever is woken again finds it made.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.phone import Operator, PhoneNumber
from shared.domain.quota import business_day
from shared.domain.receipt import DOUALA

LARGEST: Final = 10**12
_DAY: Final = timedelta(days=1)


class Every(StrEnum):
    """How often."""

    DAY = "daily"
    WEEK = "weekly"


@dataclass(frozen=True, slots=True)
class SettlementRule:
    """What an owner has set. `weekday` is 1 for Monday, None for every day; `hour` is Douala's.

    `minimum` is what must be there to be paid, `keep_back` what stays, both in whole XAF. `set_by`
    is the owner in whose name it is paid.
    """

    id: str
    account: str
    livemode: bool
    phone: PhoneNumber
    operator: Operator
    name: str | None
    every: Every
    weekday: int | None
    hour: int
    minimum: int
    keep_back: int
    set_by: str
    set_at: datetime
    ended_at: datetime | None = None

    def last_moment(self, now: datetime) -> datetime:
        """Return the last of its moments that is not after now."""
        local = now.astimezone(DOUALA)
        moment = local.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        while moment > local or self.weekday not in {None, moment.isoweekday()}:
            moment -= _DAY
        return moment.astimezone(UTC)

    def next_moment(self, now: datetime) -> datetime:
        """Return the first of its moments after now."""
        moment = self.last_moment(now) + _DAY
        while self.weekday not in {None, moment.astimezone(DOUALA).isoweekday()}:
            moment += _DAY
        return moment

    def key(self, moment: datetime) -> str:
        """Return under which idempotency key that moment is settled; no merchant can send it."""
        return f"§settlement:{self.id}:{business_day(moment).isoformat()}"

    def fingerprint(self, moment: datetime) -> str:
        """Return what stands for the wish, whatever is available when somebody is woken again."""
        return hashlib.sha256(self.key(moment).encode()).hexdigest()

    def amount(self, available: int, *, largest: int, cost: Callable[[int], int]) -> int:
        """Return what can be paid, in whole XAF; 0 where that is less than it shall be at least.

        `largest` is what its operator takes at once: the rest stays for the next moment, since
        nothing is split in silence. `cost` is what an amount costs beside itself.
        """
        spendable = available - self.keep_back
        if spendable <= 0:
            return 0
        amount = min(spendable, largest)
        if amount + cost(amount) > spendable:
            amount = spendable - cost(spendable)
        return amount if amount >= max(self.minimum, 1) else 0
