"""Asking for money at MTN: what each answer proves, and that nothing is ever guessed."""

import json
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from knative.local.programs import free_port
from shared.domain.deadline import Deadline
from shared.domain.money import Money
from shared.domain.phone import PhoneNumber
from shared.operations.ports import Accepted, NotSent, PaymentRequest, Refused, Unknown
from shared.providers.mtn.client import MtnPaymentRequester, connect
from shared.providers.mtn.codes import FAILURE_CODES
from shared.providers.wire import UnsafeAddressError, Wire
from tests.scripted_mtn import ACCOUNT, CREDENTIALS, HTML, TOKEN, ScriptedMtn, code, deadline
from tests.scripted_server import RESET, SILENCE, Play, ScriptedServer, answer

REQUEST = PaymentRequest(
    reference="7f5c3f0e-4a51-4c0b-9a3e-0d5b6f7a8b9c",
    money=Money(1500),
    payer=PhoneNumber("+237670000001"),
    external_id="ch_2345",
    message="L'achat n° 7 — café",
    callback_url="https://pay.example.cm/callbacks/mtn/token",
)


def ask(mtn: ScriptedMtn, seconds: float = 5) -> object:
    return mtn.requester.request_payment(REQUEST, deadline=deadline(seconds))


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
        "no wallet",
        answer(500, code("PAYER_NOT_FOUND")),
        Refused("payer_not_found", "PAYER_NOT_FOUND"),
    ),
    (
        "our wallet",
        answer(500, code("PAYEE_NOT_ALLOWED_TO_RECEIVE")),
        Refused("operator_misconfigured", "PAYEE_NOT_ALLOWED_TO_RECEIVE"),
    ),
    (
        "400 without code",
        answer(400, '{"message":"bad"}'),
        Refused("operator_misconfigured", "HTTP 400"),
    ),
    (
        "400 with code",
        answer(400, code("PAYER_LIMIT_REACHED")),
        Refused("payer_limit_reached", "PAYER_LIMIT_REACHED"),
    ),
    (
        "400 with a new word",
        answer(400, code("BRAND_NEW")),
        Refused("operator_misconfigured", "BRAND_NEW"),
    ),
    (
        "IP not on the list",
        answer(403, '{"message":"FORBIDDEN IP"}'),
        Refused("operator_misconfigured", "HTTP 403"),
    ),
    (
        "no such endpoint",
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
        "a 500 of a later stage",
        answer(500, code("NOT_ENOUGH_FUNDS")),
        Unknown("NOT_ENOUGH_FUNDS_500"),
    ),
    ("a 500 with a new word", answer(500, code("BRAND_NEW")), Unknown("BRAND_NEW_500")),
    ("a 500 without code", answer(500, "{}"), Unknown("no_code_500")),
    ("unavailable", answer(503, code("SERVICE_UNAVAILABLE")), Unknown("SERVICE_UNAVAILABLE_503")),
    (
        "unavailable as 500",
        answer(500, code("SERVICE_UNAVAILABLE")),
        Unknown("SERVICE_UNAVAILABLE_500"),
    ),
    ("too many", answer(429, '{"statusCode":429,"message":"Rate limit"}'), Unknown("no_code_429")),
    ("bad gateway", answer(502, HTML, content_type="text/html"), Unknown("not_json_502")),
    ("firewall with 200", answer(200, HTML, content_type="text/html"), Unknown("not_json_200")),
    ("firewall with 202", answer(202, HTML, content_type="text/html"), Unknown("not_json_202")),
    ("firewall with 403", answer(403, HTML, content_type="text/html"), Unknown("not_json_403")),
    ("HTML 411", answer(411, HTML, content_type="text/html"), Unknown("not_json_411")),
    ("HTML 400", answer(400, HTML, content_type="text/html"), Unknown("not_json_400")),
    ("HTML 404", answer(404, HTML, content_type="text/html"), Unknown("not_json_404")),
    ("HTML 409", answer(409, HTML, content_type="text/html"), Unknown("not_json_409")),
    ("200 is not 202", answer(200, "{}"), Unknown("no_code_200")),
    (
        "a redirect is not followed",
        answer(302, "{}", extra="Location: /elsewhere\r\n"),
        Unknown("no_code_302"),
    ),
    ("JSON that is no object", answer(400, "[]"), Unknown("not_json_400")),
    ("brackets without end", answer(400, '{"x":' + "[" * 30_000), Unknown("not_json_400")),
    ("reset before an answer", RESET, Unknown("connection_lost")),
    ("reset mid-answer", Play([b"HTTP/1.1 202 Acc"], end="reset"), Unknown("connection_lost")),
    (
        "body cut short",
        Play([b"HTTP/1.1 500 X\r\nContent-Length: 90\r\n\r\n{"], end="close"),
        Unknown("connection_lost"),
    ),
    ("no HTTP", Play([b"SSH-2.0-OpenSSH\r\n"], end="close"), Unknown("not_http")),
    ("too long", answer(202, b" " * 70_000), Unknown("answer_too_long")),
    (
        "endless chunks",
        Play(
            [
                b"HTTP/1.1 202 X\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n",
                *[b"x" * 4096] * 20,
            ],
            end="close",
        ),
        Unknown("answer_too_long"),
    ),
    (
        "endless headers",
        Play([b"HTTP/1.1 202 X\r\n", *[b"A: " + b"x" * 4000 + b"\r\n"] * 20], end="close"),
        Unknown("answer_too_long"),
    ),
]


