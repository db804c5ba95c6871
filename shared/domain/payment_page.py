"""A page on which a merchant asks for money: a checkout is paid once, a payment link often."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.charge import FINAL, ChargeStatus
from shared.domain.customer import Bound
from shared.domain.errors import InvalidRequest

LINK_PREFIX: Final = "plink"
_CHECKOUT_PREFIXES: Final = {True: "cs_live", False: "cs_test"}
CHECKOUT_LASTS: Final = timedelta(hours=24)
"""How long a checkout can be paid where its merchant says nothing."""
CHECKOUT_SHORTEST: Final = timedelta(minutes=5)
CHECKOUT_LONGEST: Final = timedelta(days=30)
LINK_LONGEST: Final = timedelta(days=3660)
LOOK_AGAIN: Final = timedelta(seconds=60)
"""When a checkout whose time is over is looked at again, while a payment of it is under way."""

BEGUN_ON_A_CHECKOUT: Final = Bound(10, timedelta(minutes=10), 50)
BEGUN_ON_A_LINK: Final = Bound(200, timedelta(minutes=10), 2000)
# Many phones share one address of an operator.
BEGUN_BY_AN_ADDRESS: Final = Bound(30, timedelta(minutes=10), 500)


class PageKind(StrEnum):
    """How often a page is paid: once, or by whoever has its address."""

    CHECKOUT = "checkout"
    LINK = "payment_link"


class PageStatus(StrEnum):
    """What can still become of a page."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class PageEvent(StrEnum):
    """What can happen to a checkout."""

    PAID = "paid"  # a charge that was begun on it has succeeded
    RAN_OUT = "ran_out"  # its time is over, and no payment of it is under way


TRANSITIONS: Final[Mapping[tuple[PageStatus, PageEvent], PageStatus]] = {
    (PageStatus.OPEN, PageEvent.PAID): PageStatus.COMPLETE,
    (PageStatus.OPEN, PageEvent.RAN_OUT): PageStatus.EXPIRED,
}

PUBLIC_EVENT: Final[Mapping[PageStatus, str]] = {
    PageStatus.COMPLETE: "checkout.completed",
    PageStatus.EXPIRED: "checkout.expired",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """How much a page asks for in whole XAF: an amount, or what the payer says between bounds."""

    amount: int | None = None
    least: int | None = None
    most: int | None = None

    def read(self, said: int | None) -> int:
        """Return what is to be paid; a payer's word counts where the amount is free.

        Raises InvalidRequest `amount_missing`, `amount_too_small`, `amount_too_large`.
        """
        if self.amount is not None:
            return self.amount
        if said is None:
            raise InvalidRequest("amount_missing", "amount")
        if said < (self.least or 1):
            raise InvalidRequest("amount_too_small", "amount", limit=self.least or 1)
        if self.most is not None and said > self.most:
            raise InvalidRequest("amount_too_large", "amount", limit=self.most)
        return said


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """One page as stored; times are UTC.

    `language` None: each payer's own. `charge_id` is the charge that was begun last, and
    `charge_status` what is known of it.
    """

    id: str
    account: str
    livemode: bool
    kind: PageKind
    asked: Asked
    created_at: datetime
    status: PageStatus = PageStatus.OPEN
    active: bool = True
    description: str | None = None
    reference: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    success_url: str | None = None
    cancel_url: str | None = None
    language: str | None = None
    expires_at: datetime | None = None
    charge_id: str | None = None
    charge_status: ChargeStatus | None = None

    @property
    def is_checkout(self) -> bool:
        """Whether it is paid once."""
        return self.kind is PageKind.CHECKOUT

    @property
    def is_under_way(self) -> bool:
        """Whether somebody may be paying, or may have paid without our knowing it yet."""
        return self.charge_status is not None and self.charge_status not in FINAL

    @property
    def is_paid(self) -> bool:
        """Whether the charge that was begun last has succeeded."""
        return self.charge_status is ChargeStatus.SUCCEEDED

    def is_over(self, now: datetime) -> bool:
        """Tell whether its time is over, or its merchant has switched it off."""
        return not self.active or (self.expires_at is not None and now >= self.expires_at)

    def happened(self, now: datetime) -> PageEvent | None:
        """Return what has happened to it that is not in its status yet; to a link nothing does."""
        if not self.is_checkout:
            return None
        if self.is_paid:
            return PageEvent.PAID
        return PageEvent.RAN_OUT if self.is_over(now) and not self.is_under_way else None

    def due_status(self, now: datetime) -> PageStatus | None:
        """Return the status that is to be stored in the place of this one, None where it stays."""
        event = self.happened(now)
        return None if event is None else TRANSITIONS.get((self.status, event))

    def shown_status(self, now: datetime) -> PageStatus:
        """Return the status as it is seen from outside, whoever has stored it by now."""
        if not self.is_checkout:
            return PageStatus.EXPIRED if self.is_over(now) else PageStatus.OPEN
        return self.due_status(now) or self.status

    def takes_payment(self, now: datetime) -> bool:
        """Tell whether a payment may be begun: on a checkout never beside another one."""
        if self.shown_status(now) is not PageStatus.OPEN or self.is_over(now):
            return False
        return not (self.is_checkout and self.is_under_way)

    @property
    def bound(self) -> Bound:
        """How often payments may be begun on it, by all strangers together."""
        return BEGUN_ON_A_CHECKOUT if self.is_checkout else BEGUN_ON_A_LINK


def prefix_of(kind: PageKind, *, livemode: bool) -> str:
    """Return what ids of a kind begin with in a mode."""
    return _CHECKOUT_PREFIXES[livemode] if kind is PageKind.CHECKOUT else LINK_PREFIX


def is_checkout(page_id: str | None) -> bool:
    """Tell whether an id is that of a checkout, by its form alone."""
    return page_id is not None and page_id.startswith("cs_")
