"""Money out on the whole local system: from the API through the operator to ledger and webhook.

All payouts of this module are made at once, because most of their time is waiting.
"""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.end_to_end.merchant import (
    Merchant,
    Order,
    PayoutOrder,
    RefundOrder,
    open_merchant,
)
from tests.end_to_end.money import top_up
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

AMOUNT: Final = 2_500
FUNDS: Final = 100_000
# The first check comes 10 s after creation, the second after 30 s.
PATIENCE_SECONDS: Final = 45.0
LATER_SECONDS: Final = 5
# Orange knows an order by the last letters and digits of our id.
_ORDER_LENGTH: Final = 20
FINAL: Final = frozenset({"paid", "failed", "canceled"})

# What an operator may do with a payout that it pays, by the fault that is ordered before.
WAYS: Final[Mapping[str, str | None]] = {
    "as it should": None,
    "at its time": None,
    "callback never": "callback_none",
    "500 after accepting": "error_after",
    "hang-up after accepting": "drop_after",
}
# openapi.yaml: how the number ends, and how its payout does.
TEST_NUMBERS: Final[Mapping[str, str]] = {
    "450": "operator_error",
    "455": "float_insufficient",
    "457": "payee_not_found",
}


@pytest.fixture(scope="module")
def operator(local_system: LocalSystem) -> OperatorControl:
    """The simulated operator of the running system."""
    return OperatorControl.of(local_system)


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own, with something to pay out."""
    with open_merchant(local_system, "Coopérative des Versements") as merchant:
        top_up(local_system, merchant, FUNDS)
        yield merchant


@pytest.fixture(scope="module")
def ended(merchant: Merchant, operator: OperatorControl) -> Mapping[str, Mapping[str, Any]]:
    """Every way and test number: paid out and waited for."""

    def one(at: int, name: str) -> Mapping[str, Any]:
        phone = f"+23767{4000 + at:04d}{name if name in TEST_NUMBERS else '001'}"
        fault = WAYS.get(name)
        if fault is not None:
            operator.fault(phone, fault, on="payout")
        later = int(time.time()) + LATER_SECONDS if name == "at its time" else None
        made = pay(merchant, PayoutOrder(phone, AMOUNT, later))
        return wait_final(merchant, made["id"])

    names = [*WAYS, *TEST_NUMBERS]
    with ThreadPoolExecutor(len(names)) as threads:
        return dict(zip(names, threads.map(one, range(len(names)), names), strict=True))


def pay(merchant: Merchant, order: PayoutOrder) -> Mapping[str, Any]:
    """Have it paid out; the answer."""
    answer = merchant.call("POST", order.path, order.body, order.key)
    assert answer.status == 200, answer.data
    made: Mapping[str, Any] = answer.json()
    return made


def wait_final(merchant: Merchant, payout: str) -> Mapping[str, Any]:
    """The payout once its public status is final."""

    def look() -> Mapping[str, Any] | None:
        found: Mapping[str, Any] = merchant.read(f"/v1/payouts/{payout}")
        return found if found["status"] in FINAL else None

    return wait_for(f"{payout} final", look, seconds=PATIENCE_SECONDS)


@pytest.mark.parametrize("way", WAYS)
def test_what_the_operator_paid_is_booked_once(
    way: str,
    ended: Mapping[str, Mapping[str, Any]],
    merchant: Merchant,
    operator: OperatorControl,
) -> None:
    """However its answers got lost: one effect there, paid here, told once it was."""
    payout = ended[way]
    moved = [
        row
        for row in operator.effects(product="disbursement")
        if row["external_id"] == payout["id"]
    ]

    assert payout["status"] == "paid"
    assert [(row["amount"], row["direction"]) for row in moved] == [(str(AMOUNT), "out")]
    told = merchant.wait_webhook(payout["id"], "payout.paid", seconds=PATIENCE_SECONDS)
    assert told.charge["operator_transaction_id"] == payout["operator_transaction_id"]


@pytest.mark.parametrize(("ending", "code"), TEST_NUMBERS.items())
def test_a_test_number_chooses_how_its_payout_fails(
    ending: str, code: str, ended: Mapping[str, Mapping[str, Any]], merchant: Merchant
) -> None:
    """Over the wire, in the simulator: the code is ours, in words."""
    payout = ended[ending]

    assert (payout["status"], payout["failure_code"]) == ("failed", code)
    assert payout["failure_message"]
    merchant.wait_webhook(payout["id"], "payout.failed", seconds=PATIENCE_SECONDS)


def test_one_that_is_taken_back_in_time_is_never_sent(
    merchant: Merchant, operator: OperatorControl
) -> None:
    """Its money is there again at once."""
    later = int(time.time()) + 3600
    payout = pay(merchant, PayoutOrder("+237674999001", AMOUNT, later))

    answer = merchant.call("POST", f"/v1/payouts/{payout['id']}/cancel", b"{}")

    assert (answer.status, answer.json()["status"]) == (200, "canceled")
    merchant.wait_webhook(payout["id"], "payout.canceled", seconds=PATIENCE_SECONDS)
    sent = {row["external_id"] for row in operator.effects(product="disbursement")}
    assert payout["id"] not in sent


def test_an_orange_wallet_is_paid_and_given_back_to(local_system: LocalSystem) -> None:
    """By one cash-in each, to the number that was named, and to the number that paid."""
    orange = OperatorControl.of(local_system, "orange")
    with open_merchant(local_system, "Coopérative Orange") as merchant:
        top_up(local_system, merchant, AMOUNT)
        charge = merchant.charge(Order("+237690994001", AMOUNT)).id
        assert merchant.wait_final(charge, seconds=PATIENCE_SECONDS)["status"] == "succeeded"
        payout = pay(merchant, PayoutOrder("+237690995001", AMOUNT))["id"]
        order = RefundOrder(charge, AMOUNT)
        refund = merchant.call("POST", order.path, order.body, order.key).json()["id"]

        def refunded() -> bool:
            return bool(merchant.read(f"/v1/refunds/{refund}")["status"] == "succeeded")

        assert wait_final(merchant, payout)["status"] == "paid"
        wait_for(f"{refund} paid back", refunded, seconds=PATIENCE_SECONDS)
        told = {row["external_id"]: row for row in orange.effects() if row["direction"] == "out"}
        moved = [told[each[-_ORDER_LENGTH:]] for each in (payout, refund)]
        assert [row["payer"] for row in moved] == ["690995001", "690994001"]
        assert {row["amount"] for row in moved} == {str(AMOUNT)}
        assert merchant.owned() == 0


@pytest.mark.parametrize(
    ("phone", "name"),
    [("+237674000001", "Sand Box"), ("+237690000001", "Sand Box"), ("+237690000450", None)],
)
def test_a_merchant_is_told_whose_wallet_a_number_is(
    merchant: Merchant, phone: str, name: str | None
) -> None:
    """By each operator's own call, over the wire; a number without a wallet is told as one."""
    answer = merchant.call("POST", "/v1/holder_lookups", json.dumps({"phone": phone}).encode())

    assert answer.status == 200, answer.data
    assert (answer.json()["found"], answer.json()["name"]) == (name is not None, name)


@pytest.mark.usefixtures("ended")
def test_nothing_stays_held_and_what_was_not_paid_is_owned(merchant: Merchant) -> None:
    """The balance is what there was without what the operator paid."""
    balance = merchant.read("/v1/balance")

    assert balance["held"] == [{"amount": 0, "currency": "xaf"}]
    assert merchant.owned() == FUNDS - AMOUNT * len(WAYS)
