"""start_due_work and relay_outbox at their door: anyone may call, and they end in time."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from functions.start_due_work import main as start_due_work
from shared.domain.events import CHARGE_CHECK_DUE, CHARGE_CREATED, PAYMENT_FINAL, WEBHOOK_DUE
from shared.runtime import lifecycle, wiring
from tests.functions.door import Door, Reply
from tests.functions.till import Till
from tests.pubsub_server import PROJECT, Client, started

TICKS = ("start_due_work", "relay_outbox")


@pytest.fixture
def tick(door: Callable[[str], Door]) -> Iterator[Callable[..., Reply]]:
    """Call a tick, and tell the process to stop once `until` holds, as SIGTERM does."""

    def call(function: str, until: Callable[[], object], body: object = None) -> Reply:
        replies: list[Reply] = []
        running = threading.Thread(target=lambda: replies.append(door(function).post("/", body)))
        running.start()
        deadline = time.monotonic() + 10
        while not until() and running.is_alive() and time.monotonic() < deadline:
            running.join(0.02)
        lifecycle.begin_shutdown()
        running.join(10)
        lifecycle._stopping.clear()
        return replies[0]

    yield call
    lifecycle._stopping.clear()


def make_due(till: Till, charge_id: str) -> None:
    """Let the charge's next read be due."""
    till.rows.run(
        "UPDATE platform.due_work SET due_at = now() - interval '1 s' WHERE object_id = :id",
        id=charge_id,
    )


def checks(till: Till) -> list[dict[str, object]]:
    """The messages that wake the reader."""
    return till.rows.platform("outbox", "topic = 'charge-check-due'")


def test_due_work_becomes_one_message(tick: Callable[..., Reply], till: Till) -> None:
    """A due read is leased and put into the outbox once, however many runs look."""
    charge_id = till.create()
    make_due(till, charge_id)

    first = tick("start_due_work", lambda: checks(till), body=b"whatever \xff")
    second = tick("start_due_work", lambda: True)

    assert (first.status, second.status) == (200, 200)
    (check,) = checks(till)
    assert check["object_id"] == charge_id
    (due,) = till.rows.platform("due_work", "kind = 'payment_check'")
    assert due["lease_until"] is not None
    assert due["done_at"] is None


def test_what_is_not_due_waits(tick: Callable[..., Reply], till: Till) -> None:
    """A run looks for what is due now and touches nothing else."""
    till.create()

    assert tick("start_due_work", lambda: True).status == 200

    assert checks(till) == []


def test_old_rows_are_purged_and_others_kept(tick: Callable[..., Reply], till: Till) -> None:
    """Messages of an hour ago that the broker took go; what it never took stays for ever."""
    till.create()
    rows = till.rows.platform("outbox")
    gone = rows[0]["id"]
    till.rows.run(
        "UPDATE platform.outbox SET published_at = now(), created_at = now() - interval '2 h'"
        " WHERE id = :id",
        id=gone,
    )

    tick("start_due_work", lambda: True)

    left = {row["id"] for row in till.rows.platform("outbox")}
    assert left == {row["id"] for row in rows} - {gone}


def test_a_run_purges_as_many_rows_as_are_old(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a busy day leaves goes, not just one batch of it: else the table only grows."""
    till.rows.run(
        "INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, done_at)"
        " SELECT 'hold_release', 'ch_old_' || n, :account, false, now(), now() - interval '2 days'"
        " FROM generate_series(1, :rows) n",
        account=till.account.id,
        rows=2 * start_due_work.PURGE + 1,
    )
    monkeypatch.setattr(start_due_work, "RUN_SECONDS", 0)
    monkeypatch.setattr(start_due_work, "PURGE_SECONDS", 60)

    start_due_work.start()

    assert till.rows.platform("due_work", "object_id LIKE 'ch_old_%'") == []


def test_a_broker_that_is_away_loses_nothing(tick: Callable[..., Reply], till: Till) -> None:
    """What could not be published stays unpublished in the outbox, to be tried again."""
    till.create()
    till.rows.run(
        "UPDATE platform.outbox SET created_at = now() - interval '1 min' WHERE account_id = :id",
        id=till.account.id,
    )
    before = till.rows.platform("outbox")

    reply = tick("relay_outbox", lambda: till.rows.platform("outbox", "lease_until IS NOT NULL"))

    assert reply.status == 200
    after = till.rows.platform("outbox")
    assert {row["id"] for row in after} == {row["id"] for row in before}
    assert all(row["published_at"] is None for row in after)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Client]:
    """A real Pub/Sub with the topics of a charge; its subscriber."""
    with started(tmp_path) as server:
        for topic in (CHARGE_CREATED, CHARGE_CHECK_DUE, PAYMENT_FINAL, WEBHOOK_DUE):
            name = f"projects/{PROJECT}/topics/{topic}"
            server.publisher().create_topic(request={"name": name}, timeout=5)
            server.subscriber().create_subscription(
                request={"name": f"projects/{PROJECT}/subscriptions/{topic}", "topic": name},
                timeout=5,
            )
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.address)
        wiring.broker.cache_clear()
        yield server.subscriber()
        wiring.broker().close()
        wiring.broker.cache_clear()


def test_what_a_process_left_behind_is_published(
    tick: Callable[..., Reply], till: Till, broker: Client
) -> None:
    """Each message of the outbox that is older than three seconds leaves once and is marked."""
    charge_id = till.create()
    till.rows.run(
        "UPDATE platform.outbox SET created_at = now() - interval '1 min' WHERE account_id = :id",
        id=till.account.id,
    )

    reply = tick("relay_outbox", lambda: not till.rows.platform("outbox", "published_at IS NULL"))

    assert reply.status == 200
    found = broker.pull(
        request={
            "subscription": f"projects/{PROJECT}/subscriptions/{CHARGE_CREATED}",
            "max_messages": 1000,
        },
        timeout=5,
    )
    data = [json.loads(one.message.data) for one in found.received_messages]
    assert [one["account"] for one in data if one["object_id"] == charge_id] == [till.account.id]
    assert till.rows.platform("outbox", "published_at IS NULL") == []


@pytest.mark.parametrize("function", TICKS)
def test_a_tick_is_a_post_to_the_root(door: Callable[[str], Door], function: str) -> None:
    """Anything else is refused before it starts, and so is a body that nobody reads."""
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        reply = door(function).call(method, "/")
        assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    assert door(function).post("/v1/charges").status == 404
    assert door(function).post("/", b"x" * (64 * 1024 + 1)).status == 413
