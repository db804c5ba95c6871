"""Money that comes after the end, on the whole local system: refused by the stand-in, then taken.

The stand-in says that it knows no such payer, and takes her money all the same.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.end_to_end.merchant import Merchant, Order, open_merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

AMOUNT: Final = 2_500
# The first check comes 10 s after creation, the second after 30 s.
PATIENCE_SECONDS: Final = 45.0


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own."""
    with open_merchant(local_system, "Chez Tard") as merchant:
        yield merchant


@pytest.fixture(scope="module")
def late(local_system: LocalSystem, merchant: Merchant) -> Mapping[str, Mapping[str, Any]]:
    """Two of them, by what their merchant decided; waited for until that is done."""
    operator = OperatorControl.of(local_system)
    ends = {"accept": "accepted", "refund": "refunded"}

    def one(at: int, word: str) -> Mapping[str, Any]:
        phone = f"+2376738100{at:02d}"
        operator.fault(phone, "error_after", http_status=500, code="PAYER_NOT_FOUND")
        charge = merchant.charge(Order(phone, AMOUNT)).id
        assert merchant.wait_final(charge, seconds=PATIENCE_SECONDS)["status"] == "failed"
        path = f"/v1/late_payments?charge={charge}"
        kept = wait_for(
            "the late payment",
            lambda: (merchant.read(path)["data"] or [None])[0],
            seconds=PATIENCE_SECONDS,
        )
        answer = merchant.call("POST", f"/v1/late_payments/{kept['id']}/{word}", b"{}", charge)
        assert answer.status == 200, answer.data

        def done() -> Mapping[str, Any] | None:
            found: Mapping[str, Any] = merchant.read(f"/v1/late_payments/{kept['id']}")
            return found if found["status"] == ends[word] else None

        return wait_for(f"its end by {word}", done, seconds=PATIENCE_SECONDS)

    with ThreadPoolExecutor(len(ends)) as threads:
        return dict(zip(ends, threads.map(one, range(len(ends)), ends), strict=True))


def test_an_accepted_one_is_a_charge_with_a_receipt(
    merchant: Merchant, late: Mapping[str, Mapping[str, Any]]
) -> None:
    """The merchant has its money and hears of it; the charge that was refused stays failed."""
    accepted = late["accept"]
    told = ("charge.succeeded", "receipt.available")
    for word in told:
        merchant.wait_webhook(accepted["accepted_as"], word, seconds=PATIENCE_SECONDS)
    charge = merchant.read(f"/v1/charges/{accepted['accepted_as']}")

    assert (charge["status"], charge["amount"]) == ("succeeded", AMOUNT)
    assert merchant.read(f"/v1/charges/{accepted['charge']}")["status"] == "failed"
    assert merchant.owned() == AMOUNT


def test_one_that_goes_back_is_paid_to_whoever_paid(
    merchant: Merchant, late: Mapping[str, Mapping[str, Any]]
) -> None:
    """The refund succeeded at the stand-in, and no balance of the merchant's bore it."""
    refund = merchant.read(f"/v1/refunds/{late['refund']['refund']}")

    assert (refund["status"], refund["amount"]) == ("succeeded", AMOUNT)
    assert refund["late_payment"] == late["refund"]["id"]
    assert refund["charge"] == late["refund"]["charge"]
