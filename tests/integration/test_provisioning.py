"""Provisioning: all of an account or nothing of it, and no secret left behind in the database."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from shared.db.migrate import migrate
from shared.db.provisioning import SPARES, PostgresAccountStore
from shared.db.revisions import TENANT, load
from shared.domain.account import Tenant
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.ids import new_account_id
from shared.operations.provision_account import (
    AccountRecord,
    KeyRecord,
    ModeRecord,
    simulated_mtn,
    simulated_operators,
    simulated_orange,
)
from shared.runtime import provision
from shared.runtime.sealing import Sealer
from tests.database import (
    SIMULATOR_URL,
    WEBHOOK_URL,
    Account,
    Database,
    MakeAccount,
    enter,
    refusal_of,
)
from tests.factories import an_entry

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


def test_provisioning_twice_gives_two_separate_accounts(
    migrated: Database, make_account: MakeAccount
) -> None:
    """The same order again is another account: nothing of the first is shared or changed."""
    first, second = make_account(live=True), make_account(live=True)
    rows = migrated.look(
        "SELECT account_id, livemode, schema_name::text, revision FROM platform.account_schemas"
        " WHERE account_id IN (:first, :second)",
        first=first.id,
        second=second.id,
    )

    assert first.id != second.id
    assert len({schema for _, _, schema, _ in rows}) == 4
    assert {revision for *_, revision in rows} == {load(TENANT).newest}
    assert not set(_secrets(first)) & set(_secrets(second))


def test_a_new_account_can_work_at_once(app_engine: Engine, account: Account) -> None:
    """The application can become the tenant, whose ledger and endpoint stand ready."""
    with app_engine.connect() as connection, connection.begin():
        enter(connection, account.test)
        codes = connection.exec_driver_sql("SELECT code FROM ledger_accounts").scalars().all()
        urls = connection.exec_driver_sql("SELECT url FROM webhook_endpoints").scalars().all()
        connection.exec_driver_sql("UPDATE ledger_accounts SET balance = 0 WHERE code = 'pending'")

    assert {"pending", "available", "held", "suspense", "fees:platform"} <= set(codes)
    assert urls == [WEBHOOK_URL]


def test_each_mode_has_the_floats_of_its_own_operator_accounts(
    migrated: Database, account: Account
) -> None:
    """The simulator's wallets are floats in test mode and none in live mode."""
    floats = [
        {
            code
            for [code] in migrated.look(
                "SELECT code FROM ledger_accounts WHERE code LIKE 'float:%'", tenant
            )
        }
        for tenant in (account.test, account.live)
    ]

    ours = {
        migrated.operator_account,
        migrated.orange_account,
        migrated.paying_account,
        migrated.web_account,
    }
    assert floats == [{f"float:{account}" for account in ours}, set()]


def test_stored_keys_recognise_what_the_merchant_was_shown(
    migrated: Database, account: Account
) -> None:
    """A key is found by its id and proven by its HMAC; kind and mode are as it says."""
    pepper = migrated.secret("api_key_pepper")
    for mode in account.provisioned.modes:
        for shown in (mode.secret_key, mode.publishable_key):
            key = ApiKey.parse(shown)
            [[account_id, livemode, kind, stored, last4]] = migrated.look(
                "SELECT account_id, livemode, kind, secret_hmac, last4 FROM platform.api_keys"
                " WHERE id = :id",
                id=key.id,
            )

            assert (account_id, livemode, kind) == (account.id, mode.livemode, key.kind)
            assert key.matches(bytes(stored), pepper)
            assert shown.endswith(last4)


def test_a_dump_of_the_database_holds_no_usable_secret(
    migrated: Database, account: Account
) -> None:
    """Neither a key nor a webhook secret can be read out of the tables that know of them."""
    endpoints = "SELECT row_to_json(e)::text FROM webhook_endpoints e"
    dump = json.dumps(
        migrated.look("SELECT row_to_json(k)::text FROM platform.api_keys k")
        + migrated.look(endpoints, account.test)
        + migrated.look(endpoints, account.live)
    )

    assert ApiKey.parse(account.secret_key).id in dump
    assert [secret for secret in _secrets(account) if secret in dump] == []


def test_the_webhook_secret_opens_for_its_own_endpoint(
    migrated: Database, account: Account
) -> None:
    """What was sealed at provisioning is what the merchant verifies signatures with."""
    sealer = Sealer(migrated.secret("webhook_sealing_key"))
    [[sealed]] = migrated.look("SELECT secret_sealed FROM webhook_endpoints", account.test)

    assert sealer.open(sealed, account.webhook_endpoint) == (
        account.provisioned.modes[0].webhook_secret
    )


