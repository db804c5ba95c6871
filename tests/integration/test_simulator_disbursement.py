"""The simulator's disbursement product: MTN's documented answers, and books that are true."""

import contextlib
import http.client
import threading
import uuid
from typing import Any

import pytest

from knative.local.postgres import Postgres, connect
from tests.simulator_process import (
    DISBURSEMENT_KEY,
    SUBSCRIPTION_KEY,
    Answer,
    CallbackReceiver,
    MtnCustomer,
    SimulatorProcess,
    call,
    wait_until,
)

pytest_plugins = ("tests.simulator_fixtures",)

KINDS = ["transfer", "deposit", "refund"]


def pay(
    customer: MtnCustomer, payer: MtnCustomer, kind: str, reference: str, **more: Any
) -> Answer:
    """A payout of that kind; a refund is one of a payment of its own."""
    if kind != "refund":
        return payer.pay_out(kind, reference, **more)
    return payer.refund(reference, charge(customer, amount=more.get("amount", "500")), **more)


def charge(customer: MtnCustomer, *, amount: object = "500", **more: Any) -> str:
    reference = str(uuid.uuid4())
    assert customer.request_to_pay(reference, amount=amount, **more).status == 202
    return reference


def effects(payer: MtnCustomer) -> list[tuple[str, str, str | None]]:
    return [(row["payout"], row["amount"], row["refunds"]) for row in payer.view("effects")]


def ends(payer: MtnCustomer, kind: str, reference: str) -> tuple[str, str | None]:
    read = payer.get(f"{kind}/{reference}").json
    return read["status"], read.get("reason")


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


@pytest.mark.parametrize(
    ("key", "status", "reason"),
    [
        ("1", "FAILED", "RESOURCE_NOT_FOUND"),
        ("2", "FAILED", "INTERNAL_PROCESSING_ERROR"),
        ("3", "FAILED", "APPROVAL_REJECTED"),
        ("4", "FAILED", "EXPIRED"),
        ("5", "PENDING", None),
        ("6", "PENDING", None),
        ("7", "FAILED", "NOT_ALLOWED"),
        ("8", "FAILED", "NOT_ALLOWED_TARGET_ENVIRONMENT"),
        ("9", "FAILED", "INVALID_CALLBACK_URL_HOST"),
        ("10", "FAILED", "INVALID_CURRENCY"),
        ("11", "FAILED", "INTERNAL_PROCESSING_ERROR"),
        ("12", "FAILED", "SERVICE_UNAVAILABLE"),
        ("13", "FAILED", "COULD_NOT_PERFORM_TRANSACTION"),
        ("14", "FAILED", "RESOURCE_NOT_FOUND"),
    ],
)
def test_a_refunds_test_keys_choose_its_end(
    payer: MtnCustomer, reference: str, *, key: str, status: str, reason: str | None
) -> None:
    """MTN's thirteen keys in place of a payment's reference."""
    assert payer.refund(reference, key).status == 202

    assert ends(payer, "refund", reference) == (status, reason)
    assert effects(payer) == []


def test_a_float_that_is_too_low_fails_the_payout(payer: MtnCustomer, reference: str) -> None:
    """`NOT_ENOUGH_FUNDS` after 202; the next smaller one is paid."""
    too_much, rest = str(uuid.uuid4()), str(uuid.uuid4())

    payer.transfer(reference, amount="60000")
    payer.transfer(too_much, amount="40001")
    payer.transfer(rest, amount="40000")

    assert ends(payer, "transfer", too_much) == ("FAILED", "NOT_ENOUGH_FUNDS")
    assert ends(payer, "transfer", rest) == ("SUCCESSFUL", None)
    assert payer.balance() == "0"


