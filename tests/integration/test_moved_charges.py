"""Moves of charges on real PostgreSQL: one winner, money and state together, nobody stale."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from knative.local.postgres import connect
from shared.domain import ledger
from shared.domain.charge import ChargeEvent, ChargeStatus
from shared.domain.errors import LedgerRefused
from shared.domain.ledger import Posting
from shared.domain.notification import Kind, Notification
from shared.operations.ports import Lease, Move, ReadNote
from tests.database import Account, Database
from tests.factories import an_id, moment
from tests.integration.charging import WAITING, Shop
from tests.simulator_process import wait_until


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


def test_money_state_and_messages_move_together(shop: Shop) -> None:
    """A success posts a balanced transaction, closes the due row and promises a receipt."""
    charge = shop.charge()
    shop.create(charge)

    assert shop.store.move(shop.success(charge))

    assert (shop.balance("pending"), shop.balance(f"float:{charge.operator_account}")) == (
        5000,
    ) * 2
    assert sum(row[4] for row in shop.rows("postings")) == 0
    assert len(shop.rows("receipts")) == 1
    due = shop.database.look(
        "SELECT kind, done_at IS NULL FROM platform.due_work WHERE object_id = :id ORDER BY kind",
        id=charge.id,
    )
    assert due == [["hold_release", True], ["payment_check", False]]
    found = shop.store.find(charge.id)
    assert found is not None
    assert found.status is ChargeStatus.SUCCEEDED


def test_of_two_settlers_one_posts(shop: Shop) -> None:
    """The loser of a race changes nothing, not even by a posting."""
    charge = shop.charge()
    shop.create(charge)
    moves = [shop.success(charge) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(shop.store.move, moves))

    assert sorted(won) == [False] * 7 + [True]
    assert shop.balance("pending") == 5000
    assert len(shop.rows("ledger_transactions")) == 1


def test_a_posting_that_cannot_be_whole_aborts_the_move(shop: Shop) -> None:
    """An account that is not there, or a floor that would break, leaves the charge as it was."""
    charge = shop.charge(operator_account="opa_not_there")
    shop.create(charge)

    with pytest.raises(LedgerRefused):
        shop.store.move(shop.success(charge))

    found = shop.store.find(charge.id)
    assert found is not None
    assert found.status is ChargeStatus.CREATED
    assert shop.rows("postings") == []


def test_a_stale_sender_commits_nothing(shop: Shop) -> None:
    """A worker whose lease passed to another loses its compare-and-set."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    shop.store.release(*claimed, reason="connection_refused")
    assert shop.claim(charge) is not None
    stale = replace(claimed[0], status=ChargeStatus.AWAITING_PAYER)

    won = shop.store.move(
        Move(
            stale,
            ChargeStatus.SUBMITTING,
            ChargeEvent.ACCEPTED,
            moment(),
            moment(),
            lease=Lease.MINE,
        )
    )

    assert won is False


def test_a_check_that_was_made_is_due_again_at_its_time(shop: Shop) -> None:
    """Not when the lease ends that the clock took for the message of the one before."""
    charge = shop.charge()
    shop.create(charge)
    look = shop.database.look
    lease = "UPDATE platform.due_work SET lease_until = now() + interval '1 minute'"
    leased = "SELECT FROM platform.due_work WHERE object_id = :id AND lease_until IS NOT NULL"

    look(f"{lease} WHERE object_id = :id", id=charge.id)
    shop.store.note(ReadNote(charge, None, "not_sent", moment(), moment()))
    assert look(leased, id=charge.id) == []

    look(f"{lease} WHERE object_id = :id", id=charge.id)
    shop.silence(charge)
    assert look(leased, id=charge.id) == []


def test_one_riddle_is_one_case(shop: Shop) -> None:
    """However often a read cannot be explained, one open case stands for it, and is told once."""
    charge = shop.charge()
    shop.create(charge)
    for _ in range(3):
        notice = Notification.of(
            Kind.CASE_OPENED, charge.account, {"payment": charge.id}, livemode=charge.livemode,
            now=moment(), once_for=charge.id,
        )  # fmt: skip
        shop.store.note(
            ReadNote(
                charge, None, "x", None, moment(), case_id=an_id("case"), case_reason="x",
                notice=notice,
            )
        )  # fmt: skip

    rows = shop.database.look("SELECT 1 FROM platform.cases WHERE object_id = :id", id=charge.id)
    told = shop.database.look(
        "SELECT n.kind, count(*) FROM platform.notifications n JOIN platform.outbox o"
        " ON o.object_id = n.id WHERE n.id = :id GROUP BY n.kind",
        id=charge.id.replace("ch_", "ntf_"),
    )
    assert len(rows) == 1
    assert told == [["case_opened", 1]]


