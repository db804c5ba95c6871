"""The simulator's disbursement product: MTN's documented answers; what is wrong books nothing."""

import uuid
from typing import Any

import pytest

from tests.integration.disbursing import KINDS, at_once, charge, effects, ends, pay
from tests.simulator_process import (
    DISBURSEMENT_KEY,
    SUBSCRIPTION_KEY,
    MtnCustomer,
    SimulatorProcess,
    call,
    wait_until,
)

pytest_plugins = ("tests.simulator_fixtures",)


def test_a_token_serves_one_product(
    simulator: SimulatorProcess, customer: MtnCustomer, payer: MtnCustomer, reference: str
) -> None:
    """Each product refuses the other's token, and its subscription key too."""
    for mine, key, path in (
        (payer, DISBURSEMENT_KEY, "collection/v1_0/account/balance"),
        (payer, SUBSCRIPTION_KEY, "collection/v1_0/account/balance"),
        (customer, SUBSCRIPTION_KEY, "disbursement/v1_0/account/balance"),
        (customer, DISBURSEMENT_KEY, "disbursement/v1_0/account/balance"),
    ):
        headers = {**mine.headers(), "Ocp-Apim-Subscription-Key": key}
        answer = call(simulator.port, "GET", f"/mtn/{path}", headers=headers)

        assert (answer.status, answer.json) == (401, {"error": "invalid_token"})
    assert customer.transfer(reference).json == {"error": "invalid_token"}
    assert payer.request_to_pay(reference).json == {"error": "invalid_token"}


def test_a_subscription_key_is_one_products(customer: MtnCustomer, payer: MtnCustomer) -> None:
    """A key that has served one product gives no token of the other."""
    for mine, other in ((customer, "disbursement"), (payer, "collection")):
        answer = mine.ask_token(product=other)

        assert (answer.status, answer.json["statusCode"]) == (401, 401)
        assert "subscription key" in answer.json["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_accepted_means_202_without_body(
    customer: MtnCustomer, payer: MtnCustomer, reference: str, kind: str
) -> None:
    """202, empty, `Content-Length: 0`; then the read repeats all but the reference."""
    answer = pay(customer, payer, kind, reference)

    read = payer.get(f"{kind}/{reference}").json
    assert (answer.status, answer.body, answer.headers["content-length"]) == (202, b"", "0")
    assert len(read.pop("financialTransactionId")) == 10
    assert read == {
        "amount": "500",
        "currency": "XAF",
        "externalId": "payout-1",
        "payee": {"partyIdType": "MSISDN", "partyId": "237670000001"},
        "payerMessage": "Payout 1",
        "payeeNote": "Thanks",
        "status": "SUCCESSFUL",
    }


@pytest.mark.parametrize(("kind", "status"), [("transfer", 404), ("deposit", 202), ("refund", 202)])
def test_what_has_a_second_version_is_read_under_the_first(
    customer: MtnCustomer, payer: MtnCustomer, reference: str, *, kind: str, status: int
) -> None:
    """Deposit and refund exist under v2_0 too, reads under v1_0 alone, and no other version."""
    second = pay(customer, payer, kind, reference, version="v2_0")
    third = pay(customer, payer, kind, str(uuid.uuid4()), version="v3_0")
    read = call(
        payer.simulator.port,
        "GET",
        f"/mtn/disbursement/v2_0/{kind}/{reference}",
        headers=payer.headers(),
    )

    assert (second.status, third.status, read.status) == (status, 404, 404)
    assert payer.get(f"{kind}/{reference}").status == (200 if status == 202 else 404)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reference_is_taken_once(
    customer: MtnCustomer, payer: MtnCustomer, reference: str, kind: str
) -> None:
    """The second payout with it is 409, whatever its kind, and takes nothing from the float."""
    pay(customer, payer, kind, reference)

    again = [pay(customer, payer, other, reference.upper()) for other in KINDS]

    assert {(answer.status, answer.json["code"]) for answer in again} == {
        (409, "RESOURCE_ALREADY_EXIST")
    }
    assert (len(effects(payer)), payer.balance()) == (1, "99500")


