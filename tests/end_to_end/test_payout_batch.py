"""A batch of payouts on the whole local system: from a file through both operators to its end."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from tests.end_to_end.merchant import Merchant, open_merchant
from tests.end_to_end.money import top_up
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

PATH: Final = "/v1/payout_batches"
FUNDS: Final = 100_000
# The first check of a line comes 10 s after its release.
PATIENCE_SECONDS: Final = 60.0
FILE: Final = (
    b"phone,amount,reference\n+237674990001,2500,s-1\n+237690990002,3000,s-2\n"
    b"+237674990457,500,s-3\n"
)


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own, with something to pay out."""
    with open_merchant(local_system, "Coopérative des Lots") as merchant:
        top_up(local_system, merchant, FUNDS)
        yield merchant


def test_a_file_is_paid_line_by_line(merchant: Merchant) -> None:
    """Both operators, one line that fails, told by webhook and by the file of results."""
    before = merchant.owned()
    answer = merchant.http.request(
        "POST",
        merchant.base_url + PATH,
        body=FILE,
        headers={
            "Authorization": f"Bearer {merchant.secret_key}",
            "Content-Type": "text/csv",
            "Idempotency-Key": "salaries",
        },
    )
    assert answer.status == 200, answer.data
    batch_id = answer.json()["id"]

    def look() -> Mapping[str, Any] | None:
        found: Mapping[str, Any] = merchant.read(f"{PATH}/{batch_id}")
        return found if found["status"] == "completed" else None

    batch = wait_for(f"{batch_id} completed", look, seconds=PATIENCE_SECONDS)
    merchant.wait_webhook(batch_id, "payout_batch.completed", seconds=PATIENCE_SECONDS)

    ends = {word: each["count"] for word, each in batch["progress"].items() if each["count"]}
    assert ends == {"paid": 2, "failed": 1}
    assert merchant.owned() == before - 5500
    results = merchant.call("GET", f"{PATH}/{batch_id}/results").data.decode()
    assert [(row["reference"], row["status"]) for row in csv.DictReader(io.StringIO(results))] == [
        ("s-1", "paid"), ("s-2", "paid"), ("s-3", "failed"),
    ]  # fmt: skip


def test_a_large_body_passes_the_gateway_and_is_judged_whole(merchant: Merchant) -> None:
    """More than other operations take: ten thousand lines, each with its error."""
    line = {"amount": 0, "description": "x" * 100}
    body = json.dumps({"currency": "xaf", "payouts": [line] * 10_000}).encode()
    assert len(body) > 1024 * 1024

    answer = merchant.call("POST", PATH, body, "too many wrongs")

    assert (answer.status, answer.json()["error"]["code"]) == (400, "batch_invalid")
    assert len(answer.json()["error"]["lines"]) == 20_000
    assert merchant.call("POST", "/v1/payouts", body, "another").status == 413
