"""The simulator's MTN face answers as the provider's documents and recordings say, byte by byte."""

import base64
import json
import uuid

import pytest

from tests.simulator_process import (
    SUBSCRIPTION_KEY,
    Answer,
    CallbackReceiver,
    MtnCustomer,
    SimulatorProcess,
    call,
)

pytest_plugins = ("tests.simulator_fixtures",)

KEY = {"Ocp-Apim-Subscription-Key": SUBSCRIPTION_KEY}

USER = "7d1a1b52-3c0e-4f0a-9a6b-5f2d8c4e9b10"


def create_user(
    simulator: SimulatorProcess, api_user: str, body: bytes | None, **headers: str
) -> Answer:
    given = {**KEY, "X-Reference-Id": api_user, "Content-Type": "application/json", **headers}
    return call(simulator.port, "POST", "/mtn/v1_0/apiuser", headers=given, body=body)


HOST = b'{"providerCallbackHost":"merchant.example"}'


def test_an_api_user_is_made_once_and_can_be_read(simulator: SimulatorProcess) -> None:
    """Provisioning: 201 empty, then 409, and the host as it was given."""
    api_user = str(uuid.uuid4())

    created = create_user(simulator, api_user, HOST)
    again = create_user(simulator, api_user, HOST)
    read = call(simulator.port, "GET", f"/mtn/v1_0/apiuser/{api_user}", headers=KEY)

    assert (created.status, created.body, created.headers["content-length"]) == (201, b"", "0")
    assert (again.status, again.json["code"]) == (409, "RESOURCE_ALREADY_EXIST")
    assert read.json == {
        "providerCallbackHost": "merchant.example",
        "targetEnvironment": "sandbox",
    }


@pytest.mark.parametrize(
    ("api_user", "body"),
    [
        ("11111111-2222-1333-8444-555555555555", HOST),
        ("not-a-uuid", HOST),
        (USER, b""),
        (USER, b"[]"),
        (USER, b'{"providerCallbackHost":"https://merchant.example"}'),
        (USER, b'{"providerCallbackHost":"merchant.example/path"}'),
        (USER, b"[" * 60_000),
    ],
)
def test_a_malformed_api_user_is_refused(
    simulator: SimulatorProcess, api_user: str, body: bytes
) -> None:
    """A reference that is no UUIDv4, or no bare host, is 400 and makes nothing."""
    answer = create_user(simulator, api_user, body)

    assert answer.status == 400
    assert call(simulator.port, "GET", f"/mtn/v1_0/apiuser/{api_user}", headers=KEY).status == 404


def test_a_key_is_32_hex_digits_and_replaces_the_one_before(customer: MtnCustomer) -> None:
    """`apikey` shows a key once; the earlier key no longer logs in."""
    path = f"/mtn/v1_0/apiuser/{customer.api_user}/apikey"

    made = call(customer.simulator.port, "POST", path, headers=KEY, body=b"{}")

    assert made.status == 201
    assert int(made.json["apiKey"], 16) >= 0
    assert len(made.json["apiKey"]) == 32
    assert customer.ask_token().json == {"error": "login_failed"}


@pytest.mark.parametrize("framing", [{}, {"Transfer-Encoding": "chunked"}])
def test_no_content_length_meets_the_gateways_page(
    customer: MtnCustomer, framing: dict[str, str]
) -> None:
    """`apikey` and `token` without Content-Length, chunked too: 411 and HTML."""
    port = customer.simulator.port
    pair = base64.b64encode(f"{customer.api_user}:{customer.api_key}".encode()).decode()
    headers = {**KEY, "Authorization": f"Basic {pair}", "Content-Length": "", **framing}
    body = b"0\r\n\r\n" if framing else None

    for path in (f"/mtn/v1_0/apiuser/{customer.api_user}/apikey", "/mtn/collection/token/"):
        answer = call(port, "POST", path, headers=headers, body=body)

        assert answer.status == 411
        assert answer.headers["content-type"].startswith("text/html")
        assert b"Length Required" in answer.body


def test_a_token_says_what_mtns_says(customer: MtnCustomer) -> None:
    """A JWT, `token_type` access_token, 3600 seconds."""
    answer = customer.ask_token()

    assert answer.status == 200
    assert answer.json["access_token"].count(".") == 2
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("access_token", 3600)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"{}", "application/json"), (b"", "application/x-www-form-urlencoded")],
)
def test_a_token_call_may_carry_a_small_json_body_or_none(
    customer: MtnCustomer, body: bytes, content_type: str
) -> None:
    """Both forms that clients send work."""
    assert customer.ask_token(body=body, Content_Type=content_type).status == 200


