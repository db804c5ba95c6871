"""Seals on real PostgreSQL: made in SQL, verified in Python, and no row changes unseen."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.db.holds import Holds
from shared.db.seals import LedgerSeals
from shared.db.transaction import Database as Pool
from shared.domain.ids import first_id, new_id
from shared.operations.verify_ledger import Verdict, verify_ledger
from shared.runtime import verify_ledger as command
from tests.database import Account, Database, enter, refusal_of
from tests.factories import an_id, moment

DENIED = "42501"
HOURS_AGO = 6


class Ledger:
    """One account's ledger, filled by hand with transactions of hours ago."""

    def __init__(self, worker: Engine, owner: Engine, account: Account, database: Database) -> None:
        self.holds, self.store = Holds(Pool(worker)), LedgerSeals(owner)
        self.account, self.database = account, database
        self._ms = int((moment() - timedelta(hours=HOURS_AGO)).timestamp() * 1000)

    def book(self, count: int, *, postings: int = 2) -> list[str]:
        """Post so many transactions, one a millisecond."""
        made = []
        for _ in range(count):
            self._ms += 1
            made.append(new_id("txn", self._ms))
            self.database.look(
                "INSERT INTO ledger_transactions (id, kind, object_id, created_at)"
                " VALUES (:id, 'charge', :about, now())",
                self.account.test,
                id=made[-1],
                about=an_id("ch"),
            )
            self.database.look(
                "INSERT INTO postings (transaction_id, position, code, amount)"
                " SELECT :id, n, 'pending', CASE WHEN n % 2 = 0 THEN 7 ELSE -7 END"
                " FROM generate_series(1, CAST(:n AS int)) AS n",
                self.account.test,
                id=made[-1],
                n=postings,
            )
        return made

    def seal(self, *, hours_later: int = 0, most: int = 100) -> int:
        """Seal what is old enough."""
        at = moment() + timedelta(hours=hours_later)
        below = first_id("txn", int(at.timestamp() * 1000))
        return self.holds.seal(self.account.test, below=below, most=most, at=at)

    def verdict(self) -> Verdict:
        """What verifying it says."""
        return verify_ledger(self.account.test.schema, self.store, {})


@pytest.fixture
def ledger(migrated: Database, account: Account) -> Iterator[Ledger]:
    """A ledger of its own for each test."""
    worker, owner = migrated.engine("worker"), migrated.engine("owner")
    yield Ledger(worker, owner, account, migrated)
    worker.dispose()
    owner.dispose()


def test_what_sql_seals_python_verifies(ledger: Ledger) -> None:
    """Several stretches, the one with hardly anything in it too; each binds the one before."""
    ledger.book(3)
    ledger.book(1, postings=12)
    ledger.book(1, postings=0)

    assert [ledger.seal(most=2) for _ in range(3)] == [2, 2, 1]
    ledger.book(1)

    found = ledger.verdict()
    assert (found.newest.position, found.unsealed, found.fault) == (3, 1, None)


def test_between_two_seals_ten_minutes_pass(ledger: Ledger) -> None:
    """Unless something was left over; and where there is nothing to seal there is no seal."""
    assert ledger.seal() == 0
    ledger.book(2)
    assert ledger.seal() == 2
    ledger.book(2)

    assert ledger.seal() == 0
    assert ledger.seal(hours_later=1) == 2
    assert ledger.verdict().newest.position == 2


def test_what_is_too_young_waits(ledger: Ledger) -> None:
    """Somebody may still be about to commit something older."""
    booked = ledger.book(4)

    sealed = ledger.holds.seal(ledger.account.test, below=booked[2], most=10, at=moment())

    assert sealed == 2
    assert ledger.verdict().unsealed == 2


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE postings SET amount = amount * 2",
        "UPDATE postings SET code = 'available' WHERE position = 1",
        "DELETE FROM postings",
        "UPDATE ledger_transactions SET kind = 'refund_failed'",
        "UPDATE ledger_transactions SET created_at = created_at + interval '1 microsecond'",
        "DELETE FROM ledger_transactions",
        "UPDATE ledger_seals SET transactions = 2",
        "UPDATE ledger_seals SET hash = sha256('x')",
    ],
)
def test_the_superuser_changes_nothing_unseen(ledger: Ledger, sql: str) -> None:
    """Whatever is done to what was sealed, its seal no longer fits."""
    ledger.book(3)
    ledger.seal()
    assert ledger.verdict().fault is None

    ledger.database.look(sql, ledger.account.test)

    fault = ledger.verdict().fault
    assert fault is not None
    assert fault.startswith("seal 1 ")


def test_nobody_but_the_clock_makes_seals(ledger: Ledger, app_engine: Engine) -> None:
    """And the archivist, of whom a tenant has nothing: it reads its own, and writes none."""
    call = "SELECT platform.seal_ledger('acct_x', false, 'txn_x', 1, now())"
    with app_engine.connect() as connection:
        assert refusal_of(connection, call) is None
        enter(connection, ledger.account.test)
        assert refusal_of(connection, call) == DENIED
        assert refusal_of(connection, "SELECT FROM ledger_seals") is None
        assert refusal_of(connection, "UPDATE ledger_seals SET hash = sha256('x')") == DENIED
        assert refusal_of(connection, "DELETE FROM ledger_seals") == DENIED
        insert = (
            "INSERT INTO ledger_seals VALUES (1, DEFAULT, 'x', 1, sha256('x'), sha256('x'), now())"
        )
        assert refusal_of(connection, insert) == DENIED


def test_the_command_prints_heads_and_names_what_was_changed(
    ledger: Ledger, migrated: Database, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Its own output, kept, shows what was sealed anew; its exit code tells both apart."""
    ledger.book(2)
    ledger.seal()
    schema = ledger.account.test.schema

    command.main([], migrated.environment)
    kept = tmp_path / "kept"
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith(schema)]
    kept.write_text("\n".join(printed) + "\n")
    ledger.database.look("DELETE FROM ledger_seals", ledger.account.test)

    assert printed[0].split()[1] == "1"
    assert command.main(["--kept", str(kept)], migrated.environment) == 1
    assert f"{schema}: seal 1 is missing" in capsys.readouterr().err
    assert command.main(["--kept", str(tmp_path / "none")], migrated.environment) == 1
    assert command.main([], {}) == 1
