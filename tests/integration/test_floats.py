"""What wallets hold, on PostgreSQL: shares of all, what is taken once, and what a reading shows."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from sqlalchemy import Engine

from shared.db.floats import BOOKS, Floats
from shared.db.scheduling import Schedule
from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from shared.domain.events import FLOAT_CHECK_DUE, PLATFORM, Message
from shared.domain.money import Money
from shared.domain.operator_float import FloatReading, Source, WalletBooks
from shared.domain.payout import Payout
from tests.database import Account, Database, MakeAccount
from tests.factories import a_payout, an_id, moment
from tests.integration.paying_out import MANY, Shop, at_once

ADD_WALLET = """
INSERT INTO platform.operator_accounts (id, owner, operator, product, livemode, base_url,
  target_environment, currency, credentials)
VALUES (:id, :owner, 'mtn', 'disbursement', false, 'http://127.0.0.1:9', 'x', 'XAF', 'x')"""
ADD_FLOAT = """
INSERT INTO ledger_accounts (code, account_id, normal, currency, balance)
VALUES (:code, :account, 1, 'XAF', :balance)"""
ADD_LINE = """
INSERT INTO platform.payment_index (object_id, account_id, livemode, kind, operator_account_id,
  state, amount, number_hmac)
VALUES (:id, :account, false, 'payout', :wallet, :state, 500, 'h')"""
NOTHING = WalletBooks(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet of one merchant's own, and what is known of it."""

    id: str
    account: Account
    database: Database
    floats: Floats

    def hold(self, balance: int, *, account: Account | None = None) -> None:
        """Let a merchant's share of it be this."""
        owner = account or self.account
        self.database.look(
            ADD_FLOAT, owner.test, code=f"float:{self.id}", account=owner.id, balance=balance
        )

    def read(self, balance: int | None, at: datetime | None = None, **changes: Any) -> FloatReading:
        """Keep a reading, begun and ended at once."""
        at = at or moment()
        reading = FloatReading(
            id=an_id("flr"),
            operator_account=self.id,
            livemode=False,
            at=at,
            source=Source.OPERATOR,
            as_of=at,
            books=NOTHING,
            balance=balance,
            difference=None if balance is None else 0,
            word="timeout" if balance is None else None,
        )
        reading = replace(reading, **changes)
        self.floats.begin(self.id, reading.id, at=at)
        self.floats.keep(reading, case_id=an_id("case"))
        return reading

    def payout(self, amount: int = 500) -> Payout:
        """One that is to be paid from it."""
        return a_payout(self.account.test, self.id, money=Money(amount))

    def take(self, payout: Payout | None = None) -> bool:
        """Take what is to be sent."""
        return self.floats.take(payout or self.payout(), at=moment())

    def sent(self, state: str) -> Payout:
        """One that was taken and sent, and stands so in the index."""
        payout = self.payout()
        assert self.take(payout)
        self.stands(payout, state)
        return payout

    def stands(self, payout: Payout, state: str) -> None:
        """Let it stand so in the index."""
        self.database.look(
            ADD_LINE, id=payout.id, account=self.account.id, wallet=self.id, state=state
        )

    def cases(self) -> list[list[Any]]:
        """Why a person must look, and in which order."""
        return self.database.look(
            "SELECT reason, kind, account_id FROM platform.cases WHERE object_id = :id ORDER BY id",
            id=self.id,
        )


@pytest.fixture
def wallet(app_engine: Engine, account: Account, migrated: Database) -> Wallet:
    """A wallet of which nothing is known."""
    wallet_id = an_id("opa")
    migrated.look(ADD_WALLET, id=wallet_id, owner=account.id)
    return Wallet(wallet_id, account, migrated, Floats(Pool(app_engine)))


def test_the_clock_asks_for_a_look(wallet: Wallet, migrated: Database) -> None:
    """One message, in the name of the platform, for the mode of the wallet."""
    wallet.floats.look_again(wallet.id, at=moment() - timedelta(days=900))
    sent: list[Message] = []
    engine = migrated.engine("worker")
    Schedule(Pool(engine, sent.extend)).claim_due(1, lambda: an_id("msg"))
    engine.dispose()

    [message] = sent
    assert (message.topic, message.account) == (FLOAT_CHECK_DUE, PLATFORM)
    assert (message.object_id, message.livemode) == (wallet.id, False)


