"""Asking for money and paying at Orange: what each answer proves, and that nothing is guessed."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import Currency, Money
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.ports import (
    Accepted,
    NotSent,
    Opened,
    PaymentRead,
    PaymentRequest,
    PayoutRequest,
    ReadState,
    Refused,
    Unknown,
)
from shared.providers.orange_core import codes
from shared.providers.orange_core.client import (
    OrangeLine,
    OrangePaymentRequester,
    connect,
    order_id,
)
from shared.providers.orange_core.judgement import judge_pay, judge_status
from shared.providers.wire import Answer, UnsafeAddressError
from tests.scripted_mtn import deadline
from tests.scripted_orange import (
    ACCOUNT,
    CREDENTIALS,
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

REQUEST = PaymentRequest(
    reference=PAY_TOKEN,
    money=Money(1500),
    payer=PhoneNumber("+237690000001"),
    external_id="ch_234567abcdefghijklmnopqr",
    message="L'achat n° 7 — café",
    callback_url="https://pay.example.cm/callbacks/orange/token",
)
PAYOUT = PayoutRequest(
    reference=PAY_TOKEN,
    money=Money(1500),
    payee=PhoneNumber("+237690000001"),
    external_id="po_234567abcdefghijklmnopqr",
    message="Salaire",
)
CASH_IN = {
    name: RECORDED[name] for name in ("id", "createtime", "subscriberMsisdn", "amount", "payToken")
} | {"txnid": "CI221207.2051.B56929", "status": "SUCCESSFULL", "txnstatus": 200}


def ask(orange: ScriptedOrange, seconds: float = 5) -> object:
    return orange.requester.request_payment(REQUEST, deadline=deadline(seconds))


def pay(orange: ScriptedOrange) -> object:
    return orange.sender.send_payout(PAYOUT, deadline=deadline())


# What holds for money in and money out alike.
ANSWERS: list[tuple[str, Play, object]] = [
    ("taken", said(200, RECORDED), Accepted()),
    ("taken, other types", said(200, RECORDED | {"amount": "1500", "id": "4"}), Accepted()),
    ("done at once", said(200, RECORDED | {"status": "SUCCESSFULL"}), Accepted()),
    ("bad subscriber as 200", said(200, NO_FUNDS | {"inittxnstatus": "0066111"}), "0066111"),
    ("no funds as recorded", said(417, NO_FUNDS, "60019 :: Le solde"), "60019"),
    ("no funds as 400", said(400, NO_FUNDS), "60019"),
    ("code as number", said(417, NO_FUNDS | {"inittxnstatus": 60019}), "60019"),
    ("code in the text alone", text(417, "60019 :: Le solde du compte"), "60019"),
    ("not an Orange number", said(417, NO_FUNDS | {"inittxnstatus": "00671"}), "00671"),
    ("no wallet", said(417, NO_FUNDS | {"inittxnstatus": "99051"}), "99051"),
    ("our channel", said(417, NO_FUNDS | {"inittxnstatus": "99033"}), "99033"),
    ("a new code", said(417, NO_FUNDS | {"inittxnstatus": "00042"}), "00042"),
    ("a code in the text of a 200", text(200, "60019 :: Le solde"), Unknown("60019_200")),
    ("a new code in text", text(417, "00042 :: Texte"), Unknown("00042_417")),
    ("unknown payToken", text(404, "No mp found for input pay token"), "HTTP 404"),
    ("malformed payToken", text(400, "Invalid PayToken supplied"), "HTTP 400"),
    ("another 404", text(404, "Not Found"), Unknown("no_code_404")),
    ("another 400", text(400, "Bad request"), Unknown("no_code_400")),
    ("payToken served before", text(422, "already initiated"), Unknown("no_code_422")),
    ("no funds as 500", said(500, NO_FUNDS), Unknown("60019_500")),
    ("taken, as 503", said(503, RECORDED), Unknown("200_503")),
    (
        "failed after it was taken",
        said(200, RECORDED | {"status": "FAILED"}),
        Unknown("FAILED_200"),
    ),
    (
        "failed without a code",
        said(200, RECORDED | {"status": "FAILED", "inittxnstatus": None}),
        Unknown("FAILED_200"),
    ),
    (
        "pending with a code",
        said(200, RECORDED | {"inittxnstatus": "0066111"}),
        Unknown("PENDING_0066111"),
    ),
    ("expired", said(200, UNPAID | {"status": "EXPIRED"}), Unknown("EXPIRED_200")),
    ("a new word", said(200, RECORDED | {"status": "ONGOING"}), Unknown("ONGOING_200")),
    ("taken as 201", said(201, RECORDED), Unknown("PENDING_200")),
    (
        "another payToken",
        said(417, NO_FUNDS | {"payToken": "MP221207000000000000000000AA"}),
        Unknown("another_pay_token"),
    ),
    ("no data", said(200, None), Unknown("no_code_200")),
    ("no status", said(200, {"payToken": PAY_TOKEN}), Unknown("no_code_200")),
    ("too many", fault(429, 900800), Unknown("fault_900800_429")),
    ("a fault in a 200", fault(200), Unknown("fault_900901_200")),
    ("an XML fault in a 200", xml_fault(200), Unknown("fault_900901_200")),
    ("a fault as 503", fault(503, 303001), Unknown("fault_303001_503")),
    ("HTML as 200", answer(200, HTML, content_type="text/html"), Unknown("not_json_200")),
    ("HTML as 403", answer(403, HTML, content_type="text/html"), Unknown("not_json_403")),
    ("HTML as 502", answer(502, HTML, content_type="text/html"), Unknown("not_json_502")),
    ("JSON that is no object", answer(417, "[]"), Unknown("not_json_417")),
    ("brackets without end", answer(200, '{"data":' + "[" * 30_000), Unknown("not_json_200")),
    ("nothing", answer(200), Unknown("not_json_200")),
    ("reset before an answer", RESET, Unknown("connection_lost")),
    (
        "body cut short",
        Play([b"HTTP/1.1 417 X\r\nContent-Length: 90\r\n\r\n{"], end="close"),
        Unknown("connection_lost"),
    ),
    ("too long", answer(200, b" " * 70_000), Unknown("answer_too_long")),
]
CODES = {
    "60019": ("insufficient_funds", "float_insufficient"),
    "0066111": ("payer_not_found", "payee_not_found"),
    "00671": ("payer_not_found", "payee_not_found"),
    "99051": ("payer_not_found", "payee_not_found"),
    "99033": ("operator_misconfigured", "operator_misconfigured"),
    "00042": ("operator_error", "operator_error"),
    "HTTP 404": ("operator_error", "operator_error"),
    "HTTP 400": ("operator_error", "operator_error"),
}


@pytest.mark.parametrize(
    ("play", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_each_answer_proves_what_the_table_says(play: Play, expected: object) -> None:
    """One reading of each answer, the same in both directions but for our own code."""
    with ScriptedOrange(play, play) as orange:
        outcomes = (ask(orange), pay(orange))

        assert len(orange.calls) == 2
    if isinstance(expected, str):
        assert outcomes == tuple(Refused(code, expected) for code in CODES[expected])
    else:
        assert outcomes == (expected, expected)


@given(
    st.sampled_from([200, 201, 400, 401, 404, 417, 422, 500]),
    st.sampled_from(sorted(RECORDED)),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
)
def test_any_value_in_any_field_is_judged(status: int, name: str, value: object) -> None:
    """Nothing that Orange may send raises; nothing but its own code makes a refusal."""
    raw = json.dumps({"message": "m", "data": RECORDED | {name: value}})
    got = Answer(status, raw.encode("utf-8", "surrogatepass"))

    outcome = judge_pay(got, pay_token=PAY_TOKEN, table=codes.COLLECTION)
    read = judge_status(got, pay_token=PAY_TOKEN, table=codes.COLLECTION)

    assert not isinstance(outcome, Refused)
    assert not isinstance(outcome, NotSent) or status == 401
    assert read.state is not ReadState.SUCCEEDED or value in codes.SUCCEEDED


@given(st.binary())
def test_any_bytes_are_judged(body: bytes) -> None:
    """What nobody wrote for us proves nothing."""
    outcome = judge_pay(Answer(200, body), pay_token=PAY_TOKEN, table=codes.COLLECTION)

    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("status", ["200", 200])
def test_a_cash_in_is_taken_when_it_is_done(status: object) -> None:
    """Its `txnstatus` comes as number or text; that it was paid is for the status read to say."""
    with ScriptedOrange(said(200, CASH_IN | {"txnstatus": status})) as orange:
        assert pay(orange) == Accepted()


def test_a_cash_in_is_refused_by_its_own_code() -> None:
    """`txnstatus` stands for `inittxnstatus`: our channel lacks funds."""
    with ScriptedOrange(said(417, CASH_IN | {"status": "FAILED", "txnstatus": "60019"})) as orange:
        assert pay(orange) == Refused("float_insufficient", "60019")


@pytest.mark.parametrize(
    "play", [SILENCE, Play([b"H"] * 1000, gap_seconds=0.02)], ids=["silent", "drip"]
)
def test_no_answer_in_time_is_unknown_and_ends_in_time(play: Play) -> None:
    """Silence, and an answer that drips byte by byte, end at the deadline as Unknown."""
    with ScriptedOrange(play) as orange:
        started = time.monotonic()

        assert ask(orange, seconds=0.15) == Unknown("timeout")
        assert time.monotonic() - started < 3


def test_the_calls_are_what_clients_send() -> None:
    """Token by form, init without body, pay with nine digits, plain text and letters and digits."""
    init = said(200, {"payToken": PAY_TOKEN})
    with ScriptedOrange(init, said(200, RECORDED), init, said(200, CASH_IN)) as orange:
        opened = orange.requester.open_payment(deadline=deadline())
        ask(orange)
        orange.sender.open_payout(deadline=deadline())
        pay(orange)

        assert opened == Opened(PAY_TOKEN)
        (token,) = orange.tokens
        assert (token.path, token.body) == ("/orange/token", b"grant_type=client_credentials")
        assert token.headers["authorization"] == "Basic Y29uLWtleTpjb24tc2VjcmV0"
        base = "/orange/omcoreapis/1.0.2"
        assert [(seen.method, seen.path) for seen in orange.calls] == [
            ("POST", f"{base}/mp/init"),
            ("POST", f"{base}/mp/pay"),
            ("POST", f"{base}/cashin/init"),
            ("POST", f"{base}/cashin/pay"),
        ]
        assert orange.calls[0].body == b""
        for seen in orange.calls:
            assert seen.headers["authorization"] == "Bearer tok-1"
            assert seen.headers["x-auth-token"] == "YXBpLXVzZXI6YXBpLXdvcmQ="
            assert seen.headers["content-type"] == "application/json"
        sent = {
            "payToken": PAY_TOKEN,
            "channelUserMsisdn": "699000000",
            "subscriberMsisdn": "690000001",
            "pin": "4711",
            "amount": "1500",
            "orderId": "67abcdefghijklmnopqr",
            "description": "L achat n 7 cafe",
            "notifUrl": REQUEST.callback_url,
        }
        assert json.loads(orange.calls[1].body) == sent
        del sent["notifUrl"]
        assert json.loads(orange.calls[3].body) == sent | {"description": "Salaire"}


def test_two_of_our_ids_never_share_an_order_id() -> None:
    """What is left of an id still tells it from its neighbours; what is short stays whole."""
    assert order_id("ch_234567abcdefghijklmnopqr") != order_id("ch_234567abcdefghijklmnopqs")
    assert order_id("inv-7_a") == "inv7a"


@pytest.mark.parametrize(
    "play",
    [
        RESET,
        SILENCE,
        said(200, None),
        said(200, {"payToken": "../../cashin"}),
        said(201, {"payToken": PAY_TOKEN}),
        text(500, "Internal"),
        fault(200),
        xml_fault(200),
        answer(200, HTML, content_type="text/html"),
    ],
)
def test_whatever_stops_an_init_nothing_was_sent(play: Play) -> None:
    """A payToken that we did not get, or cannot use, moves nothing: another may be asked for."""
    with ScriptedOrange(play) as orange:
        assert isinstance(orange.requester.open_payment(deadline=deadline(0.15)), NotSent)

        assert [exchange[3] for exchange in orange.exchanges[1:]] == ["not_sent"]


def test_credentials_that_are_wrong_say_nothing_of_orange() -> None:
    """A 401 of the gateway's to `init`, as to `pay` and to a read, counts for neither side."""
    with ScriptedOrange(*[fault(401)] * 6) as orange:
        opened = orange.requester.open_payment(deadline=deadline())
        asked = ask(orange)
        read = orange.reader.read_payment(PAY_TOKEN, deadline=deadline())

    assert (opened, asked) == (NotSent("not_authenticated"), Unknown("not_authenticated"))
    assert read == PaymentRead(ReadState.UNKNOWN, "not_authenticated")


