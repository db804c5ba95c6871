"""The books on real PostgreSQL: the balance as it was at the end of any second."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.reading import Reading
from shared.db.transaction import Database as Pool
from shared.domain import ledger
from shared.domain.charge import ChargeEvent, ChargeStatus
from shared.domain.fees import FeeLine, Line
from shared.domain.ids import new_id
from shared.domain.money import Money
from shared.operations.lists import Page
from shared.operations.ports import Move, NewReceipt
from tests.database import Account, Database
from tests.factories import a_charge, a_message, an_event, an_id, moment

FEE: Final = FeeLine("fee_x", Line.PLATFORM, 7)


class Past:
    """An account that was paid at chosen moments."""

    def __init__(self, engine: Engine, account: Account, database: Database) -> None:
        pool = Pool(engine)
        self.charges = Charges(pool, account.test)
        self.reading = Reading(pool, account.test)
        self.account, self.database = account, database

    def paid(self, amount: int, at: datetime) -> None:
        """A charge that was paid then, with a fee of 7."""
        charge = a_charge(
            self.account.test,
            self.database.operator_account,
            money=Money(amount),
            fees=(FEE,),
        )
        self.charges.create(
            charge,
            event=an_event(charge),
            message=a_message(charge),
            first_check_at=moment(),
            idempotency=None,
            response="{}",
        )
        posting = ledger.charge_succeeded(
            new_id("txn", int(at.timestamp() * 1000)),
            charge.id,
            gross=charge.money,
            operator_account=charge.operator_account,
            fees=charge.fees,
        )
        status, txn = ChargeStatus.SUCCEEDED, posting.id
        paid = replace(charge, status=status, succeeded_at=at, balance_transaction=txn)
        receipt = NewReceipt(an_id("rcp"), f"RC-{charge.id}", charge.id[3:] + "ab")
        assert self.charges.move(
            Move(
                paid,
                charge.status,
                ChargeEvent.CONFIRMED,
                at,
                None,
                posting=posting,
                receipt=receipt,
            )
        )

    def at(self, second: int) -> tuple[int, int]:
        """Pending and our fees, as they were then."""
        found = self.reading.balances_at(second)
        return found["pending"], found["fees:platform"]


@pytest.fixture
def past(app_engine: Engine, migrated: Database, account: Account) -> Past:
    """An account of its own for each test."""
    return Past(app_engine, account, migrated)


def test_the_balance_of_a_second_holds_what_was_booked_until_its_end(past: Past) -> None:
    """Each posting counts from its own second on; the last moment says what is there now."""
    start = moment().replace(microsecond=0) - timedelta(days=1)
    for amount, after in ((1000, 0), (200, 10_000), (30, 19_999), (4 + 7, 20_000)):
        past.paid(amount, start + timedelta(milliseconds=after))
    first = int(start.timestamp())

    assert past.at(first - 1) == (0, 0)
    assert past.at(first) == past.at(first + 9) == (993, 7)
    assert past.at(first + 10) == past.at(first + 18) == (1186, 14)
    assert past.at(first + 19) == (1209, 21)
    assert past.at(first + 20) == (1213, 28)
    present = past.reading.balances()
    assert past.reading.balances_at(first + 86_400) == present
    assert (present["pending"], present["fees:platform"]) == (1213, 28)


def test_what_is_taken_of_a_charge_is_read_as_it_was_written(past: Past) -> None:
    """The lines of its fees come back whole, with rule, line, amount and bearer."""
    past.paid(1000, moment())

    page = Page.parse({}, "txn")
    (found,) = past.reading.list_balance_transactions(page, kinds=["charge"], source=None).items

    assert found.fees == (FEE,)
    assert (found.moved, found.fee, found.net) == (1000, 7, 993)
    assert past.reading.find_balance_transaction(found.id) == found
    assert past.reading.find_balance_transaction(an_id("txn")) is None
