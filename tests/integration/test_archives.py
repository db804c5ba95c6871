"""Archives of ledgers on real PostgreSQL and a real object store: whole, chained, and restored."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from shared.db.archives import Archives, stored_archives
from shared.db.seals import LedgerSeals
from shared.db.transaction import Database as Pool
from shared.domain import ledger_archive
from shared.domain.account import Tenant
from shared.domain.ids import new_id
from shared.domain.ledger_archive import Archive
from shared.domain.ledger_seal import Seal
from shared.domain.test_clock import STILL
from shared.operations.archive_ledger import Archiving, archive_ledger
from shared.operations.ports import StoredObject, StoreDownError
from shared.operations.verify_archive import Restored, verify_archive
from shared.runtime import verify_archive as command
from shared.storage.locked_store import S3LockedStore
from tests.database import Account, Database, MakeAccount, enter, refusal_of
from tests.factories import an_id, moment
from tests.object_store import RunningStore, running_object_store

DENIED = "42501"
HOURS_AGO = 30


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    """A real store, with locks."""
    with running_object_store(tmp_path_factory.mktemp("object_store")) as store:
        yield store


class Ledger:
    """One account's ledger of the test mode, its archives, and a clock that can be moved on."""

    def __init__(
        self,
        app: Engine,
        owner: Engine,
        account: Account,
        database: Database,
        running: RunningStore,
    ) -> None:
        self.locked = S3LockedStore(
            running.endpoint_url, running.bucket, credentials=running.credentials
        )
        self.account, self.database, self.tenant = account, database, account.test
        self.owner, self.store, self.running = owner, Archives(Pool(app)), running
        self.booked: list[str] = []
        self.seals = LedgerSeals(owner)
        self.told: list[tuple[str, str]] = []
        self.hours_later = 0
        self.crash_at: str | None = None
        self._ms = int((moment() - timedelta(hours=HOURS_AGO)).timestamp() * 1000)

    def book(self, count: int, amount: int = 7) -> list[str]:
        """Post so many transactions, one a millisecond."""
        made = []
        for _ in range(count):
            self._ms += 1
            made.append(new_id("txn", self._ms))
            self.database.look(
                "WITH t AS (INSERT INTO ledger_transactions (id, kind, object_id, created_at)"
                " VALUES (:id, 'charge', :about, now()))"
                " INSERT INTO postings (transaction_id, position, code, amount)"
                " VALUES (:id, 1, 'float:opa_x', :n), (:id, 2, 'pending', -CAST(:n AS bigint))",
                self.tenant,
                id=made[-1],
                about=an_id("ch"),
                n=amount,
            )
        self.booked += made
        return made

    def _reached(self, point: str) -> None:
        if point == self.crash_at:
            self.crash_at = None
            raise KeyboardInterrupt

    def archive(self, *, hours_later: int = 0) -> int:
        """Have this account's ledger archived; return how many archives that made."""
        self.hours_later += hours_later
        how = Archiving(
            locked=self.locked,
            retention_days=3650,
            now=lambda: moment() + timedelta(hours=self.hours_later),
            clock_of=lambda _: STILL,
            has_time=lambda: True,
            tell=lambda word, _, reason: self.told.append((word, reason)),
            reached=self._reached,
        )
        return archive_ledger(Only(self.store, self.tenant), how)

    @property
    def archived(self) -> list[Seal | None]:
        """Where each of its archives ends."""
        return [archive.head for archive, _ in self.archives(self.tenant.schema)]

    def column(self, name: str) -> list[Any]:
        """A column of its archives' rows."""
        rows = self.database.look(
            f"SELECT {name} FROM platform.ledger_archives WHERE account_id = :id ORDER BY number",
            id=self.tenant.account,
        )
        return [value for [value] in rows]

    def restored(self, kept: dict[int, bytes] | None = None) -> Restored:
        """What the archives come to."""
        return verify_archive(self.tenant.schema, self, self.seals, kept or {})

    def archives(self, chain: str) -> Iterator[tuple[Archive, StoredObject | None]]:
        """The rows of its archives."""
        assert chain == self.tenant.schema
        return stored_archives(self.owner, self.tenant)

    def content(self, stored: StoredObject) -> bytes:
        """The bytes of one archive."""
        return self.locked.get(stored.key, stored.version_id)

    def lines(self, number: int) -> list[dict[str, Any]]:
        """What one archive says, line by line."""
        stored = [each for _, each in self.archives(self.tenant.schema)][number - 1]
        assert stored is not None
        return [json.loads(line) for line in gzip.decompress(self.content(stored)).splitlines()]


