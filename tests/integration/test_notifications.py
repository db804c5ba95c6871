"""Notifications on real PostgreSQL: written with their cause, read by the sender alone, purged."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine

from shared.db import notices, notifications
from shared.db.deliveries import Deliveries
from shared.db.scheduling import Schedule
from shared.db.transaction import Database as Pool
from shared.domain.account import Tenant
from shared.domain.events import Message
from shared.domain.notification import TERMS, Kind, Notification, Recipient
from shared.operations.send_notification import Copy
from shared.operations.webhook_ports import Delivery, DeliveryResult, Endpoint, WebhookAnswer
from tests.database import Account, Database, MakeAccount, enter, refusal_of
from tests.factories import an_id, moment

DENIED: Final = "42501"
GONE: Final = WebhookAnswer(410, None, 3)


@pytest.fixture
def worker_engine(migrated: Database) -> Iterator[Engine]:
    """An engine of the workers' login."""
    engine = migrated.engine("worker")
    yield engine
    engine.dispose()


def a_notice(account: Account, kind: Kind = Kind.ACCOUNT_CLOSED, **data: str) -> Notification:
    """Something to tell the members of an account."""
    return Notification.of(kind, account.id, data, livemode=False, now=moment())


def rows(database: Database, account: Account) -> list[list[Any]]:
    """Kind and message of each notification of an account."""
    return database.look(
        "SELECT n.kind, o.id FROM platform.notifications n"
        " JOIN platform.outbox o ON o.object_id = n.id AND o.topic = 'notification-due'"
        " WHERE n.account_id = :account",
        account=account.id,
    )


def test_a_cause_and_its_notification_come_together_or_not_at_all(
    app_engine: Engine, account: Account, migrated: Database
) -> None:
    """Written in the cause's transaction, handed on after its commit; an abort leaves nothing."""
    handed: list[Message] = []
    pool = Pool(app_engine, handed.extend)
    notice = a_notice(account)

    def abort() -> None:
        with pool.tenant(account.test) as transaction:
            notices.add(transaction, a_notice(account))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        abort()
    with pool.tenant(account.test) as transaction:
        notices.add(transaction, notice)

    assert rows(migrated, account) == [["account_closed", f"msg_{notice.id}"]]
    assert [message.object_id for message in handed] == [notice.id]


def _two_deliveries(store: Deliveries, account: Account) -> list[tuple[Endpoint, Delivery]]:
    """Two deliveries of one endpoint, each in the hands of another dispatcher."""
    held = []
    for _ in range(2):
        now = moment()
        lease = now + timedelta(seconds=60)
        claim = store.claim(account.webhook_endpoint, now=now, lease_until=lease, limit=1)
        assert claim is not None
        held.append((claim[0], claim[1][0]))
    return held


def _owe(database: Database, tenant: Tenant, endpoint: str, count: int) -> None:
    database.look(
        "WITH e AS (INSERT INTO events (id, type, object_id, data, api_version, created_at)"
        " SELECT 'evt_' || n, 't', 'ch_1', '{}', '1', now() FROM generate_series(1, :count) n"
        " RETURNING id) INSERT INTO webhook_deliveries (event_id, endpoint_id, next_attempt_at,"
        " created_at) SELECT id, :endpoint, now(), now() FROM e",
        tenant,
        endpoint=endpoint,
        count=count,
    )


def test_of_several_who_disable_an_endpoint_one_tells(
    app_engine: Engine, account: Account, migrated: Database
) -> None:
    """Two dispatchers meet 410 at the same moment: the merchant hears of it once."""
    handed: list[Message] = []
    store = Deliveries(Pool(app_engine, handed.extend), account.test)
    _owe(migrated, account.test, account.webhook_endpoint, 2)

    def record(held: tuple[Endpoint, Delivery]) -> None:
        endpoint, delivery = held
        data = {"endpoint": endpoint.id, "host": "shop.example"}
        store.record(
            endpoint,
            [DeliveryResult(delivery.event.id, "dropped", None, GONE)],
            disable_reason="gone",
            failing_since=moment(),
            now=moment(),
            notice=a_notice(account, Kind.ENDPOINT_GONE, **data),
        )

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(record, _two_deliveries(store, account)))

    assert [kind for kind, _ in rows(migrated, account)] == ["endpoint_gone"]
    assert len(handed) == 1
    assert migrated.look("SELECT status, disabled_reason FROM webhook_endpoints", account.test) == [
        ["disabled", "gone"]
    ]


def test_a_dispatcher_that_lost_its_lease_tells_nobody(
    app_engine: Engine, account: Account, migrated: Database
) -> None:
    """Whoever records nothing disables nothing."""
    store = Deliveries(Pool(app_engine), account.test)
    _owe(migrated, account.test, account.webhook_endpoint, 1)
    now = moment()
    claim = store.claim(account.webhook_endpoint, now=now, lease_until=now, limit=1)
    assert claim is not None
    later = now + timedelta(seconds=1)
    store.claim(account.webhook_endpoint, now=later, lease_until=later, limit=1)

    store.record(
        claim[0],
        [DeliveryResult(claim[1][0].event.id, "dropped", None, GONE)],
        disable_reason="gone",
        failing_since=now,
        now=later,
        notice=a_notice(account, Kind.ENDPOINT_GONE, endpoint="we_1", host="h"),
    )

    assert rows(migrated, account) == []


@pytest.fixture(scope="module")
def mine(make_account: MakeAccount) -> Account:
    """An account of this file's own."""
    return make_account()


