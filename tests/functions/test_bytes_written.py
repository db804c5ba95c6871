"""What a charge writes on its whole way, as shared/docs/capacity.md reckons with it."""

from collections.abc import Callable, Mapping
from typing import Final

from shared.domain.events import PAYMENT_FINAL, WEBHOOK_DUE
from tests.benchmarks.capacity import written
from tests.functions.door import Door
from tests.functions.till import Till
from tests.scripted_server import ScriptedServer, Seen

# Full pages after a checkpoint come on top.
MUCH_MORE: Final = 3


def messages(till: Till) -> Mapping[str, int]:
    """Return how many messages the shop's transactions have written, by topic."""
    rows = till.rows.platform("outbox")
    return {topic: sum(row["topic"] == topic for row in rows) for topic in written.MESSAGES}


def written_so_far(till: Till) -> tuple[int, int]:
    """Return the bytes of the server's log, and its transactions that wrote anything."""
    [row] = till.rows.run(
        "SELECT pg_current_wal_insert_lsn() - '0/0', pg_current_xact_id()::text::bigint"
    )
    return int(row[0]), int(row[1])


def paid_and_told(till: Till, door: Callable[[str], Door]) -> str:
    """Take a charge from its request to the webhook of its end; return its id."""
    due = till.message(WEBHOOK_DUE, till.account.webhook_endpoint)
    charge_id = till.create()
    told = [till.push("dispatch_webhook", due), till.submit(charge_id)]
    path = "/callbacks/" + till.sent[-1].headers["x-callback-url"].partition("/callbacks/")[2]
    called = door("receive_callback").post(path, {"status": "SUCCESSFUL"})
    told += [till.settle(charge_id), till.push("dispatch_webhook", due)]
    assert ({reply.status for reply in told}, called.status) == ({204}, 200)
    return charge_id


def test_a_charge_writes_what_capacity_reckons_with(
    till: Till, door: Callable[[str], Door], receiver: ScriptedServer, kept: list[Seen]
) -> None:
    """As many messages of each topic; no more commits, and no much longer log or larger receipt."""
    charge_id = paid_and_told(till, door)
    till.push("render_receipt", till.message(PAYMENT_FINAL, charge_id))
    till.push("dispatch_webhook", till.message(WEBHOOK_DUE, till.account.webhook_endpoint))

    assert messages(till) == written.MESSAGES
    assert len(receiver.seen) == 3
    assert len(kept[0].body) < written.RECEIPT_BYTES * 11 // 10
    before = written_so_far(till)
    for _ in range(10):
        paid_and_told(till, door)
    wal, commits = (
        (after - was) // 10 for after, was in zip(written_so_far(till), before, strict=True)
    )
    assert 0 < wal < written.WAL_BYTES * MUCH_MORE
    assert 0 < commits <= written.COMMITS
