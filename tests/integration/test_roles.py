"""Roles: what a tenant, the application and the schedulers can reach, tried on the real server."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, QueuePool, exc, text

from shared.domain.api_key import ApiKey
from tests.database import Account, Database, MakeAccount, enter, refusal_of

DENIED = "42501"
CHECK_VIOLATED = "23514"
TENANT_WRITES = {
    "outbox": "(id, topic, account_id, livemode, object_id) VALUES ('m1', 't', {row}, 'o1')",
    "event_feed": "(id, type, account_id, livemode, object_id) VALUES ('e1', 't', {row}, 'o1')",
    "due_work": "(kind, due_at, account_id, livemode, object_id)"
    " VALUES ('payment_check', now(), {row}, 'o1')",
    "payment_index": "(object_id, kind, account_id, livemode, operator_account_id, state, amount,"
    " number_hmac) VALUES ('o1', 'charge', {row}, 'opa', 's', 1, 'h')",
    "cases": "(id, kind, account_id, livemode, object_id, reason)"
    " VALUES ('c1', 'charge', {row}, 'o1', 'r')",
    "callback_tokens": "(token_hash, kind, account_id, livemode, object_id, provider)"
    " VALUES ('h1', 'charge', {row}, 'o1', 'mtn')",
    "notifications": "(id, kind, send_before, account_id, livemode)"
    " VALUES ('ntf_1', 'k', now(), {row})",
    "public_codes": "(code, account_id, livemode, object_id) VALUES ('p1', {row}, 'o1')",
    "stream_tickets": "(token_hash, key_id, by_access, address, created_at, expires_at,"
    " account_id, livemode) VALUES (repeat('0', 64), 'k', false, '', now(),"
    " now() + interval '1 minute', {row})",
}


ADD_MESSAGE = """
INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
VALUES ('m2', 'charge-check-due', 'acct_x', false, 'ch_x')
"""


@pytest.fixture(scope="module")
def mine(make_account: MakeAccount) -> Account:
    """The account at work."""
    return make_account(live=True)


@pytest.fixture(scope="module")
def other(make_account: MakeAccount) -> Account:
    """Another account on the same server."""
    return make_account()


@pytest.fixture
def tenant(app_engine: Engine, mine: Account) -> Iterator[Connection]:
    """A transaction of the application inside `mine`, test mode; rolled back."""
    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, mine.test)
        yield connection
        transaction.rollback()


@pytest.fixture
def login(app_engine: Engine) -> Iterator[Connection]:
    """A transaction of the application that is no tenant; rolled back."""
    with app_engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def worker(migrated: Database) -> Iterator[Connection]:
    """A transaction of the schedulers' login; rolled back."""
    engine = migrated.engine("worker", pool_size=1)
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
    engine.dispose()


def test_the_tripwire_refuses_a_row_of_another_account(tenant: Connection, other: Account) -> None:
    """Even in its own schema a tenant cannot write a row that claims to be another account's."""
    insert = "INSERT INTO consumed_messages (consumer, event_id, account_id, at) VALUES"

    assert refusal_of(tenant, f"{insert} ('c', 'e', '{other.id}', now())") == CHECK_VIOLATED
    assert refusal_of(tenant, f"{insert} ('c', 'e', DEFAULT, now())") is None


def test_a_tenant_reaches_no_other_schema(
    tenant: Connection, mine: Account, other: Account
) -> None:
    """Another account, and the same account's other mode, are out of reach."""
    assert refusal_of(tenant, "SELECT FROM charges") is None
    assert refusal_of(tenant, f"SELECT FROM {other.test.schema}.charges") == DENIED
    assert refusal_of(tenant, f"SELECT FROM {mine.live.schema}.charges") == DENIED
    assert refusal_of(tenant, "SELECT FROM alembic_version") == DENIED