@pytest.mark.parametrize("refusal", [fault(401), xml_fault(401), answer(401, '{"status":401}')])
def test_an_expired_token_is_replaced_and_the_same_pay_token_goes_again(refusal: Play) -> None:
    """After a 401 of Orange's the repeat carries the same body; after two, a read has to tell."""
    with ScriptedOrange(refusal, said(200, RECORDED), refusal, refusal) as orange:
        assert ask(orange) == Accepted()

        first, second = orange.calls
        assert first.body == second.body
        assert len(orange.tokens) == 2
        assert ask(orange) == Unknown("not_authenticated")
        assert len(orange.calls) == 4


@pytest.mark.parametrize("refusal", [fault(401), xml_fault(401), answer(401, '{"status":401}')])
def test_a_401_that_is_not_repeated_waits_for_a_read(refusal: Play) -> None:
    """Orange may have taken it all the same: under another payToken it would be taken twice."""
    with ScriptedOrange(said(200, RECORDED), refusal) as orange:
        assert ask(orange) == Accepted()
        orange.token = fault(401)
        assert ask(orange) == Unknown("token_refused")
        assert len(orange.calls) == 2


def test_a_401_page_of_html_proves_nothing() -> None:
    """Who wrote an HTML page is not known."""
    page = answer(401, HTML, content_type="text/html")
    with ScriptedOrange(page, page) as orange:
        assert ask(orange) == Unknown("not_json_401")


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (fault(200), "token_unavailable"),
        (xml_fault(200), "token_unavailable"),
        (fault(401), "token_refused"),
        (xml_fault(401), "token_refused"),
        (text(500, "Internal"), "token_unavailable"),
        (RESET, "token_connection_lost"),
    ],
)
def test_without_a_token_nothing_is_sent(token: Play, reason: str) -> None:
    """Whatever goes wrong with the token, JSON or XML, no PIN has left us."""
    with ScriptedOrange(token=token) as orange:
        assert ask(orange) == NotSent(reason)
        assert orange.calls == []


