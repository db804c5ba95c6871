"""The order of the event feed: a reader that follows it misses nothing that commits late.

Its cursor is the number of the writing transaction, then the id, below the oldest transaction that
still runs anywhere on the server. Two cursors that look as good are read beside it and lose rows.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import pytest

from knative.local.postgres import connect
from shared.db.charges import Charges
from shared.db.transaction import Database as Pool
from shared.domain.ids import new_id
from tests.database import Account, Database
from tests.factories import a_charge, a_message, an_event, moment
from tests.pubsub_server import wait_for
from tests.trials import Trial

BEGIN: Final = ("0", "")
# Under its own name the text would be what ORDER BY sorts, and "1000" comes before "999".
FEED: Final = """
SELECT xid::text AS place, id FROM platform.event_feed
WHERE account_id = :account AND NOT livemode
  AND (xid, id) > (CAST(:xid AS xid8), :id)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, id LIMIT 100"""
BY_ID: Final = """
SELECT xid::text AS place, id FROM platform.event_feed
WHERE account_id = :account AND NOT livemode AND id > :id AND CAST(:xid AS text) IS NOT NULL
ORDER BY id LIMIT 100"""
WITHOUT_HORIZON: Final = FEED.replace("AND xid < pg_snapshot_xmin(pg_current_snapshot())", "")
WRITE: Final = """
INSERT INTO platform.event_feed (id, account_id, livemode, type, object_id)
VALUES (:id, :account, false, 'charge.pending', 'ch_x')"""


class Reader:
    """Follows the feed by one cursor."""

    def __init__(self, connection: Any, account: str, sql: str = FEED) -> None:
        self._connection = connection
        self._account = account
        self._sql = sql
        self._cursor = BEGIN
        self.found: list[str] = []

    def read(self) -> list[str]:
        """What is new."""
        new: list[str] = []
        while rows := self._connection.run(
            self._sql, account=self._account, xid=self._cursor[0], id=self._cursor[1]
        ):
            self._cursor = tuple(rows[-1])
            new += [row[1] for row in rows]
        self.found += new
        return new


@pytest.fixture
def session(migrated: Database) -> Iterator[Callable[..., Any]]:
    """Open sessions past all rights, by default on our database; closed at the end."""
    postgres = migrated.postgres
    with ExitStack() as stack:

        def open_one(database: str = "pay") -> Any:
            return stack.enter_context(
                connect(port=postgres.port, password=postgres.password, database=database)
            )

        yield open_one


def write(connection: Any, account: Account, *, later_ms: int = 0) -> str:
    """Write one row into the feed; return its id."""
    event_id = new_id("evt", int(moment().timestamp() * 1000) + later_ms)
    connection.run(WRITE, id=event_id, account=account.id)
    return event_id


def test_who_commits_late_is_not_passed_over(session: Callable[..., Any], account: Account) -> None:
    """The reader waits below the open transaction; a cursor that does not wait loses its row."""
    late, other = session(), session()
    readers = {sql: Reader(session(), account.id, sql) for sql in (FEED, BY_ID, WITHOUT_HORIZON)}
    late.run("BEGIN")
    # Ids of one millisecond have no order, and the control reads by id.
    first = write(late, account)
    second = write(other, account, later_ms=1)

    early = {sql: reader.read() for sql, reader in readers.items()}
    late.run("COMMIT")
    third = write(other, account, later_ms=2)
    wait_for(lambda: readers[FEED].read() and third in readers[FEED].found, "all is read")
    for reader in readers.values():
        reader.read()

    assert early == {FEED: [], BY_ID: [second], WITHOUT_HORIZON: [second]}
    assert readers[FEED].found == [first, second, third]
    assert readers[BY_ID].found == readers[WITHOUT_HORIZON].found == [second, third]


def test_a_writer_in_another_database_delays_the_feed_and_loses_nothing(
    session: Callable[..., Any], account: Account
) -> None:
    """The horizon is that of the whole server: while somebody writes there, nothing is shown."""
    elsewhere, reader = session("simulator"), Reader(session(), account.id)
    elsewhere.run("BEGIN")
    elsewhere.run("SELECT pg_current_xact_id()")
    event_id = write(session(), account)

    early = reader.read()
    elsewhere.run("ROLLBACK")
    wait_for(reader.read, "the feed moves on")

    assert early == []
    assert reader.found == [event_id]


def test_a_rolled_back_writer_holds_nobody_up(
    session: Callable[..., Any], account: Account
) -> None:
    """What was never committed is never read, and what came after it is."""
    failed, other, reader = session(), session(), Reader(session(), account.id)
    failed.run("BEGIN")
    write(failed, account)
    kept = write(other, account)
    failed.run("ROLLBACK")

    wait_for(reader.read, "the feed moves on")

    assert reader.found == [kept]


def test_many_writers_and_a_reader_that_never_waits(
    session: Callable[..., Any], migrated: Database, account: Account, trial: Trial
) -> None:
    """Charges are created while writers that hold their commits back run beside them."""
    count, late = trial.size(300, 20_000), trial.size(60, 4_000)
    engine = migrated.engine("app", pool_size=4)
    charges = Charges(Pool(engine), account.test)
    written: set[str] = set()
    is_over = threading.Event()

    def create(_: int) -> None:
        charge = a_charge(account.test, migrated.operator_account)
        event = an_event(charge)
        charges.create(
            charge,
            event=event,
            message=a_message(charge),
            first_check_at=moment(),
            idempotency=None,
            response="{}",
        )
        written.add(event.id)

    def has_written(at_least: int) -> bool:
        return len(written) >= at_least

    def commit_late(connection: Any) -> None:
        for _ in range(late // 2):
            until = min(len(written) + 3, count)
            connection.run("BEGIN")
            event_id = write(connection, account)
            wait_for(partial(has_written, until), "others came between")
            connection.run("COMMIT")
            written.add(event_id)

    def follow(reader: Reader) -> None:
        while not is_over.is_set():
            reader.read()

    readers = {sql: Reader(session(), account.id, sql) for sql in (FEED, BY_ID, WITHOUT_HORIZON)}
    with ThreadPoolExecutor(7) as threads:
        followers = [threads.submit(follow, reader) for reader in readers.values()]
        lates = [threads.submit(commit_late, session()) for _ in range(2)]
        for made in [*threads.map(create, range(count)), *(one.result() for one in lates)]:
            assert made is None
        wait_for(lambda: len(readers[FEED].found) >= len(written), "all is read")
        is_over.set()
        for follower in followers:
            follower.result()
    engine.dispose()
    found = readers[FEED].found
    lost = {sql: len(written - set(reader.found)) for sql, reader in readers.items()}

    assert lost[BY_ID] > 0, "the control lost nothing, so this proves nothing"
    assert lost[WITHOUT_HORIZON] > 0, "the control lost nothing, so this proves nothing"
    trial.record(
        "event feed with late writers",
        len(written),
        wrong=lost[FEED] + len(found) - len(set(found)),
        lost_by_id_alone=lost[BY_ID],
        lost_without_horizon=lost[WITHOUT_HORIZON],
    )


@pytest.mark.parametrize(
    ("login", "database"),
    [("app", "pay"), ("worker", "pay"), ("simulator", "simulator")],
)
def test_nobody_holds_the_feed_back_for_long(migrated: Database, login: str, database: str) -> None:
    """The server ends each transaction of our logins after 5 s, in whatever database."""
    user, _, password = (
        (migrated.secrets_dir / f"database_{login}").read_text().strip().partition(":")
    )
    with connect(
        port=migrated.postgres.port, user=user, password=password, database=database
    ) as connection:
        assert connection.run("SHOW transaction_timeout") == [["5s"]]