@pytest.mark.parametrize(
    "table",
    [
        "accounts",
        "account_schemas",
        "operator_accounts",
        "dated_rules",
        "callback_inbox",
        "dead_letters",
        "alembic_version",
        *sorted(set(TENANT_WRITES) - {"due_work", "event_feed", "payment_index"}),
    ],
)
def test_a_tenant_reads_no_platform_table(tenant: Connection, table: str) -> None:
    """Platform secrets, queues and other accounts' rows are not readable at all."""
    assert refusal_of(tenant, f"SELECT FROM platform.{table}") == DENIED


@pytest.mark.parametrize("table", sorted(TENANT_WRITES))
def test_a_tenant_writes_platform_rows_only_as_itself(
    tenant: Connection, mine: Account, other: Account, table: str
) -> None:
    """A row for another account, another mode or under another's role is refused."""
    insert = f"INSERT INTO platform.{table} {TENANT_WRITES[table]}"
    columns, values = insert.split(") VALUES ")
    forged = f"{columns}, owner_role) VALUES {values[:-1]}, '{other.test.schema}')"
    own = f"'{mine.id}', false"

    assert refusal_of(tenant, insert.format(row=own)) is None
    assert refusal_of(tenant, insert.format(row=f"'{other.id}', false")) == DENIED
    assert refusal_of(tenant, insert.format(row=f"'{mine.id}', true")) == DENIED
    assert refusal_of(tenant, forged.format(row=own)) == DENIED


def test_a_tenant_sees_and_moves_only_its_own_due_rows(
    tenant: Connection, mine: Account, other: Account
) -> None:
    """Of the queue a tenant knows its own rows, and an update of another's changes nothing."""
    seen = tenant.exec_driver_sql("SELECT object_id FROM platform.due_work").scalars().all()
    move = "UPDATE platform.due_work SET due_at = now() WHERE kind = 'webhook' AND object_id ="
    moved = tenant.exec_driver_sql(f"{move} '{mine.webhook_endpoint}'").rowcount
    others = tenant.exec_driver_sql(f"{move} '{other.webhook_endpoint}'").rowcount

    assert (seen, moved, others) == ([mine.webhook_endpoint], 1, 0)
    assert refusal_of(tenant, "SELECT lease_until FROM platform.due_work") == DENIED


ADD_KEY = """
INSERT INTO platform.api_keys (id, account_id, livemode, kind, secret_hmac, last4, scopes)
VALUES ('0123456789', {row}, 'rk', decode(repeat('00', 32), 'hex'), 'last', '{{}}')
"""


def test_a_tenant_makes_and_sees_only_its_own_keys(
    tenant: Connection, mine: Account, other: Account
) -> None:
    """Neither another account's keys nor those of the other mode can be seen, made or revoked."""
    seen = tenant.exec_driver_sql("SELECT account_id, livemode FROM platform.api_keys").all()
    revoke = text("UPDATE platform.api_keys SET revoked_at = now() WHERE id = :id")
    live = ApiKey.parse(mine.live_key).id
    strangers = ApiKey.parse(other.secret_key).id

    assert {tuple(row) for row in seen} == {(mine.id, False)}
    assert refusal_of(tenant, ADD_KEY.format(row=f"'{mine.id}', false")) is None
    assert refusal_of(tenant, ADD_KEY.format(row=f"'{mine.id}', true")) == DENIED
    assert refusal_of(tenant, ADD_KEY.format(row=f"'{other.id}', false")) == DENIED
    assert [tenant.execute(revoke, {"id": key}).rowcount for key in (live, strangers)] == [0, 0]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT secret_hmac FROM platform.api_keys",
        "UPDATE platform.api_keys SET secret_hmac = ''",
        "UPDATE platform.api_keys SET kind = 'sk'",
        "UPDATE platform.api_keys SET expires_at = NULL",
        "UPDATE platform.api_keys SET made_by = NULL",
        "UPDATE platform.api_keys SET last_used_at = NULL",
        "UPDATE platform.api_keys SET account_id = 'x'",
        "DELETE FROM platform.api_keys",
    ],
)
def test_what_makes_a_key_stays_as_it_was_made(tenant: Connection, statement: str) -> None:
    """A tenant reads no HMAC and changes neither secret, kind, maker nor expiry of its keys."""
    assert refusal_of(tenant, statement) == DENIED


