"""The refund store on real PostgreSQL: all or nothing, one winner, what is held and given back."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Engine

from shared.domain.errors import InvalidRequest, KeyReused, NotFound
from shared.domain.money import Money
from shared.domain.refund import Refundable
from shared.operations.ports import Replayed, Stored
from tests.database import Account, Database, enter, refusal_of
from tests.factories import a_charge
from tests.integration.refunding import MANY, UNGRANTED, Shop, at_once, decided, give
from tests.simulator_process import wait_until

DENIED = "42501"
CHECK_VIOLATED = "23514"


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


def test_a_refund_is_stored_with_all_that_belongs_to_it(shop: Shop) -> None:
    """Refund, hold, count, event, due check, outbox and delivery commit together."""
    charge = shop.paid()
    shop.handed_on.clear()

    refund = shop.refund(charge, 2000)

    assert (refund.money, refund.from_pending, refund.from_available) == (Money(2000), 2000, 0)
    assert shop.balances() == {
        "pending": 3000,
        "held": 2000,
        f"float:{charge.operator_account}": 5000,
    }
    assert shop.column("amount_refunded", "charges") == [2000]
    assert shop.column("kind", "ledger_transactions", f"id = '{refund.balance_transaction}'") == [
        "refund_created"
    ]
    assert shop.column("type", "events", f"object_id = '{refund.id}'") == ["refund.pending"]
    topics = [message.topic for message in shop.handed_on]
    assert topics == ["refund-created", "webhook-due"]
    due = shop.database.look(
        "SELECT kind, done_at FROM platform.due_work WHERE object_id = :id", id=refund.id
    )
    assert due == [["payout_check", None]]


def test_the_charge_s_pending_goes_first_and_available_must_cover_the_rest(shop: Shop) -> None:
    """A tenth of the charge was our fee: pending does not bear it, and nothing else is there."""
    charge = shop.paid(fee=1000)

    with pytest.raises(InvalidRequest, match="balance_insufficient"):
        shop.create(charge, 5000)
    assert shop.column("id", "refunds") == []
    assert shop.column("amount_refunded", "charges") == [0]
    first = shop.refund(charge, 4000)
    give(shop, "available", 700)
    second = shop.refund(charge, 1000)

    assert (first.from_pending, first.from_available) == (4000, 0)
    assert (second.from_pending, second.from_available) == (500, 500)
    assert shop.balances()["available"] == 200


def test_another_charge_s_pending_is_left_alone(shop: Shop) -> None:
    """What a charge itself has in pending is counted, not what the account has."""
    charge, other = shop.paid(fee=1000), shop.paid()

    with pytest.raises(InvalidRequest, match="balance_insufficient"):
        shop.create(charge, 5000)

    assert shop.refund(other, 5000).from_pending == 5000


def test_many_at_once_stay_within_what_was_paid(shop: Shop) -> None:
    """Twenty for a tenth each: ten are stored, the others refused; the books agree."""
    charge = shop.paid()

    outcomes = at_once(*[partial(shop.create, charge, 500)] * MANY)

    assert [outcome for outcome in outcomes if isinstance(outcome, Stored)] != []
    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == 10
    assert shop.column("amount_refunded", "charges") == [5000]
    assert shop.balances() == {"held": 5000, f"float:{charge.operator_account}": 5000}


def test_a_refund_counts_after_the_one_before_it(shop: Shop) -> None:
    """What is left of a charge is looked at while nobody else refunds it, and not beside that."""
    charge = shop.paid()
    left: list[Refundable] = []
    with ThreadPoolExecutor(1) as other:
        made: list[Future[Stored | Replayed]] = []

        def second(found: Refundable) -> int:
            left.append(found)
            return decided(found, 1000)

        def first(found: Refundable) -> int:
            made.append(other.submit(shop.create, charge, 1000, decide=second))
            wait_until(
                lambda: made[0].done() or shop.database.look(UNGRANTED), what="the second refund"
            )
            return decided(found, 2000)

        shop.create(charge, 2000, decide=first)
        assert isinstance(made[0].result(10), Stored)

    assert [(each.is_succeeded, each.rest, each.pending) for each in left] == [(True, 3000, 3000)]


def test_many_of_several_charges_stay_within_what_is_available(shop: Shop) -> None:
    """Their locks differ, and available still covers each of them."""
    charges = [shop.paid(1000, fee=10_000) for _ in range(MANY)]
    give(shop, "available", 5000)

    outcomes = at_once(*(partial(shop.create, charge, 1000) for charge in charges))

    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == 5
    assert shop.balances().get("available", 0) == 0


def test_one_key_makes_one(shop: Shop) -> None:
    """At once or later: one refund, the same answer, and another body is refused."""
    charge = shop.paid()
    outcomes = at_once(*[partial(shop.create, charge, 500, key="once")] * MANY)

    answers = {outcome.response for outcome in outcomes if not isinstance(outcome, Exception)}
    assert len(answers) == 1
    assert len(shop.column("id", "refunds")) == 1
    with pytest.raises(KeyReused):
        shop.create(charge, 500, key="once", fingerprint="0" * 64)


def test_a_charge_that_is_gone_is_missing(shop: Shop) -> None:
    """Its test data were deleted meanwhile: nothing is stored."""
    with pytest.raises(NotFound):
        shop.create(a_charge(shop.account.test), 100)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM refunds", DENIED),
        ("UPDATE refunds SET amount = 1", DENIED),
        ("UPDATE refunds SET phone = '+237699999999'", DENIED),
        ("UPDATE refunds SET from_pending = 0", DENIED),
        ("UPDATE refunds SET operator_account_id = 'opa_x'", DENIED),
        ("UPDATE refunds SET status = 'submitting'", CHECK_VIOLATED),
        ("UPDATE refunds SET status = 'succeeded'", CHECK_VIOLATED),
        ("UPDATE charges SET amount_refunded = amount + 1", CHECK_VIOLATED),
    ],
)
def test_what_no_tenant_may(shop: Shop, app_engine: Engine, sql: str, code: str) -> None:
    """Whom, how much and from where is fixed at once; nothing is sent unkept, or over-refunded."""
    shop.refund(shop.paid(), 500)
    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, shop.account.test)

        assert refusal_of(connection, sql) == code

        transaction.rollback()
