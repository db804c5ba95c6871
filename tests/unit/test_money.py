"""Money is whole and of one currency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import XAF, Currency, CurrencyMismatchError, Money

AMOUNTS = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize("amount", [1.0, True, "5", None])
def test_money_is_never_anything_but_a_whole_number(amount: object) -> None:
    """A float, a flag, a text or nothing is refused."""
    with pytest.raises(TypeError):
        Money(amount)  # type: ignore[arg-type]  # wrong on purpose


def test_two_currencies_never_meet() -> None:
    """A sum over currencies raises."""
    with pytest.raises(CurrencyMismatchError):
        Money(1, XAF) + Money(1, Currency("EUR"))


@given(AMOUNTS, AMOUNTS)
def test_sums_are_exact(first: int, second: int) -> None:
    """Adding and taking away again changes nothing."""
    assert Money(first) + Money(second) - Money(second) == Money(first)


@given(AMOUNTS, st.integers(0, 10_000))
def test_a_share_is_half_up_and_symmetric(amount: int, basis_points: int) -> None:
    """A share is off by at most one half, never by a float, and has the sign of its amount."""
    share = Money(amount).share(basis_points).amount

    assert abs(2 * (share * 10_000 - amount * basis_points)) <= 10_000
    assert Money(-amount).share(basis_points).amount == -share


@pytest.mark.parametrize(
    ("amount", "basis_points", "expected"),
    [(100, 50, 1), (99, 50, 0), (50, 100, 1), (49, 100, 0), (1000, 20, 2), (1250, 20, 3)],
)
def test_a_tie_goes_up(amount: int, basis_points: int, expected: int) -> None:
    """Half a franc is a franc."""
    assert Money(amount).share(basis_points) == Money(expected)