def test_what_ended_a_key_is_final(tenant: Connection, mine: Account) -> None:
    """No code gives a revoked key back, rotates one twice or draws an overlap out."""
    secret, public = (
        ApiKey.parse(text).id
        for text in (mine.secret_key, mine.provisioned.modes[0].publishable_key)
    )
    update = "UPDATE platform.api_keys SET {} WHERE id = '" + secret + "'"
    tenant.exec_driver_sql(
        update.format(f"revoked_at = now(), rotated_to = '{public}', overlap_until = now()")
    )

    for change in (
        "revoked_at = NULL",
        "revoked_at = now() + interval '1 day'",
        "rotated_to = NULL, overlap_until = NULL",
        "overlap_until = overlap_until + interval '1 second'",
    ):
        assert refusal_of(tenant, update.format(change)) == CHECK_VIOLATED
    assert refusal_of(tenant, update.format("overlap_until = now() - interval '1 day'")) is None


def test_no_key_gets_wider(tenant: Connection, mine: Account) -> None:
    """No tenant adds a scope or a network to a key, or takes it out of review."""
    tenant.exec_driver_sql(ADD_KEY.format(row=f"'{mine.id}', false"))
    key = ApiKey.parse(mine.secret_key).id
    update = f"UPDATE platform.api_keys SET {{}} WHERE id = '{key}'"
    begin = """scopes = '{charges:read,events:read}', review_by = now(),
        allowed_from = '{192.0.2.0/24,2001:db8::/64}'"""

    assert refusal_of(tenant, update.replace(key, "0123456789").format(begin)) == CHECK_VIOLATED
    tenant.exec_driver_sql(update.format(begin))
    for change in (
        "scopes = '{charges:read,charges:write}'",
        "scopes = '{*}'",
        "allowed_from = '{}'",
        "allowed_from = '{192.0.2.0/23}'",
        "allowed_from = '{192.0.2.0/24,198.51.100.0/24}'",
        "review_by = NULL",
        "review_by = review_by + interval '1 second'",
    ):
        assert refusal_of(tenant, update.format(change)) == CHECK_VIOLATED
    narrower = "scopes = '{events:read}', allowed_from = '{2001:db8::1}'"
    assert refusal_of(tenant, update.format(narrower)) is None


def test_no_tenant_chooses_its_place_in_the_feed(tenant: Connection, mine: Account) -> None:
    """The transaction number that orders the feed comes from the server alone."""
    forged = (
        "INSERT INTO platform.event_feed (id, type, account_id, livemode, object_id, xid)"
        " VALUES ('e1', 't', '{account}', false, 'o1', '1')"
    )

    assert refusal_of(tenant, forged.replace("{account}", mine.id)) == DENIED


def test_a_tenant_sees_places_in_the_feed_and_only_its_own(
    tenant: Connection, migrated: Database, mine: Account
) -> None:
    """Row-level security hides those of others, whatever a statement asks for."""
    written = (
        "INSERT INTO platform.event_feed (id, account_id, livemode, type, object_id, owner_role)"
        " VALUES (:id, :account, false, 't', 'o1', :owner)"
    )
    for owner in (mine.test.schema, "pay_owner"):
        migrated.look(written, id=f"evt_{owner}", account=mine.id, owner=owner)

    seen = tenant.exec_driver_sql("SELECT id FROM platform.event_feed").scalars().all()

    assert seen == [f"evt_{mine.test.schema}"]
    assert refusal_of(tenant, "SELECT type FROM platform.event_feed") == DENIED


