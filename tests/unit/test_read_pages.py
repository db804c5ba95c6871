"""Several pages of one charge are read as one payment."""

import time
from collections.abc import Mapping

import pytest

from shared.domain.charge import ChargeStatus
from shared.domain.deadline import Deadline
from shared.domain.money import Money
from shared.operations.page_ports import Page, PageKeys
from shared.operations.ports import PaymentRead, ReadState
from shared.operations.read_pages import ChargePages
from tests.factories import a_charge
from tests.fakes import TENANT

PAID = PaymentRead(ReadState.SUCCEEDED, "SUCCESS", money=Money(1500))
WAITS = PaymentRead(ReadState.PENDING, "INITIATED")
OVER = PaymentRead(ReadState.EXPIRED, "EXPIRED")
SILENT = PaymentRead(ReadState.UNKNOWN, "timeout")


class Reader:
    """A PageReader that says of each order what it was told to say."""

    def __init__(self, reads: Mapping[str, PaymentRead]) -> None:
        self.reads = reads

    def read_page(self, page: Page, money: Money, *, deadline: Deadline) -> PaymentRead:
        del money, deadline
        return self.reads[page.order_id]


def read(shown: PaymentRead, *others: PaymentRead) -> PaymentRead:
    """What is read of a charge whose last page was shown."""
    reads = {f"order-{place}": each for place, each in enumerate([*others, shown])}
    pages = [Page(name, is_shown=False, keys=PageKeys("p", "n", "u")) for name in reads]
    reader = ChargePages(a_charge(TENANT), pages=lambda: pages, reader=Reader(reads))
    deadline = Deadline.after(1, time.monotonic)
    return reader.read_payment(f"order-{len(others)}", deadline=deadline)


@pytest.mark.parametrize(
    ("reads", "outcome"),
    [
        ([PAID], PAID),
        ([OVER, PAID], PAID),
        ([WAITS, PAID, SILENT], PAID),
        ([OVER], OVER),
        ([OVER, WAITS], OVER),
        ([WAITS, OVER], WAITS),
        ([OVER, SILENT], SILENT),
    ],
)
def test_a_success_anywhere_counts_and_an_end_when_all_were_read(
    reads: list[PaymentRead], outcome: PaymentRead
) -> None:
    """The first is the page that was shown, whose word counts where nobody paid."""
    assert read(*reads) == outcome


def test_two_payments_are_their_sum() -> None:
    """Which is not what was asked for: whoever compares it opens a case."""
    twice = read(PAID, PAID)

    assert (twice.state, twice.money) == (ReadState.SUCCEEDED, Money(3000))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (ChargeStatus.FAILED, ReadState.NOT_FOUND),
        (ChargeStatus.REQUIRES_ACTION, ReadState.UNKNOWN),
    ],
)
def test_without_a_page_only_an_ended_charge_was_asked_for_nowhere(
    status: ChargeStatus, state: ReadState
) -> None:
    """Of one that waits the page is lost, and whoever saw it may have paid."""
    charge = a_charge(TENANT, status=status)
    reader = ChargePages(charge, pages=list, reader=Reader({}))

    found = reader.read_payment("order-1", deadline=Deadline.after(1, time.monotonic))

    assert (found.state, found.operator_word) == (state, "no_page")