def test_a_token_is_kept_for_what_is_left_of_it() -> None:
    """`expires_in` may be text; the token is asked for again before it ends."""
    told = answer(200, '{"access_token":"tok-1","expires_in":"100"}')
    with ScriptedOrange(*[said(200, RECORDED)] * 3, token=told) as orange:
        for seconds in (0, 79, 2):
            orange.now += timedelta(seconds=seconds)
            assert ask(orange) == Accepted()

        assert len(orange.tokens) == 2


def test_a_token_of_ninety_days_is_kept_for_one() -> None:
    """Orange's older call says so many seconds, as text; a day later it is asked for anew."""
    told = answer(200, '{"access_token":"tok-1","expires_in":"7776000"}')
    with ScriptedOrange(*[said(200, RECORDED)] * 3, token=told) as orange:
        for hours in (0, 23, 1):
            orange.now += timedelta(hours=hours)
            assert ask(orange) == Accepted()

        assert len(orange.tokens) == 2


def test_a_lost_connection_between_token_and_request_is_not_sent() -> None:
    """With a token at hand and Orange gone, the request itself is proven unsent."""
    orange = ScriptedOrange(replace(said(200, RECORDED), end="close"))
    with orange:
        assert ask(orange) == Accepted()

    assert ask(orange) == NotSent("connect_failed")
    assert ask(orange, seconds=0) == NotSent("deadline_over")


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "../token"},
        {"reference": "7f5c3f0e-4a51-4c0b-9a3e-0d5b6f7a8b9c"},
        {"external_id": "_-"},
        {"money": Money(1500, Currency("EUR"))},
    ],
)
def test_what_orange_cannot_take_is_a_mistake_of_ours(change: dict[str, object]) -> None:
    """It is refused before anything is sent."""
    with ScriptedOrange() as orange:
        with pytest.raises(ValueError, match="Orange takes"):
            orange.requester.request_payment(replace(REQUEST, **change), deadline=deadline())  # type: ignore[arg-type]  # a table of fields

        assert orange.server.seen == []


