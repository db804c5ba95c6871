"""Reading a payment's status at MTN: what each answer proves."""

import json
import time
from datetime import timedelta

import pytest

from shared.domain.money import Currency, Money
from shared.domain.phone import PhoneNumber
from shared.operations.ports import PaymentRead, ReadState
from shared.providers.mtn.client import MtnPaymentReader
from shared.providers.mtn.codes import FAILURE_CODES
from shared.providers.mtn.notices import plain_text
from tests.scripted_mtn import HTML, ScriptedMtn, code, deadline
from tests.scripted_server import RESET, SILENCE, Play, answer

REFERENCE = "7f5c3f0e-4a51-4c0b-9a3e-0d5b6f7a8b9c"
PAYER = PhoneNumber("+237670000001")
PAID = {
    "amount": "1500",
    "currency": "XAF",
    "externalId": "ch_2345",
    "payer": {"partyIdType": "MSISDN", "partyId": "237670000001"},
    "payerMessage": "m",
    "payeeNote": "n",
    "status": "SUCCESSFUL",
    "financialTransactionId": "1234567890",
}
SUCCEEDED = PaymentRead(
    ReadState.SUCCEEDED,
    "SUCCESSFUL",
    operator_transaction_id="1234567890",
    money=Money(1500),
    payer=PAYER,
    order="ch_2345",
)


def status(**fields: object) -> Play:
    """The recorded success with some fields replaced; None leaves one out."""
    body = {name: value for name, value in (PAID | fields).items() if value is not None}
    return answer(200, json.dumps(body))


def read(mtn: ScriptedMtn, seconds: float = 5) -> PaymentRead:
    return mtn.reader.read_payment(REFERENCE, deadline=deadline(seconds))


def only(play: Play) -> PaymentRead:
    with ScriptedMtn(play) as mtn:
        return read(mtn)


def test_a_payment_is_read_whole() -> None:
    """A success brings the operator's number, the money and the payer; the request is MTN's."""
    with ScriptedMtn(status()) as mtn:
        assert read(mtn) == SUCCEEDED

        (get,) = mtn.calls
        assert (get.method, get.body) == ("GET", b"")
        assert get.path == f"/mtn/collection/v1_0/requesttopay/{REFERENCE}"
        assert get.headers["x-target-environment"] == "mtncameroon"
        assert mtn.exchanges[-1][0] == "read_payment"
        assert mtn.exchanges[-1][3] == "succeeded"


@pytest.mark.parametrize("raw", ['"1500"', "1500", '"1500.00"', "1500.0"])
def test_an_amount_comes_as_number_or_string(raw: str) -> None:
    """Whole amounts are read in each form that clients have seen."""
    body = json.dumps(PAID).replace('"1500"', raw, 1)

    assert only(answer(200, body)).money == Money(1500)


@pytest.mark.parametrize(
    "amount", ["1500.50", "15e2", "", "-1500", "1,500", None, "\u0665\u0660\u0660", [1], True]
)
def test_an_amount_that_cannot_be_compared_proves_no_payment(amount: object) -> None:
    """A success without a whole amount stays unknown, so that a person sees it."""
    found = only(status(amount=amount))

    assert found.state is ReadState.UNKNOWN
    assert found.money is None


def test_another_currency_stays_visible() -> None:
    """Money in a currency that the account does not use is never called XAF."""
    assert only(status(currency="EUR")).money == Money(1500, Currency("EUR"))


def test_the_sandbox_currency_is_the_accounts_affair() -> None:
    """An account of MTN's sandbox asks in EUR and reads its own amounts as the order's XAF."""
    with ScriptedMtn(status(currency="EUR"), currency="EUR") as mtn:
        assert read(mtn).money == Money(1500)


@pytest.mark.parametrize("number", ["46733123450", "237222000000", "not a number"])
def test_a_payer_that_is_no_mobile_of_cameroon_stays_visible(number: str) -> None:
    """Whom MTN names is handed on as named, so that he differs from whom we asked."""
    found = only(status(payer={"partyIdType": "MSISDN", "partyId": number}))

    assert (found.state, found.payer) == (ReadState.SUCCEEDED, PhoneNumber(f"+{number}"))


