"""The main job on the whole local system: a test payment from the API to ledger, webhook, receipt.

All charges of this module are made at once, because most of their time is waiting.
"""

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import urllib3

from tests.end_to_end.merchant import Accepted, Merchant, Order, open_merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

AMOUNT: Final = 2_500
# The first check comes 10 s after creation, the second after 30 s.
FIRST_CHECK_SECONDS: Final = 12.0
PATIENCE_SECONDS: Final = 45.0


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault to order before the charge is made."""

    kind: str
    on: str = "submit"
    words: Mapping[str, Any] = field(default_factory=dict)


NO_CALLBACK: Final = Fault("callback_none")

# What an operator may do with a payment that its payer pays.
WAYS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "as it should": (),
    "callback never": (NO_CALLBACK,),
    "callback late": (Fault("callback_late", words={"seconds": 3}),),
    "callback twice": (Fault("callback_double"),),
    "callback before the 202": (Fault("callback_early", words={"seconds": 1}),),
    "a lie beside the callback": (Fault("callback_forged"),),
    "callback by PUT": (Fault("callback_put"),),
    "500 after accepting": (Fault("error_after"), NO_CALLBACK),
    "HTML after accepting": (Fault("html_after"), NO_CALLBACK),
    "hang-up after accepting": (Fault("drop_after"), NO_CALLBACK),
    "silence after accepting": (Fault("hold_after", words={"seconds": 12}), NO_CALLBACK),
    "an unknown word": (Fault("unknown_status", "read"),),
    "500 before accepting": (Fault("error_before"),),
    "HTML before accepting": (Fault("html"),),
    "hang-up before accepting": (Fault("drop_before"),),
}
RESENT: Final = frozenset(way for way in WAYS if way.endswith("before accepting"))

# README and providers: the last three digits of a test number and the end they choose.
TEST_NUMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "450": ("failed", "operator_error"),
    "451": ("failed", "payer_declined"),
    "452": ("expired", "expired"),
    "455": ("failed", "payer_not_found"),
    "456": ("failed", "operator_misconfigured"),
    "457": ("failed", "operator_misconfigured"),
    "458": ("failed", "operator_misconfigured"),
    "459": ("failed", "operator_misconfigured"),
    "460": ("failed", "operator_misconfigured"),
    "461": ("failed", "operator_error"),
    "462": ("failed", "operator_unavailable"),
    "463": ("failed", "expired"),
    "464": ("failed", "operator_error"),
}
STAYS_PENDING: Final = "453"


def _phone(number: int, ending: str = "001") -> str:
    return f"+23767{number:04d}{ending}"


ORDERS: Final[Mapping[str, Order]] = {
    **{way: Order(_phone(1000 + at), AMOUNT) for at, way in enumerate(WAYS)},
    **{ending: Order(_phone(2000, ending), AMOUNT) for ending in TEST_NUMBERS},
    STAYS_PENDING: Order(_phone(2000, STAYS_PENDING), AMOUNT),
}


@pytest.fixture(scope="module")
def operator(local_system: LocalSystem) -> OperatorControl:
    """The simulated operator of the running system."""
    return OperatorControl.of(local_system)


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own."""
    with open_merchant(local_system, "Épicerie Bout-en-Bout") as merchant:
        yield merchant


@pytest.fixture(scope="module")
def charges(merchant: Merchant, operator: OperatorControl) -> Mapping[str, Accepted]:
    """Every order of ORDERS, made at once under its faults, by its name."""
    for way, faults in WAYS.items():
        for fault in faults:
            operator.fault(ORDERS[way].phone, fault.kind, on=fault.on, **fault.words)
    with ThreadPoolExecutor(8) as threads:
        accepted = threads.map(merchant.charge, ORDERS.values())
        charges = dict(zip(ORDERS, accepted, strict=True))
    pending = charges[STAYS_PENDING].id
    operator.call_back(_references(operator, {pending})[pending], "forged")
    return charges


@pytest.fixture(scope="module")
def references(operator: OperatorControl, charges: Mapping[str, Accepted]) -> Mapping[str, str]:
    """The operator's reference of every charge, by id."""
    return _references(operator, {charge.id for charge in charges.values()})


