"""E39: hostile SQL inside a tenant's transaction, and what the login behind it reaches."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from shared.db.migrate import migrate
from tests.database import Account, Database, MakeAccount, enter, refusal_of
from tests.hostile import GRANTS, LET, LOGIN_ENDS_ITSELF, LOGIN_LET, NOT_SEEN, REFUSED, RIGHTS, SEEN

DENIED = "42501"
NO_SUCH_NAME = "42P01"
OUT_OF_MEMORY = "53200"
# Where RESET ROLE ends. Whoever grants the login more writes it down here, and why in its revision.
LOGIN_REACHES = {
    "account_accesses": "SELECT (account_id, ended_at, expires_at, id, livemode, opened_by)",
    "account_documents": "SELECT (account_id, kind)",
    "account_schemas": "SELECT",
    "accounts": "SELECT",
    "api_keys": "SELECT; UPDATE (last_used_at)",
    "callback_inbox": "INSERT",
    "callback_tokens": "SELECT; UPDATE (hinted_at)",
    "customer_challenges": "INSERT, SELECT; UPDATE (ended_at, tries)",
    "breakers": "SELECT (host, next_trial_at, opened_at, operation, operator)",
    "customer_sessions": "INSERT, SELECT; UPDATE (ended_at)",
    "customer_tries": "INSERT, SELECT; UPDATE (times)",
    "dated_rules": "SELECT",
    "endings": "SELECT (object_id, outcome, works_until)",
    "due_work": "SELECT (done_at, due_at, kind, object_id); UPDATE (due_at)",
    "float_claims": "DELETE, SELECT; UPDATE (included_in)",
    "float_readings": "INSERT, SELECT",
    "cases": "INSERT (id, kind, livemode, object_id, opened_at, owner_role, reason)",
    "statements": "SELECT (closing, last_day, operator_account_id, processed_at)",
    "invitations": "SELECT (account_id, id, token_hash)",
    "invoices": "SELECT",
    "ledger_archives": "INSERT, SELECT; UPDATE (closing, content_sha256, head_hash, head_id,"
    " head_previous, head_transactions, object_key, sha256, stored_at, version_id)",
    "members": "SELECT (account_id, duty, ended_at, person)",
    "notifications": "INSERT (account_id, created_at, data, id, kind, language, livemode,"
    " owner_role, recipient, secret_sealed, send_before)",
    "operator_accounts": "SELECT",
    "outbox": "INSERT; SELECT (id, published_at); UPDATE (published_at)",
    "payment_index": "SELECT (account_id, amount, created_at, kind, livemode, number_hmac,"
    " object_id, state)",
    "public_codes": "SELECT",
    "rate_counters": "INSERT, SELECT, UPDATE",
    "request_logs": "INSERT",
    "stream_tickets": "SELECT; UPDATE (used_at)",
    "test_clocks": "SELECT",
    "touches": "SELECT",
}
REACHED = """
SELECT relname, string_agg(what, '; ' ORDER BY what) FROM (
  SELECT relname, relnamespace, string_agg(privilege_type, ', ' ORDER BY privilege_type) AS what
  FROM pg_class, aclexplode(relacl) WHERE grantee IN (0, 'pay_app'::regrole) GROUP BY 1, 2
  UNION ALL
  SELECT relname, relnamespace,
    privilege_type || ' (' || string_agg(attname, ', ' ORDER BY attname) || ')'
  FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
  WHERE grantee IN (0, 'pay_app'::regrole) GROUP BY relname, relnamespace, privilege_type
) AS rights
WHERE relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
GROUP BY relname, relnamespace ORDER BY relname"""
# A function with its owner's rights finds names by a path of its own, and is called by whom it was
# granted to, or by a trigger alone.
OPEN_FUNCTIONS = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
  AND (has_function_privilege('public', oid, 'EXECUTE') OR prosecdef
    AND array_to_string(proconfig, ' ') IS DISTINCT FROM 'search_path=pg_catalog, pg_temp')"""


@pytest.fixture(scope="module")
def mine(make_account: MakeAccount) -> Account:
    """The account at work."""
    return make_account()


@pytest.fixture(scope="module")
def other(make_account: MakeAccount) -> Account:
    """Another account on the same server."""
    return make_account()


@pytest.fixture
def tenant(app_engine: Engine, mine: Account) -> Iterator[Connection]:
    """A transaction inside `mine`, test mode; rolled back, and its connection thrown away."""
    with app_engine.connect() as connection:
        transaction = connection.begin()
        enter(connection, mine.test)
        yield connection
        transaction.rollback()
        connection.invalidate()


