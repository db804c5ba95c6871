"""Several charges in one transaction: each as if it had come alone, and none by halves."""

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from knative.local.postgres import connect
from shared.db.charges import key_lock
from shared.db.charges_together import ManyCharges
from shared.db.transaction import Database as Pool
from shared.domain.errors import (
    InProgress,
    InvalidRequest,
    KeyReused,
    TooManyRequests,
    Unavailable,
)
from shared.domain.money import XAF, Money
from shared.domain.rules import Admission, Prompts
from shared.operations.create_charge import NewCharge
from shared.operations.ports import IdempotencyUse, Replayed, Stored
from tests.database import Account, Database
from tests.factories import a_message, an_event, moment
from tests.integration.charging import Shop

TENANTS: Final = ("charges", "events", "webhook_deliveries", "idempotency_keys", "state_changes")
PLATFORMS: Final = ("due_work", "outbox", "event_feed", "payment_index")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+\d\d:\d\d")
ODD: Final = 'a, "quoted" {word} \\ é NULL'


class ShopOfMany(Shop):
    """A shop that stores several at once."""

    def __init__(self, engine: Engine, account: Account, database: Database) -> None:
        super().__init__(engine, account, database)
        self.many = ManyCharges(Pool(engine, self.handed_on.extend), account.test)

    def new(self, key: str | None = None, body: str = "f", **changes: Any) -> NewCharge:
        """A charge to be stored, under a key or without one."""
        charge = self.charge(**changes)
        use = None if key is None else IdempotencyUse("create_charge", key, body * 64)
        response = f'{{"id":"{charge.id}","text":"{ODD}"}}'
        event = replace(
            an_event(charge), request_id=f"of {charge.id}", data=response, idempotency_key=key
        )
        due = moment() + timedelta(seconds=10)
        return NewCharge(charge, event, a_message(charge), due, use, response, admission=None)

    def rows_of(self, new: NewCharge) -> Mapping[str, Sequence[str]]:
        """What stands of a charge in each table, with words for what is its own."""
        ids = (new.charge.id, new.event.id, new.message.event_id)
        return {
            table: sorted(
                _worded(row[0], ids, key="" if new.idempotency is None else new.idempotency.key)
                for row in self.database.look(
                    f"SELECT (to_jsonb(t) - 'txid' - 'xid' - 'position')::text"
                    f" FROM {table if table in TENANTS else 'platform.' + table} t"
                    f" WHERE to_jsonb(t)::text ~ :ids",
                    self.account.test,
                    ids="|".join(ids),
                )
            )
            for table in (*TENANTS, *PLATFORMS)
        }


def _worded(row: str, ids: Sequence[str], *, key: str) -> str:
    for place, known in enumerate(ids):
        row = row.replace(known, f"<{place}>")
    if key:
        row = row.replace(f'"{key}"', "<key>")
    return _TIME.sub("<time>", row)


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> ShopOfMany:
    """A shop of its own for each test."""
    return ShopOfMany(app_engine, account, migrated)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"reference": ODD, "description": ODD, "metadata": {"a": ODD, "": ""}},
        {"phone": None, "return_url": "https://shop.example/a,b?c={d}"},
        {"money": Money(10**12, XAF), "hold": timedelta(days=3)},
    ],
)
def test_what_stands_is_what_stands_of_one_alone(shop: ShopOfMany, changes: dict[str, Any]) -> None:
    """Row by row and column by column, with its own event, check, message and delivery."""
    alone = shop.new("one", **changes)
    together = shop.new("two", **changes)
    several = [shop.new("three"), together, shop.new()]

    outcomes = shop.many.create_together([alone])
    expected = shop.rows_of(alone)
    # So that its reference is free again.
    shop.database.look("UPDATE charges SET status = 'canceled'", shop.account.test)
    outcomes += shop.many.create_together(several)

    assert outcomes == [Stored(new.response) for new in (alone, *several)]
    assert shop.rows_of(together) == expected
    assert len(expected["outbox"]) == 2
    messages = {message.event_id for message in shop.handed_on}
    stored = shop.database.look(
        "SELECT id FROM platform.outbox WHERE account_id = :id", id=shop.account.id
    )
    assert messages == {row[0] for row in stored}
    assert shop.many.find(together.charge.id) == together.charge


def test_together_a_family_is_asked_for_as_one_alone(shop: ShopOfMany) -> None:
    """An endpoint that knows the family and not the type hears of each of them."""
    shop.database.look(
        "UPDATE webhook_endpoints SET enabled_events = '{charge.*}'", shop.account.test
    )
    alone, together = shop.new(), shop.new()
    for several in ([alone], [together, shop.new()]):
        shop.many.create_together(several)

    for new in (alone, together):
        assert len(shop.rows_of(new)["webhook_deliveries"]) == 1