def test_a_float_is_never_promised_twice(payer: MtnCustomer) -> None:
    """Twenty transfers of 9,000 at once from 100,000: eleven are paid, no more."""
    references = [str(uuid.uuid4()) for _ in range(20)]
    at_once([lambda r=each: payer.transfer(r, amount="9000") for each in references])

    found = [ends(payer, "transfer", each) for each in references]

    assert found.count(("SUCCESSFUL", None)) == 11
    assert found.count(("FAILED", "NOT_ENOUGH_FUNDS")) == 9
    assert (len(effects(payer)), payer.balance()) == (11, "1000")


def test_a_pending_payout_has_its_amount_already(payer: MtnCustomer, reference: str) -> None:
    """What will be paid late is gone from the float at once, and no effect before its time."""
    payer.transfer(reference, payee="237670000454", amount="99999")

    assert (payer.balance(), effects(payer)) == ("1", [])
    order = {"api_user": payer.api_user, "reference": reference, "status": "FAILED"}
    payer.simulator.control("POST", "settle", order)
    assert (payer.balance(), effects(payer)) == ("100000", [])


def test_a_payout_that_was_to_fail_may_be_settled_by_what_the_float_holds(
    payer: MtnCustomer,
) -> None:
    """Ended by hand as paid, it takes its amount; where the float is too low it cannot."""
    small, large = str(uuid.uuid4()), str(uuid.uuid4())
    for reference, amount in ((small, "1"), (large, "100000")):
        payer.transfer(reference, payee="237670000453", amount=amount)
    order = {"api_user": payer.api_user, "status": "SUCCESSFUL"}

    payer.simulator.control("POST", "settle", {**order, "reference": small})
    with pytest.raises(AssertionError, match="status=409"):
        payer.simulator.control("POST", "settle", {**order, "reference": large})

    assert (payer.balance(), effects(payer)) == ("99999", [("transfer", "1", None)])
    assert ends(payer, "transfer", large) == ("PENDING", None)


def test_products_have_separate_balances(customer: MtnCustomer) -> None:
    """What was collected pays nothing out until it is moved, and then it is gone from there."""
    payer = customer.partner(amount="0")
    charge(customer, amount="700")
    first, second = str(uuid.uuid4()), str(uuid.uuid4())

    payer.transfer(first, amount="500")
    whose = {"api_user": payer.api_user}
    moved = payer.simulator.control("POST", "floats/move", {**whose, "amount": "600"})
    payer.transfer(second, amount="500")

    assert ends(payer, "transfer", first) == ("FAILED", "NOT_ENOUGH_FUNDS")
    assert ends(payer, "transfer", second) == ("SUCCESSFUL", None)
    assert moved["balance"] == "600"
    assert (customer.balance(), payer.balance()) == ("100", "100")
    with pytest.raises(AssertionError, match="status=409"):
        payer.simulator.control("POST", "floats/move", {**whose, "amount": "101"})
    assert (customer.balance(), payer.balance()) == ("100", "100")


def test_a_balance_is_moved_once_however_many_ask(customer: MtnCustomer) -> None:
    """Ten moves of 200 at once from 700: three happen."""
    payer = customer.partner(amount="0")
    charge(customer, amount="700")
    order = {"api_user": payer.api_user, "amount": "200"}

    def move() -> None:
        with contextlib.suppress(AssertionError):
            payer.simulator.control("POST", "floats/move", order)

    at_once([move] * 10)

    assert (customer.balance(), payer.balance()) == ("100", "600")


def test_the_float_is_what_came_less_what_went(customer: MtnCustomer, payer: MtnCustomer) -> None:
    """The control's books add up: moves less effects are the balance, for both products."""
    refunds = charge(customer, amount="5000")
    payer.simulator.control("POST", "floats/move", {"api_user": payer.api_user, "amount": "300"})
    payer.transfer(str(uuid.uuid4()), amount="250")
    payer.refund(str(uuid.uuid4()), refunds, amount="1000")
    payer.transfer(str(uuid.uuid4()), amount="77", payee="237670000450")

    moves = [(row["reason"], int(row["amount"])) for row in payer.view("float_moves")]
    out = sum(int(row["amount"]) for row in payer.view("effects"))
    assert moves == [("top_up", 100_000), ("from_collection", 300)]
    assert int(payer.balance()) == 100_300 - out == 99_050
    assert payer.view("floats") == [{"currency": "XAF", "balance": "99050"}]
    assert [row["direction"] for row in payer.view("effects")] == ["out", "out"]
    assert [row["reason"] for row in customer.view("float_moves")] == ["to_disbursement"]
    assert customer.balance() == "4700"


