"""A look at a wallet: asked between two looks at our books, kept, and moving nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.events import FLOAT_CHECK_DUE, PLATFORM, Message
from shared.domain.money import Currency, Money
from shared.domain.operator_float import Closing, FloatReading, Source, WalletBooks
from shared.domain.phone import Operator
from shared.operations.check_float import FloatCheck, check_float
from shared.operations.ports import Unknown
from tests.factories import an_id
from tests.fakes import START, Clock

BOOKS = WalletBooks(share=900, own=100, coming=0, going=0)
WALLET = OperatorAccount(
    id="opa_x",
    operator=Operator.MTN,
    product="disbursement",
    livemode=True,
    base_url="https://proxy.momoapi.mtn.com",
    target_environment="mtncameroon",
    currency="XAF",
    credentials="mtn_live",
)


@dataclass
class MemoryFloats:
    """One wallet in memory; `looks` are what our books say, one after another."""

    looks: list[WalletBooks] = field(default_factory=lambda: [BOOKS, BOOKS])
    ending: Closing | None = None
    begun: list[str] = field(default_factory=list)
    kept: list[FloatReading] = field(default_factory=list)
    next_at: datetime | None = None

    def begin(self, operator_account: str, reading_id: str, *, at: datetime) -> None:
        self.begun.append(reading_id)

    def books(self, operator_account: str) -> WalletBooks:
        return self.looks.pop(0)

    def closing(self, operator_account: str) -> Closing | None:
        return self.ending

    def keep(self, reading: FloatReading, *, case_id: str) -> None:
        self.kept.append(reading)

    def look_again(self, operator_account: str, *, at: datetime) -> None:
        self.next_at = at


@dataclass
class PlayedBalance:
    """Says what it is told to say."""

    said: Money | Unknown
    on_read: Callable[[], None] = lambda: None

    def read_balance(self, *, deadline: Deadline) -> Money | Unknown:
        self.on_read()
        return self.said


def _check(
    store: MemoryFloats,
    reader: PlayedBalance | None,
    *,
    wallet: OperatorAccount | None = WALLET,
    clock: Clock | None = None,
) -> str:
    clock = clock or Clock()
    how = FloatCheck(
        wallet_of=lambda _: wallet,
        reader_of=lambda _: reader,
        now=clock.now,
        monotonic=clock.monotonic,
        reached=lambda _: None,
    )
    message = Message(an_id("msg"), FLOAT_CHECK_DUE, PLATFORM, livemode=True, object_id="opa_x")
    return check_float(message, store=store, how=how)


def test_a_balance_that_our_books_explain_agrees() -> None:
    """Kept with what our books said, and looked at again in an hour."""
    store = MemoryFloats()

    assert _check(store, PlayedBalance(Money(1000))) == "agrees"

    [reading] = store.kept
    assert (reading.balance, reading.difference, reading.word) == (1000, 0, None)
    assert (reading.books, reading.source) == (BOOKS, Source.OPERATOR)
    assert store.begun == [reading.id]
    assert store.next_at == START + timedelta(hours=1)


def test_one_that_they_do_not_explain_is_a_case() -> None:
    """Told with its sign, whatever it was that went missing."""
    store = MemoryFloats()

    assert _check(store, PlayedBalance(Money(700))) == "differs"
    assert (store.kept[0].difference, store.kept[0].case_reason) == (-300, "float_differs")


def test_what_is_booked_meanwhile_is_no_difference() -> None:
    """A payment that ended while the operator answered stands in the later look."""
    store = MemoryFloats(looks=[BOOKS, replace(BOOKS, share=1400)])

    assert _check(store, PlayedBalance(Money(1500))) == "agrees"


def test_a_balance_is_of_the_moment_before_it_was_asked_for() -> None:
    """What a slow answer says was true earlier, never later."""
    clock, store = Clock(), MemoryFloats()
    slow = PlayedBalance(Money(1000), on_read=lambda: clock.pass_time(seconds=9))

    _check(store, slow, clock=clock)

    assert store.kept[0].as_of == START
    assert store.kept[0].at == START + timedelta(seconds=9)


def test_silence_is_kept_and_asked_again_soon() -> None:
    """Nobody said anything: no difference, no case, another look in ten minutes."""
    store = MemoryFloats()

    assert _check(store, PlayedBalance(Unknown("timeout"))) == "timeout"

    [reading] = store.kept
    assert (reading.balance, reading.difference, reading.word) == (None, None, "timeout")
    assert store.next_at == START + timedelta(minutes=10)


def test_another_currency_says_nothing() -> None:
    """Euros of a sandbox are not taken for francs."""
    store = MemoryFloats()

    assert _check(store, PlayedBalance(Money(1000, Currency("EUR")))) == "other_currency"
    assert store.kept[0].balance is None


def test_a_statement_stands_for_a_balance_that_is_not_offered() -> None:
    """Its closing balance and what our books moved since; compared as of its end."""
    until = START - timedelta(hours=12)
    store = MemoryFloats(looks=[replace(BOOKS, share=1500)], ending=Closing(1000, until, BOOKS))

    assert _check(store, None) == "agrees"

    [reading] = store.kept
    assert (reading.balance, reading.difference) == (1600, 0)
    assert (reading.source, reading.as_of) == (Source.STATEMENT, until)


def test_what_may_have_come_before_the_end_of_a_statement_is_not_counted_twice() -> None:
    """Paid before midnight and booked after it: the closing balance may hold it already."""
    then, now = replace(BOOKS, coming=300), replace(BOOKS, share=1200)
    store = MemoryFloats(looks=[now], ending=Closing(1300, START - timedelta(hours=12), then))

    assert _check(store, None) == "agrees"
    assert store.kept[0].balance == 1300


def test_a_closing_balance_that_differed_then_differs() -> None:
    """Our books as they stood at its end do not explain it."""
    ending = Closing(950, START - timedelta(hours=12), BOOKS)
    store = MemoryFloats(looks=[BOOKS], ending=ending)

    assert _check(store, None) == "differs"
    assert (store.kept[0].balance, store.kept[0].difference) == (950, -50)


def test_without_statement_or_books_of_then_nothing_is_known() -> None:
    """No guess: such a wallet holds nobody up."""
    for ending in (None, Closing(1000, START - timedelta(days=1), None)):
        store = MemoryFloats(looks=[BOOKS], ending=ending)

        assert _check(store, None) == "not_offered"
        assert store.kept[0].balance is None
        assert store.next_at == START + timedelta(hours=1)


def test_a_message_of_the_other_mode_reads_nothing() -> None:
    """Nor one that names no wallet."""
    for wallet in (None, replace(WALLET, livemode=False)):
        store = MemoryFloats()

        assert _check(store, PlayedBalance(Money(1)), wallet=wallet) == "unknown_wallet"
        assert (store.begun, store.kept) == ([], [])
