"""An export: all rows of one account at one moment, no secret, and a folder that can be checked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.export import SECRET, account_snapshot
from shared.db.transaction import Database as Pool
from shared.domain.api_key import ApiKey
from shared.runtime import export_account
from shared.runtime.export_account import main, verify, write
from tests.database import Account, Database, MakeAccount
from tests.factories import a_charge, a_message, an_event, an_id, moment

TABLES: Final = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = :schema AND table_name <> 'alembic_version'"""
MOST_GROWTH_KB: Final = 24_000


@pytest.fixture
def owner(migrated: Database) -> Iterator[Engine]:
    """The owner's engine."""
    engine = migrated.engine("owner", pool_size=1)
    yield engine
    engine.dispose()


def sell(engine: Engine, account: Account, migrated: Database) -> str:
    """Make a charge; return its id."""
    charge = a_charge(account.test, migrated.operator_account, description='Ndolé \\ "x"\n2')
    Charges(Pool(engine), account.test).create(
        charge,
        event=an_event(charge),
        message=a_message(charge),
        first_check_at=moment(),
        idempotency=None,
        response="{}",
    )
    return charge.id


def kilobytes(name: str) -> int:
    """What the kernel says of this process's memory."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(line.split()[1])


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a file."""
    return [json.loads(line) for line in (folder / f"{name}.ndjson").read_text().splitlines()]


def test_an_export_holds_all_of_one_account_and_nothing_of_another(
    migrated: Database,
    app_engine: Engine,
    make_account: MakeAccount,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every table of both modes and the platform's rows; counts as in the database; it verifies."""
    account, other = make_account(live=True), make_account()
    charge, foreign = (sell(app_engine, one, migrated) for one in (account, other))
    folder = tmp_path / "export"
    code = main([account.id, "--to", str(folder)], migrated.environment)
    printed = capsys.readouterr()
    manifest = json.loads((folder / "manifest.json").read_text())
    counts = {entry["file"]: entry["rows"] for entry in manifest["files"]}
    everything = "".join(path.read_text() for path in folder.rglob("*.ndjson"))

    assert (code, printed.err, len(printed.out.strip())) == (0, "", 64)
    assert main(["--verify", str(folder)], {}) == 0
    for tenant, mode in ((account.test, "test"), (account.live, "live")):
        tables = migrated.look(TABLES, schema=tenant.schema)
        each = (f"SELECT '{name}', count(*) FROM {name}" for [name] in tables)
        for name, count in migrated.look(" UNION ALL ".join(each), tenant):
            assert counts[f"{mode}/{name}.ndjson"] == count, name
    assert [row["id"] for row in rows(folder, "test/charges")] == [charge]
    assert rows(folder, "test/charges")[0]["description"] == 'Ndolé \\ "x"\n2'
    assert [row["id"] for row in rows(folder, "platform/accounts")] == [account.id]
    assert counts["platform/api_keys.ndjson"] == 4
    assert counts["platform/audit_entries.ndjson"] == 1
    assert charge in everything
    assert foreign not in everything
    assert other.id not in everything


def test_an_export_tells_who_of_us_looked(
    migrated: Database, owner: Engine, account: Account, tmp_path: Path
) -> None:
    """An authority may ask for that too."""
    migrated.look(
        "INSERT INTO platform.account_accesses"
        " (id, account_id, livemode, reason, opened_by, created_at, expires_at)"
        " VALUES (:id, :account, true, 'a payment is missing', 'ada', now(), now() + '1 hour')",
        id=an_id("acs"),
        account=account.id,
    )
    with account_snapshot(owner, account.id) as snapshot:
        write(snapshot, account.id, tmp_path)
    [row] = rows(tmp_path, "platform/account_accesses")

    assert (row["opened_by"], row["reason"]) == ("ada", "a payment is missing")


def test_an_export_opens_no_door(
    migrated: Database, owner: Engine, account: Account, tmp_path: Path
) -> None:
    """No HMAC of a key or a number, no sealed secret; only its owner may read the files."""
    sealed = migrated.look("SELECT secret_sealed FROM webhook_endpoints", account.test)[0][0]
    hmacs = migrated.look(
        "SELECT encode(secret_hmac, 'hex') FROM platform.api_keys WHERE account_id = :id",
        id=account.id,
    )
    columns = migrated.look(
        "SELECT DISTINCT column_name::text FROM information_schema.columns"
        " WHERE table_schema = 'platform' OR table_schema LIKE 't\\_%'"
    )
    hidden = {name for [name] in columns if SECRET.search(name)}
    with account_snapshot(owner, account.id) as snapshot:
        write(snapshot, account.id, tmp_path)
    everything = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())

    assert hidden == {
        "secret_hmac", "secret_sealed", "token_hash", "number_hmac", "code_hmac", "intent_hmac",
        "destination_sealed", "page_sealed",
    }  # fmt: skip
    assert sealed not in everything
    assert not any(hmac in everything for [hmac] in hmacs)
    assert ApiKey.parse(account.secret_key).id in everything
    assert {path.stat().st_mode & 0o077 for path in tmp_path.rglob("*.*")} == {0}


