"""Audit chains on real PostgreSQL: no gap and no fork, and no change that goes unseen."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection
from sqlalchemy import Engine

from knative.local.postgres import connect
from shared.db.audit import LINK, AuditEntries, append, link_from_row
from shared.db.keys import Keys
from shared.db.provisioning import PostgresAccountStore
from shared.db.transaction import Database as Pool
from shared.domain.account import Tenant
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.audit import GENESIS, AuditEntry, Break, Head, Link, walk
from shared.operations.lists import Page
from shared.operations.provision_account import ProvisionAccount, provision_account
from shared.operations.stored_keys import StoredKey
from shared.runtime import verify_audit
from tests.chaos.oracle.evidence import Evidence
from tests.chaos.oracle.invariants import audit_entries_are_chained
from tests.database import Account, Database, MakeAccount, enter, refusal_of
from tests.factories import an_entry, an_origin, moment

WRITERS: Final = 100
ENTRIES: Final = 5
HMAC: Final = b"h" * 32
DENIED: Final = "42501"
FORGE: Final = """
INSERT INTO audit_entries SELECT (jsonb_populate_record(e, jsonb_build_object(
  'position', 6, 'id', 'aud_forged', 'previous_hash', hash))).*
FROM audit_entries e WHERE position = 5
"""
ALL: Final = Page(1000, None, None, None, None)


@pytest.fixture(scope="module")
def written(migrated: Database, make_account: MakeAccount) -> Account:
    """An account whose test mode has five entries, provisioning's among them."""
    account, engine = make_account(live=True), migrated.engine("app", pool_size=1)
    for number in range(1, ENTRIES):
        add(Pool(engine), account.test, an_entry(number=number))
    engine.dispose()
    return account


@pytest.fixture(scope="module")
def superuser(migrated: Database) -> Iterator[Connection]:
    """A connection past all rights."""
    postgres = migrated.postgres
    with connect(port=postgres.port, password=postgres.password, database="pay") as connection:
        yield connection


def add(pool: Pool, tenant: Tenant, entry: AuditEntry) -> None:
    """Append one entry."""
    with pool.tenant(tenant) as transaction:
        append(transaction, entry)


def chain_of(app_engine: Engine, tenant: Tenant) -> tuple[Link, ...]:
    """A chain as its tenant reads it, oldest first."""
    return AuditEntries(Pool(app_engine), tenant).next(ALL).items


def end_of(tenant: Tenant, links: Sequence[Link]) -> Head | Break:
    """Where a chain ends or breaks."""
    [*_, last] = walk(Head(tenant.schema, 0, GENESIS), links)
    return last


@contextmanager
def tampered(superuser: Connection, tenant: Tenant, *statements: str) -> Iterator[None]:
    """Do what only the superuser can, look, and take it back."""
    superuser.run("BEGIN")
    superuser.run(f'SET LOCAL search_path = "{tenant.schema}"')
    superuser.run("SET LOCAL session_replication_role = replica")
    try:
        for statement in statements:
            superuser.run(statement)
        yield
    finally:
        superuser.run("ROLLBACK")


def seen(superuser: Connection, tenant: Tenant) -> list[Link]:
    """The chain inside the superuser's transaction."""
    rows = superuser.run(f"SELECT {LINK} FROM audit_entries ORDER BY position")
    return [link_from_row(row, tenant.schema) for row in rows]


def judged(superuser: Connection, tenant: Tenant) -> list[str]:
    """What the oracle, which knows no code of ours, finds there."""
    found = superuser.run("SELECT * FROM audit_entries ORDER BY position")
    names = [column["name"] for column in superuser.columns or []]
    rows = [dict(zip(names, row, strict=True)) for row in found]
    nothing: Mapping[str, Any] = dict.fromkeys(Evidence.__dataclass_fields__, ())
    given = {"account": tenant.account, "schema": tenant.schema, "tables": {"audit_entries": rows}}
    return audit_entries_are_chained(Evidence(**{**nothing, **given}))


def test_a_hundred_writers_leave_no_gap_and_no_fork(migrated: Database, account: Account) -> None:
    """All at once, each entry gets a place of its own, bound to the one before."""
    engine = migrated.engine("app", pool_size=25)
    pool = Pool(engine)
    entries = [an_entry(number=number) for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(lambda entry: add(pool, account.test, entry), entries))
    links = chain_of(engine, account.test)
    engine.dispose()

    assert [link.position for link in links] == list(range(1, WRITERS + 2))
    assert isinstance(end_of(account.test, links), Head)
    assert {link.entry for link in links[1:]} == set(entries)