@pytest.mark.parametrize("environment", ["sandbox", "mtncameroon"])
def test_each_environment_has_a_float_of_its_own(payer: MtnCustomer, environment: str) -> None:
    """Euros of the sandbox and francs of Cameroon never meet."""
    whose = {"api_user": payer.api_user}
    payer.simulator.control("POST", "floats/top_up", {**whose, "amount": "7", "currency": "EUR"})
    currency = {"sandbox": "EUR", "mtncameroon": "XAF"}[environment]
    held = {"sandbox": "7", "mtncameroon": "100000"}[environment]

    for path in ("account/balance", f"account/balance/{currency}"):
        assert payer.get(path, environment).json == {
            "availableBalance": held,
            "currency": currency,
        }
    assert payer.get("account/balance/GBP", environment).json["code"] == "INVALID_CURRENCY"


@pytest.mark.parametrize(
    "order",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "1.5"},
        {"amount": 5},
        {},
        {"amount": "5", "currency": "USD"},
        {"amount": "5", "surprise": 1},
    ],
)
@pytest.mark.parametrize("path", ["floats/top_up", "floats/move"])
def test_a_malformed_order_moves_nothing(
    payer: MtnCustomer, path: str, order: dict[str, Any]
) -> None:
    """400, and the float stays."""
    with pytest.raises(AssertionError, match="status=400"):
        payer.simulator.control("POST", path, {"api_user": payer.api_user, **order})

    assert payer.balance() == "100000"


def test_only_known_api_users_have_floats_and_partners(
    customer: MtnCustomer, payer: MtnCustomer
) -> None:
    """404 for a stranger, 409 for an API user who has no partner."""
    stranger = str(uuid.uuid4())
    for path, order in (
        ("floats/top_up", {"api_user": stranger, "amount": "5"}),
        ("partners", {"api_user": payer.api_user, "collection": stranger}),
        ("partners", {"api_user": payer.api_user, "collection": payer.api_user}),
        ("partners", {"api_user": payer.api_user}),
    ):
        with pytest.raises(AssertionError, match="status=404"):
            payer.simulator.control("POST", path, order)
    alone = {"api_user": customer.api_user, "amount": "5"}
    with pytest.raises(AssertionError, match="status=409"):
        payer.simulator.control("POST", "floats/move", alone)


def test_a_refund_pays_who_paid(customer: MtnCustomer, payer: MtnCustomer, reference: str) -> None:
    """No number is asked for: the payer of the original is the payee."""
    refunds = charge(customer, payer="237680000042", amount="900")

    payer.refund(reference, refunds.upper(), amount="900")

    read = payer.get(f"refund/{reference}").json
    assert read["payee"] == {"partyIdType": "MSISDN", "partyId": "237680000042"}
    assert effects(payer) == [("refund", "900", refunds)]


def test_parts_are_refunded_up_to_what_was_paid(customer: MtnCustomer, payer: MtnCustomer) -> None:
    """400 and 500 of 900 are given back, the next franc is not."""
    refunds = charge(customer, amount="900")
    references = [str(uuid.uuid4()) for _ in range(4)]

    for reference, amount in zip(references, ("400", "501", "500", "1"), strict=True):
        payer.refund(reference, refunds, amount=amount)

    assert [ends(payer, "refund", each) for each in references] == [
        ("SUCCESSFUL", None),
        ("FAILED", "NOT_ALLOWED"),
        ("SUCCESSFUL", None),
        ("FAILED", "NOT_ALLOWED"),
    ]
    assert payer.balance() == "99100"


