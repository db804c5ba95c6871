"""What a wallet holds against our books: only what nothing under way explains is a difference."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.operator_float import (
    AGAIN_AFTER,
    BELIEVED_FOR,
    EVERY,
    FLOAT_DIFFERS,
    FloatReading,
    Source,
    WalletBooks,
    difference,
)
from tests.fakes import START

BOOKS = WalletBooks(share=900, own=100, coming=50, going=30)
READING = FloatReading(
    id="flr_x",
    operator_account="opa_x",
    livemode=True,
    at=START,
    source=Source.OPERATOR,
    as_of=START,
    books=BOOKS,
    balance=1000,
    difference=0,
)
AMOUNTS = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("balance", "expected"),
    [(1000, 0), (1050, 0), (970, 0), (1051, 1), (969, -1), (0, -970)],
)
def test_what_is_under_way_explains_a_difference(balance: int, expected: int) -> None:
    """Within what may have come and may have left nothing differs; beyond it each franc does."""
    assert difference(balance, BOOKS) == expected


def test_what_ended_between_two_looks_stands_in_one_of_them() -> None:
    """Paid and booked while the balance was read: the later look knows it."""
    later = WalletBooks(share=1400, own=100, coming=0, going=0)

    assert difference(1500, BOOKS, later) == difference(970, BOOKS, later) == 0
    assert difference(1501, BOOKS, later) == 1


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_whatever_came_and_left_is_explained(share: int, own: int, coming: int, going: int) -> None:
    """No payment that is known can look like a loss or a find, wherever it stands."""
    books = WalletBooks(share, own, coming, going)

    assert difference(books.total + coming, books) == difference(books.total - going, books) == 0


def test_a_person_looks_at_live_differences_alone() -> None:
    """In the test mode the wallet is the stand-in's, and books are emptied at will."""
    assert replace(READING, difference=-5).case_reason == FLOAT_DIFFERS
    assert READING.case_reason is None
    assert replace(READING, difference=-5, livemode=False).case_reason is None
    assert replace(READING, difference=None, balance=None, word="timeout").case_reason is None


def test_who_was_not_answered_asks_again_sooner() -> None:
    """Each hour; after a silence in ten minutes; of what is never told each hour."""
    unread = replace(READING, balance=None, difference=None, word="timeout")

    assert READING.next_at == START + EVERY
    assert unread.next_at == START + AGAIN_AFTER
    assert replace(unread, source=Source.STATEMENT).next_at == START + EVERY


def test_who_has_statements_alone_is_looked_at_when_their_days_end() -> None:
    """At midnight in Douala: closing balances are of then, and so must our books be."""
    late = datetime(2026, 11, 29, 22, 40, tzinfo=UTC)
    midnight = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)
    by_statement = replace(READING, source=Source.STATEMENT)

    assert replace(by_statement, at=late).next_at == midnight
    assert replace(by_statement, at=midnight).next_at == midnight + EVERY
    assert replace(READING, at=late).next_at == late + EVERY


def test_each_source_is_believed_for_a_while() -> None:
    """Longer than it takes to ask again, several times; a statement over a weekend."""
    assert set(BELIEVED_FOR) == set(Source)
    assert BELIEVED_FOR[Source.OPERATOR] > 3 * EVERY
    assert BELIEVED_FOR[Source.STATEMENT] == timedelta(days=3)
