"""A batch of payouts on the whole local system: from a file through both operators to its end."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pytest

from tests.end_to_end.merchant import Merchant, open_merchant
from tests.end_to_end.money import top_up
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem
from tests.trials import IS_LARGE, Trial

PATH: Final = "/v1/payout_batches"
FUNDS: Final = 100_000
# The first check of a line comes 10 s after its release.
PATIENCE_SECONDS: Final = 60.0
# The dated rule `payout_rate` of each release: so many a second, and three seconds of it at once.
PER_SECOND: Final = 10
AT_ONCE_SECONDS: Final = 3
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
    batch_id = _hand_in(merchant, FILE, "salaries")

    batch = _wait_completed(merchant, batch_id, seconds=PATIENCE_SECONDS)
    merchant.wait_webhook(batch_id, "payout_batch.completed", seconds=PATIENCE_SECONDS)

    assert _ends(batch) == {"paid": 2, "failed": 1}
    assert merchant.owned() == before - 5500
    results = merchant.call("GET", f"{PATH}/{batch_id}/results").data.decode()
    assert [(row["reference"], row["status"]) for row in csv.DictReader(io.StringIO(results))] == [
        ("s-1", "paid"), ("s-2", "paid"), ("s-3", "failed"),
    ]  # fmt: skip


@pytest.mark.timeout(7_200 if IS_LARGE else 300)
def test_a_whole_batch_goes_out_at_the_operator_s_rate(
    local_system: LocalSystem, merchant: Merchant, trial: Trial
) -> None:
    """Each line is paid once, and the operator is never asked for more than it takes."""
    lines = trial.size(45, 10_000)
    top_up(local_system, merchant, 100 * lines)
    operator = OperatorControl.of(local_system)
    operator.top_up(100 * lines)
    before = merchant.owned()
    # None that ends as the simulator's numbers for failures do.
    numbers = (75_000_000 + n // 400 * 1_000 + n % 400 for n in range(lines))
    rows = (b"+2376%08d,100,rate-%d\n" % (number, n) for n, number in enumerate(numbers))

    batch_id = _hand_in(merchant, b"phone,amount,reference\n" + b"".join(rows), "a whole batch")
    patience = PATIENCE_SECONDS + 3 * lines / PER_SECOND
    batch = _wait_completed(merchant, batch_id, seconds=patience)

    results = merchant.call("GET", f"{PATH}/{batch_id}/results").data.decode()
    ids = {row["payout"] for row in csv.DictReader(io.StringIO(results))}
    asked = [
        payment
        for payment in operator.payments(product="disbursement")
        if payment["external_id"] in ids
    ]
    times = Counter(payment["external_id"] for payment in asked)
    moments = [datetime.fromisoformat(payment["accepted_at"]).timestamp() for payment in asked]
    assert _ends(batch) == {"paid": lines}
    assert merchant.owned() == before - 100 * lines
    trial.record(
        "batch to its end at the operator's rate",
        lines,
        wrong=sum(times[each] != 1 for each in ids),
        seconds=round(max(moments) - min(moments)),
        most_within_a_second=_most_within(moments, seconds=1),
    )
    for seconds in (1, 10, 60):
        most = PER_SECOND * (AT_ONCE_SECONDS + seconds)
        assert _most_within(moments, seconds=seconds) <= most * 1.1


def test_a_large_body_passes_the_gateway_and_is_judged_whole(merchant: Merchant) -> None:
    """More than other operations take: ten thousand lines, each with its error."""
    line = {"amount": 0, "description": "x" * 100}
    body = json.dumps({"currency": "xaf", "payouts": [line] * 10_000}).encode()
    assert len(body) > 1024 * 1024

    answer = merchant.call("POST", PATH, body, "too many wrongs")

    assert (answer.status, answer.json()["error"]["code"]) == (400, "batch_invalid")
    assert len(answer.json()["error"]["lines"]) == 20_000
    assert merchant.call("POST", "/v1/payouts", body, "another").status == 413


def _hand_in(merchant: Merchant, file: bytes, key: str) -> str:
    """Have a file of lines paid; return the batch's id."""
    answer = merchant.http.request(
        "POST",
        merchant.base_url + PATH,
        body=file,
        headers={
            "Authorization": f"Bearer {merchant.secret_key}",
            "Content-Type": "text/csv",
            "Idempotency-Key": key,
        },
    )
    assert answer.status == 200, answer.data
    return str(answer.json()["id"])


def _wait_completed(merchant: Merchant, batch_id: str, *, seconds: float) -> Mapping[str, Any]:
    def look() -> Mapping[str, Any] | None:
        found: Mapping[str, Any] = merchant.read(f"{PATH}/{batch_id}")
        return found if found["status"] == "completed" else None

    return wait_for(f"{batch_id} completed", look, seconds=seconds)


def _ends(batch: Mapping[str, Any]) -> dict[str, int]:
    return {word: each["count"] for word, each in batch["progress"].items() if each["count"]}


def _most_within(moments: Sequence[float], *, seconds: float) -> int:
    """How many of these at most lie within so many seconds."""
    ordered = sorted(moments)
    first = most = 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] > seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
