"""archive_ledger at its door: what was sealed goes under lock, whoever calls."""

import gzip
from collections.abc import Callable

import pytest

from shared.domain.ids import new_id
from tests.database import Account
from tests.factories import an_id, moment
from tests.functions.door import Door
from tests.functions.till import Till
from tests.scripted_server import Seen

HOUR_MS = 3_600_000
_BOOKED = """
WITH t AS (INSERT INTO "{schema}".ledger_transactions (id, kind, object_id, created_at)
           VALUES (:id, 'charge', :about, now()))
INSERT INTO "{schema}".postings (transaction_id, position, code, amount)
VALUES (:id, 1, 'float:opa_x', 7), (:id, 2, 'pending', -7)"""


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.mark.parametrize("livemode", [False, True])
def test_what_was_posted_is_archived_once(
    till: Till, kept: list[Seen], door: Callable[[str], Door], *, livemode: bool
) -> None:
    """An hour later, in either mode; a call with any body does it, and a repeat does nothing."""
    tenant = till.account.live if livemode else till.account.test
    transaction = new_id("txn", int(moment().timestamp() * 1000) - HOUR_MS)
    till.rows.run(_BOOKED.format(schema=tenant.schema), id=transaction, about=an_id("ch"))

    replies = [door("archive_ledger").post("/", b"\xff whatever") for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    mode = "live" if livemode else "test"
    place = f"/receipts/ledger/{tenant.account}/{mode}/00000001.jsonl.gz"
    (put,) = [seen for seen in kept if seen.path.startswith(place)]
    assert put.headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert put.headers["if-none-match"] == "*"
    content = gzip.decompress(put.body[put.body.index(b"\x1f\x8b") :])
    assert transaction.encode() in content
    (row,) = till.rows.platform("ledger_archives", "stored_at IS NOT NULL")
    assert (row["number"], row["until_position"]) == (1, 1)


def test_a_store_that_is_away_is_told(till: Till, door: Callable[[str], Door]) -> None:
    """Nothing is marked as stored; the next run has it to do."""
    transaction = new_id("txn", int(moment().timestamp() * 1000) - HOUR_MS)
    schema = till.account.test.schema
    till.rows.run(_BOOKED.format(schema=schema), id=transaction, about=an_id("ch"))

    assert door("archive_ledger").post("/").status == 503

    (row,) = till.rows.platform("ledger_archives")
    assert row["stored_at"] is None
