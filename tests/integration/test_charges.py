"""The charge store on real PostgreSQL: all or nothing, one winner, one round trip."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pg8000 import core
from sqlalchemy import Engine

from shared.db import statement
from shared.db.charges import Charges, key_lock
from shared.db.engine import make_engine
from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from shared.domain.charge import ChargeEvent, ChargeStatus
from shared.domain.errors import InProgress, InvalidRequest, KeyReused
from shared.domain.rules import Admission, Prompts
from shared.operations.ports import IdempotencyUse, Lease, Move, Replayed, Stored
from tests.database import Account, Database
from tests.factories import moment
from tests.integration.charging import Shop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.domain.events import Message

KEY = IdempotencyUse("create_charge", "key-1", "f" * 64)


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


def test_a_charge_is_stored_with_all_that_belongs_to_it(shop: Shop) -> None:
    """Charge, event, feed, due check, outbox and webhook delivery commit together."""
    charge = shop.charge(reference="order-1", metadata={"table": "7"})

    outcome = shop.create(charge, KEY)

    assert outcome == Stored(f'{{"id":"{charge.id}"}}')
    assert shop.store.find(charge.id) == charge
    assert len(shop.rows("events")) == 1
    assert len(shop.rows("webhook_deliveries")) == 1
    look = shop.database.look
    assert len(look("SELECT FROM platform.due_work WHERE object_id = :id", id=charge.id)) == 1
    assert len(look("SELECT FROM platform.event_feed WHERE object_id = :id", id=charge.id)) == 1
    stored = {
        row[0]
        for row in look("SELECT id FROM platform.outbox WHERE account_id = :id", id=shop.account.id)
    }
    assert {message.event_id for message in shop.handed_on} == stored
    assert {message.topic for message in shop.handed_on} == {"charge-created", "webhook-due"}


def test_the_same_key_and_body_get_the_first_answer(shop: Shop) -> None:
    """A repeat stores nothing and hands nothing on."""
    first, second = shop.charge(), shop.charge()
    shop.create(first, KEY)
    shop.handed_on.clear()

    assert shop.create(second, KEY) == Replayed(f'{{"id":"{first.id}"}}')

    assert shop.store.find(second.id) is None
    assert shop.handed_on == []


def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    """A key stands for one request for ever."""
    shop.create(shop.charge(), KEY)
    other = shop.charge()

    with pytest.raises(KeyReused):
        shop.create(other, replace(KEY, fingerprint="0" * 64))

    assert shop.store.find(other.id) is None


def test_fifty_at_once_with_one_key_make_one_charge(shop: Shop) -> None:
    """Whoever is not first hears `in progress` or gets the first answer."""

    def attempt(_: int) -> str | None:
        try:
            return shop.create(shop.charge(), KEY).response
        except InProgress:
            return None

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(attempt, range(50)))

    assert len(answers - {None}) == 1
    assert len(shop.rows("charges")) == 1


def test_a_reference_serves_one_living_charge(shop: Shop) -> None:
    """Two unfinished charges never share the merchant's own reference; a failed one frees it."""
    first = shop.charge(reference="order-9")
    shop.create(first)

    with pytest.raises(InvalidRequest, match="reference_in_use"):
        shop.create(shop.charge(reference="order-9"))

    failed = replace(first, status=ChargeStatus.FAILED, failure_code="expired")
    assert shop.store.move(
        Move(failed, first.status, ChargeEvent.ABANDONED, moment(), None, lease=Lease.FREE)
    )
    assert isinstance(shop.create(shop.charge(reference="order-9")), Stored)


def test_one_worker_claims(shop: Shop) -> None:
    """Of many that want to send, one gets the lease and one attempt is stored."""
    charge = shop.charge()
    shop.create(charge)

    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda _: shop.claim(charge), range(8)))

    assert len([claim for claim in claims if claim is not None]) == 1
    assert len(shop.rows("provider_attempts")) == 1