def test_each_endpoint_has_a_due_row_that_rests(migrated: Database, account: Account) -> None:
    """The row that deliveries will move exists from the start, for ever away, its tenant's own."""
    rows = migrated.look(
        "SELECT kind, due_at = 'infinity', owner_role::text, livemode FROM platform.due_work"
        " WHERE account_id = :account ORDER BY livemode",
        account=account.id,
    )

    assert rows == [
        ["webhook", True, account.test.schema, False],
        ["webhook", True, account.live.schema, True],
    ]


def test_a_failure_half_way_leaves_nothing_and_blocks_nothing(migrated: Database) -> None:
    """After the second mode failed no role, schema or row remains, and the same order succeeds."""
    owner = migrated.engine("owner", pool_size=1)
    store = PostgresAccountStore(owner)
    good = _record()
    broken = replace(good, modes=(good.modes[0], replace(good.modes[1], keys=good.modes[0].keys)))

    with pytest.raises(DBAPIError, match="api_keys_pkey"):
        store.create(broken)
    after_failure = _traces(migrated, good)
    store.create(good)
    after_success = _traces(migrated, good)
    owner.dispose()

    assert after_failure == [0, 0, 0, 0]
    assert after_success == [1, 2, 2, 2]


def test_one_change_of_roles_serves_many_accounts(spare: Engine) -> None:
    """Each makes every connection add up anew what it may become: so many come at once."""
    assert not migrate(spare).failed
    store = PostgresAccountStore(spare)

    before, ids = _roles(spare), [store.next_id()]
    once = _roles(spare)
    ids += [store.next_id() for _ in range(SPARES - 1)]
    same = _roles(spare)
    ids.append(store.next_id())

    assert len(set(ids)) == SPARES + 1
    assert (once - before, same - once, _roles(spare) - same) == (SPARES, 0, SPARES)


def test_an_id_whose_account_never_came_serves_another(spare: Engine) -> None:
    """Whoever died between the two leaves a role that a later account takes over, once."""
    assert not migrate(spare).failed
    store = PostgresAccountStore(spare)
    store.next_id()
    with spare.begin() as connection:
        connection.execute(text("DELETE FROM platform.spare_accounts WHERE taken_until IS NULL"))
        connection.execute(text("UPDATE platform.spare_accounts SET taken_until = now()"))

    record = _record(store.next_id())
    store.create(record)

    with spare.begin() as connection:
        left = connection.execute(text("SELECT count(*) FROM platform.spare_accounts"))
        assert left.scalar_one() == 0
        made = connection.execute(text("SELECT id FROM platform.accounts")).scalars().all()
    assert made == [record.id]


def test_a_role_to_come_reaches_nothing(migrated: Database) -> None:
    """Until its account is made its schema is empty, and it sees nobody else's."""
    owner = migrated.engine("owner", pool_size=1)
    tenant = Tenant(PostgresAccountStore(owner).next_id(), livemode=False)
    owner.dispose()
    engine = migrated.engine(pool_size=1)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'SET LOCAL ROLE "{tenant.schema}"')
        assert refusal_of(connection, "SELECT FROM platform.spare_accounts") == "42501"
        assert refusal_of(connection, "SELECT FROM platform.accounts") == "42501"
        assert refusal_of(connection, f'CREATE TABLE "{tenant.schema}".mine ()') == "42501"
        seen = connection.exec_driver_sql(
            "SELECT nspname::text, (SELECT count(*) FROM pg_class WHERE relnamespace = n.oid)"
            " FROM pg_namespace n WHERE has_schema_privilege(oid, 'USAGE')"
            " AND nspname LIKE 't\\_%'"
        )
        assert [tuple(row) for row in seen] == [(tenant.schema, 0)]
    engine.dispose()


def test_to_make_an_account_costs_no_other_connection_its_plans(migrated: Database) -> None:
    """Each row of a role or schema that comes or changes would: they are there beforehand."""
    owner = migrated.engine("owner", pool_size=1)
    store = PostgresAccountStore(owner)
    both = _record(store.next_id())
    record = replace(both, modes=both.modes[:1])
    query = (
        "SELECT (SELECT array_agg((oid, xmin)::text ORDER BY oid) FROM pg_namespace),"
        " (SELECT array_agg((oid, xmin)::text ORDER BY oid) FROM pg_authid),"
        " (SELECT array_agg((oid, xmin)::text ORDER BY oid) FROM pg_auth_members)"
    )
    before = migrated.look(query)

    store.create(record)

    owner.dispose()
    assert migrated.look(query) == before


