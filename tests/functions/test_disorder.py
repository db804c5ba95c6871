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
from shared.runtime import locked
from shared.storage.locked_store import S3LockedStore
from tests.functions.till import AMOUNT, Till
from tests.object_store import RunningStore, running_object_store
from tests.scripted_server import ScriptedServer
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
# Charges of which anything is not there exactly once, or does not belong to a success.
WRONG: Final = """
WITH sent AS (SELECT charge_id AS id, count(*) AS n FROM provider_attempts GROUP BY 1),
booked AS (SELECT object_id AS id, count(*) AS n FROM ledger_transactions GROUP BY 1),
lines AS (SELECT transaction_id AS id, sum(amount) AS total,
                 sum(amount) FILTER (WHERE code LIKE 'float:%') AS taken
          FROM postings GROUP BY 1),
told AS (SELECT object_id AS id, array_agg(type ORDER BY type) AS types FROM events GROUP BY 1),
moved AS (SELECT object_id AS id, count(*) AS n FROM state_changes
          WHERE to_status = 'succeeded' GROUP BY 1),
finals AS (SELECT object_id AS id, count(*) AS n FROM platform.outbox
           WHERE topic = 'payment-final' GROUP BY 1),
waiting AS (SELECT object_id AS id FROM platform.due_work
            WHERE done_at IS NULL AND kind = 'payment_check'
            UNION SELECT object_id FROM events JOIN webhook_deliveries d ON d.event_id = events.id
            WHERE d.status <> 'succeeded')
SELECT c.id FROM charges c
LEFT JOIN receipts ON receipts.charge_id = c.id
LEFT JOIN lines ON lines.id = c.balance_transaction
LEFT JOIN sent ON sent.id = c.id LEFT JOIN booked ON booked.id = c.id
LEFT JOIN told ON told.id = c.id LEFT JOIN moved ON moved.id = c.id
LEFT JOIN finals ON finals.id = c.id LEFT JOIN waiting ON waiting.id = c.id
WHERE NOT COALESCE(
  c.status = 'succeeded' AND receipts.stored_at IS NOT NULL AND sent.n = 1 AND booked.n = 1
  AND lines.total = 0 AND lines.taken = c.amount AND moved.n = 1 AND finals.n = 1
  AND told.types = ARRAY['charge.pending', 'charge.succeeded', 'receipt.available']
  AND waiting.id IS NULL, false)"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningStore]:
    """A real store in the place of the scripted one."""
    with running_object_store(tmp_path) as running:
        kept = S3LockedStore(running.endpoint_url, running.bucket, credentials=running.credentials)
        monkeypatch.setattr(locked, "store", lambda: kept)
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


def _wrong(till: Till) -> set[str]:
    """The charges that the oracle finds at fault."""
    till.rows.run(f'SET search_path = "{till.account.test.schema}"')
    found = {row[0] for row in till.rows.run(WRONG)}
    till.rows.run("RESET search_path")
    return found


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
        assert _wrong(till) == set(ids), "the oracle sees what has not happened yet"
        checks = [till.message(CHARGE_CHECK_DUE, charge_id) for charge_id in ids]
        chaos.deliver([*messages, *checks])
        while late := _checks(till, "status <> 'succeeded'"):
            chaos.deliver(late)
        chaos.deliver(_outbox(till, PAYMENT_FINAL, known) + _outbox(till, WEBHOOK_DUE, known))
        while pending := till.rows.of("webhook_deliveries", "status <> 'succeeded' LIMIT 1"):
            chaos.deliver([till.message(WEBHOOK_DUE, pending[0]["endpoint_id"])])
    wrong = _wrong(till)
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
