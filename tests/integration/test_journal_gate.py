"""A server that was put back sends and takes back nothing until the journal has been read in."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from shared.db import migrate
from shared.db.directory import Directory
from shared.db.journal import JournalReadings
from shared.db.migrations.platform.p0033_journal_reads import HERE
from shared.db.transaction import Database as Pool
from tests.database import Account, Database
from tests.factories import moment
from tests.integration.paying_out import Shop

BEGUN = """
INSERT INTO platform.journal_reads (server, restored_to, began_at, ended_at)
VALUES (CASE WHEN :elsewhere THEN 'another/00000001' ELSE platform.server_history() END,
  now(), now(), CASE WHEN :ended THEN now() END)"""


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Iterator[Shop]:
    """A shop with money; what the server says of itself is as it was when the test is over."""
    shop = Shop(app_engine, account, migrated)
    shop.fund(1_000)
    yield shop
    migrated.look("DELETE FROM platform.journal_reads WHERE id > 1")


@pytest.mark.parametrize(
    ("elsewhere", "ended"), [(True, True), (False, False)], ids=["put back", "being read"]
)
def test_nothing_is_sent_or_taken_back_until_the_journal_is_read(
    shop: Shop, migrated: Database, *, elsewhere: bool, ended: bool
) -> None:
    """A history that is not the one read for, or a reading that goes on: neither way moves."""
    payout, directory = shop.payout(), Directory(Pool(shop.engine))
    assert directory.journal_is_read()
    migrated.look(BEGUN, elsewhere=elsewhere, ended=ended)

    assert not directory.journal_is_read()
    assert shop.claim(payout) is None
    assert not shop.store.move(shop.canceled(payout))
    assert shop.balances()["held"] == 500

    migrated.look(BEGUN, elsewhere=False, ended=True)
    assert directory.journal_is_read()
    assert shop.claim(payout) is not None


def test_a_reading_opens_the_gate_only_if_none_was_begun_after_it(
    shop: Shop, migrated: Database
) -> None:
    """Somebody shuts it again for another moment: whoever read for the first is told that."""
    engine, directory = migrated.engine("owner", pool_size=1), Directory(Pool(shop.engine))
    readings = JournalReadings(Pool(engine), b"k" * 32)
    first, second = (readings.begin(moment(), now=moment()) for _ in range(2))

    assert (readings.end(first, now=moment()), directory.journal_is_read()) == (False, False)
    assert (readings.end(second, now=moment()), directory.journal_is_read()) == (True, True)
    engine.dispose()


def test_what_is_migrated_from_before_the_journal_was_read_in_waits_too(
    shop: Shop, migrated: Database
) -> None:
    """A server with accounts may have been put back: its migration shuts the gate by itself."""
    owner = migrated.engine("owner", pool_size=1)
    with owner.connect() as connection:
        connection.execute(text("DELETE FROM platform.journal_reads"))
        connection.execute(text(HERE))
        is_read = connection.scalar(text("SELECT platform.journal_is_read()"))
        connection.rollback()
    owner.dispose()

    assert not is_read
    assert shop.claim(shop.payout()) is not None


@pytest.mark.usefixtures("shop")
def test_whoever_migrates_what_was_put_back_is_told(
    migrated: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line says that nothing goes out, and how that ends."""
    for elsewhere in (False, True):
        migrated.look(BEGUN, elsewhere=elsewhere, ended=True)
        assert migrate.main(migrated.environment) == 0

        assert ("no money goes out" in capsys.readouterr().err) == elsewhere


def test_the_operator_s_word_moves_money_meanwhile(shop: Shop, migrated: Database) -> None:
    """What was sent is settled as ever: only sending and taking back wait."""
    payout = shop.payout()
    shop.claim(payout)
    migrated.look(BEGUN, elsewhere=True, ended=True)

    assert shop.store.move(shop.ended(payout, is_paid=True))


def test_no_tenant_says_that_the_journal_is_read(shop: Shop, migrated: Database) -> None:
    """A tenant's role sees the answer and writes none of what it comes from."""
    [[may]] = migrated.look(
        "SELECT has_table_privilege(CAST(:role AS name), 'platform.journal_reads',"
        " 'INSERT, UPDATE')",
        role=shop.tenant.schema,
    )

    assert not may
