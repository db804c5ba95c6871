"""The payout store on real PostgreSQL: what must be free, what is held, one winner, its rights."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Engine

from shared.db.accounts import PostgresAccounts
from shared.domain.account import Tenant
from shared.domain.charge import AttemptStatus
from shared.domain.errors import InvalidRequest, KeyReused
from shared.domain.events import PAYOUT_READY, Message
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingEvent, OutgoingStatus
from shared.domain.phone import Operator, PhoneNumber
from shared.operations import outgoing_moves as moves
from shared.operations.outgoing_store import OutgoingMove, OutgoingNote
from shared.operations.ports import Lease, Stored
from tests.database import Account, Database, enter, refusal_of
from tests.factories import an_id, moment
from tests.integration.paying_out import MANY, Shop, at_once

DENIED = "42501"
CHECK_VIOLATED = "23514"


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test, with 5 000 FCFA to pay out."""
    shop = Shop(app_engine, account, migrated)
    shop.fund(5000)
    return shop


def test_a_payout_is_stored_with_all_that_belongs_to_it(shop: Shop) -> None:
    """Payout, hold with its cost, event, due check, outbox and delivery commit together."""
    payout = shop.payout(2000, fees={"fees:platform": 20}, name="Awa", reference="r")

    assert (payout.money, payout.fees, payout.name) == (Money(2000), {"fees:platform": 20}, "Awa")
    assert shop.balances() == {"available": 2980, "held": 2020}
    assert shop.column("kind", "ledger_transactions") == ["payout_created"]
    assert shop.column("type", "events") == ["payout.pending"]
    assert [message.topic for message in shop.handed_on] == ["payout-ready", "webhook-due"]
    due = shop.database.look(
        "SELECT kind, done_at FROM platform.due_work WHERE object_id = :id", id=payout.id
    )
    assert due == [["payout_check", None]]


def test_one_that_is_put_off_has_a_row_at_its_time_and_no_message(shop: Shop) -> None:
    """Its money is held all the same, nobody can claim it, and its time makes it ready."""
    then = moment() + timedelta(days=1)
    payout = shop.payout(status=OutgoingStatus("scheduled"), scheduled_at=then)
    found = shop.database.look(
        "SELECT due_at FROM platform.due_work WHERE object_id = :id", id=payout.id
    )

    assert found == [[then]]
    assert [message.topic for message in shop.handed_on] == ["webhook-due"]
    assert shop.balances()["held"] == 500
    assert shop.claim(payout) is None
    again = Message(an_id("msg"), PAYOUT_READY, payout.account, payout.livemode, payout.id)
    ready = replace(payout, status=OutgoingStatus("created"))
    woken = OutgoingMove(
        ready, payout.status, OutgoingEvent.BECAME_DUE, moment(), moment(), again=again
    )
    won = at_once(*[partial(shop.store.move, woken)] * 5)
    assert won.count(True) == 1
    assert shop.handed_on[-1] == again
    assert shop.claim(payout) is not None


def test_many_at_once_stay_within_what_is_available(shop: Shop) -> None:
    """Twenty for a fifth each, cost included: five are stored; the books agree."""
    fees = {"fees:platform": 100}
    outcomes = at_once(*[partial(shop.create, 900, fees=fees)] * MANY)

    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == 5
    refused = [each for each in outcomes if isinstance(each, InvalidRequest)]
    assert {each.code for each in refused} == {"balance_insufficient"}
    assert shop.balances() == {"held": 5000}
    assert len(shop.column("id", "payouts")) == 5


def test_one_key_makes_one(shop: Shop) -> None:
    """At once or later: one payout, the same answer, and another body is refused."""
    outcomes = at_once(*[partial(shop.create, key="once")] * MANY)

    answers = {outcome.response for outcome in outcomes if not isinstance(outcome, Exception)}
    assert len(answers) == 1
    assert len(shop.column("id", "payouts")) == 1
    with pytest.raises(KeyReused):
        shop.create(key="once", fingerprint="0" * 64)


def test_a_reference_is_in_use_until_its_payout_came_to_nothing(shop: Shop) -> None:
    """While it may be paid and once it was; a refused one stores nothing, its key stays free."""
    first = shop.payout(reference="r")

    with pytest.raises(InvalidRequest, match="reference_in_use"):
        shop.create(reference="r", key="k")
    assert shop.store.move(shop.canceled(first))

    assert isinstance(shop.create(reference="r", key="k"), Stored)


def test_one_of_many_claims_and_a_stale_sender_commits_nothing(shop: Shop) -> None:
    """Whoever sends is alone; what the reader proved stands."""
    payout = shop.payout()
    claims = [claim for claim in at_once(*[partial(shop.claim, payout)] * MANY) if claim]
    [(claimed, attempt)] = claims
    assert shop.store.move(shop.ended(payout, is_paid=True))
    late = OutgoingMove(
        replace(claimed, status=OutgoingStatus("unknown")),
        OutgoingStatus("submitting"),
        OutgoingEvent.WENT_SILENT,
        moment(),
        moment(),
        lease=Lease.MINE,
        attempt_id=attempt.id,
    )

    assert not shop.store.move(late)
    kinds = shop.database.look(
        "SELECT kind FROM platform.callback_tokens WHERE object_id = :id"
        " UNION ALL SELECT kind FROM platform.payment_index WHERE object_id = :id",
        id=payout.id,
    )
    assert kinds == [["payout"], ["payout"]]


