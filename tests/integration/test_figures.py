"""The login that reads figures: it sees columns, nobody's rows by owner, and it writes nothing."""

import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import Connection

from knative.local.postgres import connect
from shared.db.figures import READ, Figures
from shared.db.transaction import Database as Transactions
from shared.domain.figure import READ_FIGURES
from shared.domain.ids import new_id
from tests.database import Account, Database, refusal_of

DENIED: Final = "42501"
HIDDEN: Final = (
    "SELECT number_hmac FROM platform.payment_index",
    "SELECT account_id FROM platform.payment_index",
    "SELECT reference FROM platform.payment_index",
    "SELECT account_id FROM platform.due_work",
    "SELECT object_id FROM platform.outbox",
    "SELECT account_id FROM platform.cases",
    "SELECT recipient FROM platform.notifications",
    "SELECT data FROM platform.notifications",
    "SELECT attributes FROM platform.dead_letters",
    "SELECT name FROM platform.accounts",
    "SELECT id FROM platform.accounts",
    "SELECT schema_name FROM platform.account_schemas",
    "SELECT credentials FROM platform.operator_accounts",
    "SELECT base_url FROM platform.operator_accounts",
    "SELECT code FROM platform.own_accounts",
    "SELECT account_id FROM platform.event_feed",
    "SELECT FROM platform.api_keys",
    "SELECT FROM platform.members",
    "SELECT FROM platform.audit_entries",
    "SELECT FROM platform.request_logs",
    "SELECT FROM platform.statement_lines",
)
WRITES: Final = (
    "DELETE FROM platform.outbox",
    "UPDATE platform.due_work SET due_at = now()",
    "UPDATE platform.dead_letters SET replayed_at = now()",
    "INSERT INTO platform.float_claims (object_id) VALUES ('x')",
    "CREATE TABLE platform.mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
)
# As many as a year leaves, in small: planners choose by them.
YEARS: Final = """
INSERT INTO platform.payment_index (object_id, account_id, livemode, kind, operator_account_id,
  state, amount, number_hmac, created_at)
SELECT 'ch_' || left(md5(:salt || n), 24), :account, false, 'charge', :wallet, 'succeeded', 100,
  'h', now() - interval '90 days' FROM generate_series(1, 20000) AS n"""


ONE_OF_EACH: Final = (
    """
INSERT INTO platform.payment_index (object_id, account_id, livemode, kind, operator_account_id,
  state, amount, number_hmac)
VALUES (:payment, :account, false, 'charge', :wallet, 'unknown', 100, 'h')""",
    """
INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
SELECT kind, id, :account, false, now() - interval '1 minute' FROM (VALUES
  ('payment_check', :payment), ('payout_check', 'po_x'), ('webhook', 'we_x')) AS w (kind, id)""",
    """
INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
VALUES ('msg_figures', 'webhook-due', :account, false, 'x')""",
    """
INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason)
VALUES ('case_figures', 'charge', :account, false, 'ch_y', 'no_answer')""",
    """
INSERT INTO platform.dead_letters (id, topic, subscription, event_id, account_id)
VALUES ('dl_figures', 'webhook-due', 'dispatch_webhook--x', 'e', :account)""",
    """
INSERT INTO platform.breakers (operator, host, operation, opened_at, next_trial_at)
VALUES ('mtn', :account, 'submit', now(), now())""",
    """
INSERT INTO platform.own_accounts (livemode, code, normal) VALUES (false, :account, 1)""",
    """
INSERT INTO platform.float_claims (object_id, operator_account_id, amount, at)
VALUES (:account, :wallet, 5, now())""",
    """
INSERT INTO platform.float_readings (id, operator_account_id, livemode, at, source, as_of,
  balance, share, own, coming, going, difference)
VALUES ('flr_' || :account, :wallet, false, now(), 'operator', now(), 7, 0, 0, 0, 0, 0)""",
    """
INSERT INTO platform.statements (id, operator_account_id, livemode, version, sha256, object_key,
  version_id, first_day, last_day, opening, closing, line_count, uploaded_by, uploaded_at,
  lines_done)
VALUES ('stm_figures', :wallet, false, 'v', repeat('0', 64), 'k', 'v', '2025-01-01', '2025-01-01',
  0, 0, 1, :account, now(), 0)""",
    """
INSERT INTO platform.statement_days (operator_account_id, day, statement_id)
VALUES (:wallet, '2025-01-01', 'stm_figures')""",
    """
INSERT INTO platform.ledger_archives (account_id, livemode, number, generation, after_position,
  after_id, after_transactions, after_previous, after_hash, until_position, opening, previous,
  created_at, content_sha256, head_id, head_transactions, head_previous, head_hash, closing,
  object_key, version_id, sha256, stored_at)
SELECT :account, false, 1, 1, 0, '', 0, h, h, 1, '{}', repeat('0', 64), now(), repeat('0', 64),
  '', 1, h, h, '{}', 'k', 'v', repeat('0', 64), now()
FROM (SELECT decode(repeat('00', 32), 'hex') AS h) AS hash""",
)
# Readings grow only; this one is of a wallet that others read anew.
NONE_AGAIN: Final = (
    "DELETE FROM platform.payment_index WHERE account_id = :account",
    "DELETE FROM platform.due_work WHERE account_id = :account",
    "DELETE FROM platform.outbox WHERE account_id = :account",
    "DELETE FROM platform.cases WHERE account_id = :account",
    "DELETE FROM platform.dead_letters WHERE account_id = :account",
    "DELETE FROM platform.breakers WHERE host = :account",
    "DELETE FROM platform.own_accounts WHERE code = :account",
    "DELETE FROM platform.float_claims WHERE object_id = :account",
    "ALTER TABLE platform.float_readings DISABLE TRIGGER grows_only",
    "DELETE FROM platform.float_readings WHERE id = 'flr_' || :account",
    "ALTER TABLE platform.float_readings ENABLE TRIGGER grows_only",
    "DELETE FROM platform.statement_days WHERE statement_id = 'stm_figures'",
    "DELETE FROM platform.statements WHERE uploaded_by = :account",
    "DELETE FROM platform.ledger_archives WHERE account_id = :account",
)


