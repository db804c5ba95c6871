"""What a process may keep of an account: each change that matters leaves a note as it commits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import Engine, text

from shared.db.directory import Directory
from shared.db.scheduling import Schedule
from shared.db.transaction import Database as Pool
from tests.database import Account, Database, enter, refusal_of

KEY: Final = "UPDATE platform.api_keys SET {} WHERE account_id = :account"
RULE: Final = """
INSERT INTO platform.dated_rules (id, kind, account_id, valid_from, data)
VALUES ('touch_' || :account, 'prompts', {}, {}, '{{}}')"""
CONTRACT: Final = """
INSERT INTO platform.operator_accounts (id, owner, operator, product, livemode, base_url,
  target_environment, currency, credentials)
VALUES ('opa_' || substr(:account, 6), :account, 'mtn', 'collection', true,
  'https://mtn.example', 'mtncameroon', 'XAF', 'mtn_credentials')"""


@pytest.fixture
def directory(app_engine: Engine) -> Directory:
    """The look-ups, by the functions' login."""
    return Directory(Pool(app_engine))


@pytest.fixture
def since(migrated: Database) -> Iterator[datetime]:
    """A moment a minute on, so that nothing of others is in sight; what is written comes after."""
    yield datetime.now(UTC) + timedelta(minutes=1)
    migrated.look("DELETE FROM platform.dated_rules WHERE id LIKE 'touch_%'")


@pytest.mark.parametrize(
    "change",
    [
        KEY.format("revoked_at = now()"),
        KEY.format("expires_at = now()"),
        KEY.format("review_by = now()"),
        KEY.format("allowed_from = '{10.0.0.0/8}'"),
        "UPDATE platform.accounts SET charges_enabled = false WHERE id = :account",
        "UPDATE platform.accounts SET language = 'en' WHERE id = :account",
        RULE.format(":account", "now()"),
        CONTRACT,
    ],
)
def test_each_change_that_matters_is_noted(
    directory: Directory, migrated: Database, account: Account, since: datetime, change: str
) -> None:
    """Whoever writes it, and under whichever login."""
    assert account.id not in directory.touched(since)[1]

    migrated.look(change, account=account.id)

    assert account.id in directory.touched(since)[1]


def test_what_opens_and_shuts_nothing_is_not(
    directory: Directory, migrated: Database, account: Account, since: datetime
) -> None:
    """Uses of keys are written by the minute, and would have all of them read again."""
    migrated.look(KEY.format("last_used_at = now(), name = 'x'"), account=account.id)

    assert account.id not in directory.touched(since)[1]


def test_a_rule_for_all_is_of_everybody(
    directory: Directory, migrated: Database, account: Account, since: datetime
) -> None:
    """Nobody is named, so each is read again."""
    migrated.look(RULE.format("NULL", "now() - interval '9 years'"), account=account.id)

    assert "*" in directory.touched(since)[1]


def test_a_rule_to_come_is_noted_for_when_it_holds(
    directory: Directory, migrated: Database, account: Account, since: datetime
) -> None:
    """Written today for tomorrow, it is read again tomorrow."""
    migrated.look(RULE.format(":account", "now() + interval '1 day'"), account=account.id)

    assert account.id not in directory.touched(since)[1]
    [[days]] = migrated.look(
        "SELECT extract(epoch FROM max(at) - now())::float8 / 86400 FROM platform.touches"
        " WHERE account_id = :account",
        account=account.id,
    )
    assert 0.9 < days <= 1


def test_a_note_bears_the_time_of_the_commit(
    directory: Directory, migrated: Database, account: Account
) -> None:
    """A transaction that was long under way is not older than it is."""
    engine = migrated.engine("owner", pool_size=1)
    with engine.begin() as connection:
        connection.execute(text(KEY.format("review_by = now()")), {"account": account.id})
        began = connection.execute(text("SELECT now()")).scalar_one()
        connection.exec_driver_sql("SELECT pg_sleep(0.2)")
    engine.dispose()

    [[late]] = migrated.look(
        "SELECT extract(epoch FROM min(at) - :began)::float8 FROM platform.touches"
        " WHERE account_id = :account",
        account=account.id,
        began=began,
    )
    assert late >= 0.2
    assert account.id in directory.touched(began)[1]


def test_a_merchant_writes_none_and_reads_none(migrated: Database, account: Account) -> None:
    """Else it could have everybody read again, or learn who else is here."""
    engine = migrated.engine(pool_size=1)
    with engine.connect() as connection:
        enter(connection, account.test)
        for statement in (
            "SELECT FROM platform.touches",
            "INSERT INTO platform.touches VALUES ('*', now())",
            "SELECT platform.touch()",
        ):
            assert refusal_of(connection, statement) == "42501"
    engine.dispose()


def test_old_notes_go(migrated: Database, account: Account) -> None:
    """After an hour nobody believes what it read so long ago; what is younger stays."""
    migrated.look(
        "INSERT INTO platform.touches VALUES (:account, now() - interval '61 minutes'),"
        " (:account, now() - interval '59 minutes')",
        account=account.id,
    )
    engine = migrated.engine("worker", pool_size=1)

    Schedule(Pool(engine)).purge(10_000)
    engine.dispose()

    left = "SELECT count(*)::int FROM platform.touches WHERE account_id = :account"
    assert migrated.look(left, account=account.id) == [[1]]
