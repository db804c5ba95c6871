"""The runbook on restoring one tenant, done as it is written: the one comes back, others stay."""

import os
import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.transaction import Database as Pool
from shared.domain.account import Tenant
from shared.domain.charge import Attempt, AttemptStatus, Charge
from shared.domain.phone import Operator, PhoneNumber
from shared.operations import moves
from tests.database import Account, Database, MakeAccount, enter
from tests.factories import a_charge, a_message, an_attempt, an_event, an_id, moment
from tests.functions.rows import TENANT_TABLES

DOCS: Final = Path(__file__).resolve().parents[2] / "shared/docs"
RUNBOOK: Final = DOCS / "runbooks/restoring-one-tenant.md"
SHELL: Final = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
SQL: Final = re.compile(r"^```sql tenant\n(.*?)^```", re.MULTILINE | re.DOTALL)
AUDITED: Final = """
INSERT INTO audit_entries (id, at, actor_kind, actor_id, action, object_type, object_id)
VALUES (:id, now(), 'platform', 'a test', 'test.done', 'account', 'x')"""
# A refund that nobody had claimed when the dump was made, and what the platform knows of it since.
REFUND: Final = """
INSERT INTO refunds (id, charge_id, amount, from_pending, currency, status, operator,
  operator_account_id, phone, charge_reference, intent_hmac, balance_transaction, submit_before,
  created_at)
VALUES (:id, :charge, 500, 500, 'XAF', 'created', 'mtn', 'opa_x', '+237670000001', 'x',
  repeat('0', 64), 'txn_x', now(), now())"""
CLAIMED: Final = """
INSERT INTO platform.payment_index (object_id, account_id, livemode, kind, operator_account_id,
  reference, state, amount, number_hmac)
VALUES (:id, :account, false, 'refund', 'opa_x', 'under-this', 'in_transit', 500, 'n')"""
PAYOUT: Final = """
INSERT INTO payouts (id, amount, currency, status, operator, operator_account_id, phone,
  intent_hmac, balance_transaction, scheduled_at, submit_before, created_at)
VALUES (:id, 500, 'XAF',
  CASE WHEN CAST(:at AS timestamptz) IS NULL THEN 'created' ELSE 'scheduled' END, :operator,
  'opa_x', '+237670000001', repeat('0', 64), 'txn_x', CAST(:at AS timestamptz), now(), now())"""
PAID_OUT: Final = """
INSERT INTO platform.payment_index (object_id, account_id, livemode, kind, operator_account_id,
  reference, operator_reference, state, amount, number_hmac)
VALUES (:id, :account, false, 'payout', 'opa_x', :id, :opened, 'in_transit', 500, 'n')"""
BATCH: Final = """
INSERT INTO payout_batches (id, status, line_count, amount, currency, made_by, balance_transaction,
  created_at) VALUES (:id, 'processing', 2, 1000, 'XAF', 'key_x', 'txn_x', now())"""
LINE: Final = """
INSERT INTO payouts (id, amount, currency, status, operator, operator_account_id, phone,
  intent_hmac, balance_transaction, submit_before, created_at, batch_id, batch_line)
VALUES (:id, 500, 'XAF', 'queued', 'mtn', 'opa_x', '+237670000001', repeat('0', 64), 'txn_x',
  now(), now(), :batch, :line)"""
CHAIN: Final = "SELECT position, id, hash FROM audit_entries ORDER BY position"
RIGHTS: Final = """
SELECT relname::text, relacl::text, pg_get_userbyid(relowner)::text FROM pg_class
WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind IN ('r', 'i', 'S')
ORDER BY relname"""


def sell(engine: Engine, account: Account, migrated: Database) -> Charge:
    """Make a charge that may have been sent."""
    charge = a_charge(account.test, migrated.operator_account)
    store = Charges(Pool(engine), account.test)
    take(store, charge)
    claim(store, an_attempt(charge))
    return charge


def take(store: Charges, charge: Charge) -> None:
    """Store a charge as a merchant asks for it."""
    store.create(
        charge,
        event=an_event(charge),
        message=a_message(charge),
        first_check_at=moment(),
        idempotency=None,
        response="{}",
    )