@pytest.mark.parametrize(
    ("play", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_each_answer_proves_what_the_table_says(play: Play, expected: object) -> None:
    """Each documented and recorded answer to a submission has one reading."""
    with ScriptedMtn(play) as mtn:
        assert ask(mtn) == expected

        assert len(mtn.calls) == 1


@pytest.mark.parametrize(
    "play", [SILENCE, Play([b"H"] * 1000, gap_seconds=0.02)], ids=["silent", "drip"]
)
def test_no_answer_in_time_is_unknown_and_ends_in_time(play: Play) -> None:
    """Silence, and an answer that drips byte by byte, end at the deadline as Unknown."""
    with ScriptedMtn(play) as mtn:
        started = time.monotonic()

        outcome = ask(mtn, seconds=0.4)

        assert outcome == Unknown("timeout")
        assert time.monotonic() - started < 3


def test_the_request_is_what_mtn_documents() -> None:
    """The reference, the headers and the body follow MTN's reference, text without apostrophes."""
    with ScriptedMtn(answer(202)) as mtn:
        ask(mtn)

        (post,) = mtn.calls
        assert post.method == "POST"
        assert post.path == "/mtn/collection/v1_0/requesttopay"
        assert post.headers["x-reference-id"] == REQUEST.reference
        assert post.headers["authorization"] == "Bearer tok-1"
        assert post.headers["ocp-apim-subscription-key"] == "sub-key"
        assert post.headers["x-target-environment"] == "mtncameroon"
        assert post.headers["x-callback-url"] == REQUEST.callback_url
        assert json.loads(post.body) == {
            "amount": "1500",
            "currency": "XAF",
            "externalId": "ch_2345",
            "payer": {"partyIdType": "MSISDN", "partyId": "237670000001"},
            "payerMessage": "L achat n 7 cafe",
            "payeeNote": "L achat n 7 cafe",
        }
        token = mtn.server.seen[0]
        assert token.path == "/mtn/collection/token/"
        assert token.headers["content-length"] == "0"
        assert token.headers["authorization"].startswith("Basic ")


def test_no_callback_address_means_no_header() -> None:
    """An empty X-Callback-Url breaks the call at MTN, so it is left out."""
    with ScriptedMtn(answer(202)) as mtn:
        mtn.requester.request_payment(replace(REQUEST, callback_url=""), deadline=deadline())

        assert "x-callback-url" not in mtn.calls[0].headers


def test_an_expired_token_is_replaced_and_the_same_reference_goes_again() -> None:
    """After a 401 the repeat carries the same reference and body under a new token."""
    with ScriptedMtn(answer(401, '{"error":"invalid_token"}'), answer(202)) as mtn:
        assert ask(mtn) == Accepted()

        first, second = mtn.calls
        assert first.headers["x-reference-id"] == second.headers["x-reference-id"]
        assert first.body == second.body
        assert mtn.tokens == 2


def test_twice_refused_at_the_gate_is_not_sent() -> None:
    """Two 401 in JSON prove that nothing was taken; there is no third try."""
    refused = answer(401, '{"error":"invalid_token"}')
    with ScriptedMtn(refused, refused) as mtn:
        assert ask(mtn) == NotSent("not_authenticated")

        assert len(mtn.calls) == 2


def test_a_401_page_of_html_proves_nothing() -> None:
    """Who wrote an HTML page is not known, so it never counts as a proof."""
    page = answer(401, HTML, content_type="text/html")
    with ScriptedMtn(page, page) as mtn:
        assert ask(mtn) == Unknown("not_json_401")


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (answer(200, HTML, content_type="text/html"), "token_unavailable"),
        (answer(200, '{"token_type":"access_token"}'), "token_unavailable"),
        (answer(401, '{"statusCode":401,"message":"no"}'), "token_refused"),
        (answer(411, HTML, content_type="text/html"), "token_unavailable"),
        (answer(500, "{}"), "token_unavailable"),
        (RESET, "token_connection_lost"),
        (answer(200, '{"access_token":"a\\r\\nX: y"}'), "token_unavailable"),
    ],
)
def test_without_a_token_nothing_is_sent(token: Play, reason: str) -> None:
    """Whatever goes wrong with the token, no payment request has left us."""
    with ScriptedMtn(token=token) as mtn:
        assert ask(mtn) == NotSent(reason)

        assert mtn.calls == []