@pytest.mark.parametrize("ours", ["ch_9999", 17, None, ""])
def test_the_order_that_mtn_names_is_handed_on(ours: object) -> None:
    """An answer for another reference names another order; one that names none says nothing."""
    found = only(status(externalId=ours))

    assert (found.state, found.order) == (ReadState.SUCCEEDED, str(ours) if ours else None)


def test_a_payer_without_a_number_is_no_payer() -> None:
    """An operator that leaves the payer out says nothing against the payment."""
    found = only(status(payer={"partyIdType": "MSISDN", "partyId": ""}))

    assert (found.state, found.payer) == (ReadState.SUCCEEDED, None)


def test_a_success_without_number_of_the_operator_is_still_one() -> None:
    """Some answers leave the financial transaction id out; a number is read as one too."""
    assert only(status(financialTransactionId=None)).operator_transaction_id is None
    assert only(status(financialTransactionId=987654321)).operator_transaction_id == "987654321"


@pytest.mark.parametrize("word", ["PENDING", "CREATED", "ONGOING", "TIMEOUT", "successful", "NEW"])
def test_every_word_not_known_as_final_is_pending(word: str) -> None:
    """Only SUCCESSFUL and FAILED end a payment."""
    found = only(status(status=word, financialTransactionId=None))

    assert (found.state, found.operator_word) == (ReadState.PENDING, word)


@pytest.mark.parametrize(("word", "ours"), FAILURE_CODES.items())
@pytest.mark.parametrize("as_object", [False, True])
def test_each_reason_has_our_code_and_keeps_its_word(
    word: str,
    ours: str,
    as_object: bool,  # noqa: FBT001 - a table
) -> None:
    """The reason of a failure is read as string and as object, and kept verbatim."""
    reason = {"code": word, "message": "text"} if as_object else word

    found = only(status(status="FAILED", reason=reason, financialTransactionId=None))

    state = ReadState.EXPIRED if word == "EXPIRED" else ReadState.FAILED
    assert found == PaymentRead(state, word, ours, None, Money(1500), PAYER, "ch_2345")


@pytest.mark.parametrize(
    ("reason", "word"),
    [("BRAND_NEW", "BRAND_NEW"), (None, "FAILED"), ({}, "FAILED"), ([], "FAILED"), ("", "FAILED")],
)
def test_a_new_or_missing_reason_is_a_failure_all_the_same(reason: object, word: str) -> None:
    """A FAILED payment has failed, whatever the reason looks like."""
    found = only(status(status="FAILED", reason=reason, financialTransactionId=None))

    assert (found.state, found.failure_code, found.operator_word) == (
        ReadState.FAILED,
        "operator_error",
        word,
    )


def test_a_word_is_cut_and_cleaned_for_the_record() -> None:
    """A word with control characters or without end cannot harm what stores it."""
    found = only(status(status="FAILED", reason="A\u0000B\n" + "x" * 500))

    assert found.operator_word.startswith("ABx")
    assert len(found.operator_word) <= 120