def test_one_reference_sent_at_once_pays_once(payer: MtnCustomer, reference: str) -> None:
    """Ten at the same moment: one is taken, nine are told so."""
    statuses: list[int] = []
    at_once([lambda: statuses.append(payer.transfer(reference).status)] * 10)

    assert sorted(statuses) == [202] + [409] * 9
    assert (len(effects(payer)), payer.balance()) == (1, "99500")


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_is_of_its_own_kind(
    customer: MtnCustomer, payer: MtnCustomer, reference: str, kind: str
) -> None:
    """A reference of another kind, of another API user or of none is not found."""
    pay(customer, payer, kind, reference)
    stranger = MtnCustomer.register(payer.simulator, product="disbursement")

    for other in KINDS:
        expected = 200 if other == kind else 404
        assert payer.get(f"{other}/{reference}").status == expected
        assert stranger.get(f"{other}/{reference}").status == 404
        assert payer.get(f"{other}/{uuid.uuid4()}").json["code"] == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 500},
        {"amount": "0"},
        {"amount": "500.00"},
        {"currency": "xaf"},
        {"externalId": 7},
        {"payerMessage": "it's"},
        {"payeeNote": "x" * 161},
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_payout_is_400_and_books_nothing(
    customer: MtnCustomer, payer: MtnCustomer, reference: str, *, kind: str, body: dict[str, Any]
) -> None:
    """Wrong types, decimals, special characters and lengths are refused, as for money in."""
    refunds = charge(customer)
    fields = {"referenceIdToRefund": refunds, **body}

    assert payer.pay_out(kind, reference, body=fields).status == 400
    assert payer.get(f"{kind}/{reference}").status == 404


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("transfer", {"payee": None}),
        ("transfer", {"payee": {"partyIdType": "MSISDN", "partyId": "+237670000001"}}),
        (
            "transfer",
            {"payee": None, "payer": {"partyIdType": "MSISDN", "partyId": "237670000001"}},
        ),
        ("refund", {}),
        ("refund", {"referenceIdToRefund": None}),
        ("refund", {"referenceIdToRefund": "order-1"}),
        ("refund", {"referenceIdToRefund": "123"}),
        ("refund", {"referenceIdToRefund": 1}),
    ],
)
def test_a_payout_names_whom_or_what(
    payer: MtnCustomer, reference: str, *, kind: str, body: dict[str, Any]
) -> None:
    """A transfer needs a payee, a refund the reference of a payment."""
    assert payer.pay_out(kind, reference, body=body).status == 400
    assert payer.get(f"{kind}/{reference}").status == 404


@pytest.mark.parametrize("kind", KINDS)
def test_mistakes_of_the_caller_are_500_with_a_code(
    customer: MtnCustomer, payer: MtnCustomer, reference: str, kind: str
) -> None:
    """Currency, environment and callback host, told apart by code alone; nothing is booked."""
    wrong = [
        pay(customer, payer, kind, reference, currency="EUR"),
        payer.pay_out(kind, reference, X_Target_Environment="mtnuganda"),
        payer.pay_out(
            kind,
            reference,
            callback_url="https://elsewhere.example/x",
            body={"referenceIdToRefund": str(uuid.uuid4())},
        ),
    ]

    assert [(answer.status, answer.json["code"]) for answer in wrong] == [
        (500, "INVALID_CURRENCY"),
        (500, "NOT_ALLOWED_TARGET_ENVIRONMENT"),
        (500, "INVALID_CALLBACK_URL_HOST"),
    ]
    assert payer.get(f"{kind}/{reference}").status == 404