def _references(operator: OperatorControl, ids: set[str]) -> Mapping[str, str]:
    """The operator's reference by charge id, once it has taken all of them."""

    def look() -> dict[str, str] | None:
        known = {row["external_id"]: row["reference"] for row in operator.payments()}
        return {key: known[key] for key in ids} if ids <= known.keys() else None

    return wait_for("charges at the operator", look, seconds=PATIENCE_SECONDS)


def test_a_charge_goes_all_the_way(merchant: Merchant, charges: Mapping[str, Accepted]) -> None:
    """Created, paid, booked, told three times under a good signature, listed, with a receipt."""
    accepted = charges["as it should"]

    charge = merchant.wait_final(accepted.id, seconds=PATIENCE_SECONDS)
    told = [
        merchant.wait_webhook(accepted.id, event_type, seconds=PATIENCE_SECONDS)
        for event_type in ("charge.pending", "charge.succeeded", "receipt.available")
    ]
    listed = merchant.read(f"/v1/events?object={accepted.id}")["data"]

    assert (charge["status"], charge["paid"], charge["amount"]) == ("succeeded", True, AMOUNT)
    assert charge["balance_transaction"].startswith("txn_")
    assert merchant.receiver.refused == 0
    assert [each.charge["status"] for each in told] == ["pending", "succeeded", "succeeded"]
    assert {each.event_id: each.event_type for each in told} == {
        event["id"]: event["type"] for event in listed
    }
    for each in told:
        event = merchant.read(f"/v1/events/{each.event_id}")
        assert event["data"]["object"] == each.charge
    _check_receipt(merchant, told[-1].charge["receipt_url"])


def test_what_was_paid_becomes_available(
    merchant: Merchant, charges: Mapping[str, Accepted]
) -> None:
    """In test mode ten seconds after it was paid, by the clock alone, and for good."""
    charge = merchant.wait_final(charges["as it should"].id, seconds=PATIENCE_SECONDS)
    path = f"/v1/balance_transactions/{charge['balance_transaction']}"

    def look() -> Mapping[str, object] | None:
        found: Mapping[str, object] = merchant.read(path)
        return found if found["status"] == "available" else None

    line = wait_for("its money is available", look, seconds=PATIENCE_SECONDS)

    assert (line["net"], line["source"]) == (AMOUNT, charge["id"])
    assert merchant.read("/v1/balance")["available"][0]["amount"] >= AMOUNT


def _check_receipt(merchant: Merchant, url: str) -> None:
    """The PDF is the same each time, and the page about it shows its hash."""
    first, second = (merchant.http.request("GET", url) for _ in range(2))
    page = merchant.http.request("GET", url.removesuffix(".pdf"))

    assert (first.status, page.status) == (200, 200)
    assert first.headers["Content-Type"] == "application/pdf"
    assert first.data.startswith(b"%PDF-")
    assert second.data == first.data
    shown = "".join(page.data.decode().split())
    assert hashlib.sha256(first.data).hexdigest() in shown


@pytest.mark.parametrize("ending", TEST_NUMBERS)
def test_a_test_number_chooses_the_end(
    merchant: Merchant, charges: Mapping[str, Accepted], ending: str
) -> None:
    """The documented failure, in words of ours, told by webhook; no money and no receipt."""
    charge = merchant.wait_final(charges[ending].id, seconds=PATIENCE_SECONDS)
    told = merchant.wait_webhook(charge["id"], "charge.failed", seconds=PATIENCE_SECONDS)

    assert (charge["status_detail"], charge["failure_code"]) == TEST_NUMBERS[ending]
    assert charge["status"] == "failed"
    assert charge["failure_message"]
    assert (charge["paid"], charge["receipt_number"], charge["balance_transaction"]) == (
        False,
        None,
        None,
    )
    assert told.charge["failure_code"] == charge["failure_code"]