def test_a_check_that_was_asked_for_after_the_end_is_closed_once(shop: Shop) -> None:
    """An open due row of a charge that has ended would wake its reader every minute, for ever."""
    charge = shop.charge()
    shop.create(charge)
    shop.store.move(shop.success(charge))
    look = shop.database.look
    find = "SELECT * FROM platform.due_work WHERE kind = 'payment_check' AND object_id = :id"
    settled = look(find, id=charge.id)
    shop.store.end_checks(charge.id, at=moment())
    assert look(find, id=charge.id) == settled

    look(
        "UPDATE platform.due_work SET due_at = now(), done_at = NULL"
        " WHERE kind = 'payment_check' AND object_id = :id",
        id=charge.id,
    )
    at = moment()
    shop.store.end_checks(charge.id, at=at)

    done = f"{find} AND done_at = :at AND due_at = 'infinity' AND lease_until IS NULL"
    assert len(look(done, id=charge.id, at=at)) == 1


def test_what_moved_a_charge_is_kept_with_its_consumer(shop: Shop) -> None:
    """The message behind a move is written down in the same transaction, once."""
    charge = shop.charge()
    shop.create(charge)

    shop.store.move(shop.success(charge, consumer="settle_charge", message_id="msg_x"))

    assert [row[:2] for row in shop.rows("consumed_messages")] == [["settle_charge", "msg_x"]]


def test_each_move_is_written_down_with_its_cause(shop: Shop) -> None:
    """From which state, to which, by what: in the order in which it came."""
    charge = shop.charge()
    shop.create(charge)
    shop.silence(charge)
    unknown = shop.store.find(charge.id)
    assert unknown is not None
    assert shop.store.move(shop.success(unknown, operator_word="SUCCESSFUL"))

    changes = shop.database.look(
        "SELECT from_status, to_status, cause, operator_word FROM state_changes"
        " WHERE object_id = :id ORDER BY id",
        shop.account.test,
        id=charge.id,
    )
    assert changes == [
        ["created", "submitting", "claimed", None],
        ["submitting", "unknown", "went_silent", None],
        ["unknown", "succeeded", "confirmed", "SUCCESSFUL"],
    ]


def test_nothing_is_abandoned_while_somebody_sends(shop: Shop) -> None:
    """A charge under a lease is not failed for having run out of time."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    failed = replace(claimed[0], status=ChargeStatus.FAILED)

    won = shop.store.move(
        Move(
            failed, ChargeStatus.SUBMITTING, ChargeEvent.ABANDONED, moment(), None, lease=Lease.FREE
        )
    )

    assert won is False


def test_a_hundred_settlements_at_once_sum_up(shop: Shop) -> None:
    """Balances equal the sum of their postings under concurrency."""
    charges = [shop.charge() for _ in range(100)]
    for charge in charges:
        shop.create(charge)

    with ThreadPoolExecutor(4) as threads:
        won = list(threads.map(lambda charge: shop.store.move(shop.success(charge)), charges))

    assert all(won)
    assert shop.balance("pending") == 500_000
    assert sum(row[4] for row in shop.rows("postings", "code = 'pending'")) == -500_000


def test_two_lines_of_one_account_are_both_booked(shop: Shop) -> None:
    """A row is updated once in a statement, so it must be by the sum of its lines."""
    charge = shop.charge()
    shop.create(charge)
    move = shop.success(charge)
    assert move.posting is not None
    debit, *_ = move.posting.postings
    halves = (Posting(ledger.PENDING, -2000), Posting(ledger.PENDING, -3000))

    assert shop.store.move(replace(move, posting=replace(move.posting, postings=(debit, *halves))))

    assert shop.balance("pending") == 5000
    assert shop.balance(f"float:{charge.operator_account}") == 5000
    assert len(shop.rows("postings", f"transaction_id = '{move.posting.id}'")) == 3


def test_the_books_are_locked_in_one_order(shop: Shop) -> None:
    """By code, whatever order a transaction names them in: so two of them never deadlock."""
    charge = shop.charge()
    shop.create(charge)
    move = shop.success(charge)
    server, schema = shop.database.postgres, shop.account.test.schema
    look = f'SELECT FROM "{schema}".ledger_accounts WHERE code = :code FOR UPDATE'

    with (
        connect(port=server.port, password=server.password, database="pay") as first,
        connect(port=server.port, password=server.password, database="pay") as last,
        ThreadPoolExecutor(1) as threads,
    ):
        for session in (first, last):
            session.run("BEGIN")
        first.run(look, code="fees:platform")
        won = threads.submit(shop.store.move, move)
        wait_until(lambda: shop.database.look(WAITING), what="one that waits")
        # It waits for the first and holds none behind it.
        last.run(f"{look} NOWAIT", code="pending")
        last.run(f"{look} NOWAIT", code=f"float:{charge.operator_account}")
        for session in (last, first):
            session.run("ROLLBACK")
        assert won.result(timeout=10)
