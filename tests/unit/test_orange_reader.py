"""Reading a payment, a payout or a holder at Orange: what each answer proves."""

from typing import Any

import pytest

from shared.domain.money import Money
from shared.domain.phone import PhoneNumber
from shared.operations.ports import Holder, PaymentRead, ReadState, Unknown
from shared.providers.orange_core import codes
from tests.scripted_mtn import deadline
from tests.scripted_orange import (
    HTML,
    NO_FUNDS,
    PAY_TOKEN,
    RECORDED,
    UNPAID,
    ScriptedOrange,
    fault,
    said,
    text,
    xml_fault,
)
from tests.scripted_server import RESET, SILENCE, Play, answer

PAYER = PhoneNumber("+237690000001")
PAID = RECORDED | {"confirmtxnstatus": "200", "status": "SUCCESSFULL"}
CASH_IN = {"status": "SUCCESSFULL", "txnstatus": 200, "amount": 1500, "payToken": PAY_TOKEN}


def read(play: Play, seconds: float = 5) -> PaymentRead:
    with ScriptedOrange(play) as orange:
        return orange.reader.read_payment(PAY_TOKEN, deadline=deadline(seconds))


def status(**fields: Any) -> PaymentRead:
    """The recorded success with some fields replaced."""
    return read(said(200, PAID | fields))


def test_a_payment_is_read_whole() -> None:
    """A success brings Orange's number, the money and the payer, by a GET of its payToken."""
    with ScriptedOrange(said(200, PAID)) as orange:
        found = orange.reader.read_payment(PAY_TOKEN, deadline=deadline())

        (get,) = orange.calls
    assert found == PaymentRead(
        ReadState.SUCCEEDED,
        "SUCCESSFULL",
        operator_transaction_id="MP221207.2051.B56929",
        money=Money(1500),
        payer=PAYER,
        order="12345",
    )
    assert (get.method, get.body) == ("GET", b"")
    assert get.path == f"/orange/omcoreapis/1.0.2/mp/paymentstatus/{PAY_TOKEN}"
    assert orange.exchanges[-1][:2] + orange.exchanges[-1][3:] == ("read_payment", 200, "succeeded")


@pytest.mark.parametrize("word", sorted(codes.SUCCEEDED))
def test_each_spelling_of_success_is_one(word: str) -> None:
    """Two Ls are recorded; the others are reported."""
    assert status(status=word).state is ReadState.SUCCEEDED


@pytest.mark.parametrize("word", ["PENDING", "INITIATED", "ONGOING", "successfull", "NEW"])
def test_every_word_not_known_as_final_is_pending(word: str) -> None:
    """A new word ends nothing and is kept."""
    found = status(status=word, confirmtxnstatus=None)

    assert (found.state, found.operator_word) == (ReadState.PENDING, word)


@pytest.mark.parametrize(
    ("fields", "state", "word", "code"),
    [
        ({"status": "CANCELLED"}, ReadState.FAILED, "CANCELLED", "payer_declined"),
        ({"status": "CANCELED"}, ReadState.FAILED, "CANCELED", "payer_declined"),
        ({"status": "EXPIRED"}, ReadState.EXPIRED, "EXPIRED", "expired"),
        ({"status": "FAILED"}, ReadState.FAILED, "FAILED", "operator_error"),
        (
            {"status": "FAILED", "confirmtxnstatus": "60019"},
            ReadState.FAILED,
            "60019",
            "insufficient_funds",
        ),
        (
            {"status": "FAILED", "confirmtxnstatus": None, "inittxnstatus": 99051},
            ReadState.FAILED,
            "99051",
            "payer_not_found",
        ),
        (
            {"status": "FAILED", "confirmtxnstatus": "77777"},
            ReadState.FAILED,
            "77777",
            "operator_error",
        ),
    ],
)
def test_each_end_has_our_code_and_keeps_its_word(
    fields: dict[str, object], state: ReadState, word: str, code: str
) -> None:
    """The code of a failure is kept verbatim, else Orange's status."""
    found = status(**fields)

    assert (found.state, found.operator_word, found.failure_code) == (state, word, code)


def test_a_token_that_was_never_paid_expires() -> None:
    """As recorded: nearly all is null, and the payment is over."""
    found = read(said(200, UNPAID | {"status": "EXPIRED"}))

    assert found == PaymentRead(ReadState.EXPIRED, "EXPIRED", "expired")


@pytest.mark.parametrize("amount", ["1500", "1500.0", 1500])
def test_an_amount_comes_as_number_or_string(amount: object) -> None:
    """Whole amounts are read in each form that clients have seen."""
    assert status(amount=amount).money == Money(1500)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"amount": None}, "SUCCESSFULL_without_whole_amount"),
        ({"amount": "1500.50"}, "SUCCESSFULL_without_whole_amount"),
        ({"amount": -5}, "SUCCESSFULL_without_whole_amount"),
        ({"confirmtxnstatus": "60019"}, "SUCCESSFULL_60019"),
        ({"inittxnstatus": "0066111"}, "SUCCESSFULL_0066111"),
        ({"payToken": "MP221207000000000000000000AA"}, "another_pay_token"),
        ({"status": None}, "no_code_200"),
        ({"status": 5}, None),
    ],
)
def test_a_success_that_cannot_be_trusted_is_none(
    fields: dict[str, object], word: str | None
) -> None:
    """No whole amount, a code against it, or another payToken: no money is booked on that."""
    found = status(**fields)

    assert found.state is not ReadState.SUCCEEDED
    assert word is None or (found.state, found.operator_word) == (ReadState.UNKNOWN, word)


