"""The request log on real PostgreSQL: each tenant's own, found by indexes, gone after a week."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from knative.catalogue import ROOT
from knative.local.postgres import connect
from knative.local.programs import free_port
from shared.db.engine import make_engine
from shared.db.request_logs import FIND, PAGES, RequestLogs, keep
from shared.db.scheduling import PURGE_REQUEST_LOGS, Schedule
from shared.db.transaction import Database as Pool
from shared.domain.ids import new_id
from shared.domain.request_log import RequestLine
from shared.operations.lists import Page
from shared.operations.read_request_logs import WantedLines
from shared.runtime.request_log import RequestLog
from tests.database import Account, Database, MakeAccount, enter, refusal_of
from tests.factories import an_id, moment
from tests.pubsub_server import wait_for
from tests.unit.test_request_log import HEARD

DENIED = "42501"
CHARGE = an_id("ch")
ALL = Page(100, None, None, None, None)


def a_line(at: datetime | None = None, **changed: Any) -> RequestLine:
    """What was asked at a moment; a charge that was refused, if nothing else is said."""
    line = replace(HEARD, id=new_id("req", int((at or moment()).timestamp() * 1000))).line()
    return replace(line, **changed)


@pytest.fixture(scope="module")
def pool(migrated: Database) -> Iterator[Pool]:
    """The application's login."""
    engine = migrated.engine()
    yield Pool(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def shop(make_account: MakeAccount) -> Account:
    """An account in both modes."""
    return make_account(live=True)


def test_a_line_is_read_as_it_was_kept(pool: Pool, shop: Account) -> None:
    """Every field comes back, the empty ones too; what is not there is not found."""
    whole = a_line()
    bare = replace(
        a_line(), object_id=None, code=None, param=None, key_id=None, person="p-1",
        idempotency=None, user_agent=None, api_version=None,
    )  # fmt: skip
    keep(pool, [(shop.test, whole), (shop.test, bare)])
    logs = RequestLogs(pool, shop.test)

    assert [logs.find(whole.id), logs.find(bare.id)] == [whole, bare]
    assert logs.find(an_id("req")) is None


def test_no_other_tenant_sees_a_line(pool: Pool, shop: Account, make_account: MakeAccount) -> None:
    """Neither another account nor the same one's other mode, by id or by list."""
    line = a_line()
    keep(pool, [(shop.live, line)])

    assert RequestLogs(pool, shop.live).find(line.id) == line
    for other in (make_account().test, shop.test):
        assert RequestLogs(pool, other).find(line.id) is None
        assert line not in RequestLogs(pool, other).page(ALL, WantedLines()).items


def test_a_tenant_reads_its_own_and_nobody_changes_a_line(
    app_engine: Engine, pool: Pool, shop: Account, make_account: MakeAccount
) -> None:
    """Past all code of ours: others' rows are not there, writing is refused, the login is blind."""
    other = make_account().test
    keep(pool, [(other, a_line()), (shop.test, a_line())])
    table = "platform.request_logs"
    with app_engine.connect() as connection, connection.begin() as transaction:
        assert refusal_of(connection, f"SELECT FROM {table}") == DENIED
        assert refusal_of(connection, f"DELETE FROM {table}") == DENIED
        enter(connection, shop.test)
        seen = connection.exec_driver_sql(f"SELECT DISTINCT account_id, livemode FROM {table}")
        assert seen.all() == [(shop.id, False)]
        for statement in (
            f"DELETE FROM {table}",
            f"UPDATE {table} SET status = 200",
            f"INSERT INTO {table} (id) VALUES ('{an_id('req')}')",
        ):
            assert refusal_of(connection, statement) == DENIED
        transaction.rollback()


def test_pages_go_by_cursor_and_by_time(pool: Pool, make_account: MakeAccount) -> None:
    """Newest first, either way of a cursor, between two seconds."""
    tenant, start = make_account().test, moment().replace(microsecond=0)
    lines = [a_line(start + timedelta(seconds=second)) for second in range(5)]
    keep(pool, [(tenant, line) for line in lines])
    logs, second = RequestLogs(pool, tenant), int(start.timestamp())

    first = logs.page(replace(ALL, limit=2), WantedLines())
    assert (list(first.items), first.has_more) == ([lines[4], lines[3]], True)
    older = logs.page(replace(ALL, limit=2, starting_after=lines[3].id), WantedLines())
    assert list(older.items) == [lines[2], lines[1]]
    newer = logs.page(replace(ALL, limit=2, ending_before=lines[1].id), WantedLines())
    assert (list(newer.items), newer.has_more) == ([lines[3], lines[2]], True)
    between = replace(ALL, created_from=second + 1, created_until=second + 3)
    assert list(logs.page(between, WantedLines()).items) == [lines[2], lines[1]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (WantedLines(), "abcd"),
        (WantedLines(statuses=(200, 400)), "ad"),
        (WantedLines(statuses=(400, 500)), "b"),
        (WantedLines(statuses=(500, 600)), "c"),
        (WantedLines(method="DELETE"), "d"),
        (WantedLines(operation="read_charge"), "b"),
        (WantedLines(code="resource_missing"), "b"),
        (WantedLines(key="key_0000000001"), "ac"),
        (WantedLines(object=CHARGE), "ab"),
        (WantedLines(object=CHARGE, statuses=(400, 500), code="resource_missing"), "b"),
        (WantedLines(object=an_id("ch")), ""),
    ],
)
def test_each_filter_narrows(
    pool: Pool, make_account: MakeAccount, wanted: WantedLines, found: str
) -> None:
    """Alone and together."""
    tenant = make_account().test
    key: dict[str, Any] = {"key_id": "key_0000000001"}
    good: dict[str, Any] = {"status": 200, "code": None, "param": None}
    lines = {
        "a": a_line(**good, **key, object_id=CHARGE),
        "b": a_line(
            status=404, code="resource_missing", operation="read_charge", method="GET",
            object_id=CHARGE,
        ),
        "c": a_line(status=500, code="internal", **key),
        "d": a_line(**good, method="DELETE"),
    }  # fmt: skip
    keep(pool, [(tenant, line) for line in lines.values()])

    page = RequestLogs(pool, tenant).page(ALL, wanted)
    assert {line.id for line in page.items} == {lines[name].id for name in found}


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (FIND.text, "request_logs_pkey"),
        (PAGES["all", "DESC"].text, "request_logs_pkey"),
        (PAGES["refused", "ASC"].text, "request_logs_refused"),
        (PAGES["object", "DESC"].text, "request_logs_object"),
        (PURGE_REQUEST_LOGS.text, "request_logs_age"),
    ],
)
def test_each_look_goes_by_its_index(
    migrated: Database, shop: Account, sql: str, index: str
) -> None:
    """As the role that looks, whose policy must hide none: no sort, and no table read whole."""
    role = "pay_worker" if "DELETE" in sql else shop.test.schema
    server = migrated.postgres
    with connect(port=server.port, password=server.password, database="pay") as superuser:
        # So few rows would be read as a whole.
        superuser.run(
            "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off"
        )
        superuser.run(f'SET ROLE "{role}"')
        plan = superuser.run(f"EXPLAIN (GENERIC_PLAN) {sql}")

    lines = [line for [line] in plan]
    assert any(f"using {index} on" in line for line in lines), lines
    assert not any("Sort" in line or "Seq Scan" in line for line in lines), lines