def test_what_is_rolled_back_leaves_no_gap(app_engine: Engine, account: Account) -> None:
    """An entry without its effect is none, and the next takes its place."""

    class EffectFailedError(Exception):
        """The effect failed."""

    pool, first, second = Pool(app_engine), an_entry(), an_entry()
    with pytest.raises(EffectFailedError), pool.tenant(account.test) as transaction:  # noqa: PT012 - both are the act
        append(transaction, first)
        raise EffectFailedError
    add(pool, account.test, second)

    assert [link.entry for link in chain_of(app_engine, account.test)[1:]] == [second]
    assert isinstance(end_of(account.test, chain_of(app_engine, account.test)), Head)


def test_an_effect_without_its_entry_is_none(app_engine: Engine, account: Account) -> None:
    """Where the entry is refused the key was not made; where the key is refused, no entry was."""
    keys = Keys(Pool(app_engine), account.test)
    key = StoredKey("0" * 10, KeyKind.RESTRICTED, False, "last", ("charges:read",), moment())  # noqa: FBT003 - the order of its fields
    before = chain_of(app_engine, account.test)
    maker = keys.find(ApiKey.parse(account.secret_key).id)
    assert maker is not None
    no_fact = an_origin().entry("nothing", "api_key", "key_x")

    with pytest.raises(DatabaseError):
        keys.add(key, HMAC, maker=maker, most=100, entry=no_fact)
    assert not keys.add(key, HMAC, maker=maker, most=0, entry=an_entry())
    assert keys.find(key.id) is None
    assert chain_of(app_engine, account.test) == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "'aud_forged'"),
        ("at", "at + interval '1 microsecond'"),
        ("actor_kind", "'person'"),
        ("actor_id", "'key_other00000'"),
        ("action", "'api_key.revoked'"),
        ("object_type", "'account'"),
        ("object_id", "'key_other00000'"),
        ("before", "'{}'"),
        ("after", "NULL"),
        ("remote_address", "NULL"),
        ("reason", "'because'"),
        ("request_id", "'req_other'"),
        ("previous_hash", "hash"),
        ("hash", "previous_hash"),
    ],
)
def test_a_changed_field_is_found(
    superuser: Connection, written: Account, column: str, value: str
) -> None:
    """Nobody changes a field past all rights without the verifier and the oracle naming where."""
    change = f"UPDATE audit_entries SET {column} = {value} WHERE position = 3"
    with tampered(superuser, written.test, change):
        found = end_of(written.test, seen(superuser, written.test))
        named = judged(superuser, written.test)

    assert isinstance(found, Break)
    assert found.position == 3
    assert named
    assert "at 3" in named[0]


@pytest.mark.parametrize(
    ("statements", "position"),
    [
        (["DELETE FROM audit_entries WHERE position = 3"], 3),
        (["DELETE FROM audit_entries WHERE position = 1"], 1),
        (["UPDATE audit_entries SET position = -2 WHERE position = 2",
          "UPDATE audit_entries SET position = 2 WHERE position = 3",
          "UPDATE audit_entries SET position = 3 WHERE position = -2"], 2),
        ([FORGE], 6),
    ],
    ids=["deleted", "beheaded", "reordered", "forged"],
)  # fmt: skip
def test_a_missing_moved_or_forged_entry_is_found(
    superuser: Connection, written: Account, statements: list[str], position: int
) -> None:
    """The first place that is not as it was written is named."""
    with tampered(superuser, written.test, *statements):
        found = end_of(written.test, seen(superuser, written.test))
        named = judged(superuser, written.test)

    assert isinstance(found, Break)
    assert found.position == position
    assert named


def test_an_untouched_chain_satisfies_both(superuser: Connection, written: Account) -> None:
    """The verifier and the oracle agree with the database about what a hash is."""
    for tenant in (written.test, written.live):
        with tampered(superuser, tenant):
            assert isinstance(end_of(tenant, seen(superuser, tenant)), Head)
            assert judged(superuser, tenant) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET reason = 'x'",
        "UPDATE audit_entries SET position = 9 WHERE position = 1",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "ALTER TABLE audit_entries DISABLE TRIGGER chained",
        "INSERT INTO audit_entries (position) VALUES (9)",
        "INSERT INTO audit_entries (hash) VALUES (NULL)",
        "SELECT FROM platform.audit_entries",
        "INSERT INTO platform.audit_entries (id) VALUES ('aud_x')",
    ],
)
def test_a_tenant_only_adds(app_engine: Engine, written: Account, statement: str) -> None:
    """Its role changes and deletes no entry, and chooses neither place nor hash."""
    with app_engine.connect() as connection, connection.begin():
        enter(connection, written.test)

        assert refusal_of(connection, "SELECT FROM audit_entries") is None
        assert refusal_of(connection, statement) == DENIED