DEPOSITS = {
    "455": "PAYER_NOT_FOUND",
    "456": "PAYEE_NOT_ALLOWED_TO_RECEIVE",
    "457": "NOT_ALLOWED",
    "463": "COULD_NOT_PERFORM_TRANSACTION",
}
TRANSFERS = {
    "455": "NOT_ENOUGH_FUNDS",
    "456": "PAYER_LIMIT_REACHED",
    "457": "PAYEE_NOT_FOUND",
    "464": "TRANSFER_TYPE_UNKNOWN",
}


@pytest.mark.parametrize(
    ("kind", "suffix", "reason"),
    [
        *(("deposit", *row) for row in DEPOSITS.items()),
        *(("transfer", *row) for row in TRANSFERS.items()),
    ],
)
def test_test_numbers_fail_in_both_environments(
    payer: MtnCustomer, *, kind: str, suffix: str, reason: str
) -> None:
    """202, then FAILED with the reason as a plain string; a transfer's numbers are its own."""
    for payee, environment, currency in (
        (f"46733123{suffix}", "sandbox", "EUR"),
        (f"237650000{suffix}", "mtncameroon", "XAF"),
    ):
        reference = str(uuid.uuid4())
        sent = payer.pay_out(
            kind, reference, payee=payee, environment=environment, currency=currency
        )
        read = payer.get(f"{kind}/{reference}", environment).json

        assert sent.status == 202
        assert (read["status"], read["reason"]) == ("FAILED", reason)
        assert "financialTransactionId" not in read
    assert (effects(payer), payer.balance()) == ([], "100000")


def test_a_deposit_to_464_is_paid(payer: MtnCustomer, reference: str) -> None:
    """The last test number is the request to pay's and the transfer's alone."""
    payer.pay_out("deposit", reference, payee="237670000464")

    assert ends(payer, "deposit", reference) == ("SUCCESSFUL", None)


def test_holders_answer_both_products(customer: MtnCustomer, payer: MtnCustomer) -> None:
    """The same people, whoever asks."""
    for path in (
        "accountholder/msisdn/237670000001/active",
        "accountholder/MSISDN/237670000451/active",
        "accountholder/msisdn/237670000450/basicuserinfo",
        "accountholder/msisdn/237670000450/active",
    ):
        asked = [mine.get(path) for mine in (customer, payer)]

        assert asked[0].status == asked[1].status
        assert asked[0].json == asked[1].json


def test_every_payout_is_in_the_log_without_secrets(payer: MtnCustomer, reference: str) -> None:
    """Routes without references and numbers, and what was answered."""
    payer.transfer(reference)
    payer.transfer(reference)
    payer.get(f"transfer/{reference}")
    payer.get(f"refund/{reference}")

    rows = wait_until(
        lambda: rows if len(rows := payer.view("requests", reference=reference)) == 4 else None,
        what="four rows",
    )

    route = "/mtn/disbursement/v1_0"
    assert [(row["route"], row["status"], row["code"]) for row in rows] == [
        (f"{route}/transfer", 202, None),
        (f"{route}/transfer", 409, "RESOURCE_ALREADY_EXIST"),
        (f"{route}/transfer/{{reference}}", 200, None),
        (f"{route}/refund/{{reference}}", 404, "RESOURCE_NOT_FOUND"),
    ]
    for secret in (payer.token, payer.api_key, DISBURSEMENT_KEY):
        assert secret not in repr(payer.view("requests"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "disbursement/token/"),
        ("DELETE", "disbursement/v1_0/transfer"),
        ("GET", "disbursement/v1_0/transfer"),
        ("GET", "disbursement/v2_0/account/balance"),
        ("POST", "disbursement/v1_0/account/balance"),
        ("POST", "disbursement/v1_0/requesttopay"),
        ("POST", "collection/v1_0/transfer"),
        ("POST", "remittance/token/"),
    ],
)
def test_what_mtn_does_not_have_is_404(payer: MtnCustomer, method: str, path: str) -> None:
    """Unknown paths and methods have no answer of another kind."""
    answer = call(payer.simulator.port, method, f"/mtn/{path}", headers=payer.headers(), body=b"{}")

    assert answer.status == 404