def test_a_token_is_fetched_once_for_many_requests() -> None:
    """The token is kept, and the connection with it."""
    with ScriptedMtn(*[answer(202)] * 5) as mtn:
        for _ in range(5):
            assert ask(mtn) == Accepted()

        assert mtn.tokens == 1
        assert mtn.server.connections == 1


def test_a_closed_kept_connection_is_not_used() -> None:
    """A connection that MTN closed while idle is replaced before a byte is sent."""
    with ScriptedMtn(replace(answer(202), end="close"), answer(202)) as mtn:
        assert ask(mtn) == Accepted()
        sock = mtn.wire._idle[-1][0]
        sock.settimeout(5)
        assert sock.recv(1, socket.MSG_PEEK) == b""

        assert ask(mtn) == Accepted()


def requester_at(base_url: str) -> MtnPaymentRequester:
    account = replace(ACCOUNT, base_url=base_url)
    return MtnPaymentRequester(
        account,
        CREDENTIALS,
        wire=connect(account),
        clock=lambda: datetime.now(UTC),
        on_exchange=lambda *_: None,
    )


def test_a_refused_connection_is_not_sent() -> None:
    """Nobody listens: proven that nothing left us."""
    requester = requester_at(f"http://127.0.0.1:{free_port()}")

    assert requester.request_payment(REQUEST, deadline=deadline()) == NotSent(
        "token_connect_failed"
    )


def test_a_lost_name_is_not_sent() -> None:
    """A name without address: proven that nothing left us."""
    requester = requester_at("https://no-such-operator.invalid")

    outcome = requester.request_payment(REQUEST, deadline=deadline())

    assert isinstance(outcome, NotSent)
    assert outcome.reason in {"token_dns_failed", "token_dns_timeout"}


