"""Stripe's own Node SDK, with another host and nothing else changed, on the whole system."""

import base64
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chaos.fault_proxy import FaultProxy, Way
from tests.end_to_end.merchant import Merchant
from tests.file_samples import pdf
from tests.npm_packages import INSTALL_SECONDS, drive
from tests.system import LocalSystem

SCRIPT: Final = Path(__file__).parent / "stripe_node" / "scenario.js"
SECONDS: Final = 90


@pytest.fixture(scope="module")
def seen(
    local_system: LocalSystem, sdk_merchant: Merchant, hurried_merchant: Merchant
) -> dict[str, Any]:
    """What the SDK saw, its first charge made through a line that loses the answer once."""
    with FaultProxy(int(local_system.base_url.rpartition(":")[2])) as line:
        line.arm(Way.ANSWERED, 1)
        seen = drive(
            SCRIPT,
            seconds=SECONDS,
            BASE_URL=sdk_merchant.base_url,
            LOSSY_PORT=str(line.port),
            SECRET_KEY=sdk_merchant.secret_key,
            HURRIED_KEY=hurried_merchant.secret_key,
            DOCUMENT=base64.b64encode(pdf()).decode(),
        )
        assert line.cuts == 1
    return seen


pytestmark = pytest.mark.timeout(INSTALL_SECONDS + SECONDS)


def test_money_goes_its_ways(seen: dict[str, Any]) -> None:
    """Charged, refunded in part, paid out, and told in balance, books and events."""
    charge, line = seen["charge"], seen["line"]

    assert (charge["status"], charge["metadata"]) == ("succeeded", {"order": "7"})
    assert (seen["refund"]["status"], seen["refund"]["charge"]) == ("succeeded", charge["id"])
    assert (seen["payout"]["status"], seen["payout"]["amount"]) == ("paid", 700)
    assert seen["balance"]["available"][0]["currency"] == "xaf"
    assert (line["net"], line["source"]) == (2500, charge["id"])
    assert seen["event"]["data"]["object"]["status"] == "succeeded"


def test_a_file_is_handed_in_read_and_listed(seen: dict[str, Any]) -> None:
    """With the name and type that the program gives; kept once it was looked at."""
    file = seen["file"]

    assert (file["status"], file["filename"], file["type"]) == ("available", "rccm.pdf", "pdf")
    assert file["id"] in seen["files"]


def test_a_list_pages_by_itself_to_its_end(seen: dict[str, Any]) -> None:
    """Each charge once, newest first."""
    assert seen["listed"][:5] == seen["made"]
    assert len(seen["listed"]) == len(set(seen["listed"]))


def test_customers_are_kept_named_and_forgotten(seen: dict[str, Any]) -> None:
    """Made, changed, paged to their end, charged, expanded, searched by, and deleted."""
    people = seen["people"]
    first = people["made"][0]

    assert (people["changed"]["description"], people["changed"]["metadata"]) == (
        "regular",
        {"m": "2"},
    )
    assert people["listed"] == people["made"][::-1]
    assert people["expanded"]["customer"] == people["changed"]
    assert people["searched"] == [people["charge"]]
    assert people["deleted"] == people["left"]
    assert (people["left"]["id"], people["left"]["deleted"]) == (first, True)


def test_refunds_and_payouts_are_changed(seen: dict[str, Any]) -> None:
    """Their metadata alone."""
    assert [each["object"] for each in seen["worded"]] == ["refund", "payout"]
    assert [each["metadata"] for each in seen["worded"]] == [{"a": "1"}, {"a": "1"}]


def test_a_lost_answer_is_asked_for_again_and_charges_once(
    seen: dict[str, Any], sdk_merchant: Merchant
) -> None:
    """The SDK's own key goes along."""
    found = sdk_merchant.read(f"/v1/charges?reference={seen['reference']}")["data"]

    assert [each["id"] for each in found] == [seen["lost"]]


@pytest.mark.parametrize(
    ("case", "kind", "status", "code"),
    [
        ("amount", "StripeInvalidRequestError", 400, "amount_too_small"),
        ("missing", "StripeInvalidRequestError", 404, "resource_missing"),
        ("reused", "StripeIdempotencyError", 400, "idempotency_key_reused"),
        ("nobody", "StripeAuthenticationError", 401, "api_key_invalid"),
        ("reader", "StripePermissionError", 403, "permission_denied"),
        ("large", "StripeAPIError", 413, "body_too_large"),
        ("hurried", "StripeRateLimitError", 429, "rate_limited"),
        ("away", "StripeConnectionError", None, None),
    ],
)
def test_each_error_is_of_its_class(
    seen: dict[str, Any], case: str, kind: str, status: int | None, code: str | None
) -> None:
    """As the SDK's own documentation lists them."""
    error = seen[case]

    assert error is not None
    assert (error["type"], error.get("status"), error.get("code")) == (kind, status, code)