@dataclass(frozen=True, slots=True)
class Only:
    """The archives of one tenant: other tests' ledgers are left alone."""

    store: Archives
    tenant: Tenant

    def tenants(self) -> list[Tenant]:
        return [self.tenant]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def command_environment(ledger: Ledger, folder: Path) -> dict[str, str]:
    """What the command needs; the secrets of the database and of the store lie in the folder."""
    (folder / "s3_credentials").write_text(ledger.running.credentials.read_text())
    for secret in ledger.database.secrets_dir.iterdir():
        if secret.name != "s3_credentials":
            (folder / secret.name).write_bytes(secret.read_bytes())
    return {
        **ledger.database.environment,
        "SECRETS_DIR": str(folder),
        "S3_ENDPOINT_URL": ledger.running.endpoint_url,
        "S3_BUCKET": ledger.running.bucket,
    }


@pytest.fixture
def ledger(
    app_engine: Engine, migrated: Database, account: Account, running: RunningStore
) -> Iterator[Ledger]:
    """A ledger of its own for each test."""
    owner = migrated.engine("owner")
    yield Ledger(app_engine, owner, account, migrated, running)
    owner.dispose()


def test_what_is_archived_is_restored(ledger: Ledger) -> None:
    """Day by day one archive, chained; all of them come to the ledger, franc by franc."""
    ledger.book(3, 100)
    assert ledger.archive() == 1
    assert ledger.archive() == 0
    ledger.book(2, 50)
    assert ledger.archive(hours_later=24) == 1

    found = ledger.restored()
    first, second = ledger.lines(1), ledger.lines(2)
    assert found.faults == []
    assert (found.shelf.number, found.shelf.generation, found.waiting) == (2, 1, 0)
    assert found.shelf.reckoning is not None
    assert found.shelf.reckoning.standing() == {"float:opa_x": 400, "pending": -400}
    assert found.shelf.reckoning.head == ledger.archived[-1]
    assert [line["id"] for line in first if "id" in line] == ledger.booked[:3]
    assert second[0]["after"] == next(line["seal"] for line in first if "seal" in line)
    assert second[0]["balances"] == first[-1]["balances"] == {"float:opa_x": 300, "pending": -300}
    assert ledger.told == []


@pytest.mark.parametrize(
    "point", ["before_plan", "after_plan", "before_put", "after_put", "after_commit"]
)
def test_a_crash_anywhere_is_made_good(ledger: Ledger, point: str) -> None:
    """Whoever comes next makes the same bytes for the same place, whatever was posted since."""
    ledger.book(2)
    ledger.crash_at = f"archive_ledger.{point}"
    with pytest.raises(KeyboardInterrupt):
        ledger.archive()
    ledger.book(3)

    ledger.archive(hours_later=24)

    found = ledger.restored()
    assert (found.faults, found.waiting) == ([], 0)
    assert [line["id"] for n in range(found.shelf.number) for line in ledger.lines(n + 1)
            if "id" in line] == ledger.booked  # fmt: skip


