"""Hold release on real PostgreSQL: what is pending becomes available, once, inside a wall."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.holds import Holds
from shared.db.refunds import Refunds
from shared.db.transaction import Database as Pool
from shared.domain import ledger
from shared.domain.charge import Charge, ChargeEvent, ChargeStatus
from shared.domain.errors import LedgerRefused
from shared.domain.events import Event, Message
from shared.domain.ids import new_account_id
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingEvent
from shared.domain.refund import Refund
from shared.operations import outgoing_moves as moves
from shared.operations.ports import IdempotencyUse, Move, NewReceipt
from shared.operations.release_holds import BATCH, release_holds
from tests.database import Account, Database, enter, refusal_of
from tests.factories import a_charge, a_message, a_refund, an_event, an_id, moment

DENIED = "42501"
INVALID = "22023"
CALL = "SELECT platform.release_holds('acct_x', false, 1, '{charge}', '{txn_x}', now())"


class Till:
    """One account that is paid and pays back, and the clock's view of its holds."""

    def __init__(self, app: Engine, worker: Engine, account: Account, database: Database) -> None:
        self.account, self.database = account, database
        self.charges = Charges(Pool(app), account.test)
        self.refunds = Refunds(Pool(app), account.test)
        self.holds = Holds(Pool(worker))

    def paid(self, amount: int = 5000, *, hold: timedelta = timedelta(0)) -> Charge:
        """A charge that was paid just now."""
        charge = a_charge(
            self.account.test, self.database.operator_account, money=Money(amount), hold=hold
        )
        self.charges.create(
            charge,
            event=an_event(charge),
            message=a_message(charge),
            first_check_at=moment() + timedelta(hours=1),
            idempotency=None,
            response="{}",
        )
        posting = ledger.charge_succeeded(
            an_id("txn"), charge.id, gross=charge.money, operator_account=charge.operator_account
        )
        at = moment() - timedelta(seconds=1)
        paid = replace(
            charge,
            status=ChargeStatus.SUCCEEDED,
            succeeded_at=at,
            balance_transaction=posting.id,
        )
        self.settle(paid, charge.status, posting, at)
        return paid

    def settle(
        self, paid: Charge, expected: ChargeStatus, posting: ledger.Transaction, at: datetime
    ) -> None:
        """Book that it was paid."""
        receipt = NewReceipt(an_id("rcp"), f"RC-{paid.id}", an_id("x"))
        move = Move(
            paid, expected, ChargeEvent.CONFIRMED, at, None, posting=posting, receipt=receipt
        )
        assert self.charges.move(move)

    def refund(self, charge: Charge, amount: int) -> Refund:
        """Make a refund through the store, as the operation does."""
        refund = a_refund(charge, self.database.paying_account, money=Money(amount))
        tenant = self.account.test
        self.refunds.create(
            refund,
            decide=lambda found: replace(refund, from_pending=found.from_pending(amount)),
            event=Event(an_id("evt"), "refund.pending", refund.id, "{}", moment()),
            message=Message(
                an_id("msg"), "refund-created", tenant.account, tenant.livemode, refund.id
            ),
            first_check_at=moment() + timedelta(hours=1),
            idempotency=IdempotencyUse("create_refund", an_id("key"), "f" * 64),
            response="{}",
        )
        found = self.refunds.find(refund.id)
        assert found is not None
        return found

    def fail(self, refund: Refund) -> None:
        """End a refund that could not be sent: all of it goes back."""
        move = moves.failed(
            refund, OutgoingEvent.ABANDONED, code="operator_unavailable", at=moment(), language="fr"
        )
        assert self.refunds.move(move)

    def release(self, most: int = BATCH) -> int | None:
        """Release one batch of the account."""
        ids = [an_id("txn") for _ in range(most)]
        return self.holds.release(self.account.test, ids, at=moment())

    def balances(self) -> dict[str, int]:
        """What pending, available and held hold, without what is empty."""
        rows = self.database.look(
            "SELECT code, balance * normal FROM ledger_accounts"
            " WHERE code IN ('pending', 'available', 'held') AND balance <> 0",
            self.account.test,
        )
        return dict(rows)

    def released(self) -> dict[str, int]:
        """What was released under which object's name."""
        rows = self.database.look(
            "SELECT t.object_id, p.amount FROM ledger_transactions t"
            " JOIN postings p ON p.transaction_id = t.id AND p.code = 'pending'"
            " WHERE t.kind = 'hold_released'",
            self.account.test,
        )
        return dict(rows)

    def open_rows(self) -> list[str]:
        """The objects whose release is still to come."""
        rows = self.database.look(
            "SELECT object_id FROM platform.due_work WHERE kind = 'hold_release'"
            " AND account_id = :account AND done_at IS NULL ORDER BY object_id",
            account=self.account.id,
        )
        return [object_id for [object_id] in rows]

    def waits(self) -> bool:
        """Tell whether anything is due that is not left alone for now.

        What is due is put before what others left, of which the clock sees some at a time.
        """
        self.database.look(
            "UPDATE platform.due_work SET due_at = '2000-01-01Z'"
            " WHERE account_id = :account AND kind = 'hold_release' AND due_at <= now()",
            account=self.account.id,
        )
        return self.account.test in {tenant for tenant, _ in self.holds.due()}

    def hasten(self) -> None:
        """Bring every release of the account forward, past all rights."""
        self.database.look(
            "UPDATE platform.due_work SET due_at = now() - interval '1 s'"
            " WHERE account_id = :account AND kind = 'hold_release'",
            account=self.account.id,
        )