def test_secrets_and_numbers_stay_inside() -> None:
    """Neither the hook, an outcome nor a printed value shows PIN, token, keys or a number."""
    with ScriptedOrange(said(417, NO_FUNDS), text(422, "690000001")) as orange:
        outcomes = [ask(orange), ask(orange)]

        seen = repr((orange.exchanges, outcomes, CREDENTIALS, CREDENTIALS.token_call))
    assert [each[:2] + each[3:] for each in orange.exchanges] == [
        ("token", 200, "fetched"),
        ("request_payment", 417, "refused"),
        ("request_payment", 422, "unknown"),
    ]
    for secret in ("4711", "690000001", "tok-1", "con-secret", "api-word", "Y29u", "YXBp"):
        assert secret not in seen


@pytest.mark.parametrize(
    ("base_url", "livemode"),
    [
        ("http://127.0.0.1:8080/orange", True),
        ("https://simulate-provider.pay.example.com/orange", True),
        ("https://orange.pay.svc.cluster.local", True),
        ("https://api-s1.orange.cm", False),
        ("https://APIW.orange.cm.", False),
        ("http://api-s1.orange.cm", True),
    ],
)
def test_live_and_test_never_meet(base_url: str, livemode: bool) -> None:  # noqa: FBT001 - a table
    """A row whose mode and host do not belong together, or without TLS, refuses to be built."""
    with pytest.raises(UnsafeAddressError):
        connect(replace(ACCOUNT, base_url=base_url, livemode=livemode))