@pytest.fixture
def tenant(app_engine: Engine, mine: Account) -> Iterator[Connection]:
    """A transaction of the application inside an account; rolled back."""
    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, mine.test)
        yield connection
        transaction.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT recipient FROM platform.notifications",
        "UPDATE platform.notifications SET recipient = 'x@y.cm'",
        "UPDATE platform.notifications SET state = 'waiting'",
        "DELETE FROM platform.notifications",
        "INSERT INTO platform.notifications (id, state) VALUES ('ntf_1', 'sent')",
    ],
)
def test_who_writes_a_notification_reads_none(
    tenant: Connection, app_engine: Engine, statement: str
) -> None:
    """Neither a tenant nor the application sees, changes or forges what others are told."""
    assert refusal_of(tenant, statement) == DENIED
    with app_engine.connect() as login:
        assert refusal_of(login, statement) == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE platform.notifications SET recipient = 'x@y.cm'",
        "UPDATE platform.notifications SET data = '{}'",
        "SELECT state FROM platform.accounts",
    ],
)
def test_the_sender_changes_no_words_and_no_recipient(
    worker_engine: Engine, statement: str
) -> None:
    """It reads what it needs and moves what it has done."""
    with worker_engine.connect() as connection:
        assert refusal_of(connection, statement) == DENIED


def test_what_is_over_is_forgotten_after_a_week(
    worker_engine: Engine, account: Account, app_engine: Engine, migrated: Database
) -> None:
    """Addresses and numbers are personal: what ended, or will never be sent, does not stay."""
    ages = {"new": "6 days", "old": "8 days"}
    ids = {}
    with Pool(app_engine).tenant(account.test) as transaction:
        for name in ("new sent", "old sent", "new waiting", "old waiting", "still to be sent"):
            notice = a_notice(account)
            ids[notice.id] = name
            notices.add(transaction, notice)
    for notice_id, name in ids.items():
        age, _, state = name.partition(" ")
        migrated.look(
            "UPDATE platform.notifications SET send_before = now() - CAST(:age AS interval),"
            " state = :state, ended_at = CASE WHEN :state = 'sent' THEN send_before"
            " - CAST(:age AS interval) - interval '3 days' END WHERE id = :id",
            id=notice_id,
            age=ages.get(age, "-1 days"),
            state="sent" if state == "sent" else "waiting",
        )

    Schedule(Pool(worker_engine)).purge(100)

    left = migrated.look(
        "SELECT id FROM platform.notifications WHERE account_id = :account", account=account.id
    )
    assert {ids[row[0]] for row in left} == {"new sent", "new waiting", "still to be sent"}


REVIEW: Final = {"keys": "key_1", "review_by": "2026-12-01T08:00:00+00:00"}


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [(Kind.ACCOUNT_CLOSED, {}, {"here", "now"}), (Kind.KEYS_UNDER_REVIEW, REVIEW, {"here"})],
)
def test_whoever_leaves_hears_of_the_closing_alone(
    worker_engine: Engine,
    account: Account,
    app_engine: Engine,
    migrated: Database,
    *,
    kind: Kind,
    data: dict[str, str],
    expected: set[str],
) -> None:
    """It ends the members whom it tells; of what keys remain nobody hears who is out."""
    notice = a_notice(account, kind, **data)
    ends = {"here": None, "now": notice.created_at, "gone": notice.created_at - timedelta(hours=1)}
    for person, ended_at in ends.items():
        migrated.look(
            "INSERT INTO platform.members (account_id, person, email, language, duty, ended_at)"
            " VALUES (:account, :person, :email, 'fr', 'owner', :ended_at)",
            account=account.id,
            person=person,
            email=f"{person}@shop.cm",
            ended_at=ended_at,
        )
    with Pool(app_engine).tenant(account.test) as transaction:
        notices.add(transaction, notice)
    store = notifications.Notifications(Pool(worker_engine))
    message = notices.notice_message(notice)
    claimed = store.claim(message, now=moment(), lease_until=moment() + timedelta(seconds=60))

    assert claimed is not None
    told = {member.address for member in store.members(claimed, TERMS[kind]).wanting}
    assert told == {f"{person}@shop.cm" for person in expected}


def test_a_copy_is_made_for_each_member_or_for_none(
    worker_engine: Engine, account: Account, app_engine: Engine, migrated: Database
) -> None:
    """A sender whose lease is lost passes nothing on."""
    notice = a_notice(account)
    with Pool(app_engine).tenant(account.test) as transaction:
        notices.add(transaction, notice)
    handed: list[Message] = []
    store = notifications.Notifications(Pool(worker_engine, handed.extend))
    message = Message(an_id("msg"), "notification-due", account.id, livemode=False,
                      object_id=notice.id)  # fmt: skip
    now = moment()
    stale = store.claim(message, now=now, lease_until=now)
    fresh = store.claim(
        message, now=now + timedelta(seconds=1), lease_until=now + timedelta(seconds=60)
    )
    assert stale is not None
    assert fresh is not None
    assert (fresh.account_name, fresh.to, fresh.kind) == ("Boutique Mballa", None, "account_closed")

    copies = [
        Copy(copy_id, Recipient(f"{n}@shop.cm", "fr"),
             Message(an_id("msg"), "notification-due", account.id, livemode=False,
                     object_id=copy_id))
        for n, copy_id in enumerate((an_id("ntf"), an_id("ntf")))
    ]  # fmt: skip
    assert store.pass_on(stale, copies, now=now) is False
    assert handed == []
    assert store.pass_on(fresh, copies, now=now) is True
    assert handed == [copy.message for copy in copies]
    assert len(rows(migrated, account)) == 3