@pytest.fixture
def till(app_engine: Engine, migrated: Database, account: Account) -> Iterator[Till]:
    """A till of its own for each test."""
    worker = migrated.engine("worker")
    yield Till(app_engine, worker, account, migrated)
    worker.dispose()


def test_what_was_paid_becomes_available_once(till: Till) -> None:
    """One posting for each charge, balances once for all of them, nothing at the second look."""
    first, second = till.paid(5000), till.paid(700)
    assert till.waits()

    assert till.release() == 2
    assert till.release() is None

    assert till.balances() == {"available": 5700}
    assert till.released() == {first.id: 5000, second.id: 700}
    assert till.open_rows() == []
    assert not till.waits()


def test_whoever_waits_longest_comes_first(till: Till) -> None:
    """Of more accounts than one look takes, those whose money has waited longest are taken."""
    waiting = [new_account_id() for _ in range(30)]
    till.database.look(
        "INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)"
        " SELECT 'hold_release', id, id, false, timestamptz '1990-01-01Z' + n * interval '1 day'"
        " FROM unnest(CAST(:waiting AS text[])) WITH ORDINALITY AS w (id, n)",
        waiting=waiting,
    )

    due = till.holds.due()
    till.database.look(
        "DELETE FROM platform.due_work WHERE object_id = ANY (CAST(:waiting AS text[]))",
        waiting=waiting,
    )

    assert [tenant.account for tenant, _ in due] == waiting[:20]


def test_the_hold_is_that_of_the_charge(till: Till) -> None:
    """Due as long after it was paid as the charge says; until then it stays pending."""
    charge = till.paid(hold=timedelta(days=3))

    [[after]] = till.database.look(
        "SELECT w.due_at - c.succeeded_at FROM platform.due_work w, charges c"
        " WHERE w.kind = 'hold_release' AND w.object_id = c.id AND c.id = :id",
        till.account.test,
        id=charge.id,
    )

    assert after == timedelta(days=3)
    assert till.release() is None
    assert till.balances() == {"pending": 5000}
    assert till.open_rows() == [charge.id]


def test_what_a_refund_took_is_not_released(till: Till) -> None:
    """Only what still stands moves; a refund made afterwards takes from available."""
    charge = till.paid()
    till.refund(charge, 2000)

    till.release()
    later = till.refund(charge, 1000)

    assert till.released() == {charge.id: 3000}
    assert (later.from_pending, later.from_available) == (0, 1000)
    assert till.balances() == {"available": 2000, "held": 3000}


def test_what_fails_after_the_release_is_released_in_its_turn(till: Till) -> None:
    """It goes back to pending, where it came from, and has a due row of its own."""
    charge = till.paid()
    refund = till.refund(charge, 2000)
    till.release()

    till.fail(refund)
    assert till.balances() == {"pending": 2000, "available": 3000}
    assert till.open_rows() == [refund.id]
    assert till.release() == 1

    assert till.released() == {charge.id: 3000, refund.id: 2000}
    assert till.balances() == {"available": 5000}