def test_a_long_ledger_goes_into_several(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one run, each of some seals, so that no archive outgrows memory or a slice."""
    monkeypatch.setattr(ledger_archive, "MOST_TRANSACTIONS", 5)
    monkeypatch.setattr("shared.operations.archive_ledger.MOST_SEALED", 2)
    ledger.book(11)

    assert ledger.archive() == 3

    found = ledger.restored()
    assert (found.faults, found.shelf.number) == ([], 3)
    assert [sum("id" in line for line in ledger.lines(n)) for n in (1, 2, 3)] == [4, 4, 3]


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("UPDATE postings SET amount = amount * 2", "is not what was archived"),
        ("DELETE FROM ledger_transactions WHERE id = :second", "is missing in the ledger"),
        (
            (
                "INSERT INTO ledger_transactions (id, kind, object_id, created_at)"
                " VALUES (:second || '2', 'x', 'y', now())"
            ),
            "was not there when it was archived",
        ),
    ],
)
def test_what_differs_is_named(ledger: Ledger, sql: str, word: str) -> None:
    """Whatever the superuser does to what was archived, the first transaction of it is told."""
    first, second, _ = ledger.book(3)
    ledger.archive()
    given = {"second": second} if ":second" in sql else {}

    ledger.database.look(sql, ledger.tenant, **given)

    (fault,) = ledger.restored().faults
    assert word in fault
    assert fault.startswith((first, second))


def test_a_ledger_that_was_put_back_is_archived_anew(ledger: Ledger) -> None:
    """What a restore forgot stays in the archives; the ledger as it is now begins a generation."""
    ledger.book(3)
    ledger.archive()
    lost = ledger.booked[1:]
    ledger.database.look("DELETE FROM ledger_seals", ledger.tenant)
    ledger.database.look(
        "DELETE FROM postings WHERE transaction_id = ANY(:ids)", ledger.tenant, ids=lost
    )
    ledger.database.look(
        "DELETE FROM ledger_transactions WHERE id = ANY(:ids)", ledger.tenant, ids=lost
    )
    ledger.book(1, 900)

    assert ledger.archive(hours_later=24) == 1

    found = ledger.restored()
    assert found.faults == []
    assert (found.shelf.number, found.shelf.generation, found.begun) == (2, 2, 1)
    assert ledger.told == [("ledger_archived_anew", "from archive 2 on")]
    assert [line["id"] for line in ledger.lines(1) if "id" in line][1:] == lost
    assert found.shelf.reckoning is not None
    assert found.shelf.reckoning.standing() == {"float:opa_x": 907, "pending": -907}
    assert ledger.archive(hours_later=24) == 0


@pytest.mark.parametrize("point", ["archive_ledger.after_plan", "archive_ledger.after_put"])
def test_a_plan_whose_ledger_was_put_back_is_dropped_by_the_owner(
    ledger: Ledger, point: str
) -> None:
    """It can never be built any more, and says so each day until its row is gone."""
    ledger.book(2)
    ledger.archive()
    ledger.book(2)
    ledger.crash_at = point
    with pytest.raises(KeyboardInterrupt):
        ledger.archive(hours_later=24)
    ledger.database.look("DELETE FROM ledger_seals", ledger.tenant)
    ledger.book(1, 900)
    assert ledger.archive(hours_later=24) == 0
    assert [word for word, _ in ledger.told] == ["ledger_not_archived"]

    ledger.database.look(
        "DELETE FROM platform.ledger_archives WHERE account_id = :id AND stored_at IS NULL",
        id=ledger.tenant.account,
    )

    assert ledger.archive(hours_later=24) == 1
    found = ledger.restored()
    assert (found.faults, found.shelf.number, found.shelf.generation) == ([], 2, 2)


@pytest.mark.parametrize("point", [None, "archive_ledger.after_put"])
def test_what_a_server_that_was_put_back_forgot_stays_beside(
    ledger: Ledger, point: str | None
) -> None:
    """Its rows are gone and its objects are not: the ledger is archived all the same, and told."""
    ledger.book(2)
    ledger.archive()
    (forgotten,) = ledger.column("object_key")
    ledger.database.look("DELETE FROM ledger_seals", ledger.tenant)
    ledger.database.look(
        "DELETE FROM platform.ledger_archives WHERE account_id = :id", id=ledger.tenant.account
    )
    ledger.book(1, 900)
    ledger.crash_at = point
    if point is not None:
        with pytest.raises(KeyboardInterrupt):
            ledger.archive(hours_later=24)

    assert ledger.archive(hours_later=24) == 1

    found, (key,) = ledger.restored(), ledger.column("object_key")
    assert (found.faults, found.shelf.number, key != forgotten) == ([], 1, True)
    assert set(ledger.told) == {("ledger_archived_beside", key)}
    assert [line["id"] for line in ledger.lines(1) if "id" in line] == ledger.booked


def test_a_ledger_that_is_not_what_was_sealed_is_not_archived(ledger: Ledger) -> None:
    """It is told of, and planned; nothing wrong is ever locked."""
    ledger.book(3)
    ledger.crash_at = "archive_ledger.after_plan"
    with pytest.raises(KeyboardInterrupt):
        ledger.archive()
    ledger.database.look("UPDATE postings SET amount = amount * 2", ledger.tenant)

    assert ledger.archive() == 0

    assert ledger.told == [("ledger_not_archived", "seal 1 is not what was sealed")]
    assert ledger.restored().waiting == 1


def test_archives_are_locked_and_a_forged_one_is_found(ledger: Ledger) -> None:
    """Other bytes, whoever wrote them and their row, break the chain."""
    ledger.book(2)
    ledger.archive()
    ledger.book(2)
    ledger.archive(hours_later=24)
    kept = {1: bytes.fromhex(str(ledger.column("content_sha256")[0]))}
    assert ledger.restored(kept).faults == []
    assert ledger.restored({3: b"x" * 32}).faults == ["archive 3 is missing"]
    assert ledger.restored({1: b"x" * 32}).faults == ["archive 1 is not what was kept outside"]

    (key, version), *_ = ledger.database.look(
        "SELECT object_key, version_id FROM platform.ledger_archives"
        " WHERE account_id = :account ORDER BY number",
        account=ledger.tenant.account,
    )
    lock = ledger.running.client().get_object_retention(
        Bucket=ledger.running.bucket, Key=key, VersionId=version
    )["Retention"]
    assert lock["Mode"] == "COMPLIANCE"
    ledger.database.look(
        "DELETE FROM platform.ledger_archives WHERE account_id = :account AND number = 1",
        account=ledger.tenant.account,
    )
    (fault,) = ledger.restored().faults
    assert fault == "archive 2 has number 2, not 1"


def test_only_the_archivist_writes_its_rows(ledger: Ledger, app_engine: Engine) -> None:
    """No tenant reads or writes one; what is planned is never planned otherwise."""
    with app_engine.connect() as connection:
        assert (
            refusal_of(connection, "UPDATE platform.ledger_archives SET until_position = 9")
            == DENIED
        )
        assert refusal_of(connection, "DELETE FROM platform.ledger_archives") == DENIED
        enter(connection, ledger.tenant)
        assert refusal_of(connection, "SELECT FROM platform.ledger_archives") == DENIED


def test_the_command_restores_and_names_what_was_changed(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Its own output, kept, holds archives to what they were; its exit code tells both apart."""
    ledger.book(2)
    ledger.archive()
    schema = ledger.tenant.schema
    environment = command_environment(ledger, tmp_path)

    command.main([], environment)
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith(schema)]
    kept = tmp_path / "kept"
    kept.write_text("\n".join(printed) + "\n")
    ledger.database.look("UPDATE postings SET amount = amount * 3", ledger.tenant)

    assert printed[0].split()[1] == "1"
    assert command.main(["--kept", str(kept)], environment) == 1
    assert f"{schema}: {ledger.booked[0]} is not what was archived" in capsys.readouterr().err
    assert command.main([], {}) == 1


