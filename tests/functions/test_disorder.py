"""E14, E15: pushes that come several times and in any order have one effect each.

Every message goes to its function's own door, signed by the issuer of our Pub/Sub server, under
real threads, with a real database and a real object store behind.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from shared.domain.events import (
    CHARGE_CHECK_DUE,
    CHARGE_CREATED,
    PAYMENT_FINAL,
    WEBHOOK_DUE,
    Message,
)
from shared.runtime import receipts
from shared.storage.locked_store import S3LockedStore
from tests.functions.till import AMOUNT, Till
from tests.object_store import RunningStore, running_object_store
from tests.scripted_server import ScriptedServer, answer
from tests.trials import Trial

THREADS: Final = 8
WINDOW: Final = 1_000
COPIES: Final = 5
BESIDE_ITSELF: Final = 0.2
FUNCTION_OF: Final = {
    CHARGE_CREATED: "submit_charge",
    CHARGE_CHECK_DUE: "settle_charge",
    PAYMENT_FINAL: "render_receipt",
    WEBHOOK_DUE: "dispatch_webhook",
}
# Whatever of a charge is not there exactly once, or does not belong to a success.
WRONG: Final = """
SELECT c.id FROM charges c
LEFT JOIN receipts r ON r.charge_id = c.id
WHERE c.status <> 'succeeded' OR r.stored_at IS NULL
  OR 1 <> (SELECT count(*) FROM provider_attempts WHERE charge_id = c.id)
  OR 1 <> (SELECT count(*) FROM ledger_transactions WHERE object_id = c.id)
  OR 0 <> (SELECT sum(amount) FROM postings WHERE transaction_id = c.balance_transaction)
  OR c.amount <> (SELECT sum(amount) FROM postings
                  WHERE transaction_id = c.balance_transaction AND code LIKE 'float:%')
  OR ARRAY['charge.pending', 'charge.succeeded', 'receipt.available']
     <> (SELECT array_agg(type ORDER BY type) FROM events WHERE object_id = c.id)
  OR 2 > (SELECT count(*) FROM state_changes WHERE object_id = c.id)
  OR 1 <> (SELECT count(*) FROM state_changes WHERE object_id = c.id AND to_status = 'succeeded')
  OR 1 <> (SELECT count(*) FROM platform.outbox
           WHERE object_id = c.id AND topic = 'payment-final')
  OR EXISTS (SELECT FROM platform.due_work WHERE object_id = c.id AND done_at IS NULL)
  OR EXISTS (SELECT FROM events e JOIN webhook_deliveries d ON d.event_id = e.id
             WHERE e.object_id = c.id AND d.status <> 'succeeded')"""


@pytest.fixture
def receiver(till: Till) -> Iterator[ScriptedServer]:
    """The merchant's server, to which the shop's endpoint points."""
    with ScriptedServer(lambda _: answer(200)) as server:
        till.rows.run(
            f'UPDATE "{till.account.test.schema}".webhook_endpoints SET url = :url',
            url=f"{server.url}/hooks",
        )
        yield server


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningStore]:
    """A real store in the place of the scripted one."""
    with running_object_store(tmp_path) as running:
        locked = S3LockedStore(
            running.endpoint_url, running.bucket, credentials=running.credentials
        )
        monkeypatch.setattr(receipts, "locked_store", lambda: locked)
        yield running


class Chaos:
    """Delivers messages as no broker should."""

    def __init__(self, till: Till, trial: Trial) -> None:
        self._till = till
        self._chance = trial.chance
        self.pushes = 0
        self.asked_again = 0

    def deliver(self, messages: Sequence[Message]) -> None:
        """Push each one to five times, out of order within the window, until each is taken."""
        chance = self._chance
        copies = [m for m in messages for _ in range(chance.randint(1, COPIES))]
        places = sorted((at + chance.uniform(0, WINDOW), at) for at in range(len(copies)))
        pushes = [copies[at] for _, at in places]
        twins = [m for m in pushes for _ in range(2 if chance.random() < BESIDE_ITSELF else 1)]
        with ThreadPoolExecutor(THREADS) as threads:
            while twins:
                self.pushes += len(twins)
                taken = threads.map(self._push, twins)
                twins = [m for m, is_taken in zip(twins, taken, strict=True) if not is_taken]
                self.asked_again += len(twins)

    def _push(self, message: Message) -> bool:
        reply = self._till.push(FUNCTION_OF[message.topic], message)
        assert reply.status in {204, 503}
        return reply.status == 204


def _checks(till: Till, where: str) -> list[Message]:
    """A check of each charge that is not over, as the due work makes it."""
    open_ones = till.rows.of("charges", where)
    return [till.message(CHARGE_CHECK_DUE, row["id"]) for row in open_ones]


def _outbox(till: Till, topic: str, known: set[str]) -> list[Message]:
    """What functions have put into the outbox since the last look."""
    rows = till.rows.platform("outbox", "topic = :topic", topic=topic)
    new = [row for row in rows if row["id"] not in known]
    known.update(row["id"] for row in new)
    return [till.message(topic, row["object_id"], event_id=row["id"]) for row in new]


def test_disorder_and_repeats_have_one_effect_each(
    till: Till, receiver: ScriptedServer, store: RunningStore, trial: Trial
) -> None:
    """Each charge is sent, booked, printed and told once, and each of its events arrives once."""
    wanted, per_round = trial.size(600, 50_000), trial.size(20, 200)
    chaos, known, count = Chaos(till, trial), set[str](), 0
    while chaos.pushes < wanted:
        ids = [till.create() for _ in range(per_round)]
        count += per_round
        messages = _outbox(till, CHARGE_CREATED, known)
        assert sorted(m.object_id for m in messages) == sorted(ids)
        checks = [till.message(CHARGE_CHECK_DUE, charge_id) for charge_id in ids]
        chaos.deliver([*messages, *checks])
        while late := _checks(till, "status <> 'succeeded'"):
            chaos.deliver(late)
        chaos.deliver(_outbox(till, PAYMENT_FINAL, known) + _outbox(till, WEBHOOK_DUE, known))
        while pending := till.rows.of("webhook_deliveries", "status <> 'succeeded' LIMIT 1"):
            chaos.deliver([till.message(WEBHOOK_DUE, pending[0]["endpoint_id"])])
    schema = till.account.test.schema
    wrong = {row[0] for row in till.rows.run(f'SET search_path = "{schema}"; {WRONG}')}
    till.rows.run("RESET search_path")
    asked = Counter(seen.headers["x-reference-id"] for seen in till.sent)
    arrived = Counter(seen.headers["webhook-id"] for seen in receiver.seen)
    pages = store.client().get_paginator("list_object_versions").paginate(Bucket=store.bucket)
    versions = Counter(v["Key"] for page in pages for v in page.get("Versions", []))
    balance = sum(row["amount"] for row in till.rows.of("postings", "code = 'pending'"))

    assert wrong == set()
    assert (len(asked), len(arrived), len(versions)) == (count, 3 * count, count)
    assert balance == -AMOUNT * count
    assert len(till.rows.of("charges")) == count
    trial.record(
        "E14 E15 disorder at the doors",
        chaos.pushes,
        wrong=sum(sum(seen.values()) - len(seen) for seen in (asked, arrived, versions)),
        charges=count,
        asked_again=chaos.asked_again,
    )
