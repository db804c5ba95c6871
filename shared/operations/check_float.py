"""Looks what a wallet at an operator holds, and whether our books say the same.

It moves nothing: what differs is a case, and what it holds bounds what is sent from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.account import OperatorAccount
from shared.domain.deadline import HANDLER_SECONDS, Deadline
from shared.domain.events import Message
from shared.domain.ids import new_id
from shared.domain.operator_float import Closing, FloatReading, Source, WalletBooks, difference
from shared.operations.ports import BalanceReader, Reached, Unknown


class FloatStore(Protocol):
    """What is known of wallets; each call is one transaction."""

    def begin(self, operator_account: str, reading_id: str, *, at: datetime) -> None:
        """Mark what has left the wallet for certain: a balance that is read from here on shows."""

    def books(self, operator_account: str) -> WalletBooks:
        """Return what our books say of it now."""

    def closing(self, operator_account: str) -> Closing | None:
        """Return the end of its newest statement, None where there is none."""

    def keep(self, reading: FloatReading, *, case_id: str) -> None:
        """Keep a reading, with a case where it says so.

        What its balance shows already is not counted beside it any more.
        """

    def look_again(self, operator_account: str, *, at: datetime) -> None:
        """Have it looked at then."""


@dataclass(frozen=True, slots=True)
class FloatCheck:
    """What a check needs; `reader_of` is None for a wallet whose operator publishes no balance."""

    wallet_of: Callable[[str], OperatorAccount | None]
    reader_of: Callable[[OperatorAccount], BalanceReader | None]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    reached: Reached


def check_float(message: Message, *, store: FloatStore, how: FloatCheck) -> str:
    """Read once, compare, keep; return a word for the log. Again is harmless."""
    wallet = how.wallet_of(message.object_id)
    if wallet is None or wallet.livemode != message.livemode:
        return "unknown_wallet"
    reader = how.reader_of(wallet)
    reading = _read(wallet, reader, store, how) if reader else _from_statement(wallet, store, how)
    how.reached("check_float.before_keep")
    store.keep(reading, case_id=new_id("case", _milliseconds(reading.at)))
    how.reached("check_float.after_keep")
    store.look_again(wallet.id, at=reading.next_at)
    how.reached("check_float.after_keep")
    if reading.balance is None:
        return reading.word or "not_offered"
    return "differs" if reading.difference else "agrees"


def _read(
    wallet: OperatorAccount, reader: BalanceReader, store: FloatStore, how: FloatCheck
) -> FloatReading:
    """Ask the operator, between two looks at our books."""
    began_at = how.now()
    reading_id = new_id("flr", _milliseconds(began_at))
    store.begin(wallet.id, reading_id, at=began_at)
    before = store.books(wallet.id)
    found = reader.read_balance(deadline=Deadline.after(HANDLER_SECONDS, how.monotonic))
    at, after = how.now(), store.books(wallet.id)
    is_read = not isinstance(found, Unknown) and found.currency == wallet.currency
    balance = None if isinstance(found, Unknown) or not is_read else found.amount
    word = found.reason if isinstance(found, Unknown) else "other_currency"
    return FloatReading(
        id=reading_id,
        operator_account=wallet.id,
        livemode=wallet.livemode,
        at=at,
        source=Source.OPERATOR,
        as_of=began_at,
        books=after,
        balance=balance,
        difference=None if balance is None else difference(balance, before, after),
        word=word if balance is None else None,
    )


def _from_statement(wallet: OperatorAccount, store: FloatStore, how: FloatCheck) -> FloatReading:
    """Take the closing balance of the newest statement, and what our books moved since.

    What may have come by its end may stand in both, so it is not counted: rather less than it is.
    """
    at = how.now()
    reading_id = new_id("flr", _milliseconds(at))
    store.begin(wallet.id, reading_id, at=at)
    books, closing = store.books(wallet.id), store.closing(wallet.id)
    then = None if closing is None else closing.then
    balance = None
    if closing is not None and then is not None:
        balance = closing.balance + books.total - then.most
    return FloatReading(
        id=reading_id,
        operator_account=wallet.id,
        livemode=wallet.livemode,
        at=at,
        source=Source.STATEMENT,
        as_of=at if closing is None else closing.until,
        books=books,
        balance=balance,
        difference=None if closing is None or then is None else difference(closing.balance, then),
        word="not_offered" if balance is None else None,
    )


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