@pytest.fixture
def login(migrated: Database) -> Iterator[Connection]:
    """A transaction of the metrics' login; rolled back."""
    engine = migrated.engine("metrics", pool_size=1)
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
    engine.dispose()


def test_it_sees_no_owner_no_number_and_no_secret(login: Connection, account: Account) -> None:
    """What is not counted or timed is out of its reach, and so is every merchant's schema."""
    for sql in HIDDEN:
        assert (sql, refusal_of(login, sql)) == (sql, DENIED)
    assert refusal_of(login, f'SELECT FROM "{account.test.schema}".charges') == DENIED
    assert refusal_of(login, f'SET LOCAL ROLE "{account.test.schema}"') == DENIED


@pytest.mark.parametrize("sql", WRITES)
def test_it_writes_nothing(login: Connection, sql: str) -> None:
    """It cannot silence what it watches."""
    assert refusal_of(login, sql) == DENIED


def test_it_reads_every_figure_that_is_told_of(migrated: Database, account: Account) -> None:
    """One statement reads all of them, and none that nobody was told of."""
    engine = migrated.engine("metrics", pool_size=1)
    moment = datetime.now(UTC)
    payment = new_id("ch", int((moment - timedelta(minutes=5)).timestamp() * 1000))
    given = {"account": account.id, "wallet": migrated.operator_account, "payment": payment}
    try:
        for sql in ONE_OF_EACH:
            _run(migrated, sql, given)
        read = Figures(Transactions(engine)).read(at=moment)
    finally:
        engine.dispose()
        for sql in NONE_AGAIN:
            _run(migrated, sql, given)

    assert {reading.name for reading in read} == READ_FIGURES


def test_what_is_long_over_costs_nothing(migrated: Database, account: Account) -> None:
    """Payments of years are not walked through: each part goes along an index."""
    migrated.look(
        YEARS, salt=secrets.token_hex(8), account=account.id, wallet=migrated.operator_account
    )
    migrated.look("ANALYZE platform.payment_index")
    now = datetime.now(UTC)
    sql = READ.text
    for number in range(7, 0, -1):
        sql = sql.replace(f"${number}", f"'{new_id('ch', int(now.timestamp() * 1000))}'")
    server = migrated.postgres
    try:
        with connect(port=server.port, password=server.password, database="pay") as superuser:
            # So few as are here would be read whole more cheaply.
            superuser.run("SET enable_seqscan = off")
            plan = "\n".join(row[0] for row in superuser.run(f"EXPLAIN {sql}"))
    finally:
        migrated.look("DELETE FROM platform.payment_index WHERE account_id = :id", id=account.id)

    assert "on payment_index" in plan
    assert "Seq Scan on payment_index" not in plan


def _run(migrated: Database, sql: str, given: Mapping[str, str]) -> None:
    migrated.look(sql, None, **{name: word for name, word in given.items() if f":{name}" in sql})
