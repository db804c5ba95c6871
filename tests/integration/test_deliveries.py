"""Webhook deliveries on real PostgreSQL: leased once, recorded once, never forgotten."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.deliveries import Deliveries
from shared.db.transaction import Database as Pool
from shared.operations.webhook_ports import DeliveryResult, WebhookAnswer
from tests.database import Account, Database
from tests.factories import a_charge, a_message, an_event, moment

OK = WebhookAnswer(200, None, 12)
DOWN = WebhookAnswer(0, "connect_failed", 12)


class Shop:
    """An account with one endpoint and its deliveries."""

    def __init__(self, engine: Engine, account: Account, database: Database) -> None:
        pool = Pool(engine)
        self.account = account
        self.database = database
        self.charges = Charges(pool, account.test)
        self.store = Deliveries(pool, account.test)
        self.endpoint = account.webhook_endpoint

    def owe(self, count: int) -> list[str]:
        """Create charges, each with one event to deliver; return the event ids."""
        events = []
        for _ in range(count):
            charge = a_charge(self.account.test, self.database.operator_account)
            event = an_event(charge)
            self.charges.create(
                charge, event=event, message=a_message(charge), first_check_at=moment(),
                idempotency=None, response="{}",
            )  # fmt: skip
            events.append(event.id)
        return events

    def due_in_seconds(self) -> float | None:
        """How far away the endpoint's due row is; None for "never"."""
        found = self.database.look(
            "SELECT CASE WHEN due_at < 'infinity' THEN extract(epoch FROM due_at - now()) END"
            " FROM platform.due_work WHERE kind = 'webhook' AND object_id = :id",
            id=self.endpoint,
        )[0][0]
        return None if found is None else float(found)

    def record(self, result: Callable[[str], DeliveryResult], limit: int = 50) -> int:
        """Claim, and record the same result for all."""
        now = moment()
        claimed = self.store.claim(
            self.endpoint, now=now, lease_until=now + timedelta(seconds=60), limit=limit
        )
        if claimed is None:
            return 0
        endpoint, deliveries = claimed
        self.store.record(
            endpoint,
            [result(delivery.event.id) for delivery in deliveries],
            disable_reason=None,
            failing_since=None,
            now=moment(),
        )
        return len(deliveries)


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


def delivered(event_id: str) -> DeliveryResult:
    return DeliveryResult(event_id, "succeeded", None, OK)


def failed(event_id: str) -> DeliveryResult:
    return DeliveryResult(event_id, "pending", moment() + timedelta(seconds=5), DOWN)


def test_what_is_leased_is_nobody_elses(shop: Shop) -> None:
    """Two dispatchers never hold the same delivery."""
    events = shop.owe(3)
    now = moment()
    lease = now + timedelta(seconds=60)

    first = shop.store.claim(shop.endpoint, now=now, lease_until=lease, limit=2)
    second = shop.store.claim(shop.endpoint, now=now, lease_until=lease, limit=2)
    third = shop.store.claim(shop.endpoint, now=now, lease_until=lease, limit=2)

    assert first is not None
    assert second is not None
    held = [delivery.event.id for claim in (first, second) for delivery in claim[1]]
    assert sorted(held) == sorted(events)
    assert third is None


def test_a_lost_lease_comes_back(shop: Shop) -> None:
    """A dispatcher that dies leaves a due row at the end of its lease, and the work after it."""
    events = shop.owe(1)
    now = moment()
    shop.store.claim(shop.endpoint, now=now, lease_until=now + timedelta(seconds=60), limit=50)

    due = shop.due_in_seconds()
    later = now + timedelta(seconds=61)
    again = shop.store.claim(
        shop.endpoint, now=later, lease_until=later + timedelta(seconds=60), limit=50
    )

    assert due is not None
    assert 50 < due < 61
    assert again is not None
    assert [delivery.event.id for delivery in again[1]] == events


def test_a_delivered_event_is_not_sent_again(shop: Shop) -> None:
    """Success ends a delivery and leaves nothing due."""
    shop.owe(2)

    assert shop.record(delivered) == 2

    assert shop.record(delivered) == 0
    assert shop.due_in_seconds() is None