@pytest.mark.parametrize("number", ["699999999", "237690000001", "not a number"])
def test_whom_orange_names_is_handed_on(number: str) -> None:
    """Nine digits become one of ours; anything else differs from whom we asked, visibly."""
    payer = status(subscriberMsisdn=number).payer

    assert payer is not None
    assert payer.e164 == ("+237699999999" if number == "699999999" else f"+{number}")
    assert status(subscriberMsisdn=None).payer is None


def test_the_order_that_orange_names_is_handed_on() -> None:
    """`txnmode` is the `orderId` that we sent; where it is missing nothing is compared."""
    orders = [status(txnmode=each).order for each in ("67abcdefghijklmnopqr", 12345, None, "")]

    assert orders == ["67abcdefghijklmnopqr", "12345", None, None]


@pytest.mark.parametrize(
    ("play", "state", "word"),
    [
        (text(404, "No mp found for input pay token"), ReadState.NOT_FOUND, "HTTP 404"),
        (text(404, "Not Found"), ReadState.UNKNOWN, "no_code_404"),
        (fault(404, 404), ReadState.UNKNOWN, "fault_404_404"),
        (text(400, "Invalid PayToken supplied"), ReadState.UNKNOWN, "no_code_400"),
        (said(417, NO_FUNDS), ReadState.FAILED, "60019"),
        (said(417, PAID), ReadState.UNKNOWN, "200_417"),
        (said(500, NO_FUNDS), ReadState.UNKNOWN, "60019_500"),
        (said(404, PAID, "No mp found for input pay token"), ReadState.UNKNOWN, "200_404"),
        (xml_fault(200), ReadState.UNKNOWN, "fault_900901_200"),
        (answer(404, HTML, content_type="text/html"), ReadState.UNKNOWN, "not_json_404"),
        (answer(200, HTML, content_type="text/html"), ReadState.UNKNOWN, "not_json_200"),
        (RESET, ReadState.UNKNOWN, "connection_lost"),
        (SILENCE, ReadState.UNKNOWN, "timeout"),
    ],
)
def test_what_is_no_status_proves_as_little_as_it_says(
    play: Play, state: ReadState, word: str
) -> None:
    """Only Orange's own words for an unknown payToken mean that there is none."""
    found = read(play, seconds=0.15 if play is SILENCE else 5)

    assert (found.state, found.operator_word) == (state, word)


def test_a_payout_is_read_by_its_own_words() -> None:
    """One code, `txnstatus`; our own float may be what was short."""
    failed = CASH_IN | {"status": "FAILED", "txnstatus": "60019"}
    with ScriptedOrange(said(200, CASH_IN), said(200, failed)) as orange:
        paid, short = (orange.payouts.read_payout(PAY_TOKEN, deadline=deadline()) for _ in "ab")

        assert orange.calls[0].path.endswith(f"/cashin/paymentstatus/{PAY_TOKEN}")
    assert (paid.state, paid.money) == (ReadState.SUCCEEDED, Money(1500))
    assert (short.state, short.failure_code) == (ReadState.FAILED, "float_insufficient")


def test_only_a_pay_token_can_be_read() -> None:
    """Nothing else gets into a path: it is not asked about, and nothing is known of it."""
    with ScriptedOrange() as orange:
        for reader in (orange.reader.read_payment, orange.payouts.read_payout):
            read = reader("../../token", deadline=deadline())
            assert read == PaymentRead(ReadState.UNKNOWN, "not_a_pay_token")

        assert orange.server.seen == []


@pytest.mark.parametrize(
    ("play", "found"),
    [
        (said(200, {"firstName": "Ngono", "lastName": "Marie"}), Holder("Ngono Marie")),
        (said(200, {"firstname": "Ngono", "lastname": ""}), Holder("Ngono")),
        (said(200, {"firstName": None}), Unknown("no_name_200")),
        (said(200, None), Unknown("no_name_200")),
        (text(404, "customer 690000001 not found"), Holder(None)),
        (fault(404, 404), Unknown("no_name_404")),
        (answer(404, HTML, content_type="text/html"), Unknown("no_name_404")),
        (text(417, "99033 :: canal"), Unknown("no_name_417")),
        (RESET, Unknown("connection_lost")),
    ],
)
def test_a_holder_is_named_or_not_there_or_not_known(play: Play, found: object) -> None:
    """Either case of the fields; a name never reaches the hook."""
    with ScriptedOrange(play) as orange:
        assert orange.holders.read_holder(PAYER, deadline=deadline()) == found

        assert orange.calls[0].path.endswith("/infos/subscriber/customer/690000001")
        assert b'"channelMsisdn":"699000000"' in orange.calls[0].body
        assert "Ngono" not in repr(orange.exchanges)