def test_where_the_operator_makes_the_reference_there_is_one(shop: Shop) -> None:
    """Opening, then sending under it; released it goes again under the same, and looks sent."""
    opening = AttemptStatus.OPENING
    payout = shop.payout(operator=Operator.ORANGE, phone=PhoneNumber("+237690000001"))
    first = shop.claim(payout, opening)
    assert first is not None
    shop.store.release(*first, reason="reset")
    second = shop.claim(payout, opening)
    assert second is not None
    assert shop.column("status", "provider_attempts") == ["opening"]
    held, attempt = second[0], replace(second[1], operator_reference="CI1")
    until = moment() + timedelta(seconds=60)

    kept = shop.store.keep_opened(held, attempt, lease_until=until)
    stale = shop.store.keep_opened(
        held, replace(attempt, operator_reference="CI2"), lease_until=until
    )

    assert kept is not None
    assert (kept.lease_until, stale) == (until, None)
    assert shop.column("operator_reference", "provider_attempts") == ["CI1"]
    assert shop.database.look(
        "SELECT operator_reference FROM platform.payment_index WHERE object_id = :id", id=payout.id
    ) == [["CI1"]]
    assert shop.claim(payout, opening) is None
    shop.store.release(kept, attempt, reason="connection_refused")
    again = shop.claim(payout, opening)
    assert again is not None
    assert again[1].operator_reference == "CI1"
    assert shop.column("status", "provider_attempts") == ["sending"]


@pytest.mark.parametrize("is_paid", [True, False])
def test_one_of_many_settlers_books(shop: Shop, *, is_paid: bool) -> None:
    """Paid: float and fees; failed: all is available again. Once, whoever comes first."""
    payout = shop.payout(2000, fees={"fees:platform": 20})
    assert shop.claim(payout) is not None
    move = shop.ended(payout, is_paid=is_paid)
    settlers = [
        replace(
            move,
            posting=replace(move.posting, id=an_id("txn")) if move.posting else None,
            events=[replace(event, id=an_id("evt")) for event in move.events],
        )
        for _ in range(MANY)
    ]

    won = at_once(*(partial(shop.store.move, each) for each in settlers))

    assert won.count(True) == 1
    paid = {"available": 2980, "fees:platform": 20, f"float:{payout.operator_account}": -2000}
    assert shop.balances() == (paid if is_paid else {"available": 5000})


def test_merchant_and_sender_at_once_have_one_winner(shop: Shop) -> None:
    """Claimed and not canceled, or canceled and never claimed."""
    for _ in range(5):
        payout = shop.payout(100)
        claimed, canceled = at_once(
            partial(shop.claim, payout), partial(shop.store.move, shop.canceled(payout))
        )
        assert (claimed is None) == canceled


def test_what_a_person_must_decide_about_is_not_taken_back(shop: Shop) -> None:
    """A case of its own kind, nothing sent, and the money stays held."""
    payout = shop.payout()
    note = OutgoingNote(payout, None, "intent_differs", None, moment())

    shop.store.note(moves.case(note, "intent_differs", stops=True))

    assert shop.claim(payout) is None
    assert not shop.store.move(shop.canceled(payout))
    cases = shop.database.look(
        "SELECT kind, reason FROM platform.cases WHERE object_id = :id", id=payout.id
    )
    assert cases == [["payout", "intent_differs"]]
    assert shop.balances()["held"] == 500


def test_an_account_with_a_payout_under_way_is_not_settled(shop: Shop, migrated: Database) -> None:
    """What is held is owed to somebody: closing says so, until the operator has spoken."""
    payout = shop.payout(5000)
    assert shop.claim(payout) is not None
    owner = migrated.engine("owner", pool_size=1)

    def found() -> set[str]:
        with PostgresAccounts(owner).change(shop.account.id) as change:
            return set(change.unsettled())

    under_way = found()
    assert shop.store.move(shop.ended(payout, is_paid=True))
    ended = found()
    owner.dispose()

    assert {"payout", "balance"} <= under_way
    assert not {"payout", "balance"} & ended


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM payouts", DENIED),
        ("UPDATE payouts SET amount = 1", DENIED),
        ("UPDATE payouts SET fees = '{}'", DENIED),
        ("UPDATE payouts SET phone = '+237699999999'", DENIED),
        ("UPDATE payouts SET operator_account_id = 'opa_x'", DENIED),
        ("UPDATE payouts SET scheduled_at = now()", DENIED),
        ("UPDATE payouts SET status = 'submitting'", CHECK_VIOLATED),
        ("UPDATE payouts SET status = 'succeeded'", CHECK_VIOLATED),
        ("UPDATE payouts SET status = 'scheduled'", CHECK_VIOLATED),
        ("DELETE FROM platform.velocity_counters", DENIED),
    ],
)
def test_what_no_tenant_may(shop: Shop, app_engine: Engine, sql: str, code: str) -> None:
    """Whom, how much and by which wallet is fixed at once; nothing is sent unkept."""
    shop.payout()
    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, shop.tenant)

        assert refusal_of(connection, sql) == code

        transaction.rollback()


def test_the_modes_do_not_see_each_other(
    app_engine: Engine, account_in_both_modes: Account, migrated: Database
) -> None:
    """A payout of the test mode is nowhere in the live one."""
    shop = Shop(app_engine, account_in_both_modes, migrated)
    shop.fund(5000)
    payout = shop.payout()
    shop.tenant = Tenant(shop.account.id, livemode=True)

    assert shop.store.find(payout.id) is None
