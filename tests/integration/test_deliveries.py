"""Webhook deliveries on real PostgreSQL: leased once, recorded once, never forgotten."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.deliveries import LONGEST_LOG, OF_FAILING, Deliveries
from shared.db.transaction import Database as Pool
from shared.domain.charge import Charge, ChargeEvent
from shared.operations.ports import Move
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
        return [self.begin()[1] for _ in range(count)]

    def begin(self) -> tuple[Charge, str]:
        """Create a charge; return it with the id of its first event."""
        charge = a_charge(self.account.test, self.database.operator_account)
        event = an_event(charge)
        self.charges.create(
            charge, event=event, message=a_message(charge), first_check_at=moment(),
            idempotency=None, response="{}",
        )  # fmt: skip
        return charge, event.id

    def tell_of(self, charge: Charge, kind: str) -> str:
        """Have one more event of a charge to deliver; return its id."""
        event = an_event(charge, kind)
        now = moment()
        assert self.charges.move(
            Move(charge, charge.status, ChargeEvent.ACCEPTED, now, next_check_at=now, event=event)
        )
        return event.id

    def put_in_order(self) -> None:
        """Have the endpoint want each object's events in order."""
        schema = self.account.test.schema
        self.database.look(f"UPDATE \"{schema}\".webhook_endpoints SET delivery_order = 'object'")

    def claimed(self, at: datetime | None = None, limit: int = 50) -> list[str]:
        """Claim for a minute; return the events."""
        now = at or moment()
        claim = self.store.claim(
            self.endpoint, now=now, lease_until=now + timedelta(seconds=60), limit=limit
        )
        return [] if claim is None else [delivery.event.id for delivery in claim[1]]

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
    shop.store.claim(shop.endpoint, now=now, lease_until=now + timedelta(seconds=60), limit=1)

    assert shop.record(delivered) == 1

    due = shop.due_in_seconds()
    assert due is not None
    assert 50 < due < 61


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


def test_of_one_object_one_event_after_the_other(shop: Shop) -> None:
    """A later event waits while an earlier one is pending; other objects' events do not."""
    shop.put_in_order()
    charge, first = shop.begin()
    second = shop.tell_of(charge, "charge.canceled")
    _, other = shop.begin()

    assert sorted(shop.claimed()) == sorted([first, other])
    assert shop.claimed() == []
    later = moment() + timedelta(seconds=61)
    assert sorted(shop.claimed(later)) == sorted([first, other])
    shop.database.look(
        "UPDATE webhook_deliveries SET status = 'exhausted' WHERE event_id = :id",
        shop.account.test,
        id=first,
    )

    assert shop.claimed() == [second]


def test_what_waits_for_its_turn_makes_nothing_due(shop: Shop) -> None:
    """While the first is to be tried again later, so is what waits for it; done, that is next."""
    shop.put_in_order()
    charge, _ = shop.begin()
    shop.tell_of(charge, "charge.canceled")

    assert shop.record(failed) == 1
    due = shop.due_in_seconds()
    assert due is not None
    assert 0 < due < 6
    shop.database.look("UPDATE webhook_deliveries SET next_attempt_at = now()", shop.account.test)
    assert shop.record(delivered) == 1
    due = shop.due_in_seconds()
    assert due is not None
    assert due <= 0
    assert shop.record(delivered) == 1
    assert shop.due_in_seconds() is None


def test_what_comes_while_the_one_before_is_sent_is_not_forgotten(shop: Shop) -> None:
    """Whoever must leave it lying makes the endpoint due, and whoever records leaves that so."""
    shop.put_in_order()
    charge, first = shop.begin()
    now = moment()
    claim = shop.store.claim(
        shop.endpoint, now=now, lease_until=now + timedelta(seconds=60), limit=50
    )
    assert claim is not None
    second = shop.tell_of(charge, "charge.canceled")
    assert shop.claimed() == []
    looked_again = shop.due_in_seconds()
    shop.store.record(
        claim[0], [delivered(first)], disable_reason=None, failing_since=None, now=moment()
    )
    due = shop.due_in_seconds()

    assert looked_again is not None
    assert due is not None
    assert due < 6
    assert shop.claimed() == [second]


def test_a_slow_endpoint_gets_no_more_until_it_answers(shop: Shop) -> None:
    """Once its answers are waited for a second, what else is due to it lies until they came."""
    [first] = shop.owe(1)
    began = moment() - timedelta(seconds=2)
    shop.database.look(
        "UPDATE webhook_deliveries SET next_attempt_at = :at", shop.account.test, at=began
    )
    assert shop.claimed(began) == [first]
    [second] = shop.owe(1)

    assert shop.claimed() == []
    due = shop.due_in_seconds()
    assert due is not None
    assert 0 < due < 6
    assert sorted(shop.claimed(moment() + timedelta(seconds=61))) == sorted([first, second])


def test_a_failing_endpoint_is_tried_with_few(shop: Shop) -> None:
    """What fails takes few of the threads; the rest follows with the first success."""
    shop.owe(OF_FAILING + 2)
    shop.database.look("UPDATE webhook_endpoints SET failing_since = now()", shop.account.test)

    assert shop.record(delivered) == OF_FAILING
    assert shop.record(delivered) == 2


def test_a_failing_endpoint_has_few_at_once_whoever_tries(shop: Shop) -> None:
    """Each of its events brings a message: together they would hold all the threads there are."""
    shop.owe(OF_FAILING + 2)
    shop.database.look("UPDATE webhook_endpoints SET failing_since = now()", shop.account.test)

    assert len(shop.claimed()) == OF_FAILING
    assert shop.claimed() == []
    due = shop.due_in_seconds()
    assert due is not None
    assert 0 < due < 6
    assert len(shop.claimed(moment() + timedelta(seconds=61))) == OF_FAILING


def test_a_due_time_that_finds_nothing_moves_on(shop: Shop) -> None:
    """Else the clock would come back to it for ever."""
    shop.owe(1)
    shop.record(delivered)
    shop.database.look(
        "UPDATE platform.due_work SET due_at = now() WHERE object_id = :id", id=shop.endpoint
    )

    assert shop.claimed() == []
    assert shop.due_in_seconds() is None


def test_a_log_keeps_the_last_attempts(shop: Shop) -> None:
    """Whoever sends a thing anew again and again does not let its log grow for ever."""
    shop.owe(1)
    for _ in range(LONGEST_LOG + 2):
        shop.record(lambda event: DeliveryResult(event, "pending", moment(), DOWN))

    [[log, attempts]] = shop.database.look(
        "SELECT attempt_log, attempts FROM webhook_deliveries", shop.account.test
    )
    assert (len(log), attempts) == (LONGEST_LOG, LONGEST_LOG + 2)