def test_a_new_wallet_is_watched(wallet: Wallet) -> None:
    """Nobody has to remember it: the row comes with the wallet."""
    [row] = wallet.database.look(
        "SELECT account_id, livemode, done_at, due_at > now() FROM platform.due_work"
        " WHERE kind = 'float_check' AND object_id = :id",
        id=wallet.id,
    )

    assert row == ["platform", False, None, True]


def test_of_many_at_once_no_more_go_than_it_holds(wallet: Wallet) -> None:
    """Twenty of 500 out of 5 000: ten are taken, and one case tells of the rest."""
    wallet.read(5000)
    payouts = [wallet.payout() for _ in range(MANY)]

    taken = at_once(*[partial(wallet.take, each) for each in payouts])

    assert sorted(taken) == [False] * 10 + [True] * 10
    assert wallet.cases() == [["float_too_low", "float", None]]


def test_the_same_payment_takes_once(wallet: Wallet) -> None:
    """A message that comes again finds what it took."""
    wallet.read(500)
    payout = wallet.payout()

    assert [wallet.take(payout), wallet.take(payout), wallet.take()] == [True, True, False]


def test_nobody_waits_for_what_nobody_knows(wallet: Wallet) -> None:
    """Never read, not answered, too long ago: whoever sends hears from the operator."""
    never_read = wallet.take()
    wallet.read(None)
    unanswered = wallet.take()
    wallet.read(0, as_of=moment() - timedelta(hours=7))
    too_old = wallet.take()
    wallet.read(0, as_of=moment() - timedelta(days=4), source=Source.STATEMENT)

    assert [never_read, unanswered, too_old, wallet.take()] == [True] * 4
    assert wallet.cases() == []


def test_a_statement_is_believed_for_longer(wallet: Wallet) -> None:
    """Its operator says nothing else."""
    wallet.read(400, as_of=moment() - timedelta(days=2), source=Source.STATEMENT)

    assert not wallet.take()


def test_what_failed_is_there_again(wallet: Wallet) -> None:
    """At once, before anybody reads."""
    wallet.read(500)
    wallet.sent("failed")

    assert wallet.take()


def test_what_was_paid_counts_until_a_reading_shows_it(wallet: Wallet) -> None:
    """And never twice: the balance that was read after it does without it."""
    wallet.read(1000)
    wallet.sent("succeeded")
    wallet.sent("in_transit")
    before = wallet.take()
    wallet.read(1000)  # of 1 500 before the first; the second may have left it or not

    assert not before
    assert [wallet.take(), wallet.take()] == [True, False]


def test_a_reading_that_was_begun_before_an_end_does_not_show_it(wallet: Wallet) -> None:
    """Paid while the operator answered: perhaps it is in the balance, so it still counts."""
    wallet.read(500)
    payout = wallet.payout()
    assert wallet.take(payout)
    reading = FloatReading(
        an_id("flr"), wallet.id, livemode=False, at=moment(), source=Source.OPERATOR,
        as_of=moment(), books=NOTHING, balance=500, difference=0,
    )  # fmt: skip
    wallet.floats.begin(wallet.id, reading.id, at=moment())
    wallet.stands(payout, "succeeded")
    wallet.floats.keep(reading, case_id=an_id("case"))

    assert not wallet.take()


def test_an_unanswered_reading_shows_nothing(wallet: Wallet) -> None:
    """What was taken counts against the last balance that somebody told."""
    wallet.read(500)
    wallet.sent("succeeded")
    wallet.read(None)

    assert not wallet.take()