def test_a_form_encoded_grant_meets_the_web_firewall(customer: MtnCustomer) -> None:
    """200 with an HTML page, as recorded: no 2xx without JSON is a token."""
    answer = customer.ask_token(
        body=b"grant_type=client_credentials", Content_Type="application/x-www-form-urlencoded"
    )

    assert answer.status == 200
    assert b"Request Rejected" in answer.body


def test_earlier_tokens_stay_valid(customer: MtnCustomer, reference: str) -> None:
    """A client that asks a token before every call may use any of them."""
    customer.ask_token()

    assert customer.request_to_pay(reference).status == 202


def test_wrong_credentials_are_401_in_three_shapes(customer: MtnCustomer, reference: str) -> None:
    """Subscription key: statusCode and message; bearer and Basic: error."""
    wrong_key = customer.request_to_pay(reference, Ocp_Apim_Subscription_Key="0" * 32)
    no_key = customer.request_to_pay(reference, Ocp_Apim_Subscription_Key=None)
    bad_token = customer.request_to_pay(reference, Authorization=f"Bearer {customer.token}x")
    no_token = customer.request_to_pay(reference, Authorization=None)

    for answer in (wrong_key, no_key):
        assert (answer.status, answer.json["statusCode"]) == (401, 401)
        assert "subscription key" in answer.json["message"]
    for answer in (bad_token, no_token):
        assert (answer.status, answer.json) == (401, {"error": "invalid_token"})
    assert customer.read(reference).status == 404


def test_accepted_means_202_without_body(customer: MtnCustomer, reference: str) -> None:
    """202, empty, `Content-Length: 0`: queued, not paid."""
    answer = customer.request_to_pay(reference)

    assert (answer.status, answer.body, answer.headers["content-length"]) == (202, b"", "0")


def test_a_payment_is_read_back_as_it_was_asked(customer: MtnCustomer, reference: str) -> None:
    """The read repeats every field but the reference, with a ten-digit transaction id."""
    customer.request_to_pay(reference)

    read = customer.read(reference).json

    assert len(read.pop("financialTransactionId")) == 10
    assert read == {
        "amount": "500",
        "currency": "XAF",
        "externalId": "order-1",
        "payer": {"partyIdType": "MSISDN", "partyId": "237670000001"},
        "payerMessage": "Order 1",
        "payeeNote": "Thanks",
        "status": "SUCCESSFUL",
    }


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [
        ("450", "INTERNAL_PROCESSING_ERROR"),
        ("451", "APPROVAL_REJECTED"),
        ("452", "EXPIRED"),
        ("455", "PAYER_NOT_FOUND"),
        ("463", "COULD_NOT_PERFORM_TRANSACTION"),
    ],
)
def test_test_numbers_fail_in_both_environments(
    customer: MtnCustomer, suffix: str, reason: str
) -> None:
    """202, then FAILED at the first read with the reason as a plain string, and no money."""
    for payer, environment, currency in (
        (f"46733123{suffix}", "sandbox", "EUR"),
        (f"237650000{suffix}", "mtncameroon", "XAF"),
    ):
        reference = str(uuid.uuid4())
        asked = customer.request_to_pay(
            reference, payer=payer, environment=environment, currency=currency
        )
        read = customer.read(reference, environment).json

        assert asked.status == 202
        assert (read["status"], read["reason"]) == ("FAILED", reason)
        assert "financialTransactionId" not in read
    assert customer.view("effects") == []


@pytest.mark.parametrize(("suffix", "word"), [("453", "PENDING"), ("454", "CREATED")])
def test_pending_numbers_show_neither_reason_nor_transaction(
    customer: MtnCustomer, reference: str, suffix: str, word: str
) -> None:
    """453 stays PENDING, 454 says CREATED, and neither has an effect yet."""
    customer.request_to_pay(reference, payer=f"237670000{suffix}")

    read = customer.read(reference).json

    assert read["status"] == word
    assert not {"reason", "financialTransactionId"} & read.keys()
    assert customer.view("effects") == []


def test_a_reference_is_taken_once(customer: MtnCustomer, reference: str) -> None:
    """The second request with it is 409, whatever it asks, and books nothing."""
    customer.request_to_pay(reference)

    again = customer.request_to_pay(reference.upper(), amount="900")

    assert (again.status, again.json["code"]) == (409, "RESOURCE_ALREADY_EXIST")
    assert [effect["amount"] for effect in customer.view("effects")] == ["500"]


def test_references_of_two_customers_do_not_meet(
    simulator: SimulatorProcess, customer: MtnCustomer, reference: str
) -> None:
    """State belongs to the API user: another one may use the same reference and sees nothing."""
    other = MtnCustomer.register(simulator)
    customer.request_to_pay(reference)

    assert other.read(reference).status == 404
    assert other.request_to_pay(reference).status == 202
    assert other.get("account/balance").json["availableBalance"] == "500"


