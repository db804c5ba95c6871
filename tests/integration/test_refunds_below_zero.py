"""Refunds that take available below zero, on real PostgreSQL: as far as the platform lends."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pg8000.exceptions import DatabaseError
from sqlalchemy import Engine

from shared.db.holds import Holds
from shared.db.transaction import Database as Pool
from shared.domain.account_changes import MOST_BELOW_ZERO
from shared.domain.errors import InvalidRequest
from shared.domain.outgoing import OutgoingEvent
from shared.operations import outgoing_moves as moves
from shared.operations.ports import Stored
from tests.database import Account, Database, MakeAccount, enter, refusal_of
from tests.factories import an_id, moment
from tests.integration.paying_out import Shop as Payer
from tests.integration.refunding import MANY, UNGRANTED, Shop, at_once, give
from tests.simulator_process import wait_until

DENIED = "42501"
# All of such a charge is our fee, so that its pending bears nothing.
ALL = 10_000


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


def lend(shop: Shop, limit: int) -> None:
    """Have its refunds go so far below zero."""
    shop.database.look(
        "UPDATE platform.accounts SET refunds_below_zero_limit = :limit WHERE id = :id",
        limit=limit,
        id=shop.account.id,
    )


def spent(shop: Shop, amount: int) -> Any:
    """A refund that available alone bears, or how it was refused."""
    try:
        return shop.create(shop.paid(amount, fee=ALL), amount)
    except InvalidRequest as refusal:
        return refusal.code


def available(shop: Shop) -> int:
    """What it has, below zero what it owes us."""
    return shop.balances().get("available", 0)


def cases(shop: Shop) -> list[list[Any]]:
    """What a person is to look at."""
    return shop.database.look(
        "SELECT kind, reason, object_id, livemode FROM platform.cases"
        " WHERE account_id = :id AND closed_at IS NULL",
        id=shop.account.id,
    )


def test_what_pending_lacks_comes_out_of_available_down_to_the_limit(shop: Shop) -> None:
    """Pending goes first, then what is available, then what is lent; not a franc more."""
    charge = shop.paid(1000, fee=4000)
    give(shop, "available", 100)
    lend(shop, 300)

    refund = shop.refund(charge, 1000)

    assert (refund.from_pending, refund.from_available) == (600, 400)
    assert available(shop) == -300
    assert spent(shop, 1) == "balance_insufficient"
    assert (available(shop), shop.balances()["held"]) == (-300, 1000)
    assert shop.column("id", "refunds") == [refund.id]


def test_nothing_is_lent_where_nothing_is_set(shop: Shop) -> None:
    """The limit of an account is 0, and another account's is not its own."""
    assert spent(shop, 1) == "balance_insufficient"
    assert shop.database.look(
        "SELECT refunds_below_zero_limit FROM platform.accounts WHERE id = :id",
        id=shop.account.id,
    ) == [[0]]


def test_what_one_account_is_lent_no_other_takes(
    shop: Shop, make_account: MakeAccount, app_engine: Engine
) -> None:
    """Each account's refunds are bounded by its own limit."""
    other = Shop(app_engine, make_account(), shop.database)
    lend(other, 1000)

    assert spent(shop, 1) == "balance_insufficient"
    assert isinstance(spent(other, 1000), Stored)


@pytest.mark.parametrize(("limit", "there", "taken"), [(5000, 0, 5), (5999, 0, 5), (1500, 2500, 4)])
def test_many_at_once_stop_at_the_limit(shop: Shop, limit: int, there: int, taken: int) -> None:
    """Twenty of several charges for a thousand each: as many as there is room for, exactly."""
    charges = [shop.paid(1000, fee=ALL) for _ in range(MANY)]
    give(shop, "available", there)
    lend(shop, limit)

    outcomes = at_once(*(partial(shop.create, charge, 1000) for charge in charges))

    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == taken
    refused = [outcome for outcome in outcomes if isinstance(outcome, InvalidRequest)]
    assert {refusal.code for refusal in refused} == {"balance_insufficient"}
    assert available(shop) == there - taken * 1000