def test_a_charge_past_its_time_is_not_claimed(shop: Shop) -> None:
    """Nothing is sent after submit_before."""
    charge = shop.charge(submit_before=moment() - timedelta(seconds=1))
    shop.create(charge)

    assert shop.claim(charge) is None
    assert shop.rows("provider_attempts") == []


def test_a_released_charge_is_sent_under_the_same_reference(shop: Shop) -> None:
    """Proven that no byte left: the next claim keeps the attempt that stands."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    shop.store.release(*claimed, reason="connection_refused")

    again = shop.claim(charge)

    assert again is not None
    assert again[1].reference == claimed[1].reference
    assert len(shop.rows("provider_attempts")) == 1


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count how often this thread sends something off to the server, to wait for its answer."""
    counted = threading.local()
    original = core._flush

    def counting(sock: Any) -> None:
        counted.n = getattr(counted, "n", 0) + 1
        original(sock)

    monkeypatch.setattr(core, "_flush", counting)
    monkeypatch.setattr(statement, "_flush", counting)
    return lambda: getattr(counted, "n", 0)


def test_each_of_create_find_and_settle_takes_one_round_trip(
    shop: Shop, migrated: Database, round_trips: Callable[[], int]
) -> None:
    """Once prepared, each opens, works and commits in one go, and limits take no other."""
    engine = make_engine(
        migrated.url, secret_file=migrated.secrets_dir / "database_app", pool_size=1
    )
    shop.store = Charges(Pool(engine), shop.account.test)
    counts = []
    for key in ("a", "b", "c"):
        charge = shop.charge()
        asked = Admission(
            f"trips-{shop.account.id}", "k", moment(), Prompts(3, 600), (9, 10**6) * 2
        )
        before = round_trips()
        shop.create(charge, replace(KEY, key=key), asked)
        created = round_trips()
        shop.store.find(charge.id)
        found = round_trips()
        shop.store.move(shop.success(charge))
        counts.append((created - before, found - created, round_trips() - found))
    engine.dispose()

    assert counts[2] == (1, 1, 1)


def test_a_lock_held_elsewhere_stores_nothing(shop: Shop, app_engine: Engine) -> None:
    """While the same key is at work the statement runs and writes not a row."""
    shop.create(shop.charge())  # from now on the statement is prepared and goes in one round trip
    other = shop.charge()
    with Pool(app_engine).tenant(shop.account.test) as holder:
        lock = key_lock(KEY, shop.account.test)
        holder.run(Statement(f"SELECT pg_advisory_xact_lock({lock})"))
        with pytest.raises(InProgress):
            shop.create(other, KEY)

    assert shop.store.find(other.id) is None
    assert isinstance(shop.create(other, KEY), Stored)


def test_a_refused_statement_leaves_the_connection_clean(shop: Shop, migrated: Database) -> None:
    """An error inside a whole transaction rolls it back and gives the connection back usable."""
    engine = migrated.engine("app", pool_size=1)
    shop.store = Charges(Pool(engine), shop.account.test)
    charge = shop.charge(reference="order-7")
    shop.create(charge)
    shop.create(shop.charge())

    for _ in range(3):
        with pytest.raises(InvalidRequest, match="reference_in_use"):
            shop.create(shop.charge(reference="order-7"))

    assert shop.store.find(charge.id) == charge
    assert len(shop.rows("charges")) == 2
    engine.dispose()


def test_a_charge_is_told_once_it_is_there(shop: Shop, app_engine: Engine) -> None:
    """Whoever hears of it first may be faster than a commit: it is told after that alone."""
    charge = shop.charge()
    found: list[bool] = []

    def look(messages: "Sequence[Message]") -> None:
        about = [message for message in messages if message.object_id == charge.id]
        found.extend(shop.rows("charges", f"id = '{each.object_id}'") != [] for each in about)

    shop.store = Charges(Pool(app_engine, look), shop.account.test)
    shop.create(charge)

    assert found == [True]