def test_a_failed_handshake_is_not_sent() -> None:
    """A server that speaks no TLS gets no request."""
    with ScriptedServer(lambda _: answer(202)) as server:
        requester = requester_at(f"https://127.0.0.1:{server.port}")

        outcome = requester.request_payment(REQUEST, deadline=deadline(1))

        assert outcome in {NotSent("token_tls_failed"), NotSent("token_connect_timeout")}
        # What the server makes of the handshake's bytes is no request.
        assert all(seen.method != "POST" for seen in server.seen)


def test_the_connection_is_lost_between_token_and_request() -> None:
    """With a token at hand and MTN gone, the request itself is proven unsent."""
    mtn = ScriptedMtn(replace(answer(202), end="close"))
    with mtn:
        assert ask(mtn) == Accepted()

    assert ask(mtn) == NotSent("connect_failed")


def test_no_time_left_is_not_sent() -> None:
    """A deadline that is over before the first byte sends nothing."""
    with ScriptedMtn(answer(202), answer(202)) as mtn:
        assert ask(mtn) == Accepted()

        assert ask(mtn, seconds=0) == NotSent("deadline_over")
        assert len(mtn.calls) == 1


def test_only_a_uuid_version_4_is_a_reference() -> None:
    """MTN refuses other references, so they are a mistake of ours before anything is sent."""
    with ScriptedMtn() as mtn, pytest.raises(ValueError, match="version 4"):
        mtn.requester.request_payment(
            replace(REQUEST, reference=str(UUID(int=1))), deadline=deadline()
        )


def test_a_header_cannot_be_smuggled_in() -> None:
    """A line break in a value sends nothing at all."""
    with ScriptedMtn() as mtn:
        request = replace(REQUEST, callback_url="https://a.cm/\r\nX-Evil: 1")

        outcome = mtn.requester.request_payment(request, deadline=deadline())

        assert outcome == NotSent("header_malformed")
        assert mtn.calls == []


def test_the_hook_hears_words_and_numbers_only() -> None:
    """What metrics hear holds no number, token or key."""
    with ScriptedMtn(answer(500, code("PAYER_NOT_FOUND"))) as mtn:
        ask(mtn)

        (token, submit) = mtn.exchanges
        assert token[:2] + token[3:] == ("token", 200, "fetched")
        assert submit[:2] + submit[3:] == ("request_payment", 500, "refused")
        assert "237670000001" not in repr(mtn.exchanges)


def test_credentials_are_never_shown() -> None:
    """Neither key nor user appears when credentials are printed."""
    assert "c0ffee" not in repr(CREDENTIALS) + str(CREDENTIALS) + f"{CREDENTIALS}"
    assert "sub-key" not in repr(CREDENTIALS)


@pytest.mark.parametrize(
    ("base_url", "livemode", "environment"),
    [
        ("http://127.0.0.1:8080/mtn", True, "mtncameroon"),
        ("https://127.0.0.1:8080/mtn", True, "mtncameroon"),
        ("https://localhost/mtn", True, "mtncameroon"),
        ("https://127.9.9.9/mtn", True, "mtncameroon"),
        ("https://127.1/mtn", True, "mtncameroon"),
        ("https://[::ffff:127.0.0.1]/mtn", True, "mtncameroon"),
        ("https://proxy.momoapi.mtn.com.", False, "mtncameroon"),
        ("https://PROXY.momoapi.mtn.com", False, "mtncameroon"),
        ("https://simulate-provider.pay.example.com/mtn", True, "mtncameroon"),
        ("https://simulate-provider/mtn", True, "mtncameroon"),
        ("https://mtn.pay.svc.cluster.local", True, "mtncameroon"),
        ("https://sandbox.momodeveloper.mtn.com", True, "mtncameroon"),
        ("https://proxy.momoapi.mtn.com", True, "sandbox"),
        ("https://proxy.momoapi.mtn.com", False, "mtncameroon"),
        ("http://proxy.momoapi.mtn.com", True, "mtncameroon"),
        ("http://simulator.example.com", False, "mtncameroon"),
        ("http://10.0.0.1", False, "mtncameroon"),
        ("ftp://127.0.0.1", False, "mtncameroon"),
        ("https://user:pass@proxy.momoapi.mtn.com", True, "mtncameroon"),
        ("https:///mtn", True, "mtncameroon"),
    ],
)
def test_live_and_test_never_meet(base_url: str, livemode: bool, environment: str) -> None:  # noqa: FBT001 - a table
    """A row whose mode and host do not belong together refuses to be built."""
    account = replace(ACCOUNT, base_url=base_url, livemode=livemode, target_environment=environment)

    with pytest.raises(UnsafeAddressError):
        connect(account)


