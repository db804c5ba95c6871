"""Transactions and the wire beneath them: nobody reads what was meant for another."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pg8000.exceptions import DatabaseError
from sqlalchemy import Engine

from shared.db.engine import make_engine
from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from shared.domain.errors import CutOff, Unavailable
from shared.domain.events import CHARGE_CREATED, Message
from tests.database import Account, Database
from tests.factories import an_id
from tests.simulator_process import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

_MACADDR = 829
ADDRESS = "08:00:2b:01:02:03"
ONE = Statement("SELECT 1")
PID = Statement("SELECT pg_backend_pid()")
LONG = Statement("SELECT pg_sleep(:seconds::float8)::text")
SLEEPING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
WHO = Statement("SELECT current_user::text, current_setting('search_path')")
PUT = Statement("""
INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
VALUES (:id::text, 'charge-created', :account::text, false, :object_id::text)
""")
MANY = Statement(f"SELECT '{ADDRESS}'::macaddr FROM generate_series(1, 3)")


def _fail(_text: str) -> str:
    raise LookupError


def test_an_answer_that_was_half_read_goes_to_nobody(migrated: Database, account: Account) -> None:
    """A connection on which reading failed midway is thrown away, not cleaned."""
    app_engine = migrated.engine("app", pool_size=1)
    raw = app_engine.raw_connection()
    driver: Any = raw.driver_connection
    driver.register_in_adapter(_MACADDR, _fail)
    raw.close()
    pool = Pool(app_engine)
    with pytest.raises(LookupError), pool.tenant(account.test) as transaction:
        transaction.run(MANY)

    with pool.tenant(account.test) as transaction:
        assert transaction.run(ONE) == [[1]]
        assert transaction.run(MANY) == [[ADDRESS]] * 3
    app_engine.dispose()


@pytest.mark.parametrize("way", ["at once", "in steps"])
def test_a_connection_that_lost_its_statements_serves_nobody(
    app_engine: Engine, account: Account, way: str
) -> None:
    """Somebody's DEALLOCATE ALL costs one transaction, which may be asked for again."""
    pool = Pool(app_engine)

    def ask() -> list[list[Any]]:
        if way == "at once":
            return pool.once(account.test, ONE).rows
        with pool.tenant(account.test) as transaction:
            return transaction.run(ONE)

    assert [ask(), ask()] == [[[1]], [[1]]]
    with pool.tenant(account.test) as transaction:
        transaction._connection.execute_simple("DEALLOCATE ALL")
    with pytest.raises(Unavailable):
        ask()
    assert ask() == [[1]]


@pytest.mark.parametrize("is_met", [True, False])
def test_a_way_that_breaks_in_the_middle_is_told_as_such(
    migrated: Database, account: Account, *, is_met: bool
) -> None:
    """Nobody knows what was done: not Unavailable, which promises that nothing was."""
    app_engine = migrated.engine("app", pool_size=1)
    pool = Pool(app_engine)

    def told() -> type[Exception] | None:
        if is_met:
            assert pool.once(account.test, LONG, seconds=0).rows
        raw = app_engine.raw_connection()
        driver: Any = raw.driver_connection
        raw.close()

        def cut() -> None:
            wait_until(lambda: migrated.look(SLEEPING), what="the long statement")
            driver._usock.shutdown(socket.SHUT_RDWR)

        with ThreadPoolExecutor(1) as other:
            other.submit(cut)
            try:
                pool.once(account.test, LONG, seconds=4)
            except (CutOff, Unavailable) as error:
                return type(error)
        return None

    # A busy machine may come to cut only when the statement has ended.
    assert next(filter(None, (told() for _ in range(5))), None) is CutOff
    assert pool.once(account.test, ONE).rows == [[1]]
    app_engine.dispose()


@pytest.mark.parametrize("end", ["it lasts too long", "the server goes"])
def test_what_the_server_ends_before_its_commit_was_not_done(
    migrated: Database, account: Account, end: str
) -> None:
    """It says so before it hangs up: whoever asked may ask again, and is not told of a fault."""
    app_engine = migrated.engine("app", pool_size=1)
    pool = Pool(app_engine)

    def go(pid: int) -> None:
        wait_until(lambda: migrated.look(f"{SLEEPING} AND pid = :pid", pid=pid), what="its sleep")
        migrated.look("SELECT pg_terminate_backend(:pid)", pid=pid)

    def work(other: ThreadPoolExecutor) -> None:
        with pool.tenant(account.test) as transaction:
            if end == "it lasts too long":
                transaction._connection.execute_simple("SET LOCAL transaction_timeout = '100ms'")
            else:
                [[pid]] = transaction.run(PID)
                other.submit(go, pid)
            transaction.run(LONG, seconds=8)

    with ThreadPoolExecutor(1) as other, pytest.raises(Unavailable):
        work(other)
    assert pool.once(account.test, ONE).rows == [[1]]
    app_engine.dispose()


def test_a_wall_stands_as_long_as_its_transaction(migrated: Database, account: Account) -> None:
    """Role and path hold from its first statement to its last, and the next borrower has others."""
    secret_file = migrated.secrets_dir / "database_app"
    engine = make_engine(migrated.url, secret_file=secret_file, pool_size=1)
    pool = Pool(engine)
    inside = [[account.test.schema, f'"{account.test.schema}", pg_catalog']]

    def outside() -> list[Any]:
        with engine.connect() as connection:
            return list(connection.exec_driver_sql(WHO.text).one())

    before = outside()
    for _ in range(2):
        with pool.tenant(account.test) as transaction:
            assert [transaction.run(WHO), transaction.run(WHO)] == [inside, inside]
        assert outside() == before
        assert pool.once(account.test, WHO).rows == inside
        assert outside() == before
    engine.dispose()


def test_nothing_is_handed_on_before_its_commit(
    app_engine: Engine, migrated: Database, account: Account
) -> None:
    """Whoever hears of a message finds what it speaks of; of what is undone nobody hears."""
    found: list[list[list[Any]]] = []

    def look(messages: "Sequence[Message]") -> None:
        sql = "SELECT id FROM platform.outbox WHERE id = :id"
        found.extend(migrated.look(sql, id=message.event_id) for message in messages)

    pool = Pool(app_engine, look)
    message = Message(an_id("msg"), CHARGE_CREATED, account.id, False, an_id("ch"))  # noqa: FBT003 - a field of a row

    def put() -> None:
        with pool.tenant(account.test) as transaction:
            transaction.messages.append(message)
            transaction.run(PUT, id=message.event_id, account=account.id, object_id=an_id("ch"))

    put()
    with pytest.raises(DatabaseError):
        put()

    assert found == [[[message.event_id]]]