def test_an_unknown_reference_is_404(customer: MtnCustomer, reference: str) -> None:
    """`RESOURCE_NOT_FOUND`, the one answer that says: never accepted."""
    answer = customer.read(reference)

    assert (answer.status, answer.json["code"]) == (404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize(("environment", "currency"), [("sandbox", "XAF"), ("mtncameroon", "EUR")])
def test_a_foreign_currency_is_500_with_a_code(
    customer: MtnCustomer, reference: str, environment: str, currency: str
) -> None:
    """Caller mistakes come as 500, told apart by code alone."""
    answer = customer.request_to_pay(reference, environment=environment, currency=currency)

    assert (answer.status, answer.json) == (
        500,
        {"code": "INVALID_CURRENCY", "message": "Currency not supported."},
    )
    assert customer.read(reference).status == 404


def test_an_unknown_environment_is_500_with_a_code(customer: MtnCustomer, reference: str) -> None:
    """`NOT_ALLOWED_TARGET_ENVIRONMENT`, before anything happens."""
    answer = customer.request_to_pay(reference, environment="mtnuganda")

    assert (answer.status, answer.json["code"]) == (500, "NOT_ALLOWED_TARGET_ENVIRONMENT")


def test_a_callback_to_another_host_is_500_with_a_code(
    customer: MtnCustomer, reference: str
) -> None:
    """`INVALID_CALLBACK_URL_HOST`; the port does not matter, the host does."""
    answer = customer.request_to_pay(reference, callback_url="https://elsewhere.example/x")

    assert (answer.status, answer.json["code"]) == (500, "INVALID_CALLBACK_URL_HOST")
    assert customer.read(reference).status == 404


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "null", "http://a:b@127.0.0.1/", "http://["])
def test_a_malformed_callback_address_is_400(
    customer: MtnCustomer, reference: str, url: str
) -> None:
    """An address that is none breaks the call."""
    assert customer.request_to_pay(reference, callback_url=url).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 500},
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "500.00"},
        {"amount": "5e2"},
        {"amount": "\u0665\u0660\u0660"},
        {"currency": "xaf"},
        {"currency": None},
        {"externalId": "a\u0000b"},
        {"externalId": 7},
        {"payer": None},
        {"payer": {"partyIdType": "MSISDN", "partyId": "+237670000001"}},
        {"payer": {"partyIdType": "WALLET", "partyId": "237670000001"}},
        {"payerMessage": "it's"},
        {"payeeNote": "x" * 161},
        {"payeeNote": "a\nb"},
    ],
)
def test_a_malformed_request_is_400_and_books_nothing(
    customer: MtnCustomer, reference: str, body: dict[str, object]
) -> None:
    """Wrong types, signs, decimals, special characters and lengths are refused."""
    answer = customer.request_to_pay(reference, body=body)

    assert answer.status == 400
    assert customer.read(reference).status == 404


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'"x"', b"[" * 60_000, b" " * 70_000])
def test_a_body_that_is_no_object_is_400(customer: MtnCustomer, reference: str, raw: bytes) -> None:
    """Broken, deep, huge or foreign bodies are refused alike."""
    answer = call(
        customer.simulator.port,
        "POST",
        "/mtn/collection/v1_0/requesttopay",
        headers=customer.headers(X_Reference_Id=reference),
        body=raw,
    )

    assert answer.status == 400


def test_optional_texts_may_be_missing(customer: MtnCustomer, reference: str) -> None:
    """Clients that send no externalId and no texts are served, and read none back."""
    body = {"externalId": None, "payerMessage": None, "payeeNote": ""}

    assert customer.request_to_pay(reference, body=body).status == 202
    read = customer.read(reference).json
    assert not {"externalId", "payerMessage"} & read.keys()
    assert read["payeeNote"] == ""


def test_a_read_with_a_body_is_tolerated(customer: MtnCustomer) -> None:
    """One client's reads carry the body `null`."""
    answer = call(
        customer.simulator.port,
        "GET",
        "/mtn/collection/v1_0/account/balance",
        headers=customer.headers(),
        body=b"null",
    )

    assert answer.status == 200


def test_the_balance_is_what_was_paid_in_the_environments_currency(customer: MtnCustomer) -> None:
    """Successes add up; failures and the other environment do not."""
    customer.request_to_pay(str(uuid.uuid4()), amount="500")
    customer.request_to_pay(str(uuid.uuid4()), amount="250")
    customer.request_to_pay(str(uuid.uuid4()), amount="999", payer="237670000450")
    customer.request_to_pay(str(uuid.uuid4()), amount="7.50", currency="EUR", environment="sandbox")

    assert customer.get("account/balance").json == {"availableBalance": "750", "currency": "XAF"}
    assert customer.get("account/balance/EUR", "sandbox").json == {
        "availableBalance": "7.5",
        "currency": "EUR",
    }
    assert customer.get("account/balance/EUR").json["code"] == "INVALID_CURRENCY"