def test_payouts_beside_refunds_take_nothing_of_what_is_lent(
    shop: Shop, app_engine: Engine
) -> None:
    """At once, while money comes in too: below zero stands what refunds took, and no payout."""
    payer = Payer(app_engine, shop.account, shop.database)
    charges = [shop.paid(1000, fee=ALL) for _ in range(MANY // 2)]
    give(shop, "available", 2000)
    lend(shop, 3000)

    outcomes = at_once(
        *(
            act
            for charge in charges
            for act in (partial(shop.create, charge, 1000), partial(payer.create, 1000))
        )
    )

    left = 2000 - 1000 * sum(isinstance(outcome, Stored) for outcome in outcomes)
    assert available(shop) == left == -3000
    assert len(shop.column("id", "payouts")) <= 2


def test_a_payout_is_refused_below_zero_and_what_comes_in_repays_first(
    shop: Shop, app_engine: Engine
) -> None:
    """Whatever is lent still: no franc is paid out until there is more than nothing."""
    payer = Payer(app_engine, shop.account, shop.database)
    lend(shop, 1000)
    spent(shop, 400)

    with pytest.raises(InvalidRequest, match="balance_insufficient"):
        payer.create(1)
    give(shop, "available", 400)
    with pytest.raises(InvalidRequest, match="balance_insufficient"):
        payer.create(1)
    give(shop, "available", 5)

    assert payer.payout(5).money.amount == 5
    assert available(shop) == 0


def test_what_is_released_repays_first(shop: Shop) -> None:
    """A hold that is over fills what is below zero before anything can go out."""
    lend(shop, 600)
    spent(shop, 600)
    shop.paid(1000)
    shop.database.look(f'UPDATE "{shop.account.test.schema}".charges SET hold_seconds = 0')
    shop.database.look(
        "UPDATE platform.due_work SET due_at = now() WHERE kind = 'hold_release'"
        " AND account_id = :id",
        id=shop.account.id,
    )

    worker = shop.database.engine("worker", pool_size=1)
    Holds(Pool(worker)).release(shop.account.test, [an_id("txn") for _ in range(MANY)], at=moment())
    worker.dispose()

    assert (available(shop), shop.balances().get("pending", 0)) == (400, 0)


def test_a_refund_that_fails_gives_back_what_was_lent(shop: Shop) -> None:
    """Each part in full to where it came from: pending, and available up from below zero."""
    charge = shop.paid(1000, fee=4000)
    give(shop, "available", 100)
    lend(shop, 300)
    before = shop.balances()
    refund = shop.refund(charge, 1000)
    # What is not lent any more hinders no giving back.
    lend(shop, 0)

    move = moves.failed(
        refund, OutgoingEvent.ABANDONED, code="operator_unavailable", at=moment(), language="fr"
    )

    assert shop.store.move(move)
    assert shop.balances() == before


def test_a_limit_that_is_lowered_holds_for_the_next_refund(shop: Shop) -> None:
    """What is owed already stays as it is; nothing is added to it."""
    lend(shop, 1000)
    spent(shop, 700)
    lend(shop, 500)

    assert spent(shop, 1) == "balance_insufficient"
    assert available(shop) == -700


def test_a_refund_that_waited_for_the_balance_sees_the_limit_of_now(
    shop: Shop, app_engine: Engine
) -> None:
    """Lowered while another refund had the balance: what was lent when it began counts no more."""
    charge = shop.paid(1000, fee=ALL)
    lend(shop, 1000)
    with ThreadPoolExecutor(1) as other, app_engine.connect() as connection:
        with connection.begin():
            enter(connection, shop.account.test)
            connection.exec_driver_sql(
                "UPDATE ledger_accounts SET balance = balance + 1 WHERE code = 'available'"
            )
            waiting = other.submit(shop.create, charge, 500)
            wait_until(lambda: shop.database.look(UNGRANTED), what="the refund that waits")
            lend(shop, 400)

        with pytest.raises(InvalidRequest, match="balance_insufficient"):
            waiting.result(60)


def test_a_case_says_since_when_and_there_is_one(shop: Shop) -> None:
    """The same as for a reversal; none where a refund leaves something, or nothing, there."""
    lend(shop, 1000)
    give(shop, "available", 100)

    spent(shop, 100)
    assert cases(shop) == []
    spent(shop, 1)
    spent(shop, 1)

    assert cases(shop) == [["balance", "balance_negative", shop.account.test.schema, False]]


@pytest.mark.parametrize("limit", [-1, MOST_BELOW_ZERO + 1])
def test_the_database_refuses_a_limit_that_is_none(shop: Shop, limit: int) -> None:
    """Below zero, or more than one administrator alone may lend."""
    with pytest.raises(DatabaseError, match="accounts_refunds_below_zero"):
        lend(shop, limit)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT refunds_below_zero_limit FROM platform.accounts",
        "UPDATE platform.accounts SET refunds_below_zero_limit = 1",
    ],
)
def test_no_tenant_sees_or_sets_limits(shop: Shop, app_engine: Engine, sql: str) -> None:
    """It learns its own by a function that takes no name."""
    lend(shop, 77)
    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, shop.account.test)

        assert refusal_of(connection, sql) == DENIED
        [[own]] = connection.exec_driver_sql("SELECT platform.refunds_below_zero_limit()")
        assert own == 77

        transaction.rollback()


def test_the_limit_holds_in_both_modes_apart(
    app_engine: Engine, account_in_both_modes: Account, migrated: Database
) -> None:
    """What the test mode owes takes no room of the live mode."""
    shop = Shop(app_engine, account_in_both_modes, migrated)
    lend(shop, 50)
    spent(shop, 50)
    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, shop.account.live)
        [[own]] = connection.exec_driver_sql("SELECT platform.refunds_below_zero_limit()")
        assert own == 50
        transaction.rollback()


ACTS = st.lists(
    st.tuples(st.sampled_from(["refund", "payout", "give", "lend"]), st.integers(1, 400)),
    min_size=1,
    max_size=12,
)


# Of what fails the first is shown as it came: to try smaller ones takes minutes. One account serves
# all of them, and begins each with nothing.
@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=ACTS)
def test_whatever_happens_a_refund_ends_at_the_limit_and_a_payout_at_zero(
    shop: Shop, app_engine: Engine, acts: list[tuple[str, int]]
) -> None:
    """Any order of refunds, payouts, income and new limits: taken exactly where there is room."""
    payer = Payer(app_engine, shop.account, shop.database)
    give(shop, "available", -available(shop))
    lend(shop, 0)
    there = limit = 0
    for act, amount in acts:
        match act:
            case "give":
                give(shop, "available", amount)
                there += amount
            case "lend":
                limit = amount - 1
                lend(shop, limit)
            case _:
                room = there + limit if act == "refund" else there
                make = partial(spent, shop) if act == "refund" else payer.create
                outcome = at_once(partial(make, amount))[0]
                assert isinstance(outcome, Stored) == (amount <= room)
                there -= amount if amount <= room else 0
        assert available(shop) == there
