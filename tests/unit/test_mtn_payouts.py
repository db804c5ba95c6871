"""Paying out and refunding at MTN: what each answer proves, and that nothing is ever guessed."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import Money
from shared.domain.phone import Operator
from shared.operations.ports import Accepted, NotSent, Opened, ReadState, Refused, Unknown
from shared.providers.mtn import codes, disbursement
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
from tests.unit.mtn_payouts import PAYEE, PAYMENT, REFUND, TRANSFER, WAYS, read, send, status

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
