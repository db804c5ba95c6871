"""Paying out and refunding at MTN: what each answer proves, and that nothing is ever guessed."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import Currency, Money
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.ports import (
    Accepted,
    Holder,
    NotSent,
    Opened,
    PaymentRead,
    PayoutReader,
    PayoutRequest,
    ReadState,
    Refused,
    Unknown,
)
from shared.providers.mtn import codes, disbursement
from shared.providers.mtn.accounts import MtnBalanceReader
from shared.providers.mtn.client import MtnPaymentRequester
from shared.providers.mtn.judgement import judge_status, judge_submission
from shared.providers.mtn.line import MtnLine
from shared.providers.wire import Answer, UnsafeAddressError
from tests.scripted_mtn import (
    ACCOUNT,
    CREDENTIALS,
    HTML,
    PAYER,
    PAYER_CREDENTIALS,
    ScriptedMtn,
    code,
    deadline,
)
from tests.scripted_server import RESET, SILENCE, Play, answer

PAYMENT = "0b3c9a52-7d14-4f0a-8e36-5a1f0c2d9e77"
PAYEE = PhoneNumber("+237670000001")
TRANSFER = PayoutRequest(
    reference="7f5c3f0e-4a51-4c0b-9a3e-0d5b6f7a8b9c",
    money=Money(1500),
    payee=PAYEE,
    external_id="po_2345",
    message="Salaire d'août n° 7",
    callback_url="https://pay.example.cm/callbacks/mtn/token",
)
REFUND = replace(TRANSFER, external_id="rf_2345", refunds=PAYMENT)
WAYS = ["transfer", "deposit", "refund"]
PAID = {
    "amount": "1500",
    "currency": "XAF",
    "externalId": "po_2345",
    "payee": {"partyIdType": "MSISDN", "partyId": "237670000001"},
    "payerMessage": "m",
    "payeeNote": "n",
    "status": "SUCCESSFUL",
    "financialTransactionId": "1234567890",
}


def send(mtn: ScriptedMtn, way: str, seconds: float = 5) -> object:
    if way == "refund":
        return mtn.refunds.send_payout(REFUND, deadline=deadline(seconds))
    sender = mtn.deposits if way == "deposit" else mtn.payouts
    return sender.send_payout(TRANSFER, deadline=deadline(seconds))


def read(mtn: ScriptedMtn, way: str) -> PaymentRead:
    readers: dict[str, PayoutReader] = {"refund": mtn.refund_reader, "deposit": mtn.deposit_reader}
    reader = readers.get(way, mtn.payout_reader)
    return reader.read_payout(TRANSFER.reference, deadline=deadline())


def status(**fields: object) -> Play:
    """A recorded success with some fields replaced; None leaves one out."""
    body = {name: value for name, value in (PAID | fields).items() if value is not None}
    return answer(200, json.dumps(body))


ANSWERS: list[tuple[str, Play, object]] = [
    ("queued", answer(202), Accepted()),
    ("queued with an empty object", answer(202, "{}"), Accepted()),
    ("a duplicate is theirs already", answer(409, code("RESOURCE_ALREADY_EXIST")), Accepted()),
    (
        "currency",
        answer(500, code("INVALID_CURRENCY")),
        Refused("operator_misconfigured", "INVALID_CURRENCY"),
    ),
    (
        "not allowed",
        answer(500, code("NOT_ALLOWED")),
        Refused("operator_misconfigured", "NOT_ALLOWED"),
    ),
    (
        "environment",
        answer(500, code("NOT_ALLOWED_TARGET_ENVIRONMENT")),
        Refused("operator_misconfigured", "NOT_ALLOWED_TARGET_ENVIRONMENT"),
    ),
    (
        "callback host",
        answer(500, code("INVALID_CALLBACK_URL_HOST")),
        Refused("operator_misconfigured", "INVALID_CALLBACK_URL_HOST"),
    ),
    (
        "our wallet is not known",
        answer(500, code("PAYER_NOT_FOUND")),
        Refused("operator_misconfigured", "PAYER_NOT_FOUND"),
    ),
    (
        "their wallet may not receive",
        answer(500, code("PAYEE_NOT_ALLOWED_TO_RECEIVE")),
        Refused("payee_blocked", "PAYEE_NOT_ALLOWED_TO_RECEIVE"),
    ),
    (
        "400 without code",
        answer(400, '{"message":"bad"}'),
        Refused("operator_misconfigured", "HTTP 400"),
    ),
    (
        "400 with code",
        answer(400, code("NOT_ENOUGH_FUNDS")),
        Refused("float_insufficient", "NOT_ENOUGH_FUNDS"),
    ),
    (
        "IP not on the list",
        answer(403, '{"message":"FORBIDDEN IP"}'),
        Refused("operator_misconfigured", "HTTP 403"),
    ),
    (
        "nothing to refund",
        answer(404, code("RESOURCE_NOT_FOUND")),
        Refused("operator_error", "RESOURCE_NOT_FOUND"),
    ),
    (
        "internal error",
        answer(500, code("INTERNAL_PROCESSING_ERROR")),
        Unknown("INTERNAL_PROCESSING_ERROR_500"),
    ),
    (
        "internal error as 400",
        answer(400, code("INTERNAL_PROCESSING_ERROR")),
        Unknown("INTERNAL_PROCESSING_ERROR_400"),
    ),
    (
        "a short float as 500",
        answer(500, code("NOT_ENOUGH_FUNDS")),
        Unknown("NOT_ENOUGH_FUNDS_500"),
    ),
    ("no wallet as 500", answer(500, code("PAYEE_NOT_FOUND")), Unknown("PAYEE_NOT_FOUND_500")),
    ("a 500 with a new word", answer(500, code("BRAND_NEW")), Unknown("BRAND_NEW_500")),
    ("a 500 without code", answer(500, "{}"), Unknown("no_code_500")),
    ("unavailable", answer(503, code("SERVICE_UNAVAILABLE")), Unknown("SERVICE_UNAVAILABLE_503")),
    ("too many", answer(429, '{"statusCode":429,"message":"Rate limit"}'), Unknown("no_code_429")),
    ("firewall with 200", answer(200, HTML, content_type="text/html"), Unknown("not_json_200")),
    ("firewall with 202", answer(202, HTML, content_type="text/html"), Unknown("not_json_202")),
    ("firewall with 403", answer(403, HTML, content_type="text/html"), Unknown("not_json_403")),
    ("HTML 409", answer(409, HTML, content_type="text/html"), Unknown("not_json_409")),
    ("200 is not 202", answer(200, "{}"), Unknown("no_code_200")),
    ("reset before an answer", RESET, Unknown("connection_lost")),
    (
        "body cut short",
        Play([b"HTTP/1.1 500 X\r\nContent-Length: 90\r\n\r\n{"], end="close"),
        Unknown("connection_lost"),
    ),
    ("too long", answer(202, b" " * 70_000), Unknown("answer_too_long")),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("play", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_each_answer_proves_what_the_table_says(way: str, play: Play, expected: object) -> None:
    """Each documented answer to a submission has one reading, the same for both ways out."""
    with ScriptedMtn(play) as mtn:
        assert send(mtn, way) == expected

        assert len(mtn.calls) == 1


@given(
    st.sampled_from([200, 202, 400, 401, 403, 404, 409, 429, 500, 503]),
    st.binary().filter(lambda body: not body.lstrip().startswith(b"{"))
    | st.recursive(st.none() | st.text(), st.lists).map(lambda it: json.dumps(it).encode()),
)
def test_only_a_word_of_mtns_refuses(http_status: int, body: bytes) -> None:
    """Bytes that nobody wrote for us never deny a payout, and never prove one."""
    got = Answer(http_status, body)

    outcome = judge_submission(got, table=codes.PAYOUT_FAILURE_CODES)
    found = judge_status(
        got, account_currency="XAF", party="payee", table=codes.PAYOUT_FAILURE_CODES
    )

    assert isinstance(outcome, Unknown) or (http_status == 202 and not body)
    assert found.state is ReadState.UNKNOWN


@pytest.mark.parametrize("way", WAYS)
def test_no_answer_in_time_is_unknown(way: str) -> None:
    """Silence ends at the deadline as Unknown: the money may be out."""
    with ScriptedMtn(SILENCE) as mtn:
        assert send(mtn, way, seconds=0.3) == Unknown("timeout")


def test_the_calls_are_what_mtn_documents() -> None:
    """Paths, headers and bodies of the disbursement product, under its own key and token."""
    with ScriptedMtn(answer(202), answer(202), answer(202)) as mtn:
        for way in WAYS:
            send(mtn, way)

        token = mtn.server.seen[0]
        assert token.path == "/mtn/disbursement/token/"
        assert token.headers["ocp-apim-subscription-key"] == "payer-key"
        transfer, deposit, refund = mtn.calls
        for seen, kind in zip(mtn.calls, WAYS, strict=True):
            assert (seen.method, seen.path) == ("POST", f"/mtn/disbursement/v1_0/{kind}")
            assert seen.headers["x-reference-id"] == TRANSFER.reference
            assert seen.headers["authorization"] == "Bearer tok-1"
            assert seen.headers["ocp-apim-subscription-key"] == "payer-key"
            assert seen.headers["x-target-environment"] == "mtncameroon"
            assert seen.headers["x-callback-url"] == TRANSFER.callback_url
        texts = {"payerMessage": "Salaire d aout n 7", "payeeNote": "Salaire d aout n 7"}
        assert json.loads(transfer.body) == {
            "amount": "1500",
            "currency": "XAF",
            "externalId": "po_2345",
            "payee": {"partyIdType": "MSISDN", "partyId": "237670000001"},
            **texts,
        }
        assert deposit.body == transfer.body
        assert json.loads(refund.body) == {
            "amount": "1500",
            "currency": "XAF",
            "externalId": "rf_2345",
            "referenceIdToRefund": PAYMENT,
            **texts,
        }
        assert mtn.tokens == 1


def test_opening_a_payout_calls_nobody() -> None:
    """The reference is ours: a UUID version 4, another one each time, and no byte to MTN."""
    with ScriptedMtn() as mtn:
        opened = [
            sender.open_payout(deadline=deadline())
            for sender in (mtn.payouts, mtn.refunds, mtn.payouts)
        ]

        references = {each.reference for each in opened if isinstance(each, Opened)}
        assert len(references) == 3
        assert {uuid.UUID(each).version for each in references} == {4}
        assert mtn.payouts.open_payout(deadline=deadline(0)) == NotSent("deadline_over")
        assert mtn.server.seen == []


@pytest.mark.parametrize("way", WAYS)
def test_an_expired_token_is_replaced_and_the_same_reference_goes_again(way: str) -> None:
    """After a 401 the repeat carries the same reference and body under a new token."""
    with ScriptedMtn(answer(401, '{"error":"invalid_token"}'), answer(202)) as mtn:
        assert send(mtn, way) == Accepted()

        first, second = mtn.calls
        assert first.headers["x-reference-id"] == second.headers["x-reference-id"]
        assert first.body == second.body
        assert mtn.tokens == 2


def test_twice_refused_at_the_gate_is_not_sent() -> None:
    """Two 401 in JSON prove that nothing was taken; an HTML page proves nothing."""
    refused = answer(401, '{"error":"invalid_token"}')
    page = answer(401, HTML, content_type="text/html")
    with ScriptedMtn(refused, refused, page, page) as mtn:
        assert send(mtn, "refund") == NotSent("not_authenticated")
        assert send(mtn, "refund") == Unknown("not_json_401")


def test_without_a_token_nothing_is_sent() -> None:
    """Whatever goes wrong with the token, no payout has left us."""
    with ScriptedMtn(token=answer(500, "{}")) as mtn:
        assert send(mtn, "transfer") == NotSent("token_unavailable")
        assert send(mtn, "refund") == NotSent("token_unavailable")

        assert mtn.calls == []


def test_no_time_left_is_not_sent() -> None:
    """A deadline that is over before the first byte sends nothing."""
    with ScriptedMtn(answer(202)) as mtn:
        assert send(mtn, "refund") == Accepted()

        assert send(mtn, "refund", seconds=0) == NotSent("deadline_over")
        assert len(mtn.calls) == 1


def test_what_is_no_payout_is_a_mistake_of_ours() -> None:
    """Another reference, a refund as a transfer, a refund of nothing: refused before any byte."""
    with ScriptedMtn() as mtn:
        for sender, request in (
            (mtn.payouts, replace(TRANSFER, reference=str(uuid.UUID(int=1)))),
            (mtn.payouts, REFUND),
            (mtn.deposits, REFUND),
            (mtn.refunds, TRANSFER),
            (mtn.refunds, replace(REFUND, refunds="13")),
        ):
            with pytest.raises(ValueError, match=r"UUID|transfer|hexadecimal"):
                sender.send_payout(request, deadline=deadline())
        assert mtn.server.seen == []


@pytest.mark.parametrize("way", WAYS)
def test_the_sandbox_currency_is_the_accounts_affair(way: str) -> None:
    """An account of MTN's sandbox pays in EUR and reads its own amounts as the order's XAF."""
    balance = answer(200, '{"availableBalance":"7","currency":"EUR"}')
    with ScriptedMtn(answer(202), status(currency="EUR"), balance, currency="EUR") as mtn:
        send(mtn, way)

        assert json.loads(mtn.calls[0].body)["currency"] == "EUR"
        assert read(mtn, way).money == Money(1500)
        assert mtn.balances.read_balance(deadline=deadline()) == Money(7)


@pytest.mark.parametrize("way", WAYS)
def test_a_payout_is_read_whole(way: str) -> None:
    """A success brings MTN's number, the money and whom it paid."""
    with ScriptedMtn(status()) as mtn:
        found = read(mtn, way)

        (get,) = mtn.calls
        assert (get.method, get.body) == ("GET", b"")
        assert get.path == f"/mtn/disbursement/v1_0/{way}/{TRANSFER.reference}"
    assert found == PaymentRead(
        ReadState.SUCCEEDED,
        "SUCCESSFUL",
        operator_transaction_id="1234567890",
        money=Money(1500),
        payer=PAYEE,
        order="po_2345",
    )