ANSWERS: list[tuple[str, Play, ReadState]] = [
    ("never seen", answer(404, code("RESOURCE_NOT_FOUND")), ReadState.NOT_FOUND),
    ("no such endpoint", answer(404, '{"statusCode":404,"message":"x"}'), ReadState.UNKNOWN),
    ("HTML 404", answer(404, HTML, content_type="text/html"), ReadState.UNKNOWN),
    ("empty 404", answer(404), ReadState.UNKNOWN),
    ("HTML 200", answer(200, HTML, content_type="text/html"), ReadState.UNKNOWN),
    ("HTML 403", answer(403, HTML, content_type="text/html"), ReadState.UNKNOWN),
    ("empty 200", answer(200), ReadState.UNKNOWN),
    ("no status", answer(200, "{}"), ReadState.UNKNOWN),
    ("status is no string", answer(200, '{"status":1}'), ReadState.UNKNOWN),
    ("a list", answer(200, "[]"), ReadState.UNKNOWN),
    ("not UTF-8", answer(200, b'{"status":"\xff"}'), ReadState.UNKNOWN),
    ("half a character", answer(200, '{"status":"\\ud800"}'), ReadState.UNKNOWN),
    ("brackets without end", answer(200, '{"status":' + "[" * 30_000), ReadState.UNKNOWN),
    ("202 is no status", answer(202, json.dumps(PAID)), ReadState.UNKNOWN),
    ("internal error", answer(500, code("INTERNAL_PROCESSING_ERROR")), ReadState.UNKNOWN),
    ("not found as 500", answer(500, code("RESOURCE_NOT_FOUND")), ReadState.UNKNOWN),
    ("unavailable", answer(503, code("SERVICE_UNAVAILABLE")), ReadState.UNKNOWN),
    ("too many", answer(429, "{}"), ReadState.UNKNOWN),
    ("too long", answer(200, b" " * 70_000), ReadState.UNKNOWN),
    ("reset", RESET, ReadState.UNKNOWN),
    ("reset mid-answer", Play([b"HTTP/1.1 200 OK\r\nContent"], end="reset"), ReadState.UNKNOWN),
]


@pytest.mark.parametrize(
    ("play", "state"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_what_is_no_status_proves_nothing(play: Play, state: ReadState) -> None:
    """Only MTN's own JSON says that a payment is not there; all else is unknown."""
    assert only(play).state is state


@pytest.mark.parametrize(
    "play", [SILENCE, Play([b"H"] * 1000, gap_seconds=0.02)], ids=["silent", "drip"]
)
def test_a_read_ends_at_its_deadline(play: Play) -> None:
    """Silence and a dripping answer end in time."""
    with ScriptedMtn(play) as mtn:
        started = time.monotonic()

        found = read(mtn, seconds=0.3)

        assert found == PaymentRead(ReadState.UNKNOWN, "timeout")
        assert time.monotonic() - started < 3


def test_a_read_replaces_an_expired_token_once() -> None:
    """After a 401 one new token and one more read; a second 401 is unknown."""
    refused = answer(401, '{"error":"invalid_token"}')
    with ScriptedMtn(refused, status(), refused, refused) as mtn:
        assert read(mtn) == SUCCEEDED
        assert mtn.tokens == 2

        assert read(mtn).state is ReadState.UNKNOWN
        assert len(mtn.calls) == 4


def test_a_token_is_refreshed_before_it_ends() -> None:
    """55 minutes into the hour a new token is fetched; if that fails the old one serves on."""
    with ScriptedMtn(*[status()] * 4) as mtn:
        assert read(mtn) == SUCCEEDED
        mtn.now += timedelta(minutes=54)
        assert read(mtn) == SUCCEEDED
        assert mtn.tokens == 1

        mtn.now += timedelta(minutes=2)
        mtn.token = answer(500, "{}")
        assert read(mtn) == SUCCEEDED
        assert mtn.tokens == 2

        mtn.now += timedelta(minutes=4)
        assert read(mtn) == PaymentRead(ReadState.UNKNOWN, "token_unavailable")


def test_a_reader_cannot_send() -> None:
    """The class that settles has no public name that could submit a payment."""
    assert [name for name in dir(MtnPaymentReader) if not name.startswith("_")] == ["read_payment"]


@pytest.mark.parametrize("reference", ["", "../../disbursement", "x" * 36])
def test_only_a_uuid_is_read(reference: str) -> None:
    """A reference becomes part of a path, so it is nothing but a UUID."""
    with ScriptedMtn() as mtn, pytest.raises(ValueError, match="UUID"):
        mtn.reader.read_payment(reference, deadline=deadline())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Commande n°7 d'Émile", "Commande n 7 d Emile"),
        ("a" * 200, "a" * 160),
        ("<b>&\"'`;\n", "b"),
        ("Order 12, paid: 5.00 - ok", "Order 12, paid: 5.00 - ok"),
        ("💸", ""),
    ],
)
def test_texts_are_made_plain(text: str, expected: str) -> None:
    """Texts to payers hold at most 160 characters that MTN's validation takes."""
    assert plain_text(text) == expected