def test_what_fails_before_the_release_waits_with_its_charge(till: Till) -> None:
    """A refund that gives back does not shorten the hold of its charge; all of it goes at once."""
    charge = till.paid(hold=timedelta(days=2))
    till.fail(till.refund(charge, 2000))

    assert till.release() is None
    till.hasten()
    assert till.release() is None
    till.database.look("UPDATE charges SET hold_seconds = 0", till.account.test)
    assert till.release() == 2

    assert till.released() == {charge.id: 5000}
    assert till.balances() == {"available": 5000}


def test_what_failed_and_never_was_pending_has_no_release(till: Till) -> None:
    """What was taken from available goes back there, and that is all."""
    charge = till.paid()
    till.release()

    till.fail(till.refund(charge, 2000))

    assert till.open_rows() == []
    assert till.balances() == {"available": 5000}


def test_runs_at_once_release_each_charge_once(till: Till) -> None:
    """Eight runs in small batches: every charge has one posting, and the books agree."""
    charges = [till.paid(100 + number) for number in range(40)]

    with ThreadPoolExecutor(8) as runs:
        list(runs.map(lambda _: till.release(most=3), range(60)))
    while till.release():
        pass

    assert till.released() == {charge.id: charge.money.amount for charge in charges}
    assert till.balances() == {"available": sum(charge.money.amount for charge in charges)}


def test_who_is_at_work_on_a_charge_keeps_it(till: Till, app_engine: Engine) -> None:
    """A refund that is being made holds its charge: the others go, it is taken at the next look."""
    busy, free = till.paid(500), till.paid(600)
    with app_engine.connect() as connection, connection.begin():
        enter(connection, till.account.test)
        connection.exec_driver_sql(f"SELECT FROM charges WHERE id = '{busy.id}' FOR UPDATE")
        assert till.release() == 1
        assert till.release() is None
    assert till.released() == {free.id: 600}

    assert till.release() == 1
    assert till.released() == {free.id: 600, busy.id: 500}


@pytest.mark.parametrize("was_released", [True, False])
def test_what_a_restore_forgot_is_paid_and_released_again(
    till: Till, *, was_released: bool
) -> None:
    """A tenant was put back to before the success, the platform was not: its old row serves."""
    charge = till.paid()
    if was_released:
        till.release()
    for forget in (
        "DELETE FROM postings",
        "DELETE FROM ledger_transactions",
        "DELETE FROM receipts",
        "UPDATE ledger_accounts SET balance = 0",
        "UPDATE charges SET status = 'submitting', succeeded_at = NULL, balance_transaction = NULL",
    ):
        till.database.look(forget, till.account.test)

    posting = ledger.charge_succeeded(
        an_id("txn"), charge.id, gross=charge.money, operator_account=charge.operator_account
    )
    at = moment() - timedelta(seconds=1)
    again = replace(charge, succeeded_at=at, balance_transaction=posting.id)
    till.settle(again, ChargeStatus.SUBMITTING, posting, at)

    assert till.open_rows() == [charge.id]
    assert till.release() == 1
    assert till.balances() == {"available": 5000}


def test_a_refund_that_a_restore_forgot_the_end_of_fails_again(till: Till) -> None:
    """The same for what a refund gives back: its row of before the restore serves."""
    charge = till.paid()
    refund = till.refund(charge, 2000)
    till.release()
    till.fail(refund)
    till.release()
    of_its_end = "object_id = :id AND kind <> 'refund_created'"
    its_end = f"SELECT id FROM ledger_transactions WHERE {of_its_end}"
    back = "status = 'created', failure_code = NULL, ended_at = NULL"
    for forget in (
        f"DELETE FROM postings WHERE transaction_id IN ({its_end})",
        f"DELETE FROM ledger_transactions WHERE {of_its_end}",
        f"UPDATE refunds SET {back} WHERE id = :id",
    ):
        till.database.look(forget, till.account.test, id=refund.id)
    till.database.look(
        "UPDATE ledger_accounts a SET balance = (SELECT COALESCE(sum(p.amount), 0) FROM postings p"
        " WHERE p.code = a.code)",
        till.account.test,
    )
    till.database.look("UPDATE charges SET amount_refunded = 2000", till.account.test)
    assert till.balances() == {"available": 3000, "held": 2000}

    till.fail(refund)

    assert till.open_rows() == [refund.id]
    assert till.release() == 1
    assert till.balances() == {"available": 5000}