def test_nothing_of_a_tenant_is_ever_deleted(
    tenant: Connection, migrated: Database, mine: Account
) -> None:
    """No table, the tenant's or the platform's, grants a tenant DELETE or TRUNCATE."""
    tables = migrated.look(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace IN"
        " ('platform'::regnamespace, CAST(:schema AS regnamespace))",
        schema=mine.test.schema,
    )
    allowed = [
        (name, verb)
        for [name] in tables
        for verb in ("DELETE FROM", "TRUNCATE")
        if refusal_of(tenant, f"{verb} {name}") != DENIED
    ]

    assert len(tables) > 24
    assert allowed == []


@pytest.mark.parametrize(
    "change",
    [
        "postings SET amount = 0",
        "ledger_transactions SET kind = 'x'",
        "events SET data = '{}'",
        "state_changes SET to_status = 'x'",
        "consumed_messages SET at = now()",
        "charges SET amount = 1",
        "charges SET phone = '+237600000000'",
        "charges SET account_id = 'x'",
        "charges SET customer_id = 'cus_x'",
        "customers SET created_at = now()",
        "refunds SET reason = 'x'",
        "payouts SET reference = 'x'",
        "ledger_accounts SET floor = NULL",
        "provider_attempts SET reference = 'x'",
        "receipts SET number = 'x'",
        "webhook_endpoints SET signing = 'hmac'",
        "webhook_endpoints SET scheme = 'standard'",
        "webhook_deliveries SET created_at = now()",
    ],
)
def test_what_is_written_stays_written(tenant: Connection, change: str) -> None:
    """Append-only tables and the fixed columns of the others refuse an update."""
    assert refusal_of(tenant, f"UPDATE {change}") == DENIED


def test_unbalanced_postings_are_refused(tenant: Connection) -> None:
    """The database adds up each transaction by itself, also across several in one statement."""
    insert = "INSERT INTO postings (transaction_id, position, code, amount) VALUES"
    balanced = "('txn_a', 1, 'pending', -5), ('txn_a', 2, 'float:opa', 5)"

    assert refusal_of(tenant, f"{insert} {balanced}") is None
    assert refusal_of(tenant, f"{insert} ('txn_a', 1, 'pending', -5)") == CHECK_VIOLATED
    assert (
        refusal_of(tenant, f"{insert} ('txn_a', 1, 'pending', -5), ('txn_b', 1, 'pending', 5)")
        == CHECK_VIOLATED
    )
    assert refusal_of(tenant, f"{insert} {balanced}, ('txn_b', 1, 'x', 1)") == CHECK_VIOLATED


def test_no_balance_sinks_below_its_floor(tenant: Connection) -> None:
    """Floors hold in the database too, whatever a statement forgets."""
    assert (
        refusal_of(tenant, "UPDATE ledger_accounts SET balance = 1 WHERE code = 'held'")
        == CHECK_VIOLATED
    )
    assert (
        refusal_of(tenant, "UPDATE ledger_accounts SET balance = 1 WHERE code = 'available'")
        is None
    )


def test_a_charge_is_not_paid_without_its_ledger_transaction(tenant: Connection) -> None:
    """`succeeded` and the ledger's transaction come together or not at all."""
    insert = (
        "INSERT INTO charges (id, amount, currency, status, operator, operator_account_id, phone,"
        " submit_before, created_at, balance_transaction, succeeded_at) VALUES"
        " ('ch_1', 100, 'XAF', '{}', 'mtn', 'opa_1', '+237670000001', now(), now(), {})"
    )

    assert refusal_of(tenant, insert.format("succeeded", "'txn_1', now()")) is None
    assert refusal_of(tenant, insert.format("succeeded", "NULL, now()")) == CHECK_VIOLATED
    assert refusal_of(tenant, insert.format("failed", "'txn_1', NULL")) == CHECK_VIOLATED
    assert refusal_of(tenant, insert.format("paid", "NULL, NULL")) == CHECK_VIOLATED