def test_each_has_its_own_outcome(shop: ShopOfMany) -> None:
    """Answered before, another body, a reference in use: neighbours are stored all the same."""
    first = shop.new("first", reference="taken")
    shop.many.create_together([first])
    shop.handed_on.clear()
    several = [
        shop.new("first"),
        shop.new("second"),
        shop.new("third", reference="taken"),
        shop.new(reference="free"),
    ]

    again, stored, taken, free = shop.many.create_together(several)
    [other] = shop.many.create_together([shop.new("first", body="0")])
    [others, _] = shop.many.create_together([shop.new("first", body="0"), shop.new()])

    assert again == Replayed(first.response)
    assert isinstance(stored, Stored)
    assert isinstance(free, Stored)
    assert isinstance(taken, InvalidRequest)
    assert (taken.code, taken.param) == ("reference_in_use", "reference")
    assert isinstance(other, KeyReused)
    assert isinstance(others, KeyReused)
    assert shop.many.find(several[0].charge.id) is None
    assert not any(shop.rows_of(several[2]).values())
    # The key of what was refused is free.
    assert shop.many.create_together([shop.new("third"), shop.new()])[0] is not None
    assert isinstance(shop.many.create_together([shop.new("third"), shop.new()])[0], Replayed)


def test_a_key_at_work_holds_up_nobody_else(shop: ShopOfMany) -> None:
    """Whoever has its lock elsewhere is waited for by nobody: its charge alone is refused."""
    busy, free = shop.new("busy"), shop.new("free")
    assert busy.idempotency is not None
    postgres = shop.database.postgres
    with connect(port=postgres.port, password=postgres.password, database="pay") as other:
        other.run("BEGIN")
        other.run(f"SELECT pg_advisory_xact_lock({key_lock(busy.idempotency, shop.account.test)})")
        outcomes = shop.many.create_together([busy, free])

    assert isinstance(outcomes[0], InProgress)
    assert outcomes[0].values == {"retry_after_seconds": 1}
    assert outcomes[1] == Stored(free.response)
    assert not any(shop.rows_of(busy).values())


def test_an_answer_of_yesterday_is_forgotten(shop: ShopOfMany) -> None:
    """After 24 hours the key serves again, as alone."""
    shop.many.create_together([shop.new("old"), shop.new()])
    shop.database.look(
        "UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'",
        shop.account.test,
    )
    again = shop.new("old", body="0")

    assert shop.many.create_together([again, shop.new()])[0] == Stored(again.response)


def test_what_is_counted_is_counted_one_by_one(shop: ShopOfMany) -> None:
    """A number that may be asked twice is asked twice, and its third charge is refused."""
    bound = Admission("n" * 64, "key", moment(), prompts=Prompts(2, 600))
    several = [replace(shop.new(), admission=bound) for _ in range(3)]

    outcomes = shop.many.create_together(several)

    assert outcomes[:2] == [Stored(new.response) for new in several[:2]]
    assert isinstance(outcomes[2], TooManyRequests)


def test_a_database_that_keeps_one_waiting_is_not_waited_for_again(shop: ShopOfMany) -> None:
    """Behind a lock of 2 s the first finds out, and the others are not begun."""
    bound = Admission("n" * 64, "key", moment(), prompts=Prompts(9, 600))
    several = [replace(shop.new(), admission=bound) for _ in range(5)]
    postgres, began = shop.database.postgres, time.monotonic()
    with connect(port=postgres.port, password=postgres.password, database="pay") as other:
        other.run("BEGIN")
        other.run(f'LOCK TABLE "{shop.account.test.schema}".charges IN EXCLUSIVE MODE')
        outcomes = shop.many.create_together(several)
        seconds = time.monotonic() - began

    assert all(isinstance(each, Unavailable) for each in outcomes)
    assert seconds < 5 * 2
    assert shop.rows("charges") == []


def test_batches_with_the_same_keys_and_references_make_each_charge_once(
    shop: ShopOfMany,
) -> None:
    """Eight at once, in any order: nobody waits in a circle, and no key has two charges."""
    names = [f"order-{number}" for number in range(12)]

    def batch(turn: int) -> list[object]:
        order = names if turn % 2 else names[::-1]
        several = [shop.new(name, reference=name) for name in order]
        return list(shop.many.create_together(several))

    with ThreadPoolExecutor(8) as threads:
        outcomes = [each for batch in threads.map(batch, range(16)) for each in batch]

    assert sum(isinstance(each, Stored) for each in outcomes) == len(names)
    assert all(isinstance(each, Stored | Replayed | InProgress) for each in outcomes)
    assert len(shop.rows("charges")) == len(shop.rows("idempotency_keys")) == len(names)


def test_references_alone_are_taken_once(shop: ShopOfMany) -> None:
    """Without keys too: one has the reference, and all others are told so."""
    names = [f"order-{number}" for number in range(12)]

    def batch(turn: int) -> list[object]:
        order = names if turn % 2 else names[::-1]
        return list(shop.many.create_together([shop.new(reference=name) for name in order]))

    with ThreadPoolExecutor(8) as threads:
        outcomes = [each for batch in threads.map(batch, range(16)) for each in batch]

    refused = [each for each in outcomes if not isinstance(each, Stored)]
    assert len(outcomes) - len(refused) == len(names) == len(shop.rows("charges"))
    assert {getattr(each, "code", None) for each in refused} == {"reference_in_use"}