def test_an_export_is_of_one_moment(
    migrated: Database, owner: Engine, app_engine: Engine, account: Account, tmp_path: Path
) -> None:
    """What is sold while it is written is in no file of it."""
    before = sell(app_engine, account, migrated)
    with account_snapshot(owner, account.id) as snapshot:
        assert snapshot.modes()
        sell(app_engine, account, migrated)
        write(snapshot, account.id, tmp_path)

    assert [row["id"] for row in rows(tmp_path, "test/charges")] == [before]
    assert [row["object_id"] for row in rows(tmp_path, "test/events")] == [before]
    told = sorted(row["object_id"] for row in rows(tmp_path, "platform/outbox"))
    assert told == [before, account.webhook_endpoint]


def test_whatever_was_changed_afterwards_is_found(
    owner: Engine, account_in_both_modes: Account, tmp_path: Path
) -> None:
    """A line changed, dropped or doubled, a file gone or added, no manifest: each is named."""
    account = account_in_both_modes
    with account_snapshot(owner, account.id) as snapshot:
        write(snapshot, account.id, tmp_path)
    assert verify(tmp_path) == []
    path = tmp_path / "platform/api_keys.ndjson"
    whole = path.read_text()
    lines = whole.splitlines(keepends=True)
    for changed in (whole.replace("sk", "rk", 1), "".join(lines[1:]), whole + lines[0], whole[:-1]):
        path.write_text(changed)
        [fault] = verify(tmp_path)
        assert fault.startswith("platform/api_keys.ndjson is not as it was written")
    path.unlink()
    assert verify(tmp_path) == ["platform/api_keys.ndjson is missing"]
    path.write_text(whole)
    (tmp_path / "live/more.ndjson").write_text("{}\n")
    assert verify(tmp_path) == ["live/more.ndjson does not belong here"]
    (tmp_path / "manifest.json").unlink()
    assert "cannot be read" in verify(tmp_path)[0]


def test_memory_does_not_grow_with_an_account(
    migrated: Database, owner: Engine, account: Account, tmp_path: Path
) -> None:
    """20,000 events of 3 KB each pass through a few hundred rows at a time."""
    migrated.look(
        "INSERT INTO events (id, type, object_id, data, api_version, created_at)"
        " SELECT 'evt_' || n, 'charge.pending', 'ch_1', repeat('x', 3000), '1', now()"
        " FROM generate_series(1, 20000) n",
        account.test,
    )
    # Makes the kernel forget how much this process has ever held.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = kilobytes("VmHWM")
    with account_snapshot(owner, account.id) as snapshot:
        write(snapshot, account.id, tmp_path)
    grown = kilobytes("VmHWM") - before

    assert (tmp_path / "test/events.ndjson").stat().st_size > 60_000_000
    assert grown < MOST_GROWTH_KB


@pytest.mark.parametrize(
    ("arguments", "changes", "reason"),
    [
        ([], {}, "an account and --to FOLDER, or --verify FOLDER\n"),
        (["acct_2222222222222222", "--to", "{to}/x"], {}, "there is no account acct_2"),
        (["t_x; DROP", "--to", "{to}/x"], {}, "not an account id\n"),
        (["{account}", "--to", "{to}"], {}, "is not empty\n"),
        (["{account}", "--to", "{to}/x"], {"SECRETS_DIR": "/nowhere"}, "cannot read /nowhere"),
        (["{account}", "--to", "{to}/x"], {"MIGRATION_DATABASE_URL": ""}, ""),
        (["--verify", "{to}/x"], {}, "manifest.json cannot be read"),
    ],
)
def test_an_export_that_cannot_be_made_says_why(
    *,
    migrated: Database,
    account: Account,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    changes: dict[str, str],
    reason: str,
) -> None:
    """Exit code 1, one line, no traceback; an export without its end has no manifest."""
    (tmp_path / "something").touch()
    given = [part.format(account=account.id, to=tmp_path) for part in arguments]

    assert export_account.main(given, {**migrated.environment, **changes}) == 1
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.rglob("manifest.json"))
