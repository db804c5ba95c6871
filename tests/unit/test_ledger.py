"""What is posted always balances."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ledger import (
    FEES_PLATFORM,
    OPENING,
    PENDING,
    FeeLine,
    Posting,
    Transaction,
    UnbalancedError,
    charge_succeeded,
    float_account,
)
from shared.domain.money import Money


def test_an_unbalanced_transaction_cannot_be_made() -> None:
    """Postings that do not sum to zero are refused before they reach a database."""
    with pytest.raises(UnbalancedError):
        Transaction("txn_x", "charge", "ch_x", (Posting("a", 1), Posting("b", -2)))


@given(st.integers(1, 10**9), st.lists(st.integers(0, 3000), max_size=3))
def test_a_charge_splits_into_net_and_fees_without_a_rest(gross: int, rates: list[int]) -> None:
    """Net, fees and taxes sum to the gross, whatever the rates."""
    fees = [FeeLine(f"fee_{n}", FEES_PLATFORM, rate) for n, rate in enumerate(rates)]

    posted = charge_succeeded(
        "txn_x", "ch_x", gross=Money(gross), operator_account="opa_x", fees=fees
    ).by_account()

    owed = -posted.get(PENDING, 0) - posted.get(FEES_PLATFORM, 0)
    assert posted[float_account("opa_x").code] == gross == owed


def test_a_fee_row_stands_even_at_rate_zero() -> None:
    """A charge shows its fee line when the fee is nothing."""
    posted = charge_succeeded("txn_x", "ch_x", gross=Money(5000), operator_account="opa_x")

    assert Posting(FEES_PLATFORM, 0) in posted.postings


def test_two_postings_to_one_account_are_one_update() -> None:
    """Sums per account come in account order."""
    transaction = Transaction(
        "txn_x", "charge", "ch_x", (Posting("b", 5), Posting("a", -7), Posting("b", 2))
    )

    assert list(transaction.by_account().items()) == [("a", -7), ("b", 7)]


def test_what_we_owe_is_floored_where_it_must_be() -> None:
    """Pending, held and suspense never fall below zero."""
    floored = {account.code for account in OPENING if account.floor == 0}

    assert floored == {"pending", "held", "suspense"}
