"""Connections as the engine makes them: how they read what the real server writes."""

import socket
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from shared.db.engine import UncleanConnectionError
from tests.database import Account, Database


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-25 12:00:00+00", datetime(2026, 11, 25, 12, tzinfo=UTC)),
        ("2026-11-25 12:00:00.5+01", datetime(2026, 11, 25, 11, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-25 17:30:00.000001+05:30", datetime(2026, 11, 25, 12, 0, 0, 1, tzinfo=UTC)),
        ("infinity", "infinity"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_a_time_is_the_same_moment_however_it_is_written(
    app_engine: Engine, zone: str, written: str, read: object
) -> None:
    """What is quickly read is rightly read, in any zone a session may have."""
    connection = app_engine.raw_connection()
    driver: Any = connection.driver_connection
    driver.execute_simple("BEGIN")
    driver.execute_simple(f"SET LOCAL TimeZone = '{zone}'")
    [[found]] = driver.execute_simple(f"SELECT '{written}'::timestamptz").rows
    driver.execute_simple("ROLLBACK")
    connection.close()
    assert found == read


def test_the_end_of_a_long_statement_waits_for_nothing(app_engine: Engine) -> None:
    """It leaves in several parts; held back until the server confirms, the last took 40 ms more."""
    connection = app_engine.raw_connection()
    driver: Any = connection.driver_connection
    assert driver._usock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    connection.close()


@pytest.mark.parametrize(
    ("role", "leak"),
    [
        ("app", 'SET ROLE "{schema}"'),
        ("app", "SET search_path = {schema}"),
        ("app", "SET statement_timeout = 0"),
        ("app", "SELECT set_config('pay.key_lock', 'true', false)"),
        ("app", "LISTEN somebody"),
        ("app", "BEGIN; DECLARE rows CURSOR WITH HOLD FOR SELECT 1; COMMIT"),
        ("owner", "CREATE TEMPORARY TABLE rows ()"),
    ],
)
def test_a_context_that_outlives_its_transaction_is_noticed(
    migrated: Database, account: Account, role: str, leak: str
) -> None:
    """The check that all tests run under sees what a connection would take to the next borrower."""
    engine = migrated.engine(role, pool_size=1)
    raw = engine.raw_connection()
    driver: Any = raw.driver_connection
    driver.execute_simple(leak.format(schema=account.test.schema))

    with pytest.raises(UncleanConnectionError):
        raw.close()

    raw.invalidate()
    engine.dispose()
