"""What is posted always balances."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import ledger
from shared.domain.adjustment import AdjustmentKind
from shared.domain.booking import sides
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


FEES = {"fees:platform": 7, "taxes:vat": 2}
LINES = (FeeLine("f", Line.PLATFORM, 7), FeeLine("v", Line.VAT, 2))
PARTS = {"from_pending": 60, "from_available": 45}


@pytest.mark.parametrize(
    ("posted", "debits", "credited"),
    [
        (
            charge_succeeded("t", "ch", gross=Money(100), operator_account="opa", fees=LINES),
            {"float:opa": 100},
            {"pending": 91, **FEES},
        ),
        (
            ledger.refund_created("t", "rf", **PARTS, returned={"fees:platform": 4}),
            {"pending": 60, "available": 45, "fees:platform": 4},
            {"held": 109},
        ),
        (
            ledger.refund_succeeded("t", "rf", amount=100, operator_account="opa", fees=FEES),
            {"held": 109},
            {"float:opa": 100, **FEES},
        ),
        (
            ledger.refund_failed("t", "rf", **PARTS, returned={"fees:platform": 4}),
            {"held": 109},
            {"pending": 60, "available": 45, "fees:platform": 4},
        ),
        (
            ledger.payout_created("t", "po", amount=100, fees=FEES),
            {"available": 109},
            {"held": 109},
        ),
        (
            ledger.payout_succeeded("t", "po", amount=100, fees=FEES, operator_account="opa"),
            {"held": 109},
            {"float:opa": 100, **FEES},
        ),
        (
            ledger.payout_given_back("t", "po", amount=100, fees=FEES),
            {"held": 109},
            {"available": 109},
        ),
        (ledger.payout_batch_created("t", "pb", total=100), {"available": 100}, {"held": 100}),
        (ledger.payout_batch_given_back("t", "pb", total=100), {"held": 100}, {"available": 100}),
        (
            ledger.late_payment("t", "lp", amount=100, operator_account="opa"),
            {"float:opa": 100},
            {"suspense": 100},
        ),
        (
            ledger.late_payment_accepted("t", "ch", gross=Money(100), fees=LINES),
            {"suspense": 100},
            {"pending": 91, **FEES},
        ),
        (ledger.late_refund_created("t", "rf", amount=100), {"suspense": 100}, {"held": 100}),
        (ledger.late_refund_failed("t", "rf", amount=100), {"held": 100}, {"suspense": 100}),
    ],
    ids=lambda value: value.kind if isinstance(value, Transaction) else "",
)
def test_each_flow_moves_between_these_accounts(
    posted: Transaction, debits: dict[str, int], credited: dict[str, int]
) -> None:
    """Written out by hand: which account each event debits, and which it credits."""
    expected = debits | {code: -amount for code, amount in credited.items()}

    assert posted.by_account() == expected


@pytest.mark.parametrize(
    ("kind", "debit", "credit"),
    [
        (AdjustmentKind.REVERSAL, "available", "float:opa"),
        (AdjustmentKind.RETURN, "float:opa", "available"),
        (AdjustmentKind.FEE_TRUE_UP, "fees:operator", "float:opa"),
        (AdjustmentKind.LATE_PAYMENT, "float:opa", "suspense"),
    ],
)
def test_what_is_booked_by_hand_has_its_two_sides(
    kind: AdjustmentKind, debit: str, credit: str
) -> None:
    """Nobody chooses the accounts of what an operator did; a correction alone names its own."""
    assert sides(kind, "opa") == (debit, credit)
    assert sides(AdjustmentKind.CORRECTION, "opa") is None