@pytest.mark.parametrize(
    "text", ["sk_live_" + "a" * 20, "whsec_" + "a" * 20, "+237677000001", "rk_TEST_"]
)
def test_the_database_keeps_no_secret_either(
    app_engine: Engine, written: Account, text: str
) -> None:
    """What slips past the redactor is refused, with all that belongs to it."""
    with app_engine.connect() as connection, connection.begin():
        enter(connection, written.test)
        for column in ("before", "after", "reason"):
            insert = (
                "INSERT INTO audit_entries (id, at, actor_kind, actor_id, action, object_type,"
                f" object_id, {column}) VALUES ('aud_x', now(), 'key', 'k', 'a.b', 'a', 'x', "
            )

            assert refusal_of(connection, f"{insert} 'fine')") is None
            assert refusal_of(connection, f"{insert} 'x {text} y')") == "23514"


def test_provisioning_begins_every_chain(
    migrated: Database, account_in_both_modes: Account
) -> None:
    """The account's modes and the platform know who made it; no secret is told."""
    account = account_in_both_modes
    columns = "position, action, actor_kind, actor_id, object_id, after"
    for tenant in account.tenants:
        [[position, action, *others]] = migrated.look(
            f"SELECT {columns} FROM audit_entries", tenant
        )
        [keys] = migrated.look(
            "SELECT array_agg('key_' || id ORDER BY id COLLATE \"C\") FROM platform.api_keys"
            " WHERE account_id = :account AND livemode = :livemode",
            account=account.id,
            livemode=tenant.livemode,
        )

        assert (position, action, others[2]) == (1, "account.provisioned", account.id)
        assert all(key in others[3] for key in keys[0])
    [[action, after]] = migrated.look(
        "SELECT action, after FROM platform.audit_entries WHERE object_id = :id", id=account.id
    )

    assert (action, '"livemodes":[false,true]' in after) == ("account.provisioned", True)


def test_the_command_verifies_all_chains(
    migrated: Database, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whole chains are printed with their heads; held to them, a cut one is named."""
    account = _account_with_one_key(migrated)
    code = verify_audit.main([], migrated.environment)
    printed = capsys.readouterr()
    kept = tmp_path / "kept"
    kept.write_text(printed.out)
    tenant, again = account.test, ["--kept", str(kept)]
    heads = {line.split()[0]: int(line.split()[1]) for line in printed.out.splitlines()}

    assert (code, printed.err) == (0, "")
    assert (heads[tenant.schema], heads[account.live.schema]) == (2, 1)
    assert heads["platform"] >= 1
    assert verify_audit.main(again, migrated.environment) == 0
    migrated.look("DELETE FROM audit_entries WHERE position = 2", tenant)
    capsys.readouterr()
    assert verify_audit.main([], migrated.environment) == 0
    capsys.readouterr()
    assert verify_audit.main(again, migrated.environment) == 1
    assert capsys.readouterr().err == f"{tenant.schema}: position 2 is missing\n"


@pytest.mark.parametrize(
    ("environment", "kept", "reason"),
    [
        ({"MIGRATION_DATABASE_URL": "postgresql://127.0.0.1:9/pay"}, "", "the database refused"),
        ({"SECRETS_DIR": "/nowhere"}, "", "cannot read /nowhere/database_owner"),
        ({}, "platform 1", "is not what this command has printed"),
        ({}, "platform one 00", "invalid literal"),
        ({}, f"t_{'2' * 16}_test 1 {'00' * 32}", f"t_{'2' * 16}_test is missing"),
    ],
)
def test_the_command_says_why_it_could_not(
    migrated: Database,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    *,
    environment: dict[str, str],
    kept: str,
    reason: str,
) -> None:
    """A failing run ends with 1 and the cause in one line."""
    file = tmp_path / "kept"
    file.write_text(kept)

    assert verify_audit.main(["--kept", str(file)], {**migrated.environment, **environment}) == 1
    assert reason in capsys.readouterr().err


def _account_with_one_key(migrated: Database) -> Account:
    owner, app = migrated.engine("owner", pool_size=1), migrated.engine("app", pool_size=1)
    order = ProvisionAccount.parse("X", modes=["test", "live"], language="fr", webhook_url=None)
    seal: Callable[[str, str], str] = lambda secret, _: secret  # noqa: E731 - nothing to seal
    made = provision_account(
        order, PostgresAccountStore(owner), seal=seal, pepper=secrets.token_bytes(32),
        origin=an_origin(),
    )  # fmt: skip
    account = Account(made)
    add(Pool(app), account.test, an_entry())
    owner.dispose()
    app.dispose()
    return account