@pytest.fixture
def names(migrated: Database, mine: Account, other: Account) -> dict[str, str]:
    """For the statements above."""
    return {
        "mine": mine.test.schema,
        "account": mine.id,
        "other": other.test.schema,
        "stranger": other.id,
        "endpoint": other.webhook_endpoint,
        "database": migrated.url.rpartition("/")[2],
    }


@pytest.mark.parametrize("group", REFUSED)
def test_hostile_statements_are_refused(
    tenant: Connection, names: dict[str, str], group: str
) -> None:
    """E39: for each there is a wall of PostgreSQL's own, not a habit of our code."""
    statements = [line.format(**names) for line in REFUSED[group].strip().split("\n")]
    answers = {sql: refusal_of(tenant, sql) for sql in statements}

    assert {sql: code for sql, code in answers.items() if code != DENIED} == {}
    assert len(answers) >= 9


@pytest.mark.parametrize("statement", LET)
def test_what_is_let_is_written_down(
    tenant: Connection, names: dict[str, str], statement: str
) -> None:
    """A statement in the table succeeds; one that is refused by now does not belong there."""
    assert refusal_of(tenant, statement.format(**names)) is None


@pytest.mark.parametrize("statement", GRANTS)
def test_a_tenant_has_nothing_to_grant(
    tenant: Connection, names: dict[str, str], statement: str
) -> None:
    """Rights are the owner's: a tenant can pass none on."""
    before = tenant.exec_driver_sql(RIGHTS.format(**names)).all()
    tenant.exec_driver_sql(statement.format(**names))

    assert tenant.exec_driver_sql(RIGHTS.format(**names)).all() == before != []


@pytest.mark.parametrize("look", SEEN)
def test_names_and_sizes_are_seen(tenant: Connection, names: dict[str, str], look: str) -> None:
    """The leak that stays: a tenant's role can list the accounts of its server."""
    assert tenant.exec_driver_sql(look.format(**names)).first() is not None


@pytest.mark.parametrize("look", NOT_SEEN)
def test_contents_are_not_seen(tenant: Connection, names: dict[str, str], look: str) -> None:
    """Neither rows nor samples nor the statements of others show anywhere."""
    assert tenant.exec_driver_sql(look.format(**names)).first() is None


def test_a_flood_of_locks_ends_by_itself(
    tenant: Connection, migrated: Database, mine: Account
) -> None:
    """Who takes all of the server's locks is refused, and its end gives them back to the others."""
    flood = "SELECT count(pg_advisory_xact_lock(n)) FROM generate_series(1, 1000000) AS n"

    assert refusal_of(tenant, flood) == OUT_OF_MEMORY
    assert migrated.look("SELECT count(*) FROM charges", mine.test) == [[0]]


def test_what_the_login_reaches_is_written_down(migrated: Database) -> None:
    """Outside tenants the application reaches these tables and columns, in no schema but one."""
    assert dict(migrated.look(REACHED)) == LOGIN_REACHES


def test_the_login_makes_nothing_and_takes_nothing(
    tenant: Connection, names: dict[str, str]
) -> None:
    """After RESET ROLE the same walls stand, but for those between the login and its own rows."""
    tenant.exec_driver_sql("RESET ROLE")
    lines = [line for group in REFUSED.values() for line in group.strip().split("\n")]
    hostile = [line.format(**names) for line in lines if line not in LOGIN_ENDS_ITSELF]
    let = {sql for sql in hostile if refusal_of(tenant, sql) not in {DENIED, NO_SUCH_NAME}}

    assert let == {line.format(**names) for line in LOGIN_LET}


def test_no_function_of_ours_lends_its_owners_rights_to_all(
    migrated: Database, mine: Account
) -> None:
    """Who may call one was granted it by name; SECURITY DEFINER goes by no path of the caller's."""
    assert mine
    assert migrated.look(OPEN_FUNCTIONS) == []


def test_a_database_made_by_hand_is_narrowed_too(spare: Engine) -> None:
    """Whatever CREATE DATABASE gave to everybody, migrating takes it back for what comes later."""
    assert not migrate(spare).failed
    with spare.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION platform.late() RETURNS int LANGUAGE sql AS 'SELECT 1'"
        )
        temporary = "SELECT has_database_privilege('pay_app', current_database(), 'TEMPORARY')"
        assert connection.exec_driver_sql(temporary).all() == [(False,)]
        late = "SELECT has_function_privilege('pay_app', 'platform.late()', 'EXECUTE')"
        assert connection.exec_driver_sql(late).all() == [(False,)]