def test_what_was_never_sent_is_forgotten_and_taken_anew(wallet: Wallet) -> None:
    """Five minutes later a reading lets go of it; a sender of that moment keeps what it took."""
    wallet.read(1000)
    old, new = wallet.payout(), wallet.payout()
    assert wallet.take(old)
    wallet.database.look(
        "UPDATE platform.float_claims SET at = at - interval '6 minutes' WHERE object_id = :id",
        id=old.id,
    )
    assert wallet.take(new)
    wallet.read(1000)

    assert [wallet.take(), wallet.take(old)] == [True, False]


def test_who_asks_again_keeps_what_it_took_from_a_reading_under_way(wallet: Wallet) -> None:
    """It is about to be sent: a reading that took it for forgotten lets go of nothing."""
    wallet.read(500)
    payout = wallet.payout()
    assert wallet.take(payout)
    wallet.database.look(
        "UPDATE platform.float_claims SET at = at - interval '6 minutes' WHERE object_id = :id",
        id=payout.id,
    )
    reading = FloatReading(
        an_id("flr"), wallet.id, livemode=False, at=moment(), source=Source.OPERATOR,
        as_of=moment(), books=NOTHING, balance=500, difference=0,
    )  # fmt: skip
    wallet.floats.begin(wallet.id, reading.id, at=moment())
    assert wallet.take(payout)
    wallet.floats.keep(reading, case_id=an_id("case"))

    assert not wallet.take()


def test_many_promises_are_looked_at_soon(wallet: Wallet) -> None:
    """Each who sends adds them up: a look takes away what the balance shows."""
    wallet.read(10**9, at=moment() - timedelta(minutes=3))
    wallet.floats.look_again(wallet.id, at=moment() + timedelta(hours=1))
    promise = (
        "INSERT INTO platform.float_claims (object_id, operator_account_id, amount, at)"
        " SELECT :id || n, :wallet, 1, now() FROM generate_series(:first::int, :last::int) AS n"
    )
    is_due = "SELECT due_at <= now() FROM platform.due_work WHERE object_id = :id"
    seen = []
    for first, last in ((1, 4998), (5000, 5002)):
        wallet.database.look(promise, id=an_id("po"), wallet=wallet.id, first=first, last=last)
        assert wallet.take()
        seen += wallet.database.look(is_due, id=wallet.id)

    assert seen == [[False], [True]]


def test_of_two_readings_at_once_the_younger_stands(wallet: Wallet) -> None:
    """Whoever was answered last may know least: its balance is of before what the other shows."""
    began = moment() - timedelta(minutes=1)
    wallet.read(0, at=began + timedelta(seconds=2), as_of=began + timedelta(seconds=1))
    wallet.read(500, at=began + timedelta(seconds=9), as_of=began)

    assert not wallet.take()


def test_a_look_keeps_no_locks_of_the_books_it_has_read(
    app_engine: Engine, account: Account, migrated: Database
) -> None:
    """A server has room for some thousand locks, and there may be more merchants."""
    locked = Statement(
        "SELECT n.nspname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE l.pid = pg_backend_pid() AND n.nspname LIKE 't\\_%'"
    )
    with Pool(app_engine).platform() as transaction:
        transaction.run(BOOKS, wallet=migrated.paying_account)
        found = transaction.run(locked)

    assert account.test.schema.startswith("t_")
    assert found == []


@pytest.mark.parametrize(("minutes", "is_due"), [(0, False), (3, True)])
def test_a_float_that_is_too_low_is_looked_at_soon(
    wallet: Wallet, minutes: int, *, is_due: bool
) -> None:
    """Somebody may have filled it: two minutes after the last look, and not in an hour."""
    wallet.read(0, at=moment() - timedelta(minutes=minutes))
    wallet.floats.look_again(wallet.id, at=moment() + timedelta(hours=1))

    assert not wallet.take()

    found = wallet.database.look(
        "SELECT due_at <= now() FROM platform.due_work WHERE object_id = :id", id=wallet.id
    )
    assert found == [[is_due]]