def claim(store: Charges, attempt: Attempt) -> tuple[Charge, Attempt]:
    """Take its lease, which is over at once."""
    claimed = store.claim(
        attempt,
        consumer="submit_charge",
        message_id=an_id("msg"),
        callback_token_hash=attempt.charge_id,
        number_hmac="n",
        now=moment(),
        lease_until=moment(),
    )
    assert claimed is not None
    return claimed


def content(migrated: Database, tenant: Tenant) -> list[list[Any]]:
    """All rows of a tenant but its audit entries, each with its table."""
    tables = [table for table in TENANT_TABLES if table != "audit_entries"]
    of_each = (f"SELECT '{table}', r::text FROM {table} r" for table in tables)
    return migrated.look(f"{' UNION ALL '.join(of_each)} ORDER BY 1, 2", tenant)


@pytest.fixture
def login(migrated: Database) -> dict[str, str]:
    """The owner's login, as the runbook's first page sets it up."""
    user, _, password = (migrated.secrets_dir / "database_owner").read_text().strip().partition(":")
    return {
        "PATH": f"{migrated.postgres.cluster.binaries}:{os.environ['PATH']}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(migrated.postgres.port),
        "PGDATABASE": "pay",
        "PGUSER": user,
        "PGPASSWORD": password,
    }


def dumped(login: dict[str, str], folder: Path, *options: str) -> Path:
    """Dump the database as the runbook says."""
    dump = folder / "pay.dump"
    command = ["pg_dump", "--format=custom", f"--file={dump}", *options]
    subprocess.run(command, env=login, check=True, timeout=120)  # noqa: S603 - the wheel's own
    return dump


def only(account: Account) -> tuple[str, str]:
    """Options for a dump of one tenant and the platform: other tests have left hundreds here."""
    return "--schema=platform", f"--schema={account.test.schema}"


def put_back(
    login: dict[str, str], tenant: Tenant, dump: Path
) -> subprocess.CompletedProcess[bytes]:
    """Run the runbook's script."""
    [script] = SHELL.findall(RUNBOOK.read_text("utf-8"))
    return subprocess.run(  # noqa: S603 - the runbook's own words are what is tried
        ["/bin/bash", "-c", script],
        env={**login, "SCHEMA": tenant.schema, "DUMP": str(dump)},
        cwd=dump.parent,
        check=False,
        capture_output=True,
        timeout=120,
    )