def test_only_an_orange_core_account_in_francs_is_served() -> None:
    """Another operator, product or currency is no account of this adapter."""
    for wrong in ({"operator": Operator.MTN}, {"product": "web"}):
        with pytest.raises(UnsafeAddressError):
            connect(replace(ACCOUNT, **wrong))
    wire = connect(replace(ACCOUNT, base_url="https://api-s1.orange.cm", livemode=True))
    assert wire._context is not None
    with pytest.raises(ValueError, match="francs"):
        OrangeLine(
            replace(ACCOUNT, currency="EUR"),
            CREDENTIALS,
            wire=wire,
            clock=lambda: datetime.now(UTC),
            on_exchange=lambda *_: None,
        )


def test_a_refused_connection_is_not_sent() -> None:
    """Nobody listens: proven that nothing left us."""
    line = OrangeLine(
        replace(ACCOUNT, base_url="http://127.0.0.1:9/orange"),
        CREDENTIALS,
        wire=connect(replace(ACCOUNT, base_url="http://127.0.0.1:9/orange")),
        clock=lambda: datetime.now(UTC),
        on_exchange=lambda *_: None,
    )

    outcome = OrangePaymentRequester(line).request_payment(REQUEST, deadline=deadline())

    assert outcome == NotSent("token_connect_failed")