def test_all_merchants_shares_are_one_float(
    app_engine: Engine, make_account: MakeAccount, migrated: Database
) -> None:
    """Of a wallet of the platform's; with the platform's own share beside them."""
    wallet_id, first, second = migrated.paying_account, make_account(), make_account()
    floats = Floats(Pool(app_engine))
    before = floats.books(wallet_id)
    for account, amount in ((first, 700), (second, -200)):
        migrated.look(
            "UPDATE ledger_accounts SET balance = balance + :amount WHERE code = :code",
            account.test,
            amount=amount,
            code=f"float:{wallet_id}",
        )
    own = (
        "INSERT INTO platform.own_accounts AS o (livemode, code, normal, balance)"
        " VALUES (false, :code, 1, :test), (true, :code, 1, :live)"
        " ON CONFLICT (livemode, code) DO UPDATE SET balance = o.balance + excluded.balance"
    )
    migrated.look(own, code=f"float:{wallet_id}", test=50, live=7000)

    after = floats.books(wallet_id)

    assert (after.share - before.share, after.own - before.own) == (500, 50)
    migrated.look(own, code=f"float:{wallet_id}", test=-50, live=-7000)


def test_a_merchants_own_wallet_is_his_alone(wallet: Wallet, make_account: MakeAccount) -> None:
    """Nobody else's books are asked, whatever they say."""
    wallet.hold(300)
    wallet.hold(9000, account=make_account())

    assert wallet.floats.books(wallet.id) == WalletBooks(300, 0, 0, 0)


def test_what_was_claimed_may_have_left(
    app_engine: Engine, account: Account, migrated: Database
) -> None:
    """From the claim to the end, and not while it waits."""
    shop = Shop(app_engine, account, migrated)
    shop.fund(5000)
    floats, wallet_id = Floats(Pool(app_engine)), migrated.paying_account

    def going() -> int:
        return floats.books(wallet_id).going

    before = going()
    payout = shop.payout(500)
    made = going()
    assert shop.claim(payout) is not None
    claimed = going()
    assert shop.store.move(shop.ended(payout, is_paid=True))

    assert [made - before, claimed - before, going() - before] == [0, 500, 0]


def test_the_books_of_then_are_those_of_the_end_of_a_statement(wallet: Wallet) -> None:
    """The newest statement counts, by Douala's days; what was booked between is not known."""
    end = datetime.fromisoformat("2026-11-28T23:00:00+00:00")
    statement = an_id("stm")
    wallet.database.look(
        "INSERT INTO platform.statements (id, operator_account_id, livemode, version, sha256,"
        " object_key, version_id, first_day, last_day, opening, closing, line_count, uploaded_by,"
        " uploaded_at, lines_done, processed_at) VALUES (:id, :wallet, false, 'statement.v1',"
        " encode(sha256(convert_to(:id, 'UTF8')), 'hex'), 'k', 'v', '2026-11-28', '2026-11-28', 0,"
        " 1000, 0, 'ada', now(), 0, now())",
        id=statement,
        wallet=wallet.id,
    )
    wallet.read(1, at=end - timedelta(minutes=10), books=NOTHING)
    none = wallet.floats.closing(wallet.id)
    wallet.read(1, at=end - timedelta(minutes=4), books=NOTHING)
    wallet.read(1, at=end + timedelta(seconds=3), books=WalletBooks(900, 100, 3, 4))
    wallet.read(1, at=end + timedelta(minutes=4), books=NOTHING)
    found = wallet.floats.closing(wallet.id)

    assert none is not None
    assert found is not None
    assert (none.balance, none.until, none.then) == (1000, end, None)
    assert found.then == WalletBooks(900, 100, 3, 4)


def test_a_difference_of_a_live_wallet_is_one_case(wallet: Wallet) -> None:
    """However often it is seen, until a person has closed it."""
    for _ in range(2):
        wallet.read(5, difference=-5, livemode=True)

    assert wallet.cases() == [["float_differs", "float", None]]


def test_readings_stay_as_they_were(wallet: Wallet) -> None:
    """Nobody makes history of a wallet look better, not even the superuser by accident."""
    wallet.read(5)

    for change in (
        "UPDATE platform.float_readings SET word = 'x'",
        "DELETE FROM platform.float_readings",
    ):
        with pytest.raises(DatabaseError, match="stays as it is"):
            wallet.database.look(change)
