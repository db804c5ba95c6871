"""What a receipt says and how it says it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.charge import Charge, ChargeStatus
from shared.domain.ids import ALPHABET, new_id
from shared.domain.money import Currency, Money
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.receipt import (
    NotPaidError,
    Receipt,
    format_day,
    format_money,
    format_time,
    is_receipt_code,
    language_of,
    new_receipt_code,
    object_key,
    receipt_number,
    retain_until,
)

PAID_AT = datetime(2026, 11, 25, 3, 12, 7, tzinfo=UTC)
CHARGE_ID = "ch_23n5k7qz4m2p6r3s5t7v2w4y"


def paid_charge() -> Charge:
    return Charge(
        id=CHARGE_ID,
        account="acct_abcdefghijklmnop",
        livemode=True,
        money=Money(12_500),
        status=ChargeStatus.SUCCEEDED,
        operator=Operator.MTN,
        operator_account="opa_1",
        phone=PhoneNumber("+237670000001"),
        created_at=PAID_AT,
        submit_before=PAID_AT + timedelta(seconds=120),
        operator_transaction_id="2417893312",
        reference="order-1042",
        description="Cake",
        receipt_number="RC-20261125-6R3S5T7V2W4Y",
        receipt_code="a" * 26,
        succeeded_at=PAID_AT,
    )


def test_a_receipt_repeats_its_charge_and_masks_the_payer() -> None:
    """Everything of the payment is on the receipt, the payer's number only masked."""
    receipt = Receipt.of(paid_charge(), account_name="Étoile d\u2019Or", language="fr")

    assert receipt == Receipt(
        number="RC-20261125-6R3S5T7V2W4Y",
        code="a" * 26,
        object_id=CHARGE_ID,
        account_name="Étoile d\u2019Or",
        money=Money(12_500),
        operator=Operator.MTN,
        phone="+2376****01",
        operator_transaction_id="2417893312",
        reference="order-1042",
        description="Cake",
        paid_at=PAID_AT,
        language="fr",
        livemode=True,
    )
    assert receipt.operator_name == "MTN Mobile Money"
    assert replace(receipt, operator=Operator.ORANGE).operator_name == "Orange Money"


@pytest.mark.parametrize(
    "unpaid",
    [
        *(replace(paid_charge(), status=s) for s in ChargeStatus if s != ChargeStatus.SUCCEEDED),
        replace(paid_charge(), succeeded_at=None),
        replace(paid_charge(), receipt_number=None),
        replace(paid_charge(), receipt_code=None),
    ],
)
def test_only_a_paid_charge_has_a_receipt(unpaid: Charge) -> None:
    """No receipt is ever made for money that did not come."""
    with pytest.raises(NotPaidError, match=CHARGE_ID):
        Receipt.of(unpaid, account_name="Shop", language="en")


def test_codes_are_long_random_and_of_our_alphabet() -> None:
    """A code can't be guessed: 26 characters of 32, each place taking each value."""
    codes = {new_receipt_code() for _ in range(2000)}

    assert len(codes) == 2000
    assert all(is_receipt_code(code) for code in codes)
    assert all({code[place] for code in codes} == set(ALPHABET) for place in range(26))


@pytest.mark.parametrize("text", ["", "a" * 25, "a" * 27, "a" * 25 + "A", "a" * 25 + "0", "é" * 26])
def test_other_text_is_no_code(text: str) -> None:
    """What can't be a code is refused before any look-up."""
    assert not is_receipt_code(text)


@pytest.mark.parametrize(
    ("paid_at", "number"),
    [
        (PAID_AT, "RC-20261125-6R3S5T7V2W4Y"),
        (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), "RC-20261231-6R3S5T7V2W4Y"),
        (datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC), "RC-20270101-6R3S5T7V2W4Y"),
    ],
)
def test_a_number_names_the_day_in_douala(paid_at: datetime, number: str) -> None:
    """A payment an hour before midnight UTC belongs to the next business day."""
    assert receipt_number(CHARGE_ID, paid_at) == number


def test_numbers_of_one_instant_differ() -> None:
    """Charges made in the same millisecond still have numbers of their own."""
    numbers = {receipt_number(new_id("ch", 1_795_576_327_000), PAID_AT) for _ in range(2000)}

    assert len(numbers) == 2000


def test_live_and_test_receipts_lie_apart() -> None:
    """The key alone tells account and mode."""
    assert (
        object_key(account="acct_a", livemode=True, object_id="ch_1")
        == "receipts/acct_a/live/ch_1.pdf"
    )
    assert (
        object_key(account="acct_a", livemode=False, object_id="ch_1")
        == "receipts/acct_a/test/ch_1.pdf"
    )


@pytest.mark.parametrize(
    ("livemode", "late", "kept"),
    [
        (True, timedelta(), timedelta(days=3650)),
        (True, timedelta(days=2), timedelta(days=3650)),
        (False, timedelta(), timedelta(days=1)),
        (False, timedelta(days=2), timedelta(days=3)),
    ],
)
def test_a_lock_ends_ten_years_after_payment_and_never_in_the_past(
    *, livemode: bool, late: timedelta, kept: timedelta
) -> None:
    """Test receipts are kept a day, counted from now when stored late."""
    until = retain_until(PAID_AT, livemode=livemode, now=PAID_AT + late)

    assert until == PAID_AT + kept


def test_retention_is_configuration() -> None:
    """An operator of the system chooses how long live receipts are kept."""
    until = retain_until(PAID_AT, livemode=True, now=PAID_AT, retention_days=4000)

    assert until == PAID_AT + timedelta(days=4000)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1, "1\u00a0FCFA"),
        (999, "999\u00a0FCFA"),
        (12_500, "12\u202f500\u00a0FCFA"),
        (1_234_567, "1\u202f234\u202f567\u00a0FCFA"),
    ],
)
def test_money_is_written_as_in_cameroon(amount: int, text: str) -> None:
    """Thousands stand apart, and no line ever breaks within an amount."""
    assert format_money(Money(amount)) == text


@pytest.mark.parametrize(
    ("text", "language"), [("fr", "fr"), ("en", "en"), ("de", "fr"), ("", "fr")]
)
def test_a_receipt_is_in_a_language_that_we_speak(text: str, language: str) -> None:
    """An account of any other language gets French first."""
    assert language_of(text) == language


def test_another_currency_is_never_called_fcfa() -> None:
    """The unit is the money's own."""
    assert format_money(Money(5, Currency("XOF"))) == "5\u00a0XOF"


@given(st.integers(0, 10**12))
def test_an_amount_reads_back(amount: int) -> None:
    """Spaces are all that is added to the digits."""
    digits = format_money(Money(amount)).removesuffix("\u00a0FCFA").replace("\u202f", "")

    assert digits == str(amount)


def test_moments_are_told_in_douala_in_both_languages() -> None:
    """An hour is added to UTC, also across the end of a month."""
    at = datetime(2026, 7, 31, 23, 5, tzinfo=UTC)

    assert format_day(at, "fr") == "1er août 2026"
    assert format_day(at, "en") == "1 August 2026"
    assert format_time(at, "fr") == "00\u00a0h\u00a005"
    assert format_time(at, "en") == "00:05"
    assert format_day(PAID_AT, "fr") == "25 novembre 2026"
