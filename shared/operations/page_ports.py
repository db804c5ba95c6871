"""What charges need of operators whose payers pay on the operator's own page, as Protocols.

A page moves no money by itself: only a payer who sees it can pay. So a page that was not shown may
be made anew, under another order id, whatever became of the call that asked for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.domain.charge import Attempt, Charge
from shared.domain.deadline import Deadline
from shared.domain.money import Money
from shared.operations.ports import NotSent, PaymentRead, Refused, Unknown


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a page is asked for with; `order_id` is ours and serves once."""

    order_id: str
    money: Money
    return_url: str
    callback_url: str
    language: str
    label: str


@dataclass(frozen=True, slots=True)
class PageKeys:
    """What the operator gave with a page: secrets all, by which it is read and reached."""

    pay_token: str = field(repr=False)
    notif_token: str = field(repr=False)
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was made for a charge. `is_shown`: its payer can have seen it."""

    order_id: str
    is_shown: bool
    keys: PageKeys = field(repr=False)


class PageOpener(Protocol):
    """Has an operator make a page."""

    def open_page(
        self, request: PageRequest, *, deadline: Deadline
    ) -> PageKeys | Refused | Unknown | NotSent:
        """Ask once; never raises for what an operator or a network can do."""


class PageReader(Protocol):
    """Reads what became of a page; cannot make one."""

    def read_page(self, page: Page, money: Money, *, deadline: Deadline) -> PaymentRead:
        """Read once; never raises for what an operator or a network can do."""


class PageStore(Protocol):
    """The pages of one tenant's charges; each call is one transaction."""

    def claim(
        self,
        attempt: Attempt,
        *,
        consumer: str,
        message_id: str,
        callback_token_hash: str,
        number_hmac: str,
        now: datetime,
        lease_until: datetime,
    ) -> tuple[Charge, Attempt] | None:
        """Take the lease and commit one more attempt, with its number and order id.

        None when no page is to be made: one was shown, it is final, leased, past its time, or asked
        for by a message that has had its effect. Attempts before it were not shown, and never are.
        """

    def keep(self, attempt: Attempt, keys: PageKeys) -> None:
        """Commit what the operator gave, sealed, whoever holds the lease by now."""

    def release(self, charge: Charge, attempt: Attempt, *, reason: str) -> None:
        """Give the lease back: no page came of this attempt."""

    def pages(self, charge_id: str) -> Sequence[Page]:
        """Return every page that was kept for a charge, the oldest first."""