def test_the_simulators_address_follows_where_it_went(migrated: Database) -> None:
    """Kept again at another port, the operator account stays the same one at the new address."""
    owner = migrated.engine("owner", pool_size=1)
    store = PostgresAccountStore(owner)
    look = "SELECT id, base_url FROM platform.operator_accounts WHERE id = :id"

    moved = store.keep_operator_account(simulated_mtn("http://127.0.0.1:10/", now=NOW))
    there = migrated.look(look, id=moved)
    back = store.keep_operator_account(simulated_mtn(SIMULATOR_URL, now=NOW))
    owner.dispose()

    assert moved == back == migrated.operator_account
    assert there == [[moved, "http://127.0.0.1:10/mtn"]]
    assert migrated.look(look, id=moved) == [[moved, SIMULATOR_URL + "/mtn"]]


def test_an_operator_calls_no_two_accounts_the_same(spare: Engine) -> None:
    """A name that is new to an account replaces the old one; one that is another's does not."""
    assert not migrate(spare).failed
    store = PostgresAccountStore(spare)
    mtn = store.keep_operator_account(simulated_mtn(SIMULATOR_URL, now=NOW))
    orange = store.keep_operator_account(simulated_orange(SIMULATOR_URL, now=NOW))
    for account, name in ((mtn, "old"), (mtn, "new"), (orange, "new"), (orange, None)):
        store.name_statements(account, account=name, version="statement.v1")
    with spare.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, statement_account, statement_version FROM platform.operator_accounts"
        ).all()

    assert {tuple(row) for row in rows} == {
        (mtn, "new", "statement.v1"),
        (orange, None, None),
    }


def test_a_new_operator_account_becomes_a_float_of_those_who_came_before(spare: Engine) -> None:
    """Accounts provisioned earlier can take money through a wallet that was added later."""
    assert not migrate(spare).failed
    store = PostgresAccountStore(spare)
    record = _record()
    store.create(record)

    # Twice, as every start of the local system does it: the second changes nothing.
    for _ in range(2):
        operators = [
            store.keep_operator_account(each)
            for each in simulated_operators(SIMULATOR_URL, now=NOW)
        ]

    counts = []
    for mode in record.modes:
        with spare.connect() as connection, connection.begin():
            connection.exec_driver_sql(f'SET LOCAL search_path = "{mode.tenant.schema}"')
            found = connection.execute(
                text("SELECT count(*) FROM ledger_accounts WHERE code = ANY(:codes)"),
                {"codes": [f"float:{operator}" for operator in operators]},
            )
            counts.append(found.scalar_one())

    assert len(set(operators)) == 4
    assert counts == [4, 0]


def test_a_float_that_is_missing_comes_back_with_the_next_run(spare: Engine) -> None:
    """An account from before the wallet, put back from a dump, gets its float; balances stay."""
    assert not migrate(spare).failed
    store = PostgresAccountStore(spare)
    records = [_record() for _ in range(2)]
    for record in records:
        store.create(record)
    operator = store.keep_operator_account(simulated_orange(SIMULATOR_URL, now=NOW))
    restored, other = (record.modes[0].tenant.schema for record in records)
    change = {"code": f"float:{operator}"}
    with spare.begin() as connection:
        gone = text(f'DELETE FROM "{restored}".ledger_accounts WHERE code = :code')
        connection.execute(gone, change)
        paid = text(f'UPDATE "{other}".ledger_accounts SET balance = 5 WHERE code = :code')
        connection.execute(paid, change)

    again = store.keep_operator_account(simulated_orange(SIMULATOR_URL, now=NOW))

    assert again == operator
    with spare.connect() as connection:
        found = [
            connection.execute(
                text(f'SELECT balance FROM "{schema}".ledger_accounts WHERE code = :code'), change
            ).scalar_one()
            for schema in (restored, other)
        ]
    assert found == [0, 5]