def test_a_failure_moves_the_due_row_to_the_next_attempt(shop: Shop) -> None:
    """After a failed attempt the endpoint is due when its earliest delivery is."""
    shop.owe(2)
    shop.record(failed, limit=1)
    shop.record(delivered, limit=1)

    due = shop.due_in_seconds()

    assert due is not None
    assert 0 < due < 6


def test_the_due_row_waits_for_what_another_dispatcher_holds(shop: Shop) -> None:
    """Whoever is done first leaves it at the end of the other's lease, neither before nor never."""
    shop.owe(2)
    now = moment()
    shop.store.claim(shop.endpoint, now=now, lease_until=now + timedelta(seconds=40), limit=1)

    assert shop.record(delivered) == 1

    due = shop.due_in_seconds()
    assert due is not None
    assert 30 < due < 41


def test_every_attempt_is_logged(shop: Shop) -> None:
    """The log of a delivery has one line per attempt, with status, error and time taken."""
    shop.owe(1)
    shop.record(lambda event: DeliveryResult(event, "pending", moment(), DOWN))
    shop.record(delivered)

    rows = shop.database.look(
        "SELECT attempts, attempt_log, status, last_status FROM "
        f'"{shop.account.test.schema}".webhook_deliveries'
    )
    attempts, log, status, last_status = rows[0]
    assert (attempts, status, last_status) == (2, "succeeded", 200)
    assert [line["error"] for line in log] == ["connect_failed", None]


def test_a_stale_dispatcher_records_nothing(shop: Shop) -> None:
    """Whoever lost its lease overwrites neither delivery nor endpoint nor the next time."""
    events = shop.owe(1)
    now = moment()
    stale = shop.store.claim(shop.endpoint, now=now, lease_until=now, limit=50)
    assert stale is not None
    later = now + timedelta(seconds=1)
    fresh = shop.store.claim(
        shop.endpoint, now=later, lease_until=later + timedelta(seconds=60), limit=50
    )
    assert fresh is not None

    shop.store.record(
        stale[0], [failed(events[0])], disable_reason="gone", failing_since=now, now=later
    )

    schema = shop.account.test.schema
    endpoint = shop.database.look(
        f'SELECT status, failing_since FROM "{schema}".webhook_endpoints WHERE id = :id',
        id=shop.endpoint,
    )
    due = shop.due_in_seconds()
    assert endpoint == [["enabled", None]]
    assert due is not None
    assert 50 < due < 62
    shop.store.record(
        fresh[0], [delivered(events[0])], disable_reason=None, failing_since=None, now=later
    )
    rows = shop.database.look(
        f'SELECT status, attempts FROM "{shop.account.test.schema}".webhook_deliveries'
    )
    assert rows == [["succeeded", 1]]


def test_a_disabled_endpoint_gets_nothing(shop: Shop) -> None:
    """After 410 or five days of failure what is pending stays, unsent."""
    shop.owe(1)
    now = moment()
    claim = shop.store.claim(shop.endpoint, now=now, lease_until=now, limit=50)
    assert claim is not None
    shop.store.record(
        claim[0],
        [DeliveryResult(claim[1][0].event.id, "dropped", None, WebhookAnswer(410, None, 3))],
        disable_reason="gone",
        failing_since=now,
        now=now,
    )
    shop.owe(1)

    assert shop.record(delivered) == 0
    assert shop.due_in_seconds() is None


def test_a_failing_endpoint_remembers_since_when(shop: Shop) -> None:
    """The clock towards disabling is kept with the endpoint and ended by a success."""
    shop.owe(1)
    now = moment()
    claim = shop.store.claim(shop.endpoint, now=now, lease_until=now, limit=50)
    assert claim is not None
    shop.store.record(
        claim[0], [failed(claim[1][0].event.id)], disable_reason=None, failing_since=now, now=now
    )
    later = now + timedelta(seconds=10)
    again = shop.store.claim(
        shop.endpoint, now=later, lease_until=later + timedelta(seconds=60), limit=50
    )

    assert again is not None
    assert again[0].failing_since == now