def test_an_archive_that_is_gone_hides_no_other(
    ledger: Ledger,
    app_engine: Engine,
    make_account: MakeAccount,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """The command names the chain that lacks it and verifies every other one."""
    other = Ledger(app_engine, ledger.owner, make_account(), ledger.database, ledger.running)
    first, second = sorted((ledger, other), key=lambda each: each.tenant.schema)
    for each in (first, second):
        each.book(2)
        each.archive()
    ledger.database.look(
        "UPDATE platform.ledger_archives SET object_key = 'gone' WHERE account_id = :id",
        id=first.tenant.account,
    )

    assert command.main([], command_environment(ledger, tmp_path)) == 1

    printed = capsys.readouterr()
    assert f"{first.tenant.schema}: archive 1 is not in the store\n" in printed.err
    assert f"\n{second.tenant.schema} 1 " in f"\n{printed.out}"


def test_a_store_that_is_away_is_met_by_the_next_run(ledger: Ledger) -> None:
    """What was planned is stored then."""
    ledger.book(2)
    here, ledger.locked = (
        ledger.locked,
        S3LockedStore(
            "http://127.0.0.1:9", ledger.running.bucket, credentials=ledger.running.credentials
        ),
    )
    with pytest.raises(StoreDownError):
        ledger.archive()
    ledger.locked = here

    assert ledger.archive() == 1
    assert ledger.restored().faults == []