def test_the_command_prints_one_object_with_everything(migrated: Database) -> None:
    """`make account` gives one JSON object: test at the top, live below, each key of its kind."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "shared.runtime.provision", "--name", "Chez Marie", "--modes",
         "test,live", "--language", "en", "--webhook-url", WEBHOOK_URL],
        env={
            **os.environ, **migrated.environment, "SIMULATOR_URL": SIMULATOR_URL,
            "WEBHOOK_ALLOW_LOOPBACK": "true",
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    live = printed.pop("live")
    assert printed.pop("account").startswith("acct_")
    for mode, livemode in ((printed, False), (live, True)):
        assert set(mode) == {
            "secret_key",
            "publishable_key",
            "webhook_endpoint",
            "webhook_secret",
        }
        secret, public = ApiKey.parse(mode["secret_key"]), ApiKey.parse(mode["publishable_key"])
        assert (secret.kind, public.kind) == (KeyKind.SECRET, KeyKind.PUBLISHABLE)
        assert (secret.livemode, public.livemode) == (livemode, livemode)


@pytest.mark.parametrize(
    ("arguments", "changed", "reason"),
    [
        (["--modes", "tset"], {}, "modes: not valid"),
        (["--webhook-url", "ftp://example.com"], {}, "webhook_url: not valid"),
        (["--webhook-url", WEBHOOK_URL], {}, "webhook_url must begin with https://"),
        (
            ["--webhook-url", "http://localhost:3000/hook"],
            {"WEBHOOK_ALLOW_LOOPBACK": "true"},
            "webhook_url must begin with https:// (or be http://127.0.0.1:PORT, by number)",
        ),
        (["--webhook-url", "https://10.0.0.1/"], {}, "must name a host on the public internet"),
        ([], {"MIGRATION_DATABASE_URL": None}, "MIGRATION_DATABASE_URL is not set"),
        ([], {"MIGRATION_DATABASE_URL": "postgresql://127.0.0.1:9/pay"}, "the database refused"),
        ([], {"SECRETS_DIR": "/nowhere"}, "cannot read /nowhere/database_owner"),
        (["--operator-only"], {"SIMULATOR_URL": None}, "SIMULATOR_URL is not set"),
    ],
)
def test_the_command_says_why_it_could_not(
    migrated: Database,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    changed: dict[str, str | None],
    reason: str,
) -> None:
    """A failing run ends with 1, says the cause in one line, prints nothing else, makes nothing."""
    before = migrated.look("SELECT count(*) FROM platform.accounts")
    given = {**migrated.environment, "SIMULATOR_URL": SIMULATOR_URL, **changed}
    environment = {name: value for name, value in given.items() if value is not None}

    assert provision.main(arguments, environment) == 1

    printed = capsys.readouterr()
    assert reason in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert migrated.look("SELECT count(*) FROM platform.accounts") == before


def _roles(engine: Engine) -> int:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM pg_roles WHERE rolname LIKE 't\\_%'"))
        return int(found.scalar_one())


def _record(account_id: str | None = None) -> AccountRecord:
    account_id = account_id or new_account_id()
    return AccountRecord(
        account_id,
        "Half way",
        "fr",
        NOW,
        tuple(
            ModeRecord(
                Tenant(account_id, livemode=livemode), (_key(livemode=livemode),), None, an_entry()
            )
            for livemode in (False, True)
        ),
        an_entry(),
    )


def _key(*, livemode: bool) -> KeyRecord:
    key = ApiKey.generate(KeyKind.SECRET, livemode=livemode)
    return KeyRecord(key.id, key.kind, key.hmac(b"pepper"), key.last4, ("*",))


def _traces(migrated: Database, record: AccountRecord) -> list[int]:
    """How many account rows, roles, schemas and keys there are of this account."""
    schemas = [mode.tenant.schema for mode in record.modes]
    [row] = migrated.look(
        "SELECT (SELECT count(*) FROM platform.accounts WHERE id = :id),"
        " (SELECT count(*) FROM pg_roles WHERE rolname IN (:test, :live)),"
        " (SELECT count(*) FROM pg_namespace WHERE nspname IN (:test, :live)),"
        " (SELECT count(*) FROM platform.api_keys WHERE account_id = :id)",
        id=record.id,
        test=schemas[0],
        live=schemas[1],
    )
    return row


def _secrets(account: Account) -> list[str]:
    """Every secret that the merchant was shown, whole and as the part that proves."""
    found = []
    for mode in account.provisioned.modes:
        assert mode.webhook_secret is not None
        found += [mode.secret_key, mode.publishable_key, mode.webhook_secret]
        found += [ApiKey.parse(key).secret for key in (mode.secret_key, mode.publishable_key)]
        found.append(mode.webhook_secret.removeprefix("whsec_"))
    return found
