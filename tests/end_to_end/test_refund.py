"""Money back on the whole local system: from the API through the operator to ledger and webhook.

All refunds of this module are made at once, because most of their time is waiting.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config

from knative.local.object_store import BUCKET
from tests.end_to_end.merchant import Merchant, Order, open_merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, LocalSystem

AMOUNT: Final = 2_500
# The first check comes 10 s after creation, the second after 30 s.
PATIENCE_SECONDS: Final = 45.0

# What an operator may do with a refund that it pays, by the fault that is ordered before.
WAYS: Final[Mapping[str, str | None]] = {
    "as it should": None,
    "callback never": "callback_none",
    "500 after accepting": "error_after",
    "hang-up after accepting": "drop_after",
}
# openapi.yaml: how the payer's number ends, and how its refund does.
TEST_NUMBERS: Final[Mapping[str, str]] = {
    "470": "operator_error",
    "471": "payee_blocked",
    "475": "float_insufficient",
    "477": "payee_not_found",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """A refund once it is final, and the charge that it is of."""

    charge: str
    refund: Mapping[str, Any]


@pytest.fixture(scope="module")
def operator(local_system: LocalSystem) -> OperatorControl:
    """The simulated operator of the running system."""
    return OperatorControl.of(local_system)


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own."""
    with open_merchant(local_system, "Épicerie Remboursée") as merchant:
        yield merchant


@pytest.fixture(scope="module")
def ended(merchant: Merchant, operator: OperatorControl) -> Mapping[str, Ended]:
    """Every way and test number: charged, refunded in full and waited for."""

    def one(at: int, name: str) -> Ended:
        phone = f"+23767{3000 + at:04d}{name if name in TEST_NUMBERS else '001'}"
        charge = merchant.charge(Order(phone, AMOUNT)).id
        assert merchant.wait_final(charge, seconds=PATIENCE_SECONDS)["status"] == "succeeded"
        fault = WAYS.get(name)
        if fault is not None:
            operator.fault(phone, fault, on="payout")
        refund = _refund(merchant, charge)
        return Ended(charge, _wait_final(merchant, refund["id"]))

    names = [*WAYS, *TEST_NUMBERS]
    with ThreadPoolExecutor(len(names)) as threads:
        return dict(zip(names, threads.map(one, range(len(names)), names), strict=True))


def _refund(merchant: Merchant, charge: str, **body: Any) -> Mapping[str, Any]:
    content = json.dumps({"charge": charge, **body}).encode()
    answer = merchant.call("POST", "/v1/refunds", content, str(uuid.uuid4()))
    assert answer.status == 200, answer.data
    made: Mapping[str, Any] = answer.json()
    return made


def _wait_final(merchant: Merchant, refund: str) -> Mapping[str, Any]:
    def look() -> Mapping[str, Any] | None:
        found: Mapping[str, Any] = merchant.read(f"/v1/refunds/{refund}")
        return None if found["status"] == "pending" else found

    return wait_for(f"{refund} final", look, seconds=PATIENCE_SECONDS)


@pytest.mark.parametrize("way", WAYS)
def test_what_the_operator_paid_is_booked_once(
    way: str, ended: Mapping[str, Ended], merchant: Merchant, operator: OperatorControl
) -> None:
    """However its answers got lost: one effect there, succeeded here, the charge refunded."""
    refund = ended[way].refund
    moved = [
        row
        for row in operator.effects(product="disbursement")
        if row["external_id"] == refund["id"]
    ]

    assert refund["status"] == "succeeded"
    assert [(row["amount"], row["direction"]) for row in moved] == [(str(AMOUNT), "out")]
    assert merchant.read(f"/v1/charges/{ended[way].charge}")["refunded"] is True
    told = merchant.wait_webhook(refund["id"], "refund.succeeded", seconds=PATIENCE_SECONDS)
    assert told.charge["status"] == "succeeded"
    merchant.wait_webhook(ended[way].charge, "charge.refunded", seconds=PATIENCE_SECONDS)


@pytest.mark.parametrize(("ending", "code"), TEST_NUMBERS.items())
def test_a_test_number_chooses_how_its_refund_fails(
    ending: str, code: str, ended: Mapping[str, Ended], merchant: Merchant
) -> None:
    """Over the wire, in the simulator: the code is ours, and the charge is as it was."""
    assert (ended[ending].refund["status"], ended[ending].refund["failure_code"]) == (
        "failed",
        code,
    )
    assert merchant.read(f"/v1/charges/{ended[ending].charge}")["amount_refunded"] == 0
    merchant.wait_webhook(ended[ending].refund["id"], "refund.failed", seconds=PATIENCE_SECONDS)


@pytest.mark.usefixtures("ended")
def test_nothing_stays_held_and_what_failed_is_owned(merchant: Merchant) -> None:
    """Of all that was charged the merchant owns what was not given back."""
    balance = merchant.read("/v1/balance")

    assert balance["held"] == [{"amount": 0, "currency": "xaf"}]
    assert merchant.owned() == AMOUNT * len(TEST_NUMBERS)


def test_each_intent_lies_under_lock(
    ended: Mapping[str, Ended], merchant: Merchant, local_system: LocalSystem
) -> None:
    """One locked object for each refund that was sent, which names it and no number."""
    access, _, secret = (
        (local_system.data_dir / "secrets/s3_reader").read_text(encoding="utf-8").strip()
    ).partition(":")
    store: Any = boto3.session.Session().client(
        "s3",
        endpoint_url=f"http://{HOST}:{local_system.ports['object_store']}",
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    listed = store.list_objects_v2(Bucket=BUCKET, Prefix=f"intents/{merchant.account}/test/")
    bodies = {}
    for entry in listed["Contents"]:
        answer = store.get_object(Bucket=BUCKET, Key=entry["Key"])
        assert answer["ObjectLockMode"] == "COMPLIANCE"
        body = answer["Body"].read()
        bodies[json.loads(body)["intent"]] = body
    store.close()

    assert bodies.keys() == {each.refund["id"] for each in ended.values()}
    assert not any(b"23767" in body for body in bodies.values())