def test_one_tenant_comes_back_and_no_other_notices(
    *,
    migrated: Database,
    app_engine: Engine,
    make_account: MakeAccount,
    login: dict[str, str],
    tmp_path: Path,
) -> None:
    """Rows and rights are as in the dump, the work goes on, what came later is a person's case."""
    broken, other = make_account(live=True), make_account()
    schema = broken.test.schema
    known = [sell(app_engine, broken, migrated) for _ in range(2)]
    sell(app_engine, other, migrated)
    sent, unsent, gone = sorted(an_id("rf") for _ in range(3))
    for refund in (sent, unsent):
        migrated.look(REFUND, broken.test, id=refund, charge=known[0].id)
    kept, rights = content(migrated, broken.test), migrated.look(RIGHTS, schema=schema)
    dump = dumped(login, tmp_path)
    lost = sell(app_engine, broken, migrated)
    for refund in (sent, gone):
        migrated.look(CLAIMED, id=refund, account=broken.id)
    for _ in range(3):
        migrated.look(AUDITED, broken.test, id=an_id("aud"))
    chain = migrated.look(CHAIN, broken.test)
    sell(app_engine, other, migrated)
    live, beside = content(migrated, broken.live), content(migrated, other.test)
    migrated.look("UPDATE charges SET amount = 1", broken.test)
    migrated.look("DELETE FROM events", broken.test)
    migrated.look(
        "UPDATE platform.due_work SET done_at = now(), due_at = 'infinity' WHERE object_id = :id",
        id=known[0].id,
    )
    run = put_back(login, broken.test, dump)
    restored, rights_after = (
        content(migrated, broken.test),
        migrated.look(RIGHTS, schema=schema),
    )
    *work, balances = SQL.findall(RUNBOOK.read_text("utf-8"))
    for sql in work:
        migrated.look(sql, broken.test)
    due = migrated.look(
        "SELECT object_id, due_at <= now(), done_at IS NULL FROM platform.due_work"
        " WHERE account_id = :id AND kind = 'payment_check' ORDER BY object_id",
        id=broken.id,
    )
    cases = migrated.look(
        "SELECT object_id, kind, reason, owner_role::text FROM platform.cases"
        " WHERE account_id = :id ORDER BY object_id",
        id=broken.id,
    )
    back = migrated.look(
        "SELECT r.id, r.status, a.reference, a.status FROM refunds r"
        " LEFT JOIN provider_attempts a ON a.charge_id = r.id ORDER BY r.id",
        broken.test,
    )
    reads = migrated.look(
        "SELECT object_id FROM platform.due_work WHERE account_id = :id AND kind = 'payout_check'"
        " AND done_at IS NULL ORDER BY object_id",
        id=broken.id,
    )

    assert (run.returncode, run.stderr) == (0, b"")
    assert restored == kept
    assert migrated.look(CHAIN, broken.test) == chain
    assert len(chain) == 4
    assert rights_after == rights
    assert content(migrated, broken.live) == live
    assert content(migrated, other.test) == beside
    assert migrated.look(balances, broken.test) == []
    assert due == [*[[charge.id, True, True] for charge in known], [lost.id, False, False]]
    assert cases == [
        [lost.id, "charge", "lost_in_restore", schema],
        [gone, "refund", "lost_in_restore", schema],
    ]
    assert back == [
        [sent, "submitting", "under-this", "silent"],
        [unsent, "created", None, None],
    ]
    assert reads == [[sent], [unsent]]
    assert migrated.look(f'SELECT amount FROM "{schema}_aside".charges LIMIT 1') == [[1]]
    new = sell(app_engine, broken, migrated)
    with app_engine.connect() as connection, connection.begin():
        enter(connection, broken.test)
        found = connection.exec_driver_sql("SELECT id FROM charges ORDER BY id").scalars().all()
    assert list(found) == sorted(charge.id for charge in (*known, new))


def test_what_was_sent_after_the_dump_is_read_and_not_given_up(
    migrated: Database, app_engine: Engine, account: Account, login: dict[str, str], tmp_path: Path
) -> None:
    """Whatever the dump knows less of: at Orange under the payToken, which only the platform has.

    What was never opened stays so, and is given up in time.
    """
    store = Charges(Pool(app_engine), account.test)
    orange = {"operator": Operator.ORANGE, "phone": PhoneNumber("+237690000001")}
    opened, unopened, late = (
        a_charge(account.test, migrated.orange_account, **orange) for _ in range(3)
    )
    sent = a_charge(account.test, migrated.operator_account)
    for each in (opened, unopened, late, sent):
        take(store, each)
    attempts = {c.id: replace(an_attempt(c), status=AttemptStatus.OPENING) for c in (opened, late)}
    held = claim(store, attempts[opened.id])
    claim(store, replace(an_attempt(unopened), status=AttemptStatus.OPENING))
    dump = dumped(login, tmp_path, *only(account))
    for charge, attempt in (held, claim(store, attempts[late.id])):
        asked = replace(attempt, operator_reference=f"MP{charge.id}")
        assert store.keep_opened(charge, asked, lease_until=moment()) is not None
    claim(store, an_attempt(sent))

    assert put_back(login, account.test, dump).returncode == 0
    *work, _ = SQL.findall(RUNBOOK.read_text("utf-8"))
    for sql in work:
        migrated.look(sql, account.test)

    after = {each.id: store.find_with_attempt(each.id) for each in (opened, unopened, late, sent)}
    unsent = {key for key, found in after.items() if found and moves.is_unsent(*found)}
    asked_by = {
        key: found[1].operator_reference for key, found in after.items() if found and found[1]
    }
    assert unsent == {unopened.id}
    assert asked_by == {
        opened.id: f"MP{opened.id}",
        late.id: f"MP{late.id}",
        unopened.id: None,
        sent.id: None,
    }