@pytest.mark.parametrize("way", WAYS)
def test_a_paid_charge_succeeds_whatever_the_operator_says(
    merchant: Merchant,
    operator: OperatorControl,
    charges: Mapping[str, Accepted],
    references: Mapping[str, str],
    way: str,
) -> None:
    """One effect, one success, and at most one repeat, under the same reference."""
    accepted = charges[way]

    charge = merchant.wait_final(accepted.id, seconds=PATIENCE_SECONDS)
    told = merchant.wait_webhook(accepted.id, "charge.succeeded", seconds=PATIENCE_SECONDS)

    assert charge["status"] == "succeeded"
    effects = [row for row in operator.effects() if row["external_id"] == accepted.id]
    assert [(row["amount"], row["currency"]) for row in effects] == [(str(AMOUNT), "XAF")]
    details = charge["payment_method_details"]["mobile_money"]
    assert details["operator_transaction_id"] == effects[0]["financial_transaction_id"]
    sent = [row for row in operator.requests(references[accepted.id]) if row["method"] == "POST"]
    assert len(sent) == (2 if way in RESENT else 1)
    successes = merchant.read(f"/v1/events?object={accepted.id}&type=charge.succeeded")["data"]
    assert [event["id"] for event in successes] == [told.event_id]


def test_a_charge_whose_callback_never_comes_is_settled_soon(
    merchant: Merchant, charges: Mapping[str, Accepted], references: Mapping[str, str]
) -> None:
    """The first check, 10 s after creation, finds what the operator did not tell."""
    accepted = charges["callback never"]

    told = merchant.wait_webhook(accepted.id, "charge.succeeded", seconds=PATIENCE_SECONDS)

    assert accepted.id in references
    assert told.at - accepted.at <= FIRST_CHECK_SECONDS


def test_a_forged_callback_changes_nothing(
    merchant: Merchant,
    operator: OperatorControl,
    charges: Mapping[str, Accepted],
    references: Mapping[str, str],
) -> None:
    """It leads to a read, the read says pending, and only the payer's consent pays the charge."""
    accepted = charges[STAYS_PENDING]
    reference = references[accepted.id]

    wait_for("the lie was heard", lambda: _heard(operator, reference), seconds=PATIENCE_SECONDS)
    wait_for("it was checked", lambda: _reads(operator, reference), seconds=PATIENCE_SECONDS)
    before = merchant.read(f"/v1/charges/{accepted.id}")
    operator.settle(reference, "SUCCESSFUL")
    after = merchant.wait_final(accepted.id, seconds=PATIENCE_SECONDS)

    assert (before["status"], before["status_detail"]) == ("pending", "awaiting_payer")
    assert after["status"] == "succeeded"


def _heard(operator: OperatorControl, reference: str) -> bool:
    lies = [row for row in operator.callbacks(reference) if row["kind"] == "forged"]
    return any(row["response_status"] == 200 for row in lies)


def _reads(operator: OperatorControl, reference: str) -> bool:
    return any(row["method"] == "GET" for row in operator.requests(reference))


def test_the_merchant_owns_exactly_what_was_paid(
    merchant: Merchant, operator: OperatorControl, charges: Mapping[str, Accepted]
) -> None:
    """Balance, succeeded charges and the operator's effects agree to the franc."""
    ends = [
        merchant.wait_final(each.id, seconds=PATIENCE_SECONDS)
        for name, each in charges.items()
        if name != STAYS_PENDING
    ]
    ends.append(merchant.read(f"/v1/charges/{charges[STAYS_PENDING].id}"))
    paid = {charge["id"]: charge["amount"] for charge in ends if charge["paid"]}

    effects = {row["external_id"]: int(row["amount"]) for row in operator.effects()}
    assert paid == {key: effects[key] for key in effects.keys() & {each["id"] for each in ends}}
    assert len(paid) >= len(WAYS)
    assert merchant.owned() == sum(paid.values())


def test_the_same_key_gives_the_same_answer(
    merchant: Merchant, charges: Mapping[str, Accepted]
) -> None:
    """Even after the charge has ended; the answer says that it is a repeat."""
    accepted = charges["as it should"]
    merchant.wait_final(accepted.id, seconds=PATIENCE_SECONDS)

    again = merchant.call("POST", "/v1/charges", accepted.order.body, accepted.order.key)

    assert (again.status, again.data) == (200, accepted.body)
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"),
        ("POST", "/callbacks/mtn/" + "7" * 32),
        ("GET", "/verify/" + "7" * 26),
    ],
)
def test_the_gateway_knows_only_what_is_there(
    local_system: LocalSystem, method: str, path: str
) -> None:
    """A wrong path, a callback under no token of ours, a receipt that never was: 404."""
    answer = urllib3.request(method, local_system.base_url + path, timeout=10, retries=False)

    assert answer.status == 404