def test_the_live_operator_is_reached_by_verified_tls() -> None:
    """A right live row is built, and it checks certificate and name."""
    account = replace(ACCOUNT, base_url="https://proxy.momoapi.mtn.com", livemode=True)

    wire = connect(account)

    assert wire._context is not None
    assert wire._context.check_hostname
    with pytest.raises(UnsafeAddressError):
        Wire("http://127.0.0.1:1", plain_allowed=False)


def test_every_documented_word_has_a_code_of_ours() -> None:
    """The 17 published reasons are all in the table."""
    published = {
        "PAYEE_NOT_FOUND", "PAYER_NOT_FOUND", "NOT_ALLOWED", "NOT_ALLOWED_TARGET_ENVIRONMENT",
        "INVALID_CALLBACK_URL_HOST", "INVALID_CURRENCY", "SERVICE_UNAVAILABLE",
        "INTERNAL_PROCESSING_ERROR", "NOT_ENOUGH_FUNDS", "PAYER_LIMIT_REACHED",
        "PAYEE_NOT_ALLOWED_TO_RECEIVE", "PAYMENT_NOT_APPROVED", "RESOURCE_NOT_FOUND",
        "APPROVAL_REJECTED", "EXPIRED", "TRANSACTION_CANCELED", "RESOURCE_ALREADY_EXIST",
    }  # fmt: skip

    assert published <= FAILURE_CODES.keys()


def test_one_thread_fetches_the_token_for_all() -> None:
    """Eight first requests at once cost one token call."""
    barrier = threading.Barrier(8)
    slow = replace(TOKEN, pieces=[TOKEN.pieces[0][:1], TOKEN.pieces[0][1:]], gap_seconds=0.05)
    with ScriptedMtn(*[answer(202)] * 8, token=slow) as mtn:
        outcomes: list[object] = []

        def first() -> None:
            barrier.wait(5)
            outcomes.append(ask(mtn))

        threads = [threading.Thread(target=first) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

        assert outcomes == [Accepted()] * 8
        assert mtn.tokens == 1


def test_an_early_refresh_holds_nobody_up() -> None:
    """While one thread waits for a new token the others go on with the old one."""
    release = threading.Event()
    with ScriptedMtn(*[answer(202)] * 3) as mtn:
        assert ask(mtn) == Accepted()
        mtn.now += timedelta(minutes=56)
        mtn.token = Play([], until=release)
        refresher = threading.Thread(target=ask, args=(mtn,))
        refresher.start()
        while mtn.tokens < 2:
            refresher.join(0.005)
            assert refresher.is_alive()

        assert ask(mtn) == Accepted()

        release.set()
        refresher.join(10)
        assert mtn.tokens == 2
        assert len(mtn.calls) == 3


def test_an_idle_connection_is_given_up_in_time() -> None:
    """A connection idle for 30 s is not trusted any more: the other side may be closing it."""
    now = [1000.0]
    with ScriptedMtn(answer(202), answer(202), answer(202)) as mtn:
        for seconds in (0, 29, 31):
            now[0] += seconds
            limit = Deadline.after(5, lambda: now[0])
            assert mtn.requester.request_payment(REQUEST, deadline=limit) == Accepted()

        assert [seen.connection for seen in mtn.calls] == [1, 1, 2]
