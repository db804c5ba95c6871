"""Transactions and the wire beneath them: nobody reads what was meant for another."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine

from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from shared.domain.errors import CutOff, Unavailable
from tests.database import Account, Database
from tests.simulator_process import wait_until

_MACADDR = 829
ADDRESS = "08:00:2b:01:02:03"
ONE = Statement("SELECT 1")
LONG = Statement("SELECT pg_sleep(:seconds::float8)::text")
SLEEPING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
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
        with pytest.raises(CutOff):
            pool.once(account.test, LONG, seconds=8)
    assert pool.once(account.test, ONE).rows == [[1]]
    app_engine.dispose()
