"""Callbacks leave as recorded: at once, once, in MTN's words, and none is lost to a kill."""

import uuid

import pytest

from tests.simulator_process import (
    CallbackReceiver,
    MtnCustomer,
    SimulatorProcess,
    wait_until,
)

pytest_plugins = ("tests.simulator_fixtures",)


def test_the_callback_is_as_recorded(
    customer: MtnCustomer, receiver: CallbackReceiver, reference: str
) -> None:
    """POST, MTN's agent and type, no reference and no payerMessage in the body."""
    customer.request_to_pay(reference, callback_url=receiver.url(reference))

    (notice,) = receiver.wait(reference)

    assert notice.method == "POST"
    assert notice.headers["User-Agent"] == "LWAC Http Client 1.0"
    assert notice.headers["Content-Type"] == "application/json; charset=utf-8"
    body = notice.json
    assert (
        body.pop("financialTransactionId")
        == customer.read(reference).json["financialTransactionId"]
    )
    assert body == {
        "externalId": "order-1",
        "amount": "500",
        "currency": "XAF",
        "payer": {"partyIdType": "MSISDN", "partyId": "237670000001"},
        "payeeNote": "Thanks",
        "status": "SUCCESSFUL",
    }


def test_a_failure_is_told_with_its_reason_as_text(
    customer: MtnCustomer, receiver: CallbackReceiver, reference: str
) -> None:
    """FAILED carries `reason` and no transaction id."""
    customer.request_to_pay(reference, payer="237670000451", callback_url=receiver.url(reference))

    body = receiver.wait(reference)[0].json

    assert (body["status"], body["reason"]) == ("FAILED", "APPROVAL_REJECTED")
    assert "financialTransactionId" not in body


def test_nobody_is_called_who_did_not_ask(customer: MtnCustomer, reference: str) -> None:
    """Without X-Callback-Url there is no callback; the agreed host alone triggers nothing."""
    customer.request_to_pay(reference)

    assert customer.read(reference).json["status"] == "SUCCESSFUL"
    assert customer.view("callbacks") == []


def test_an_unreachable_receiver_is_tried_once(customer: MtnCustomer, reference: str) -> None:
    """MTN sends once and does not repeat; the books say what went wrong."""
    customer.request_to_pay(reference, callback_url="http://127.0.0.1:9/nobody")

    (row,) = wait_until(
        lambda: [row for row in customer.view("callbacks") if row["sent_at"]], what="the attempt"
    )

    assert (row["response_status"], row["failure"]) == (None, "ConnectionRefusedError")


def test_a_kill_loses_no_callback(
    lonely_simulator: SimulatorProcess, receiver: CallbackReceiver
) -> None:
    """What was due when the process died leaves after the next start, without any request."""
    simulator = lonely_simulator
    simulator.start()
    customer = MtnCustomer.register(simulator)
    references = [str(uuid.uuid4()) for _ in range(5)]
    customer.order({"kind": "callback_late", "seconds": 2.5}, times=len(references))
    for reference in references:
        answer = customer.request_to_pay(reference, callback_url=receiver.url(reference))
        assert answer.status == 202
    simulator.kill()
    assert [receiver.at(reference) for reference in references] == [[]] * len(references)

    simulator.start()

    for reference in references:
        assert receiver.wait(reference, seconds=8)[0].json["status"] == "SUCCESSFUL"
    effects = customer.view("effects")
    assert sorted(effect["reference"] for effect in effects) == sorted(references)


@pytest.mark.parametrize("payer", ["237670000454", "237670000453"])
def test_a_pending_payment_calls_back_only_when_final(
    customer: MtnCustomer, receiver: CallbackReceiver, reference: str, payer: str
) -> None:
    """No word while pending; settling by hand brings the callback and the effect."""
    customer.request_to_pay(reference, payer=payer, callback_url=receiver.url(reference))
    assert receiver.at(reference) == []

    customer.simulator.control(
        "POST",
        "settle",
        {"api_user": customer.api_user, "reference": reference, "status": "SUCCESSFUL"},
    )

    assert receiver.wait(reference)[0].json["status"] == "SUCCESSFUL"
    assert [effect["reference"] for effect in customer.view("effects")] == [reference]
