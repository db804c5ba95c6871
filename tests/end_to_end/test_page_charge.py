"""Charges on Orange's page, on the whole local system: a merchant, a browser and Orange's books."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from tests.end_to_end.merchant import Merchant, open_merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem
from tests.web_customer import browse, pay

AMOUNT: Final = 2_500
PATIENCE_SECONDS: Final = 45.0
RETURN_URL: Final = "https://shop.example/orders/7"
# What befalls the call for a page, or the notice of its end; whoever is lost is asked for anew.
WAYS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "hang-up after the effect": ("drop_after", {}),
    "500 that proves nothing": ("error_after", {}),
    "HTML under 200": ("html", {}),
    "401 in the middle": ("token_expired", {}),
    "a lie beside the callback": ("callback_forged", {}),
}
LOST: Final = 3


@pytest.fixture(scope="module")
def operator(local_system: LocalSystem) -> OperatorControl:
    """Orange's face of the simulator in the running system."""
    return OperatorControl.of(local_system, "orange")


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own."""
    with open_merchant(local_system, "Librairie de la Page") as merchant:
        yield merchant


def shown(merchant: Merchant) -> tuple[str, str]:
    """A new charge that waits on a page: its id, and where its payer is led."""
    body = {
        "amount": AMOUNT,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "flow": "redirect"},
        "return_url": RETURN_URL,
    }
    answer = merchant.call("POST", "/v1/charges", json.dumps(body).encode())
    assert answer.status == 200, answer.data
    charge_id = str(answer.json()["id"])

    def page() -> str | None:
        action = merchant.read(f"/v1/charges/{charge_id}")["next_action"]
        return None if action is None else str(action["redirect_to_url"]["url"])

    address: str = wait_for("a page", page, seconds=PATIENCE_SECONDS)
    led = browse(address)
    assert led.status == 302, led
    return charge_id, led.headers["location"]


def test_every_failure_ends_with_one_page_shown_and_one_payment(
    merchant: Merchant, operator: OperatorControl
) -> None:
    """What was lost is asked for under the next order id; each payer pays once, on what he saw."""
    charges: dict[str, str] = {}
    for kind, words in WAYS.values():
        # One after another: a call takes every fault that waits for it.
        operator.fault_next(kind, product="web", **words)
        charge_id, page = shown(merchant)
        charges[charge_id] = page
    for place, page in enumerate(charges.values()):
        paid = pay(page, f"69{place:04d}001")
        assert paid.status == 303, paid
        back = browse(paid.headers["location"])
        assert (back.status, back.headers["location"]) == (302, RETURN_URL)
    ends = {each: merchant.wait_final(each, seconds=PATIENCE_SECONDS) for each in charges}

    assert {charge["status"] for charge in ends.values()} == {"succeeded"}
    effects = {row["external_id"]: row for row in operator.effects(product="web")}
    orders = [order for order in effects if f"ch_{order[2:26]}" in charges]
    assert len(orders) == len(charges)
    # Each loss cost an order id, and nobody paid on what nobody saw.
    assert sum(int(order[26:]) - 1 for order in orders) == LOST
    details = [charge["payment_method_details"]["mobile_money"] for charge in ends.values()]
    txnids = {each["operator_transaction_id"] for each in details}
    assert txnids == {effects[order]["financial_transaction_id"] for order in orders}


def test_a_payer_who_fails_is_told_and_the_merchant_too(merchant: Merchant) -> None:
    """The number that is typed decides; our address then says how it ended."""
    charge_id, page = shown(merchant)
    asked = merchant.wait_webhook(charge_id, "charge.requires_action", seconds=PATIENCE_SECONDS)

    pay(page, "690000450")
    failed = merchant.wait_final(charge_id, seconds=PATIENCE_SECONDS)
    ended = browse(asked.charge["next_action"]["redirect_to_url"]["url"])

    assert (failed["status"], failed["failure_code"]) == ("failed", "operator_error")
    assert (ended.status, b"Not paid" in ended.body or b"Non pay" in ended.body) == (200, True)
