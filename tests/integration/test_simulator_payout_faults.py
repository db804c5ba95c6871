"""Faults ordered of the simulator's payouts: before the money, after it, and of what is said."""

import http.client
import uuid

import pytest

from tests.integration.disbursing import KINDS, charge, effects, ends, pay
from tests.simulator_process import CallbackReceiver, MtnCustomer

pytest_plugins = ("tests.simulator_fixtures",)


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