def test_a_deleted_customer_keeps_no_word_on_the_person(tenant: Connection) -> None:
    """By constraint, whatever a statement forgets."""
    insert = "INSERT INTO customers (id, created_at, deleted_at, {}) VALUES ('cus_{}', now(), {})"

    assert refusal_of(tenant, insert.format("name", "1", "NULL, 'Awa'")) is None
    assert refusal_of(tenant, insert.format("name", "2", "now(), NULL")) is None
    for name, word in (
        ("name", "x"),
        ("phone", "+237670000001"),
        ("email", "x"),
        ("reference", "x"),
    ):
        said = insert.format(name, "3", f"now(), '{word}'")
        assert refusal_of(tenant, said) == CHECK_VIOLATED
    kept = insert.format("metadata", "3", 'now(), \'{"a": "b"}\'')
    assert refusal_of(tenant, kept) == CHECK_VIOLATED


def test_reset_role_lands_on_a_login_that_owns_nothing(
    tenant: Connection, migrated: Database, mine: Account
) -> None:
    """Whoever breaks out of a tenant's role stands before closed doors."""
    tenant.exec_driver_sql("RESET ROLE")
    user = tenant.exec_driver_sql("SELECT current_user").scalar_one()
    owned = migrated.look(
        "SELECT count(*) FROM pg_shdepend"
        " WHERE refobjid = 'pay_app'::regrole AND deptype = 'o'"
        " AND refclassid = 'pg_authid'::regclass"
    )

    assert (user, owned) == ("pay_app", [[0]])
    assert refusal_of(tenant, f"SELECT FROM {mine.test.schema}.charges") == DENIED
    assert refusal_of(tenant, f"SELECT FROM {mine.test.schema}.webhook_endpoints") == DENIED
    assert refusal_of(tenant, "CREATE TABLE public.x ()") == DENIED
    assert refusal_of(tenant, "CREATE TABLE platform.x ()") == DENIED
    assert refusal_of(tenant, "CREATE TEMPORARY TABLE x ()") == DENIED
    assert refusal_of(tenant, "SET LOCAL ROLE pay_owner") == DENIED
    assert refusal_of(tenant, "SET LOCAL ROLE pay_tenant") == DENIED


def test_a_tenants_role_owns_nothing(migrated: Database, mine: Account) -> None:
    """Tables belong to the migrating role, so no tenant can alter, grant or drop one."""
    owned = migrated.look(
        "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o'"
        " AND refobjid = CAST(:role AS regrole)",
        role=mine.test.schema,
    )

    assert owned == [[0]]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT topic FROM platform.outbox",
        "SELECT lease_until FROM platform.due_work",
        "UPDATE platform.due_work SET done_at = now()",
        "SELECT FROM platform.event_feed",
        "SELECT reference FROM platform.payment_index",
        "SELECT FROM platform.callback_inbox",
        "DELETE FROM platform.outbox",
        "UPDATE platform.outbox SET topic = 'x'",
        "UPDATE platform.accounts SET state = 'active'",
        "UPDATE platform.api_keys SET revoked_at = NULL",
        "INSERT INTO platform.api_keys DEFAULT VALUES",
        "UPDATE platform.callback_tokens SET object_id = 'x'",
    ],
)
def test_the_application_login_does_only_what_it_is_for(login: Connection, statement: str) -> None:
    """Outside tenants the application looks keys and codes up and marks what it published."""
    assert refusal_of(login, statement) == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM platform.accounts",
        "SELECT FROM platform.api_keys",
        "SELECT FROM platform.operator_accounts",
        "UPDATE platform.outbox SET published_at = now() WHERE id = 'm1'",
        "UPDATE platform.callback_tokens SET hinted_at = now() WHERE token_hash = 'h1'",
        "UPDATE platform.api_keys SET last_used_at = now() WHERE id = 'x'",
        ADD_MESSAGE,
    ],
)
def test_the_application_login_can_do_its_work(login: Connection, statement: str) -> None:
    """The rights that sign-in, callbacks and publishing need are there."""
    assert refusal_of(login, statement) is None


