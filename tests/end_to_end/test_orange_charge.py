"""Charges from Orange wallets on the whole local system, over the wire and at the same doors."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.end_to_end.merchant import Accepted, Merchant, Order, open_merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

AMOUNT: Final = 2_500
PATIENCE_SECONDS: Final = 45.0

# What Orange may do with a payment that its payer pays: fault and words.
WAYS: Final[Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]]] = {
    "as it should": (),
    "callback never": (("callback_none", {}),),
    "a lie beside the callback": (("callback_forged", {}),),
    "callback under data": (("callback_nested", {"form": "data"}),),
    "500 after accepting": (("error_after", {}), ("callback_none", {})),
    "hang-up after accepting": (("drop_after", {}), ("callback_none", {})),
    "silence after accepting": (("hold_after", {"seconds": 12}), ("callback_none", {})),
}
# README of the simulator: the last three digits of a test number and the end they choose.
TEST_NUMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "450": ("failed", "insufficient_funds"),
    "451": ("failed", "payer_declined"),
    "452": ("expired", "expired"),
    "455": ("failed", "payer_not_found"),
    "456": ("failed", "operator_misconfigured"),
    "461": ("failed", "operator_error"),
    "463": ("expired", "expired"),
    "465": ("failed", "payer_not_found"),
    "466": ("failed", "payer_not_found"),
}
STAYS_PENDING: Final = "453"


def _phone(number: int, ending: str = "001") -> str:
    return f"+23769{number:04d}{ending}"


ORDERS: Final[Mapping[str, Order]] = {
    **{way: Order(_phone(1000 + at), AMOUNT) for at, way in enumerate(WAYS)},
    **{ending: Order(_phone(2000, ending), AMOUNT) for ending in TEST_NUMBERS},
    STAYS_PENDING: Order(_phone(2000, STAYS_PENDING), AMOUNT),
}


@pytest.fixture(scope="module")
def operator(local_system: LocalSystem) -> OperatorControl:
    """Orange's face of the simulator in the running system."""
    return OperatorControl.of(local_system, "orange")


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own."""
    with open_merchant(local_system, "Épicerie Orange") as merchant:
        yield merchant


@pytest.fixture(scope="module")
def charges(merchant: Merchant, operator: OperatorControl) -> Mapping[str, Accepted]:
    """Every order of ORDERS, made at once under its faults, by its name."""
    for way, faults in WAYS.items():
        for kind, words in faults:
            operator.fault(ORDERS[way].phone, kind, **words)
    with ThreadPoolExecutor(8) as threads:
        accepted = threads.map(merchant.charge, ORDERS.values())
        return dict(zip(ORDERS, accepted, strict=True))


@pytest.mark.parametrize("way", WAYS)
def test_a_paid_charge_succeeds_whatever_orange_says(
    merchant: Merchant, operator: OperatorControl, charges: Mapping[str, Accepted], way: str
) -> None:
    """One effect, one success, one request; the order that Orange knows is our id's end."""
    accepted = charges[way]

    charge = merchant.wait_final(accepted.id, seconds=PATIENCE_SECONDS)
    told = merchant.wait_webhook(accepted.id, "receipt.available", seconds=PATIENCE_SECONDS)

    assert charge["status"] == "succeeded"
    effects = [row for row in operator.effects() if row["external_id"] == accepted.id[-20:]]
    assert [(row["amount"], row["direction"]) for row in effects] == [(str(AMOUNT), "in")]
    details = charge["payment_method_details"]["mobile_money"]
    assert details["operator"] == "orange"
    assert details["operator_transaction_id"] == effects[0]["financial_transaction_id"]
    sent = [
        row for row in operator.requests(effects[0]["reference"]) if row["route"].endswith("mp/pay")
    ]
    assert len(sent) == 1
    assert told.charge["receipt_url"]


@pytest.mark.parametrize("ending", TEST_NUMBERS)
def test_a_test_number_chooses_the_end(
    merchant: Merchant, charges: Mapping[str, Accepted], ending: str
) -> None:
    """The nearest ending that Orange has, in words of ours, told by webhook; no money moves."""
    charge = merchant.wait_final(charges[ending].id, seconds=PATIENCE_SECONDS)
    told = merchant.wait_webhook(charge["id"], "charge.failed", seconds=PATIENCE_SECONDS)

    assert (charge["status_detail"], charge["failure_code"]) == TEST_NUMBERS[ending]
    assert (charge["paid"], charge["receipt_number"]) == (False, None)
    assert told.charge["failure_code"] == charge["failure_code"]


def test_a_forged_notice_changes_nothing(
    merchant: Merchant, operator: OperatorControl, charges: Mapping[str, Accepted]
) -> None:
    """It leads to a read, the read says pending, and only the payer's consent pays the charge."""
    accepted = charges[STAYS_PENDING]

    def reference() -> str | None:
        known = {row["external_id"]: row["reference"] for row in operator.payments()}
        return known.get(accepted.id[-20:])

    pay_token: str = wait_for("the charge at Orange", reference, seconds=PATIENCE_SECONDS)
    operator.call_back(pay_token, "forged")

    def is_read() -> bool:
        heard = [row["response_status"] for row in operator.callbacks(pay_token)]
        asked = operator.requests(pay_token)
        return 200 in heard and any("paymentstatus" in row["route"] for row in asked)

    wait_for("the lie was heard and checked", is_read, seconds=PATIENCE_SECONDS)
    before = merchant.read(f"/v1/charges/{accepted.id}")
    operator.settle(pay_token, "SUCCESSFUL")
    after = merchant.wait_final(accepted.id, seconds=PATIENCE_SECONDS)

    assert (before["status"], before["status_detail"]) == ("pending", "awaiting_payer")
    assert after["status"] == "succeeded"