@pytest.mark.parametrize(
    ("number", "status", "answer"),
    [
        ("237670000001", 200, {"result": True}),
        ("237670000451", 200, {"result": False}),
        ("237670000450", 404, "RESOURCE_NOT_FOUND"),
        ("237670000452", 500, "NOT_ALLOWED"),
        ("237670000453", 500, "NOT_ALLOWED_TARGET_ENVIRONMENT"),
        ("237670000454", 500, "INTERNAL_PROCESSING_ERROR"),
        ("237670000455", 503, "SERVICE_UNAVAILABLE"),
    ],
)
@pytest.mark.parametrize("party_type", ["MSISDN", "msisdn"])
def test_whether_a_wallet_is_active_follows_the_number(
    customer: MtnCustomer, party_type: str, number: str, status: int, answer: object
) -> None:
    """Either case of the kind works; each published test number has its answer."""
    got = customer.get(f"accountholder/{party_type}/{number}/active")

    assert got.status == status
    assert (got.json if status == 200 else got.json["code"]) == answer


def test_the_sandbox_knows_one_person(customer: MtnCustomer) -> None:
    """`basicuserinfo` is always Sand Box."""
    holder = customer.get("accountholder/msisdn/237670000001/basicuserinfo").json

    assert (holder["name"], holder["birthdate"], holder["locale"]) == (
        "Sand Box",
        "1976-08-13",
        "sv_SE",
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/mtn/collection/token/"),
        ("DELETE", "/mtn/collection/v1_0/requesttopay"),
        ("GET", "/mtn/collection/v1_0/nothing"),
        ("GET", "/mtn"),
        ("GET", "/"),
    ],
)
def test_what_mtn_does_not_have_is_404(simulator: SimulatorProcess, method: str, path: str) -> None:
    """Unknown paths and methods have no answer of another kind."""
    assert call(simulator.port, method, path).status == 404


def test_the_prepared_api_user_works_at_once(
    simulator: SimulatorProcess, receiver: CallbackReceiver, reference: str
) -> None:
    """The secret file alone makes an account ready, with the callback host of our own door."""
    fields = json.loads((simulator.secrets_dir / "simulator_credentials").read_text())
    own = MtnCustomer(
        simulator, fields["api_user"], fields["api_key"], "", fields["subscription_key"]
    )
    token = own.ask_token().json["access_token"]
    own = MtnCustomer(simulator, own.api_user, own.api_key, token, fields["subscription_key"])

    assert own.request_to_pay(reference, callback_url=receiver.url(reference)).status == 202
    assert receiver.wait(reference)[0].json["status"] == "SUCCESSFUL"


def test_every_refusal_is_in_the_log_without_secrets(customer: MtnCustomer, reference: str) -> None:
    """Nothing is refused silently, and no key or token is written down."""
    customer.request_to_pay(reference, Authorization="Bearer stolen")
    customer.request_to_pay(reference, currency="EUR")
    customer.request_to_pay(reference, body={"amount": "1.5"})
    customer.read(reference)

    rows = customer.view("requests", reference=reference)
    before = customer.view("requests")
    nobodys = customer.simulator.control(
        "GET", "requests", None, api_user="nobody", reference=reference
    )["requests"]

    assert [row["route"] for row in before[:3]] == [
        "/mtn/v1_0/apiuser",
        "/mtn/v1_0/apiuser/{id}/apikey",
        "/mtn/collection/token/",
    ]
    assert [(row["status"], row["code"]) for row in rows] == [
        (500, "INVALID_CURRENCY"),
        (400, None),
        (404, "RESOURCE_NOT_FOUND"),
    ]
    assert [(row["status"], row["code"]) for row in nobodys] == [(401, "invalid_token")]
    for secret in ("stolen", customer.token, customer.api_key, SUBSCRIPTION_KEY):
        assert secret not in json.dumps(before + nobodys)


def test_without_its_database_mtn_is_unavailable(lonely_simulator: SimulatorProcess) -> None:
    """503 with MTN's code, in both faces, and the process lives on."""
    lonely_simulator.database_url = "postgresql://127.0.0.1:9/simulator"

    lonely_simulator.start(first_status=503)

    answer = call(lonely_simulator.port, "POST", "/mtn/v1_0/apiuser", headers=KEY, body=HOST)
    assert (answer.status, answer.json["code"]) == (503, "SERVICE_UNAVAILABLE")