@pytest.mark.parametrize(
    ("play", "state", "word", "ours"),
    [
        (status(status="PENDING"), ReadState.PENDING, "PENDING", None),
        (status(status="CREATED"), ReadState.PENDING, "CREATED", None),
        (status(amount="1500.50"), ReadState.UNKNOWN, "SUCCESSFUL_without_whole_amount", None),
        (
            status(status="FAILED", reason="NOT_ENOUGH_FUNDS"),
            ReadState.FAILED,
            "NOT_ENOUGH_FUNDS",
            "float_insufficient",
        ),
        (
            status(status="FAILED", reason={"code": "PAYEE_NOT_FOUND", "message": "m"}),
            ReadState.FAILED,
            "PAYEE_NOT_FOUND",
            "payee_not_found",
        ),
        (status(status="FAILED", reason="EXPIRED"), ReadState.EXPIRED, "EXPIRED", "operator_error"),
        (status(status="FAILED", reason="NEW"), ReadState.FAILED, "NEW", "operator_error"),
        (answer(404, code("RESOURCE_NOT_FOUND")), ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND", None),
        (answer(404, '{"statusCode":404}'), ReadState.UNKNOWN, "no_code_404", None),
        (answer(404, HTML, content_type="text/html"), ReadState.UNKNOWN, "not_json_404", None),
        (answer(500, code("NOT_ALLOWED")), ReadState.UNKNOWN, "NOT_ALLOWED_500", None),
        (RESET, ReadState.UNKNOWN, "connection_lost", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("way", WAYS)
def test_each_read_proves_what_the_table_says(
    way: str, *, play: Play, state: ReadState, word: str, ours: str | None
) -> None:
    """Only MTN's own final words end a payout; "not found" is a word of its own."""
    # What is no deposit is looked for among the transfers.
    is_twice = way == "deposit" and state is ReadState.NOT_FOUND
    with ScriptedMtn(play, *[play] * is_twice) as mtn:
        found = read(mtn, way)

    assert (found.state, found.operator_word, found.failure_code) == (state, word, ours)


MISSING = answer(404, code("RESOURCE_NOT_FOUND"))


@pytest.mark.parametrize(
    ("deposit", "transfer", "expected", "calls"),
    [
        (status(), MISSING, ReadState.SUCCEEDED, 1),
        (MISSING, status(), ReadState.SUCCEEDED, 2),
        (MISSING, status(status="PENDING"), ReadState.PENDING, 2),
        (MISSING, MISSING, ReadState.NOT_FOUND, 2),
        (MISSING, answer(500), ReadState.UNKNOWN, 2),
        (answer(500), status(), ReadState.UNKNOWN, 1),
    ],
    ids=["deposit", "transfer", "waiting", "neither", "half an answer", "no answer"],
)
def test_what_is_neither_deposit_nor_transfer_is_not_found(
    deposit: Play, transfer: Play, expected: ReadState, calls: int
) -> None:
    """Payouts that were sent before the contract pays by deposits are not taken for unsent."""
    with ScriptedMtn(deposit, transfer) as mtn:
        assert read(mtn, "deposit").state is expected
        asked = [seen.path.rsplit("/", 2)[1] for seen in mtn.calls]
    assert asked == ["deposit", "transfer"][:calls]


def test_a_payer_is_no_payee() -> None:
    """Whom MTN names as payer of a payout says nothing of whom it paid."""
    with ScriptedMtn(status(payee=None, payer=PAID["payee"])) as mtn:
        assert read(mtn, "transfer").payer is None


def test_every_code_of_a_payment_is_one_of_a_payout() -> None:
    """No documented reason is lost, and none blames a payer, who is ourselves here."""
    assert codes.FAILURE_CODES.keys() <= codes.PAYOUT_FAILURE_CODES.keys()
    ours = set(codes.PAYOUT_FAILURE_CODES.values())
    assert {each for each in ours if each.startswith("payer_")} == set()
    assert ours & {"insufficient_funds", "expired"} == set()


BALANCES: list[tuple[str, Play, object]] = [
    ("whole", answer(200, '{"availableBalance":"98500","currency":"XAF"}'), Money(98500)),
    ("number", answer(200, '{"availableBalance":0,"currency":"XAF"}'), Money(0)),
    ("zeros", answer(200, '{"availableBalance":"98500.00","currency":"XAF"}'), Money(98500)),
    (
        "other currency",
        answer(200, '{"availableBalance":"5","currency":"EUR"}'),
        Money(5, Currency("EUR")),
    ),
    (
        "not whole",
        answer(200, '{"availableBalance":"1.5","currency":"XAF"}'),
        Unknown("no_code_200"),
    ),
    (
        "below nothing",
        answer(200, '{"availableBalance":"-1","currency":"XAF"}'),
        Unknown("no_code_200"),
    ),
    ("no currency", answer(200, '{"availableBalance":"1"}'), Unknown("no_code_200")),
    ("error", answer(500, code("NOT_ALLOWED")), Unknown("NOT_ALLOWED_500")),
    ("page", answer(200, HTML, content_type="text/html"), Unknown("not_json_200")),
    ("reset", RESET, Unknown("connection_lost")),
]


@pytest.mark.parametrize(
    ("play", "expected"), [row[1:] for row in BALANCES], ids=[row[0] for row in BALANCES]
)
def test_a_balance_is_whole_or_unknown(play: Play, expected: object) -> None:
    """What cannot be compared with a ledger is never a number; another currency stays visible."""
    with ScriptedMtn(play) as mtn:
        assert mtn.balances.read_balance(deadline=deadline()) == expected

        assert [seen.path for seen in mtn.calls] == ["/mtn/disbursement/v1_0/account/balance"]


def test_each_product_has_a_balance_of_its_own() -> None:
    """A line of the collection product reads that product's, by its own key and token."""
    body = '{"availableBalance":"700","currency":"XAF"}'
    with ScriptedMtn(answer(200, body)) as mtn:
        account = replace(ACCOUNT, base_url=f"{mtn.server.url}/mtn")
        line = MtnLine(
            account,
            CREDENTIALS,
            wire=mtn.wire,
            clock=lambda: mtn.now,
            on_exchange=lambda *_: None,
        )

        assert MtnBalanceReader(line).read_balance(deadline=deadline()) == Money(700)

        assert [seen.path for seen in mtn.server.seen] == [
            "/mtn/collection/token/",
            "/mtn/collection/v1_0/account/balance",
        ]
        assert {seen.headers["ocp-apim-subscription-key"] for seen in mtn.server.seen} == {
            "sub-key"
        }


NAMED = answer(200, '{"name":"Sand Box","given_name":"Sand","family_name":"Box"}')
MISSING = answer(404, code("RESOURCE_NOT_FOUND"))
HOLDERS: list[tuple[str, list[Play], object]] = [
    ("active", [NAMED, answer(200, '{"result":true}')], Holder("Sand Box", is_active=True)),
    ("as text", [NAMED, answer(200, '{"result":"true"}')], Holder("Sand Box", is_active=True)),
    ("bare", [NAMED, answer(200, "true")], Holder("Sand Box", is_active=True)),
    ("not active", [NAMED, answer(200, '{"result":false}')], Holder("Sand Box", is_active=False)),
    ("gone meanwhile", [NAMED, MISSING], Holder("Sand Box", is_active=False)),
    ("state not said", [NAMED, answer(200, '{"result":"yes"}')], Holder("Sand Box")),
    ("state not read", [NAMED, answer(500, "{}")], Holder("Sand Box")),
    ("state cut off", [NAMED, RESET], Holder("Sand Box")),
    (
        "two names",
        [answer(200, '{"given_name":"Sand","family_name":"Box"}'), answer(200, '{"result":true}')],
        Holder("Sand Box", is_active=True),
    ),
    ("no wallet", [MISSING], Holder(None)),
    ("page", [answer(404, HTML, content_type="text/html")], Unknown("not_json_404")),
    ("gateway", [answer(404, '{"statusCode":404}')], Unknown("no_code_404")),
    ("no name", [answer(200, "{}")], Unknown("no_code_200")),
    ("error", [answer(500, code("NOT_ALLOWED"))], Unknown("NOT_ALLOWED_500")),
    ("reset", [RESET], Unknown("connection_lost")),
]


@pytest.mark.parametrize(
    ("plays", "expected"), [row[1:] for row in HOLDERS], ids=[row[0] for row in HOLDERS]
)
def test_a_holder_has_a_name_or_no_wallet_or_is_unknown(
    plays: list[Play], expected: object
) -> None:
    """Only MTN's own 404 says that there is no wallet; a state that is not read is not guessed."""
    with ScriptedMtn(*plays) as mtn:
        assert mtn.holders.read_holder(PAYEE, deadline=deadline()) == expected

        where = "/mtn/disbursement/v1_0/accountholder/msisdn/237670000001"
        assert [seen.path for seen in mtn.calls] == [
            f"{where}/basicuserinfo",
            f"{where}/active",
        ][: len(plays)]


def test_products_do_not_mix() -> None:
    """No collection account pays out, nor another operator's; no payout asks for a payment."""
    for account in (ACCOUNT, replace(PAYER, operator=Operator.ORANGE)):
        with pytest.raises(UnsafeAddressError):
            disbursement.connect(account)
    line = MtnLine(
        ACCOUNT,
        CREDENTIALS,
        wire=disbursement.connect(PAYER),
        clock=lambda: datetime.now(UTC),
        on_exchange=lambda *_: None,
    )
    for part in (
        disbursement.MtnPayoutSender,
        disbursement.MtnRefundSender,
        disbursement.MtnPayoutReader,
        disbursement.MtnRefundReader,
        disbursement.MtnDepositSender,
        disbursement.MtnDepositReader,
    ):
        with pytest.raises(ValueError, match="disbursement"):
            part(line)
    assert not hasattr(disbursement.MtnPayoutSender, "request_payment")
    assert not hasattr(MtnPaymentRequester, "send_payout")


def test_a_reader_has_no_way_to_send() -> None:
    """Whoever may read holds a way to get, and nothing that posts."""
    with ScriptedMtn() as mtn:
        readers = (mtn.payout_reader, mtn.deposit_reader, mtn.refund_reader)
        for reader in (*readers, mtn.holders, mtn.balances):
            held = vars(reader)
            assert set(held) <= {"_get", "_tell", "_currency"}
            assert held["_get"].__name__ == "get"


def test_a_live_account_never_points_at_a_stand_in() -> None:
    """Live and test are kept apart as for collections."""
    with pytest.raises(UnsafeAddressError):
        disbursement.connect(replace(PAYER, livemode=True))
    with pytest.raises(UnsafeAddressError):
        disbursement.connect(replace(PAYER, base_url="https://proxy.momoapi.mtn.com"))


def test_nothing_secret_and_no_number_gets_out() -> None:
    """Metrics, outcomes and credentials show neither keys nor numbers, whatever MTN writes."""
    with ScriptedMtn(
        answer(500, code("PAYEE_NOT_ALLOWED_TO_RECEIVE")),
        answer(500, code("BRAND_NEW")),
        status(status="FAILED", reason="PAYEE_NOT_FOUND"),
        answer(500, code("NOT_ALLOWED")),
        answer(500, code("NOT_ALLOWED")),
    ) as mtn:
        outcomes = (
            send(mtn, "transfer"),
            send(mtn, "refund"),
            read(mtn, "refund").operator_word,
            mtn.holders.read_holder(PAYEE, deadline=deadline()),
            mtn.balances.read_balance(deadline=deadline()),
        )

        heard = [(each[0], each[1], each[3]) for each in mtn.exchanges]
        assert heard == [
            ("token", 200, "fetched"),
            ("send_payout", 500, "refused"),
            ("send_refund", 500, "unknown"),
            ("read_refund", 200, "failed"),
            ("read_holder", 500, "unknown"),
            ("read_balance", 500, "unknown"),
        ]
        call = PAYER_CREDENTIALS.token_call("disbursement")
        shown = repr((mtn.exchanges, outcomes, PAYER_CREDENTIALS, call))
    for secret in ("237670000001", "670000001", "payer-key", "0ddba11", "tok-1"):
        assert secret not in shown
