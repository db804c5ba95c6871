"""Reads all pages of a charge as one payment: a payer may have paid on any of them."""

from collections.abc import Callable, Sequence
from typing import Final

from shared.domain.charge import FINAL, Charge
from shared.domain.deadline import Deadline
from shared.domain.money import Money
from shared.operations.page_ports import Page, PageReader
from shared.operations.ports import PaymentRead, ReadState

NO_PAGE: Final = "no_page"
MORE_THAN_ONCE: Final = "paid_more_than_once"
"""What we say of a sum: no operator names it, and no transaction is it."""


class ChargePages:
    """A PaymentReader of one charge; it has no way to make a page.

    Only the page that was shown can have been paid, as far as we know. The others are read as well,
    so that what we do not know of is not lost.
    """

    def __init__(
        self, charge: Charge, *, pages: Callable[[], Sequence[Page]], reader: PageReader
    ) -> None:
        """`pages` reads what was kept when it is asked for."""
        self._money = charge.money
        self._is_final = charge.status in FINAL
        self._pages = pages
        self._reader = reader

    def read_payment(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read each; `reference` is the order id of the page that is the charge's.

        A success of any page is one. Of two, the sum was paid, which is not what was asked for. An
        end without success counts when all were read. A charge that has ended without a page was
        asked for nowhere; of one that waits and whose page a restore lost nothing is known.
        """
        reads = {
            page.order_id: self._reader.read_page(page, self._money, deadline=deadline)
            for page in self._pages()
        }
        paid = [read for read in reads.values() if read.state is ReadState.SUCCEEDED]
        if len(paid) > 1:
            total = sum(read.money.amount for read in paid if read.money is not None)
            return PaymentRead(
                ReadState.SUCCEEDED,
                MORE_THAN_ONCE,
                money=Money(total, self._money.currency),
            )
        if paid:
            return paid[0]
        silent = [read for read in reads.values() if read.state is ReadState.UNKNOWN]
        if silent:
            return silent[0]
        lost = ReadState.NOT_FOUND if self._is_final else ReadState.UNKNOWN
        return reads.get(reference, PaymentRead(lost, NO_PAGE))
