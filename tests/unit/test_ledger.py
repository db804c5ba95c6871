"""What is posted always balances."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.fees import Bearer, FeeLine, Line
from shared.domain.ledger import (
    ACCOUNT_OF,
    FEES_PLATFORM,
    OPENING,
    PENDING,
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


@given(st.integers(1, 10**9), st.dictionaries(st.sampled_from(Line), st.integers(0, 10**9)))
def test_a_charge_splits_into_net_and_fees_without_a_rest(
    gross: int, taken: dict[Line, int]
) -> None:
    """Net, fees and taxes sum to the gross, each line at its own account, whatever they are."""
    fees = [FeeLine(f"fee_{line}", line, amount) for line, amount in taken.items()]

    posted = charge_succeeded(
        "txn_x", "ch_x", gross=Money(gross), operator_account="opa_x", fees=fees
    ).by_account()

    assert {line: -posted[ACCOUNT_OF[line]] for line in taken} == taken
    assert posted[float_account("opa_x").code] == gross == -posted[PENDING] + sum(taken.values())


def test_what_the_payer_bears_is_not_booked() -> None:
    """Her operator takes it beside the amount: the merchant gets the whole of it."""
    tax = FeeLine("fee_x", Line.TRANSFER_TAX, 10, Bearer.PAYER)

    posted = charge_succeeded(
        "txn_x", "ch_x", gross=Money(5000), operator_account="opa_x", fees=[tax]
    ).by_account()

    assert posted == {"float:opa_x": 5000, PENDING: -5000}


def test_each_line_has_an_account_of_its_own() -> None:
    """None is forgotten, none is shared, and every account has them from its opening."""
    opened = {account.code for account in OPENING}

    assert ACCOUNT_OF.keys() == set(Line)
    assert len(set(ACCOUNT_OF.values())) == len(Line)
    assert opened >= set(ACCOUNT_OF.values())


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