def test_refunds_at_once_never_exceed_what_was_paid(
    customer: MtnCustomer, payer: MtnCustomer
) -> None:
    """Twenty refunds of 100 at once of a payment of 500: five are paid."""
    refunds = charge(customer, amount="500")
    at_once([lambda: payer.refund(str(uuid.uuid4()), refunds, amount="100")] * 20)

    assert effects(payer) == [("refund", "100", refunds)] * 5
    assert payer.balance() == "99500"


def test_a_switch_refunds_more_than_was_paid(
    customer: MtnCustomer, payer: MtnCustomer, reference: str
) -> None:
    """Whether MTN would is not known; a test may have it so, once."""
    refunds = charge(customer, amount="500")
    payer.order("loose_refund")

    payer.refund(reference, refunds, amount="501")

    assert effects(payer) == [("refund", "501", refunds)]


@pytest.mark.parametrize("suffix", ["451", "453", "454"])
def test_what_was_not_paid_is_not_refunded(
    customer: MtnCustomer, payer: MtnCustomer, reference: str, suffix: str
) -> None:
    """A payment that failed, or has not ended, has nothing to give back, switch or no switch."""
    refunds = charge(customer, payer=f"237670000{suffix}")
    payer.order("loose_refund")

    payer.refund(reference, refunds)

    assert ends(payer, "refund", reference) == ("FAILED", "NOT_ALLOWED")


def test_what_is_not_the_merchants_is_not_refunded(
    simulator: SimulatorProcess, customer: MtnCustomer, payer: MtnCustomer
) -> None:
    """A stranger's payment, a payout, another environment's, and none at all are not found."""
    stranger = MtnCustomer.register(simulator)
    alone = MtnCustomer.register(simulator, product="disbursement")
    transfer = str(uuid.uuid4())
    payer.transfer(transfer)
    mine = charge(customer)
    euros = charge(customer, payer="56733123450", amount="5", currency="EUR", environment="sandbox")

    for who, refunds in (
        (payer, charge(stranger)),
        (payer, transfer),
        (payer, euros),
        (payer, str(uuid.uuid4())),
        (alone, mine),
    ):
        reference = str(uuid.uuid4())
        assert who.refund(reference, refunds, amount="5").status == 202
        assert ends(who, "refund", reference) == ("FAILED", "RESOURCE_NOT_FOUND")
    assert effects(payer) == [("transfer", "500", None)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("error_before", 500),
        ({"kind": "error_before", "http_status": 429, "code": None}, 429),
        ({"kind": "html", "http_status": 403}, 403),
        ("token_expired", 401),
        ({"kind": "gateway_fault", "http_status": 401}, 401),
        ({"kind": "hold_before", "seconds": 0.1}, 504),
    ],
    ids=str,
)
def test_a_fault_before_the_effect_leaves_none(
    customer: MtnCustomer,
    payer: MtnCustomer,
    reference: str,
    *,
    kind: str,
    fault: object,
    status: int,
) -> None:
    """The same reference is accepted afterwards: nothing had been booked or taken."""
    payer.order(fault, on="payout")

    assert pay(customer, payer, kind, reference).status == status
    assert (effects(payer), payer.balance()) == ([], "100000")
    assert pay(customer, payer, kind, reference).status == 202


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("error_after", 500),
        ({"kind": "html_after", "http_status": 200}, 200),
        ({"kind": "hold_after", "seconds": 0.1}, 202),
    ],
    ids=str,
)
def test_a_fault_after_the_effect_hides_it(
    customer: MtnCustomer,
    payer: MtnCustomer,
    receiver: CallbackReceiver,
    reference: str,
    *,
    kind: str,
    fault: object,
    status: int,
) -> None:
    """The money is out, the callback comes, a repetition is 409; only the answer was wrong."""
    payer.order(fault, on="payout")
    url = receiver.url(reference)

    assert pay(customer, payer, kind, reference, callback_url=url).status == status
    assert (len(effects(payer)), payer.balance()) == (1, "99500")
    assert pay(customer, payer, kind, reference).status == 409
    assert receiver.wait(reference)