def test_the_schedulers_enter_no_tenant(worker: Connection, mine: Account) -> None:
    """Whoever moves queues can neither become a tenant nor read one."""
    schema = mine.test.schema

    assert refusal_of(worker, f'SET LOCAL ROLE "{schema}"') == DENIED
    assert refusal_of(worker, f"SELECT FROM {schema}.charges") == DENIED
    assert refusal_of(worker, "SELECT FROM platform.api_keys") == DENIED
    assert refusal_of(worker, "SELECT credentials FROM platform.operator_accounts") == DENIED
    assert refusal_of(worker, "SELECT token_hash FROM platform.callback_inbox") == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO platform.statements (id) VALUES ('stm_x')",
        "INSERT INTO platform.audit_entries (id) VALUES ('aud_x')",
        "DELETE FROM platform.statement_drops",
        "UPDATE platform.statement_drops SET etag = ''",
        "UPDATE platform.operator_accounts SET statement_account = 'x'",
    ],
)
def test_the_schedulers_take_statements_by_one_function_alone(
    worker: Connection, statement: str
) -> None:
    """They forge no statement and no entry of the platform's chain, and forget no drop."""
    assert refusal_of(worker, statement) == DENIED


def test_the_schedulers_claim_across_tenants_and_purge_only_what_is_done(
    worker: Connection, mine: Account, other: Account
) -> None:
    """All tenants' rows can be claimed; an open one survives the broadest delete."""
    endpoints = {mine.webhook_endpoint, other.webhook_endpoint}
    seen = set(
        worker.exec_driver_sql(
            "SELECT object_id FROM platform.due_work WHERE done_at IS NULL FOR UPDATE SKIP LOCKED"
        ).scalars()
    )
    worker.execute(
        text("UPDATE platform.due_work SET done_at = now() WHERE object_id = :id"),
        {"id": other.webhook_endpoint},
    )
    worker.exec_driver_sql("DELETE FROM platform.due_work")
    left = set(worker.exec_driver_sql("SELECT object_id FROM platform.due_work").scalars())

    assert endpoints <= seen
    assert left & endpoints == {mine.webhook_endpoint}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("app", ["force_generic_plan", "5s", "5s", "10s"]),
        ("worker", ["force_generic_plan", "5s", "5s", "10s"]),
        ("owner", ["auto", "0", "0", "0"]),
    ],
)
def test_the_server_limits_every_login_but_the_migrating_one(
    migrated: Database, role: str, expected: list[str]
) -> None:
    """No transaction of the application outlives five seconds, whatever its code does."""
    engine = migrated.engine(role, pool_size=1)
    names = (
        "plan_cache_mode",
        "statement_timeout",
        "transaction_timeout",
        "idle_in_transaction_session_timeout",
    )
    with engine.connect() as connection:
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
    engine.dispose()

    assert found == expected


