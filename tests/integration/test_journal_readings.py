"""What a reading in writes on real PostgreSQL: rows that count as sent, and rows made again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from shared.db.journal import JournalReadings
from shared.db.lost_intents import LostIntentRows
from shared.db.transaction import Database as Pool
from shared.domain.lost_intent import LOST
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingStatus
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.outgoing_moves import intent_of, is_unsent
from shared.operations.read_journal import Kept
from tests.database import Account, Database
from tests.factories import a_payout, an_id, moment
from tests.integration.paying_out import Shop

LEFT = """
SELECT outcome, (SELECT reason FROM platform.cases c WHERE c.object_id = l.object_id),
  (SELECT count(*) FROM platform.due_work w WHERE w.object_id = l.object_id AND done_at IS NULL)
FROM platform.lost_intents l WHERE object_id = :id"""
SENT = """
SELECT r.status, a.status, a.reference, i.state, w.due_at <= now(), r.claimed_at = r.journaled_at,
  (SELECT cause FROM state_changes s WHERE s.object_id = r.id AND to_status = 'submitting')
FROM payouts r JOIN provider_attempts a ON a.charge_id = r.id
JOIN platform.payment_index i ON i.object_id = r.id
JOIN platform.due_work w ON w.object_id = r.id WHERE r.id = :id"""


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop with 1 000 francs."""
    shop = Shop(app_engine, account, migrated)
    shop.fund(1_000)
    return shop


@pytest.fixture
def readings(migrated: Database) -> Iterator[JournalReadings]:
    """What the owner's command does."""
    engine = migrated.engine("owner", pool_size=1)
    yield JournalReadings(Pool(engine), b"k" * 32)
    engine.dispose()


@pytest.mark.parametrize("ahead", [None, timedelta(days=1)], ids=["created", "scheduled"])
def test_what_was_kept_counts_as_sent_once(
    shop: Shop, readings: JournalReadings, migrated: Database, ahead: timedelta | None
) -> None:
    """Whatever it waited for: submitting, silent, indexed, due now, not sent; again, nothing."""
    payout = shop.payout(scheduled_at=ahead and moment() + ahead)
    kept = [Kept(intent_of(payout), moment())]
    migrated.look(
        f"UPDATE \"{shop.tenant.schema}\".payouts SET waiting_reason = 'float' WHERE id = :id",
        id=payout.id,
    )
    standing = readings.standings(shop.tenant, [payout.id, an_id("po")])

    marked = [readings.mark_sent(shop.tenant, kept, now=moment()) for _ in range(2)]

    assert {found.is_unsent for found in standing.values()} == {True}
    assert (marked, len(standing)) == ([1, 0], 1)
    [row] = migrated.look(SENT, shop.tenant, id=payout.id)
    reference = kept[0].intent.reference
    told = ["submitting", "silent", reference, "submitting", True, True, "found_in_journal"]
    assert row == told
    found = shop.store.find_with_attempt(payout.id)
    assert found is not None
    assert not is_unsent(*found)
    assert found[0].waiting_reason is None
    assert shop.claim(payout) is None
    assert not readings.standings(shop.tenant, [payout.id])[payout.id].is_unsent


def test_what_is_still_to_be_sent_is_looked_for_in_the_journal(
    shop: Shop, readings: JournalReadings
) -> None:
    """Each that was made before the moment and that nobody has claimed; no other."""
    waiting, claimed = shop.payout(400), shop.payout(400)
    assert shop.claim(claimed) is not None

    found = readings.unclaimed(shop.tenant, before=moment() + timedelta(minutes=1))
    earlier = readings.unclaimed(shop.tenant, before=waiting.created_at)

    assert (found, earlier) == ([intent_of(waiting)], [])


def test_what_is_lost_is_made_again_by_the_tenant_once(
    shop: Shop, readings: JournalReadings, migrated: Database
) -> None:
    """More than is available is held all the same: the money is out."""
    gone = a_payout(shop.tenant, migrated.paying_account, money=Money(1_500))
    kept = Kept(intent_of(gone), moment())
    new = [readings.keep_lost(shop.tenant, [(kept, Operator.MTN)], now=moment()) for _ in range(2)]
    store = LostIntentRows(Pool(shop.engine), shop.tenant)
    lost = store.find(gone.id)
    assert lost is not None

    def add() -> bool:
        payout = lost.payout(PhoneNumber("+237670000001"), transaction=an_id("txn"))
        attempt = lost.attempt(an_id("att"))
        return store.add_payout(payout, attempt, number_hmac="n", at=moment())

    assert (new, [add(), add()]) == ([1, 0], [True, False])
    found = shop.store.find(gone.id)
    assert found is not None
    assert (found.status, found.money) == (OutgoingStatus.SUBMITTING, Money(1_500))
    assert shop.balances() == {"available": -500, "held": 1_500}
    assert migrated.look(LEFT, id=gone.id) == [["recovered", None, 1]]
    assert store.find(gone.id) is None


def test_what_nobody_can_read_is_a_case_at_once(
    shop: Shop, readings: JournalReadings, migrated: Database
) -> None:
    """The contract came after the moment: nobody knows whom to ask."""
    gone = a_payout(shop.tenant, "opa_gone")

    readings.keep_lost(shop.tenant, [(Kept(intent_of(gone), moment()), None)], now=moment())

    assert migrated.look(LEFT, id=gone.id) == [[LOST, LOST, 0]]


def test_no_other_tenant_sees_what_is_lost(
    shop: Shop, readings: JournalReadings, migrated: Database
) -> None:
    """A row belongs to the tenant in whose journal it stood, in its mode."""
    gone = a_payout(shop.tenant, migrated.paying_account)
    readings.keep_lost(shop.tenant, [(Kept(intent_of(gone), moment()), Operator.MTN)], now=moment())

    pool = Pool(shop.engine)
    assert LostIntentRows(pool, shop.account.live).find(gone.id) is None
    assert LostIntentRows(pool, shop.tenant).find(gone.id) is not None
