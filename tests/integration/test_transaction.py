"""Transactions and the wire beneath them: nobody reads what was meant for another."""

from typing import Any

import pytest
from sqlalchemy import Engine

from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from tests.database import Account

_MACADDR = 829
ADDRESS = "08:00:2b:01:02:03"
ONE = Statement("SELECT 1")
MANY = Statement(f"SELECT '{ADDRESS}'::macaddr FROM generate_series(1, 3)")


def _fail(_text: str) -> str:
    raise LookupError


def test_an_answer_that_was_half_read_goes_to_nobody(app_engine: Engine, account: Account) -> None:
    """A connection on which reading failed midway is thrown away, not cleaned."""
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