def test_a_week_later_a_line_is_gone(
    migrated: Database, pool: Pool, make_account: MakeAccount
) -> None:
    """With whatever else nobody needs; what is younger stays."""
    tenant = make_account().test
    old = a_line(moment() - timedelta(days=7, minutes=1))
    young = a_line(moment() - timedelta(days=7) + timedelta(minutes=1))
    keep(pool, [(tenant, old), (tenant, young)])
    worker = migrated.engine("worker", pool_size=1)

    Schedule(Pool(worker)).purge(10_000)

    worker.dispose()
    assert RequestLogs(pool, tenant).page(ALL, WantedLines()).items == (young,)


def test_a_database_that_is_away_loses_lines_and_nothing_else(
    migrated: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits for it, and the lines are told of as lost."""
    nowhere = make_engine(
        f"postgresql://127.0.0.1:{free_port()}/pay",
        secret_file=migrated.secrets_dir / "database_app",
        pool_size=1,
    )
    log = RequestLog(lambda lines: keep(Pool(nowhere), lines), gather_seconds=0.01)
    for _ in range(10):
        log.add(HEARD)
    log.close()

    nowhere.dispose()
    assert '"event":"request_log_failed"' in capsys.readouterr().out


def test_what_was_noted_last_is_written_before_the_process_ends(
    migrated: Database, make_account: MakeAccount, pool: Pool, tmp_path: Path
) -> None:
    """SIGTERM comes sooner after an answer than lines are gathered: it flushes them."""
    account, port = make_account(), free_port()
    told = {
        **migrated.environment,
        "PORT": str(port), "ENVIRONMENT": "local", "PYTHONPATH": str(ROOT),
        "FUNCTION_TARGET": "create_charge", "PATH": os.environ["PATH"],
        "FUNCTION_SOURCE": str(ROOT / "functions/create_charge/main.py"),
        "PUBLIC_BASE_URL": "https://pay.test", "PUBSUB_PROJECT": "pay",
        "PUBSUB_EMULATOR_HOST": f"127.0.0.1:{free_port()}",
    }  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-m", "shared.runtime.serve"]
        process = subprocess.Popen(  # noqa: S603 - ours
            command, cwd=ROOT, env=told, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: _refused(port, account) is not None, "it answers", seconds=20)
        last = _refused(port, account)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0, (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait()

    assert last is not None
    line = RequestLogs(pool, account.test).find(last)
    assert line is not None
    assert (line.status, line.code, line.param) == (400, "payment_method_missing", "payment_method")


def _refused(port: int, account: Account) -> str | None:
    """Ask for a charge without an amount; the id of the request, None while nobody listens."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/charges",
        data=json.dumps({"currency": "xaf"}).encode(),
        headers={
            "Authorization": f"Bearer {account.secret_key}",
            "Content-Type": "application/json",
        },
    )
    try:
        urllib.request.urlopen(asked, timeout=10)  # noqa: S310 - our own process
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.headers["Request-Id"]
    except OSError:
        return None
    raise AssertionError("a charge without an amount was taken")
