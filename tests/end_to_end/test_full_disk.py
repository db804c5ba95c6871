"""E27: the whole system on one small disk that fills up while charges come, and empties again."""

import time
from collections import Counter
from collections.abc import Callable

import pytest
import urllib3

from tests import PRINTED_AT_THE_END
from tests.end_to_end.merchant import Merchant, Order, open_merchant
from tests.end_to_end.waiting import wait_for
from tests.small_disk import may_mount, small_disk
from tests.system import data_folder, start_system
from tests.trials import IS_LARGE, Trial

MEGABYTES = 400
FULL_SECONDS = 20.0
BACK_SECONDS = 120.0
RECEIPT_SECONDS = 120.0

# Booting, twenty seconds of a full disk, and what the parts need to come back.
pytestmark = pytest.mark.timeout(900)


def _ask(merchant: Merchant, order: Order) -> tuple[int, str | None]:
    """Status and id of one try; 0 where nobody answered."""
    try:
        answer = merchant.call("POST", "/v1/charges", order.body, order.key)
    except urllib3.exceptions.HTTPError:
        return 0, None
    return answer.status, answer.json()["id"] if answer.status == 200 else None


def test_a_full_disk_loses_nothing_and_is_left_behind(
    trial: Trial, record_property: Callable[[str, object], None]
) -> None:
    """What was acknowledged stands; the rest is taken later under its key; all get receipts."""
    if not (IS_LARGE and may_mount()):
        record_property(PRINTED_AT_THE_END, "left to `make nightly` as root: a system's full disk")
        return
    with data_folder() as folder, small_disk(folder, MEGABYTES) as disk:
        system = start_system(disk.folder)
        try:
            system.wait_ready(seconds=300)
            with open_merchant(system, "Boutique au Disque Plein") as merchant:
                first = merchant.charge(Order("+237670000001"))
                merchant.wait_final(first.id, seconds=60)
                disk.fill()
                orders = [Order(f"+23767{number:04d}001") for number in range(400)]
                taken: dict[str, str] = {}
                answers: Counter[int] = Counter()
                until = time.monotonic() + FULL_SECONDS
                for order in orders:
                    status, charge_id = _ask(merchant, order)
                    answers[status] += 1
                    if charge_id is not None:
                        taken[order.key] = charge_id
                    if time.monotonic() > until:
                        break
                disk.empty()
                wait_for("ready again", lambda: system.readyz()[0] == 200, seconds=BACK_SECONDS)
                asked = orders[: answers.total()]
                ids = {order.key: merchant.charge(order).id for order in asked}
                ends = Counter(
                    merchant.wait_final(charge_id, seconds=60)["status"]
                    for charge_id in ids.values()
                )

                def with_receipt() -> int:
                    urls = [merchant.read(f"/v1/charges/{i}")["receipt_url"] for i in ids.values()]
                    return sum(
                        url is not None and merchant.http.request("GET", url).status == 200
                        for url in urls
                    )

                wait_for(
                    "every receipt", lambda: with_receipt() == len(ids), seconds=RECEIPT_SECONDS
                )
        finally:
            system.stop()

    lost = sum(ids[key] != charge_id for key, charge_id in taken.items())
    assert answers.keys() <= {200, 503}, answers
    assert answers.total() > answers[200], "the disk was never full"
    assert ends == {"succeeded": len(ids)}
    trial.record(
        "E27 a full disk under all",
        len(ids),
        wrong=lost,
        acknowledged_while_full=len(taken),
        **{f"answered_{status}": count for status, count in sorted(answers.items())},
    )