@pytest.mark.parametrize(("fault", "is_booked"), [("drop_after", True), ("drop_before", False)])
def test_a_dropped_connection_has_no_answer(
    payer: MtnCustomer, fault: str, *, is_booked: bool
) -> None:
    """The connection ends without a status line, before or after the effect."""
    payer.order(fault, on="payout", times=3)

    for _ in range(3):
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            payer.transfer(str(uuid.uuid4()))

    assert len(effects(payer)) == (3 if is_booked else 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "field", "value"),
    [
        ("wrong_amount", "amount", "1"),
        ({"kind": "wrong_currency", "currency": "EUR"}, "currency", "EUR"),
        ("wrong_payer", "payee", {"partyIdType": "MSISDN", "partyId": "237670000000"}),
        ({"kind": "unknown_status", "status": "IN_LIMBO"}, "status", "IN_LIMBO"),
    ],
    ids=str,
)
def test_a_read_may_lie_once(
    customer: MtnCustomer,
    payer: MtnCustomer,
    reference: str,
    *,
    kind: str,
    fault: object,
    field: str,
    value: object,
) -> None:
    """The next read says something else; the one after it is true again."""
    pay(customer, payer, kind, reference)
    truth = payer.get(f"{kind}/{reference}").json
    payer.order(fault, on="payout_read")

    assert payer.get(f"{kind}/{reference}").json[field] == value
    assert payer.get(f"{kind}/{reference}").json == truth


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_is_the_read_without_reference_and_message(
    customer: MtnCustomer,
    payer: MtnCustomer,
    receiver: CallbackReceiver,
    reference: str,
    *,
    kind: str,
) -> None:
    """One POST at the end, with `payee`, where the request named an address."""
    pay(customer, payer, kind, reference, callback_url=receiver.url(reference))

    (notice,) = receiver.wait(reference)
    read = payer.get(f"{kind}/{reference}").json
    del read["payerMessage"]
    assert (notice.method, notice.json) == ("POST", read)


def test_a_callback_may_come_before_the_answer(
    payer: MtnCustomer, receiver: CallbackReceiver, reference: str
) -> None:
    """Early and by PUT: it says what the read does not yet say."""
    for fault in ({"kind": "callback_early", "seconds": 600}, "callback_put"):
        payer.order(fault, on="payout")

    payer.transfer(reference, callback_url=receiver.url(reference))

    (early,) = receiver.at(reference)
    assert (early.method, early.json["status"]) == ("PUT", "SUCCESSFUL")
    assert ends(payer, "transfer", reference) == ("PENDING", None)
    assert effects(payer) == []


def test_a_callback_may_lie(
    customer: MtnCustomer, payer: MtnCustomer, receiver: CallbackReceiver, reference: str
) -> None:
    """Beside the true one comes one that says the contrary; the read stays true."""
    payer.order("callback_forged", on="payout")

    pay(customer, payer, "refund", reference, callback_url=receiver.url(reference))

    notices = receiver.wait(reference, 2)
    assert {notice.json["status"] for notice in notices} == {"SUCCESSFUL", "FAILED"}
    assert ends(payer, "refund", reference) == ("SUCCESSFUL", None)


def test_an_outcome_can_be_ordered_for_a_number(
    customer: MtnCustomer, payer: MtnCustomer, reference: str
) -> None:
    """A refund too is struck by the number that it pays."""
    payer.order(
        {"kind": "outcome", "status": "FAILED", "reason": "PAYEE_NOT_FOUND"},
        on="payout",
        match={"msisdn": "237680000042"},
    )
    refunds = charge(customer, payer="237680000042")

    payer.transfer(str(uuid.uuid4()))
    payer.refund(reference, refunds)

    assert ends(payer, "refund", reference) == ("FAILED", "PAYEE_NOT_FOUND")
    assert effects(payer) == [("transfer", "500", None)]


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