def test_what_was_paid_out_after_the_dump_is_read_and_not_sent_again(
    migrated: Database, account: Account, login: dict[str, str], tmp_path: Path
) -> None:
    """At Orange under the payToken; what was never opened, or waits for its time, is as it was."""
    sent, opened, unopened, waits, gone = sorted(an_id("po") for _ in range(5))
    later = moment() + timedelta(days=1)
    for payout, operator, at in (
        (sent, "mtn", None),
        (opened, "orange", None),
        (unopened, "orange", None),
        (waits, "mtn", later),
    ):
        migrated.look(PAYOUT, account.test, id=payout, operator=operator, at=at)
    dump = dumped(login, tmp_path, *only(account))
    for payout in (sent, opened, unopened, gone):
        token = f"CI{payout}" if payout == opened else None
        migrated.look(PAID_OUT, id=payout, account=account.id, opened=token)

    assert put_back(login, account.test, dump).returncode == 0
    *work, _ = SQL.findall(RUNBOOK.read_text("utf-8"))
    for sql in work:
        migrated.look(sql, account.test)

    back = migrated.look(
        "SELECT p.id, p.status, a.reference, a.operator_reference, a.status FROM payouts p"
        " LEFT JOIN provider_attempts a ON a.charge_id = p.id ORDER BY p.id",
        account.test,
    )
    due = migrated.look(
        "SELECT object_id, due_at FROM platform.due_work WHERE account_id = :id"
        " AND kind = 'payout_check' AND done_at IS NULL AND due_at > now() ORDER BY object_id",
        id=account.id,
    )
    cases = migrated.look(
        "SELECT object_id, kind FROM platform.cases WHERE account_id = :id", id=account.id
    )
    assert back == [
        [sent, "submitting", sent, None, "silent"],
        [opened, "submitting", opened, f"CI{opened}", "silent"],
        [unopened, "created", None, None, None],
        [waits, "scheduled", None, None, None],
    ]
    assert due == [[waits, later]]
    assert cases == [[gone, "payout"]]


def test_a_batch_goes_on_where_it_was(
    migrated: Database, account: Account, login: dict[str, str], tmp_path: Path
) -> None:
    """A line that was sent since is read; one that waits has its turn, and the batch its row."""
    batch, (sent, waits) = an_id("pb"), sorted(an_id("po") for _ in range(2))
    migrated.look(BATCH, account.test, id=batch)
    for line, payout in enumerate((sent, waits), start=1):
        migrated.look(LINE, account.test, id=payout, batch=batch, line=line)
    dump = dumped(login, tmp_path, *only(account))
    migrated.look(PAID_OUT, id=sent, account=account.id, opened=None)

    assert put_back(login, account.test, dump).returncode == 0
    *work, _ = SQL.findall(RUNBOOK.read_text("utf-8"))
    for sql in work:
        migrated.look(sql, account.test)

    back = migrated.look("SELECT id, status FROM payouts ORDER BY batch_line", account.test)
    due = migrated.look(
        "SELECT object_id FROM platform.due_work WHERE account_id = :id AND done_at IS NULL"
        " AND kind = 'payout_check' AND due_at <= now() ORDER BY object_id",
        id=account.id,
    )
    assert back == [[sent, "submitting"], [waits, "queued"]]
    assert due == [[batch], [sent]]


def test_a_restore_that_fails_midway_changes_nothing(
    migrated: Database, account: Account, login: dict[str, str], tmp_path: Path
) -> None:
    """A dump without this tenant, or cut off: the script ends, and everything is as it was."""
    before = content(migrated, account.test)
    without = dumped(login, tmp_path, "--schema=public")
    assert put_back(login, account.test, without).returncode != 0
    whole = dumped(login, tmp_path, f"--schema={account.test.schema}")
    whole.write_bytes(whole.read_bytes()[:-2_000])
    assert put_back(login, account.test, whole).returncode != 0

    assert content(migrated, account.test) == before
