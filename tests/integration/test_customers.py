"""What is kept of payers, on real PostgreSQL: out of reach, exact in races, and not for long."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
import sqlalchemy
from sqlalchemy import Engine

from shared.db.customers import Customers
from shared.db.scheduling import Schedule
from shared.db.transaction import Database as Pool
from shared.domain.customer import SESSION_LASTS, Challenge, code_hmac, new_token, token_hash
from shared.domain.notification import Kind, Notification, Recipient
from shared.operations.read_customer import Proof
from tests.database import Account, Database, enter, refusal_of
from tests.factories import an_id, moment
from tests.pubsub_server import wait_for

AT_ONCE: Final = 20
DENIED: Final = "42501"
KEY: Final = bytes(32)
ACCOUNT: Final = "acct_2222222222222222"
WAITING: Final = """
SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%customer_tries%'"""
LOCK_CHALLENGE: Final = "SELECT FROM platform.customer_challenges WHERE id = :row FOR UPDATE"
LOCK_TRIES: Final = "SELECT FROM platform.customer_tries WHERE subject = :row FOR UPDATE"
TABLES: Final = ("customer_challenges", "customer_sessions", "customer_tries")
CHALLENGE: Final = """
INSERT INTO platform.customer_challenges (id, livemode, created_at, expires_at)
VALUES (:id, false, now() - CAST(:age AS interval) - interval '1 minute',
  now() - CAST(:age AS interval))"""
SESSION: Final = """
INSERT INTO platform.customer_sessions (token_hash, number_hmac, livemode, created_at, expires_at)
VALUES (rpad(:id, 64, 'x'), 'n', false, now() - CAST(:age AS interval) - interval '1 minute',
  now() - CAST(:age AS interval))"""
TRIES: Final = """
INSERT INTO platform.customer_tries VALUES (:id, ARRAY[now() - CAST(:age AS interval)])"""


def test_a_tenant_reaches_nothing_of_payers(account: Account, app_engine: Engine) -> None:
    """A merchant's role reads, writes and ends no challenge, session or count, nor the index."""
    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, account.test)
        refused = [
            refusal_of(connection, statement)
            for table in TABLES
            for statement in (
                f"SELECT FROM platform.{table}",
                f"DELETE FROM platform.{table}",
                f"INSERT INTO platform.{table} DEFAULT VALUES",
            )
        ]
        refused.append(refusal_of(connection, "SELECT number_hmac FROM platform.payment_index"))
        transaction.rollback()

    assert refused == [DENIED] * 10


def test_the_login_changes_no_number_and_no_time(app_engine: Engine) -> None:
    """What was proven stays what it was: only tries and ends move, and nothing is deleted."""
    with app_engine.connect() as connection:
        refused = {
            refusal_of(connection, statement)
            for statement in (
                "UPDATE platform.customer_sessions SET number_hmac = 'x'",
                "UPDATE platform.customer_sessions SET expires_at = 'infinity'",
                "UPDATE platform.customer_challenges SET code_hmac = 'x'",
                "DELETE FROM platform.customer_tries",
                "UPDATE platform.payment_index SET number_hmac = 'x'",
                "SELECT reference FROM platform.payment_index",
            )
        }

    assert refused == {DENIED}


def test_what_is_over_is_purged(migrated: Database) -> None:
    """A day after its end nothing of a challenge or session stays, and no count after two."""
    ages = {"1 hour": an_id("cch"), "3 days": an_id("cch")}
    for age, row in ages.items():
        for statement in (CHALLENGE, SESSION, TRIES):
            migrated.look(statement, id=row, age=age)
    worker = migrated.engine("worker", pool_size=1)

    Schedule(Pool(worker)).purge(10_000)
    worker.dispose()

    for table, column in zip(TABLES, ("id", "token_hash", "subject"), strict=True):
        left = migrated.look(
            f"SELECT rtrim({column}, 'x') FROM platform.{table}"
            f" WHERE {column} LIKE :new OR {column} LIKE :old",
            new=ages["1 hour"] + "%",
            old=ages["3 days"] + "%",
        )
        assert left == [[ages["1 hour"].rstrip("x")]]


class Races:
    """Many who do the same in the same moment: all wait for one row, then it is let go."""

    def __init__(self, migrated: Database, number: str) -> None:
        self._migrated = migrated
        self.number = number
        self._pool = migrated.engine("app", pool_size=AT_ONCE)
        self.store = Customers(Pool(self._pool))

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.dispose()

    def challenge(self) -> Challenge | None:
        """Ask for a code; None where it is not sent."""
        made = Challenge.generate(moment())
        notice = Notification.of(
            Kind.SIGN_IN_CODE,
            ACCOUNT,
            {},
            livemode=False,
            now=made.created_at,
            to=Recipient("+237670000001", "fr"),
            secret=made.code,
            seal=lambda text, row: f"{row}{len(text)}",
        )
        hashed = code_hmac(made.id, made.code, KEY)
        proof = Proof(made, self.number, livemode=False, code_hmac=hashed, notice=notice)
        is_sent = self.store.add_challenge(proof)
        return made if is_sent else None

    def guess(self, challenge: Challenge, code: str) -> bool:
        """Give a code."""
        now = moment()
        return self.store.open_session(
            challenge.id,
            code_hmac(challenge.id, code, KEY),
            token_hash(new_token()),
            now=now,
            until=now + SESSION_LASTS,
        )

    def at_once(self, lock: str, row: str, act: Callable[[], object]) -> list[object]:
        """Let all of them come to a row that somebody holds, and then let it go."""
        holder = self._migrated.engine("app", pool_size=1)
        with (
            ThreadPoolExecutor(AT_ONCE) as people,
            holder.connect() as held,
            held.begin() as transaction,
        ):
            held.execute(sqlalchemy.text(lock), {"row": row})
            futures = [people.submit(act) for _ in range(AT_ONCE)]
            wait_for(lambda: len(self._migrated.look(WAITING)) >= AT_ONCE, "all of them")
            transaction.commit()
        holder.dispose()
        return [future.result() for future in futures]


@pytest.fixture
def races(migrated: Database) -> Iterator[Races]:
    """A number of the test's own."""
    ready = Races(migrated, an_id("num"))
    yield ready
    ready.close()


def test_of_twenty_right_codes_at_once_one_opens(races: Races) -> None:
    """The others waited for its row, and then find the challenge ended."""
    made = races.challenge()
    assert made is not None
    opened = races.at_once(LOCK_CHALLENGE, made.id, lambda: races.guess(made, made.code))

    assert sorted(map(bool, opened)) == [False] * (AT_ONCE - 1) + [True]


def test_of_twenty_wrong_codes_at_once_five_are_tries(races: Races, migrated: Database) -> None:
    """After them the right one is refused too."""
    made = races.challenge()
    assert made is not None
    opened = races.at_once(LOCK_CHALLENGE, made.id, lambda: races.guess(made, "none"))

    assert not any(opened)
    assert races.guess(made, made.code) is False
    tries = "SELECT tries FROM platform.customer_challenges WHERE id = :id"
    assert migrated.look(tries, id=made.id) == [[5]]


def test_of_twenty_who_ask_at_once_two_more_get_a_code(races: Races) -> None:
    """One was sent before: three in ten minutes, whoever was first."""
    assert races.challenge() is not None
    sent = races.at_once(LOCK_TRIES, f"codes:{races.number}", races.challenge)

    assert sum(made is not None for made in sent) == 2