def test_rows_without_a_charge_let_others_pass(till: Till) -> None:
    """A tenant was put back to before the charge: its row is left alone, and what follows goes."""
    gone = till.paid()
    till.database.look("DELETE FROM charges WHERE id = :id", till.account.test, id=gone.id)
    later = till.paid(700)
    assert till.release(most=1) == 0

    till.holds.postpone(till.account.test, 1, at=moment())
    assert till.release(most=1) == 1

    assert till.released() == {later.id: 700}
    assert till.open_rows() == [gone.id]


def test_books_that_would_fall_below_their_floor_refuse_whole(till: Till) -> None:
    """Nothing of the batch moves, and its rows stay due."""
    charges = [till.paid(500), till.paid(600)]
    till.database.look(
        "UPDATE ledger_accounts SET balance = -1000 WHERE code = 'pending'", till.account.test
    )

    with pytest.raises(LedgerRefused):
        till.release()

    assert till.released() == {}
    assert till.open_rows() == sorted(charge.id for charge in charges)
    assert till.balances() == {"pending": 1000}


def test_what_the_books_refuse_keeps_no_other_charge(till: Till) -> None:
    """Pending holds too little for one charge, for ever: those due with it are released."""
    charges = [till.paid(500), till.paid(600), till.paid(700)]
    till.database.look(
        "UPDATE ledger_accounts SET balance = -1300 WHERE code = 'pending'", till.account.test
    )
    till.database.look(
        "UPDATE postings SET amount = -9000 WHERE code = 'pending' AND transaction_id ="
        " (SELECT balance_transaction FROM charges WHERE id = :id)",
        till.account.test,
        id=charges[0].id,
    )

    while release_holds(till.holds, now=moment, reached=lambda _: None) or till.waits():
        pass

    assert till.released() == {charge.id: charge.money.amount for charge in charges[1:]}
    assert till.open_rows() == [charges[0].id]


def test_a_run_releases_all_tenants_that_wait(till: Till) -> None:
    """The operation finds the account by itself, whoever else has something due."""
    charge = till.paid()

    points: list[str] = []
    while till.open_rows():
        assert release_holds(till.holds, now=moment, reached=points.append)

    assert till.released() == {charge.id: 5000}
    assert set(points) == {"start_due_work.before_release", "start_due_work.after_release"}


def test_nobody_else_may_release(till: Till, app_engine: Engine) -> None:
    """The schedulers' login alone, which enters no tenant; a tenant cannot shorten its hold."""
    with app_engine.connect() as connection:
        assert refusal_of(connection, CALL) == DENIED
        enter(connection, till.account.test)
        assert refusal_of(connection, CALL) == DENIED


def test_who_moves_a_due_row_shortens_no_hold(till: Till, app_engine: Engine) -> None:
    """A tenant's role may bring its rows forward; the charge says whether its hold is over."""
    charge = till.paid(hold=timedelta(days=2))
    over = till.paid(700)
    with app_engine.connect() as connection, connection.begin():
        enter(connection, till.account.test)
        connection.exec_driver_sql(
            "UPDATE platform.due_work SET due_at = now() - interval '1 hour'"
            f" WHERE kind = 'hold_release' AND object_id = '{charge.id}'"
        )

    assert till.release() == 1
    assert till.release() is None

    assert till.released() == {over.id: 700}
    assert till.balances() == {"pending": 5000, "available": 700}


def test_who_releases_cannot_leave_out_what_was_taken(till: Till) -> None:
    """Else the pending money of other charges would become available in a refund's place."""
    charge = till.paid()
    till.refund(charge, 2000)
    till.paid(hold=timedelta(days=2))
    worker = till.database.engine("worker")
    with worker.connect() as connection:
        call = (
            f"SELECT platform.release_holds('{till.account.id}', false, 1, '{{charge}}',"
            f" '{{{an_id('txn')}}}', now())"
        )
        assert refusal_of(connection, call) == INVALID
    worker.dispose()

    assert till.balances() == {"pending": 8000, "held": 2000}