def test_the_prepared_accounts_are_partners_with_a_float(
    simulator: SimulatorProcess, reference: str
) -> None:
    """The secret files alone make both products ready: paid by the one, given back by the other."""
    made = {}
    for product, name in (
        ("collection", "simulator_credentials"),
        ("disbursement", "simulator_disbursement_credentials"),
    ):
        made[product] = MtnCustomer.prepared(simulator, name, product)
    refunds = charge(made["collection"])
    before = int(made["disbursement"].balance())

    made["disbursement"].refund(reference, refunds)

    assert ends(made["disbursement"], "refund", reference) == ("SUCCESSFUL", None)
    assert int(made["disbursement"].balance()) == before - 500
    found = simulator.control("GET", "effects", None, product="disbursement", reference=reference)
    assert [row["refunds"] for row in found["effects"]] == [refunds]


def test_a_killed_simulator_keeps_its_books(
    lonely_simulator: SimulatorProcess, receiver: CallbackReceiver, reference: str
) -> None:
    """After a kill the payout, its float, its partner and its callback are still there."""
    lonely_simulator.start()
    customer = MtnCustomer.register(lonely_simulator)
    payer = customer.partner()
    refunds = charge(customer)
    payer.order({"kind": "callback_late", "seconds": 1.0}, on="payout")
    payer.refund(reference, refunds, callback_url=receiver.url(reference))

    lonely_simulator.kill()
    lonely_simulator.start()

    assert ends(payer, "refund", reference) == ("SUCCESSFUL", None)
    assert (effects(payer), payer.balance()) == ([("refund", "500", refunds)], "99500")
    assert receiver.wait(reference, seconds=20)
    again = str(uuid.uuid4())
    payer.refund(again, refunds)
    assert ends(payer, "refund", again) == ("FAILED", "NOT_ALLOWED")


def test_a_kill_amid_payouts_leaves_true_books(lonely_simulator: SimulatorProcess) -> None:
    """Whatever was answered is kept, and the float is what came less what is booked to go out."""
    lonely_simulator.start()
    payer = MtnCustomer.register(lonely_simulator).partner()
    accepted: list[str] = []

    def pay_until_it_dies() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            for _ in range(500):
                reference = str(uuid.uuid4())
                if payer.transfer(reference, amount="7").status == 202:
                    accepted.append(reference)

    threads = [threading.Thread(target=pay_until_it_dies) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(accepted) > 20, seconds=30, what="twenty payouts")
    lonely_simulator.kill()
    for thread in threads:
        thread.join(30)

    lonely_simulator.start()

    booked = {row["reference"]: int(row["amount"]) for row in payer.view("payments")}
    assert booked.keys() >= set(accepted)
    assert int(payer.balance()) == 100_000 - sum(booked.values())


def test_books_from_before_payouts_go_on(
    cluster: Postgres, lonely_simulator: SimulatorProcess, reference: str
) -> None:
    """A database that knows money in alone is brought up by the first process; its rows stay."""
    lonely_simulator.start()
    customer = MtnCustomer.register(lonely_simulator)
    refunds = charge(customer)
    lonely_simulator.kill()
    name = lonely_simulator.database_url.rpartition("/")[2]
    with connect(port=cluster.port, password=cluster.password, database=name) as admin:
        admin.run("ALTER TABLE payments DROP COLUMN payout, DROP COLUMN refunds")
        admin.run("DROP TABLE partners, floats, float_moves, subscriptions, books")

    lonely_simulator.start()
    payer = customer.partner()
    payer.refund(reference, refunds)

    assert ends(payer, "refund", reference) == ("SUCCESSFUL", None)
    assert [row["reference"] for row in customer.view("effects")] == [refunds]


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


def at_once(calls: list[Any]) -> None:
    """Run all of them at the same moment, and to their end."""
    barrier = threading.Barrier(len(calls))

    def run(each: Any) -> None:
        barrier.wait(10)
        each()

    threads = [threading.Thread(target=run, args=(each,)) for each in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
