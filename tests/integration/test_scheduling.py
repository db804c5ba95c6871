"""Due work and the outbox on real PostgreSQL: claimed by state, by one worker, never lost."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from knative.local.postgres import connect
from shared.db.charges import Charges
from shared.db.scheduling import PURGE_DUE, Schedule
from shared.db.transaction import Database as Pool
from shared.domain.charge import Charge
from shared.domain.events import Message
from tests.database import Account, Database
from tests.factories import a_charge, a_message, an_event, an_id, moment


class Desk:
    """A schedule, and an account whose charges fill it."""

    def __init__(self, worker: Engine, app: Engine, account: Account, database: Database) -> None:
        self.published: list[Message] = []
        self.schedule = Schedule(Pool(worker, self.published.extend))
        self.charges = Charges(Pool(app), account.test)
        self.account = account
        self.database = database

    def charge(self, *, due_in_seconds: int) -> Charge:
        """Create a charge whose first check is due then."""
        charge = a_charge(self.account.test, self.database.operator_account)
        self.charges.create(
            charge,
            event=an_event(charge),
            message=a_message(charge),
            first_check_at=moment() + timedelta(seconds=due_in_seconds),
            idempotency=None,
            response="{}",
        )
        return charge

    def mine(self, messages: list[Message]) -> list[str]:
        """The objects of this account among messages; other tests share the tables."""
        return [message.object_id for message in messages if message.account == self.account.id]

    def claim_due(self) -> None:
        """Claim until nothing is due."""
        while self.schedule.claim_due(100, lambda: an_id("msg")):
            pass


@pytest.fixture
def desk(migrated: Database, app_engine: Engine, account: Account) -> Iterator[Desk]:
    """A desk of its own for each test."""
    worker = migrated.engine("worker")
    yield Desk(worker, app_engine, account, migrated)
    worker.dispose()


def test_what_is_due_becomes_one_message(desk: Desk) -> None:
    """A due check is claimed once, put into the outbox and handed on; what is not due waits."""
    due, _later = desk.charge(due_in_seconds=-1), desk.charge(due_in_seconds=60)

    desk.claim_due()
    desk.claim_due()

    assert desk.mine(desk.published) == [due.id]
    message = next(m for m in desk.published if m.object_id == due.id)
    assert message.topic == "charge-check-due"
    rows = desk.database.look(
        "SELECT topic FROM platform.outbox WHERE id = :id", id=message.event_id
    )
    assert rows == [["charge-check-due"]]


def test_what_a_test_clock_brings_forward_comes_after_what_is_due(desk: Desk) -> None:
    """No more is claimed at once for it, and it is claimed all the same."""
    desk.claim_due()
    due, ahead = desk.charge(due_in_seconds=-1), desk.charge(due_in_seconds=60)
    desk.database.look(
        "INSERT INTO platform.test_clocks (account_id, was_ahead, ahead, moves_at)"
        " VALUES (:id, 0, 3600, now() - interval '1 minute')",
        id=desk.account.id,
    )

    at_once = desk.schedule.claim_due(1, lambda: an_id("msg"))
    desk.claim_due()

    assert at_once == 1
    assert desk.mine(desk.published) == [due.id, ahead.id]


def test_many_workers_claim_each_row_once(desk: Desk) -> None:
    """Runs overlap, so two may look at the same moment; no row is taken twice."""
    charges = [desk.charge(due_in_seconds=-1) for _ in range(40)]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: desk.schedule.claim_due(7, lambda: an_id("msg")), range(20)))
    desk.claim_due()

    assert sorted(desk.mine(desk.published)) == sorted(charge.id for charge in charges)


def test_a_row_that_somebody_holds_keeps_no_other_from_its_turn(desk: Desk) -> None:
    """Claiming passes by what another transaction is at, and takes it once that is over."""
    held, free = desk.charge(due_in_seconds=-9), desk.charge(due_in_seconds=-1)
    postgres = desk.database.postgres

    with connect(port=postgres.port, password=postgres.password, database="pay") as other:
        other.run("BEGIN")
        other.run("SELECT FROM platform.due_work WHERE object_id = :id FOR UPDATE", id=held.id)
        desk.claim_due()
        meanwhile = desk.mine(desk.published)
        other.run("ROLLBACK")
    desk.claim_due()

    assert meanwhile == [free.id]
    assert desk.mine(desk.published) == [free.id, held.id]


def test_a_lease_that_ran_out_is_claimed_again(desk: Desk) -> None:
    """A message that was lost comes again once its lease is over."""
    charge = desk.charge(due_in_seconds=-1)
    desk.claim_due()
    desk.database.look(
        "UPDATE platform.due_work SET lease_until = now() - interval '1 second'"
        " WHERE object_id = :id",
        id=charge.id,
    )

    desk.claim_due()

    assert desk.mine(desk.published) == [charge.id] * 2


def test_the_relay_finds_only_what_was_missed(desk: Desk) -> None:
    """Rows younger than 3 s, leased or published are left alone."""
    for _ in range(3):
        desk.charge(due_in_seconds=60)
    assert desk.mine(list(desk.schedule.claim_outbox(100))) == []
    desk.database.look(
        "UPDATE platform.outbox SET created_at = now() - interval '10 seconds'"
        " WHERE account_id = :id",
        id=desk.account.id,
    )

    batches = iter(lambda: list(desk.schedule.claim_outbox(2)), [])
    claimed = list(itertools.chain.from_iterable(batches))
    desk.schedule.mark_published([message.event_id for message in claimed])

    assert len(desk.mine(claimed)) == 6
    assert len({message.event_id for message in claimed}) == len(claimed)
    unpublished = desk.database.look(
        "SELECT count(*) FROM platform.outbox WHERE account_id = :id AND published_at IS NULL",
        id=desk.account.id,
    )
    assert unpublished == [[0]]


def test_what_commits_late_is_not_passed_by(desk: Desk) -> None:
    """A message that is older than one published already, and seen only now, is found by state."""
    postgres, late = desk.database.postgres, an_id("ch")

    def relay() -> list[str]:
        batches = iter(lambda: list(desk.schedule.claim_outbox(100)), [])
        claimed = list(itertools.chain.from_iterable(batches))
        desk.schedule.mark_published([message.event_id for message in claimed])
        return desk.mine(claimed)

    with connect(port=postgres.port, password=postgres.password, database="pay") as slow:
        slow.run("BEGIN")
        slow.run(
            "INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, created_at)"
            " VALUES (:id, 'charge-created', :account, false, :late, now() - interval '10 s')",
            id=an_id("msg"),
            account=desk.account.id,
            late=late,
        )
        younger = desk.charge(due_in_seconds=60)
        desk.database.look(
            "UPDATE platform.outbox SET created_at = now() - interval '5 s' WHERE account_id = :id",
            id=desk.account.id,
        )
        assert younger.id in relay()
        slow.run("COMMIT")

    assert relay() == [late]


def test_what_nobody_needs_is_purged(desk: Desk) -> None:
    """Published messages, finished due rows and old callbacks go; what is open stays."""
    charge = desk.charge(due_in_seconds=60)
    desk.database.look(
        "UPDATE platform.outbox SET published_at = now(), created_at = now() - interval '2 hours'"
        " WHERE account_id = :id AND topic = 'charge-created'",
        id=desk.account.id,
    )

    desk.schedule.purge(10_000)

    topics = desk.database.look(
        "SELECT topic FROM platform.outbox WHERE account_id = :id", id=desk.account.id
    )
    assert topics == [["webhook-due"]]
    due = desk.database.look("SELECT 1 FROM platform.due_work WHERE object_id = :id", id=charge.id)
    assert due == [[1]]


ADD_CALLBACK = """
INSERT INTO platform.callback_inbox (id, token_hash, received_at, source, body_sha256)
VALUES (:id, :account, now() - CAST(:age AS interval), 'x', repeat('0', 64))"""
ADD_PUBLISHED = """
INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, created_at, published_at)
VALUES (:id, 'webhook-due', :account, false, 'x', now() - CAST(:age AS interval), now())"""
ADD_DONE = """
INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, done_at)
VALUES ('hold_release', :id, :account, false, now(), now() - CAST(:age AS interval))"""

ADD_CLAIM = """
INSERT INTO platform.float_claims (object_id, operator_account_id, amount, at)
VALUES (:id, :account, 1, now() - CAST(:age AS interval))"""


@pytest.mark.parametrize(
    ("key", "row", "kept"),
    [
        ("callback_inbox.id", ADD_CALLBACK, "90 days"),
        ("outbox.id", ADD_PUBLISHED, "1 hour"),
        ("due_work.object_id", ADD_DONE, "1 day"),
        ("float_claims.object_id", ADD_CLAIM, "3 days"),
    ],
)
def test_each_is_kept_for_its_time(desk: Desk, key: str, row: str, kept: str) -> None:
    """What is older than that goes, and what is younger stays."""
    old, young = an_id("old"), an_id("new")
    for name, minutes in ((old, 1), (young, -1)):
        age = f"{kept} {minutes} minutes"
        desk.database.look(row, id=name, account=desk.account.id, age=age)

    desk.schedule.purge(10_000)

    table, column = key.split(".")
    left = desk.database.look(
        f"SELECT {column} FROM platform.{table} WHERE {column} IN (:old, :young)",
        old=old,
        young=young,
    )
    assert left == [[young]]


@pytest.mark.parametrize(
    ("looks", "left"), [([], [20, 25]), ([True], [10, 25]), ([True] * 100, [0, 0])]
)
def test_done_work_goes_in_batches_while_there_is_time(
    desk: Desk, looks: list[bool], left: list[int]
) -> None:
    """One batch at least, then more until none is full or time is over; young ones stay."""
    charge = desk.charge(due_in_seconds=60)
    old, young = (f"{desk.account.id}_{age}" for age in ("old", "young"))
    desk.database.look(
        "INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, done_at)"
        " SELECT 'hold_release', :old || n, :account, false, now(), now() - interval '25 hours'"
        " FROM generate_series(1, 25) n UNION ALL"
        " SELECT 'hold_release', :young, :account, false, now(), now() - interval '23 hours'",
        old=old,
        young=young,
        account=desk.account.id,
    )
    time_left = iter(looks)

    gone = desk.schedule.purge(5, has_time=lambda: next(time_left, False))

    rows = desk.database.look(
        "SELECT object_id FROM platform.due_work WHERE account_id = :id", id=desk.account.id
    )
    found = {name for [name] in rows}
    assert {charge.id, young} <= found
    # Of what other tests left behind something may have gone in their stead.
    least, most = left
    assert least <= sum(name.startswith(old) for name in found) <= most
    assert gone >= 5


def test_done_work_is_found_by_its_index(migrated: Database) -> None:
    """However many rows are open or young, the purge reads the old ones alone, oldest first."""
    server = migrated.postgres
    with connect(port=server.port, password=server.password, database="pay") as superuser:
        # So few rows would be read as a whole.
        superuser.run("SET enable_seqscan = off; SET enable_bitmapscan = off")
        plan = superuser.run(f"EXPLAIN (GENERIC_PLAN) {PURGE_DUE.text}")

    lines = [line for [line] in plan]
    assert any("Index Scan using due_work_done on" in line for line in lines), plan
    assert not any("Sort" in line or "Seq Scan" in line for line in lines), plan


def test_a_buried_webhook_comes_back(desk: Desk) -> None:
    """A dead `webhook-due` makes its endpoint due again, so that no delivery is stranded."""
    desk.schedule.keep_dead_letter(
        id=an_id("dl"),
        topic="webhook-due",
        subscription="dispatch_webhook--webhook-due--test",
        event_id=an_id("msg"),
        account=desk.account.id,
        livemode=False,
        object_id=desk.account.webhook_endpoint,
        attributes="{}",
        delivery_count=100,
    )

    due = desk.database.look(
        "SELECT due_at < now() + interval '2 minutes' FROM platform.due_work WHERE object_id = :id",
        id=desk.account.webhook_endpoint,
    )
    assert due == [[True]]


def test_a_dead_letter_is_kept_once(desk: Desk) -> None:
    """The broker may bury the same message twice; one row stands for it."""
    row = {
        "topic": "charge-created",
        "subscription": f"submit_charge--{desk.account.id}",
        "event_id": "msg_x",
        "account": None,
        "livemode": None,
        "object_id": None,
        "attributes": "{}",
        "delivery_count": 100,
    }

    desk.schedule.keep_dead_letter(id=an_id("dl"), **row)
    desk.schedule.keep_dead_letter(id=an_id("dl"), **row)

    rows = desk.database.look(
        "SELECT count(*) FROM platform.dead_letters WHERE subscription = :s", s=row["subscription"]
    )
    assert rows == [[1]]
