"""Locks: a run waits briefly, gives way, comes back, and in the end says who could not be had."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from shared.db import migrate as runner
from shared.db.migrate import migrate
from shared.domain.account import Tenant
from tests.end_to_end.waiting import wait_for
from tests.releases import COLUMN_AND_INDEX, bare_account, next_release

MOST_SECONDS = 2.0


@pytest.fixture
def pair(spare: Engine) -> tuple[Tenant, Tenant]:
    """Two accounts in an otherwise empty database."""
    assert not migrate(spare).failed
    return bare_account(spare), bare_account(spare)


@contextmanager
def _reading(owner: Engine, tenant: Tenant) -> Iterator[Connection]:
    """Be a reader that never comes to an end: what every change of the table waits for."""
    with owner.connect() as connection:
        connection.exec_driver_sql(f'SELECT FROM "{tenant.schema}".charges')
        yield connection


def test_a_locked_schema_is_put_back_and_holds_nobody_up(
    spare: Engine, pair: tuple[Tenant, Tenant], tmp_path: Path
) -> None:
    """The other schema goes on, readers wait less than two seconds, and later the lock is had."""
    busy, free = pair
    ini = next_release(tmp_path / "next", COLUMN_AND_INDEX.format(name="shiny"))
    waits: list[float] = []
    over = threading.Event()

    def read() -> None:
        with spare.connect() as connection:
            while not over.is_set():
                began = time.monotonic()
                connection.exec_driver_sql(f'SELECT count(*) FROM "{busy.schema}".charges')
                connection.rollback()
                waits.append(time.monotonic() - began)

    with ThreadPoolExecutor(2) as threads:
        with _reading(spare, busy) as reader:
            reading = threads.submit(read)
            running = threads.submit(migrate, spare, ini)
            wait_for("the other schema", lambda: _revision(reader, free) == "t9001", seconds=30)
            wait_for("a lock not had", lambda: max(waits) > 0.3, seconds=30)
            assert not running.done()
        outcome = running.result(timeout=60)
        over.set()
        reading.result(timeout=10)

    assert outcome.migrated == tuple(sorted([busy.schema, free.schema]))
    assert outcome.failed == {}
    assert max(waits) < MOST_SECONDS


def test_a_lock_that_is_never_had_is_named(
    spare: Engine, pair: tuple[Tenant, Tenant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its tries the schema has failed with the server's word, unchanged; the others stand."""
    busy, free = pair
    monkeypatch.setattr(runner, "TRIES", 2)

    with _reading(spare, busy) as reader:
        outcome = migrate(
            spare, next_release(tmp_path / "next", COLUMN_AND_INDEX.format(name="shiny"))
        )
        assert _revision(reader, busy) != "t9001"

    assert outcome.migrated == (free.schema,)
    assert list(outcome.failed) == [busy.schema]
    assert outcome.failed[busy.schema].startswith("55P03 ")
    assert outcome.failed[busy.schema].endswith(", 2 times")


def test_a_revision_that_takes_too_long_is_cut_off(
    spare: Engine, pair: tuple[Tenant, Tenant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work under a lock ends after two seconds in all; the schema stays, the others go on."""
    large, small = pair
    sleeps = f"SELECT CASE current_schema() WHEN '{large.schema}' THEN pg_sleep(1.5) END;"
    lock = "LOCK TABLE charges;"
    monkeypatch.setattr(runner, "TRIES", 1)
    began = time.monotonic()

    outcome = migrate(spare, next_release(tmp_path / "next", lock + sleeps, sleeps))

    assert time.monotonic() - began < 30
    assert outcome.migrated == (small.schema,)
    assert list(outcome.failed) == [large.schema]
    assert outcome.failed[large.schema].startswith("cut off: longer than 2s")
    with spare.connect() as connection:
        assert _revision(connection, large) not in {"t9001", "t9002"}


def _revision(connection: Connection, tenant: Tenant) -> Any:
    return connection.exec_driver_sql(
        f'SELECT version_num FROM "{tenant.schema}".alembic_version'
    ).scalar_one()