def test_dead_connections_are_replaced_before_anybody_gets_them(
    migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the server ended every session, whoever comes after a pause gets a fresh one."""
    monkeypatch.setattr("shared.db.engine.BUSY_SECONDS", -1)
    engine = migrated.engine("app", pool_size=2)
    connections = [engine.connect() for _ in range(2)]
    pids = [c.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for c in connections]
    for connection in connections:
        connection.close()
    for pid in pids:
        assert migrated.look("SELECT pg_terminate_backend(:pid, 5000)", pid=pid) == [[True]]

    with engine.connect() as first, engine.connect() as second:
        fresh = {c.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for c in (first, second)}
    engine.dispose()

    assert len(fresh) == 2
    assert not fresh & set(pids)


def test_a_full_pool_refuses_instead_of_growing(migrated: Database) -> None:
    """A pool never opens more connections than it was given."""
    engine = migrated.engine("app", pool_size=1)
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    pool._timeout = 0.05
    with engine.connect(), pytest.raises(exc.TimeoutError):
        engine.connect()
    engine.dispose()


JOIN = """
INSERT INTO platform.members (account_id, person, email, language, duty)
VALUES ('{account}', '{person}', 'ngono@shop.example', 'fr', 'owner')
"""
OFFER = """
INSERT INTO platform.invitations (id, account_id, email, language, duty, token_hash, made_by,
  created_at, expires_at)
VALUES ('{id}', '{account}', 'dib@shop.example', 'fr', 'viewer', decode(repeat('00', 32), 'hex'),
  'awa', now(), now() + interval '168 hours')
"""


def test_the_database_keeps_the_last_owner(tenant: Connection, mine: Account) -> None:
    """Whatever code forgets: by SQL of a tenant's own nobody takes an account's last owner."""
    for person in ("awa", "bih"):
        tenant.exec_driver_sql(JOIN.format(account=mine.id, person=person))
    end = "UPDATE platform.members SET ended_at = now()"
    lower = "UPDATE platform.members SET duty = 'viewer'"

    assert refusal_of(tenant, end) == CHECK_VIOLATED
    assert refusal_of(tenant, lower) == CHECK_VIOLATED
    assert refusal_of(tenant, f"{end} WHERE person = 'awa'") is None
    tenant.exec_driver_sql(f"{lower} WHERE person = 'awa'")
    assert refusal_of(tenant, f"{end} WHERE person = 'bih'") == CHECK_VIOLATED


def test_an_invitation_falls_with_its_makers_ownership(tenant: Connection, mine: Account) -> None:
    """And what ended it is final: nobody opens it again, binds it or moves its dates."""
    for person in ("awa", "bih"):
        tenant.exec_driver_sql(JOIN.format(account=mine.id, person=person))
    tenant.exec_driver_sql(OFFER.format(account=mine.id, id="inv_1"))
    open_again = "UPDATE platform.invitations SET revoked_at = NULL"
    assert refusal_of(tenant, open_again) is None
    tenant.exec_driver_sql("UPDATE platform.members SET duty = 'viewer' WHERE person = 'awa'")
    revoked = tenant.exec_driver_sql("SELECT revoked_at FROM platform.invitations").scalar()

    assert revoked is not None
    assert refusal_of(tenant, open_again) == CHECK_VIOLATED
    for column in ("person = 'bih'", "expires_at = now()", "duty = 'owner'", "token_hash = ''"):
        assert refusal_of(tenant, f"UPDATE platform.invitations SET {column}") == DENIED


def test_invitations_are_the_accounts_own(
    tenant: Connection, login: Connection, worker: Connection, mine: Account, other: Account
) -> None:
    """A tenant reads no hash and no other's row; the workers bind a person and change no more."""
    # Rows that other tests left, accepted ones among them, are no matter of this one.
    own = f"WHERE account_id = '{mine.id}'"
    assert refusal_of(tenant, OFFER.format(account=mine.id, id="inv_2")) is None
    assert refusal_of(tenant, OFFER.format(account=other.id, id="inv_2")) == DENIED
    assert refusal_of(tenant, "SELECT token_hash FROM platform.invitations") == DENIED
    assert refusal_of(tenant, "DELETE FROM platform.invitations") == DENIED
    assert refusal_of(login, "SELECT token_hash FROM platform.invitations") is None
    assert refusal_of(login, "SELECT email FROM platform.invitations") == DENIED
    assert refusal_of(login, "UPDATE platform.invitations SET person = 'x'") == DENIED
    assert refusal_of(worker, f"UPDATE platform.invitations SET person = 'x' {own}") is None
    assert refusal_of(worker, "UPDATE platform.invitations SET accepted_at = now()") == DENIED
    assert refusal_of(worker, "SELECT token_hash FROM platform.invitations") == DENIED
    assert refusal_of(worker, "UPDATE platform.members SET duty = 'owner'") == DENIED
