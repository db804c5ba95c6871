"""The states of payments, written out once more: every edge, public word and time.

By hand, and not by the code: whoever changes a table says here what merchants and books then see.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import pytest

from shared.domain import charge, outgoing, payout, payout_batch, refund

CHARGE = """
    created          claimed submitting  abandoned failed  canceled canceled
    submitting       claimed submitting  abandoned failed  accepted awaiting_payer
    submitting       redirected requires_action  refused failed  went_silent unknown
    submitting       seen_waiting awaiting_payer  confirmed succeeded  declined failed
    submitting       lapsed expired  not_received failed
    unknown          claimed submitting  seen_waiting awaiting_payer  confirmed succeeded
    unknown          declined failed  lapsed expired  not_received failed  paid_otherwise failed
    awaiting_payer   confirmed succeeded  declined failed  lapsed expired  paid_otherwise failed
    requires_action  confirmed succeeded  declined failed  lapsed expired  paid_otherwise failed
"""
REFUND = """
    created     claimed submitting  abandoned failed
    submitting  claimed submitting  abandoned failed  accepted in_transit  refused failed
    submitting  went_silent unknown  seen_waiting in_transit  confirmed succeeded
    submitting  declined failed  given_up failed
    unknown     seen_waiting in_transit  confirmed succeeded  declined failed  given_up failed
    in_transit  confirmed succeeded  declined failed  given_up failed
"""
PAYOUT = f"""{REFUND}
    awaiting_approval  approved created  approved_ahead scheduled  rejected rejected
    awaiting_approval  lapsed expired  canceled canceled
    queued             released created  canceled canceled
    scheduled          became_due created  canceled canceled
    created            canceled canceled
"""
BATCH = """
    awaiting_approval  approved processing  rejected rejected  lapsed expired
    awaiting_approval  canceled canceled  stopped canceling
    processing         stopped canceling  canceled canceled  lines_ended completed
    canceling          lines_ended canceled
"""


def edges(table: str) -> set[tuple[str, str, str]]:
    """Read lines of a status and what leads on from it, event by event."""
    found = set()
    for before, *words in filter(None, map(str.split, table.splitlines())):
        found |= {(before, *pair) for pair in zip(words[::2], words[1::2], strict=True)}
    return found


@pytest.mark.parametrize(
    ("table", "written"),
    [
        (charge.TRANSITIONS, CHARGE),
        (refund.TRANSITIONS, REFUND),
        (payout.TRANSITIONS, PAYOUT),
        (payout_batch.TRANSITIONS, BATCH),
    ],
    ids=["charge", "refund", "payout", "batch"],
)
def test_these_are_all_the_edges(
    table: Mapping[tuple[StrEnum, StrEnum], StrEnum], written: str
) -> None:
    """Nothing leads anywhere else, and none of them is gone."""
    assert {(*edge, after) for edge, after in table.items()} == edges(written)


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (
            charge.PUBLIC_STATUS,
            {
                "pending": "created submitting awaiting_payer unknown",
                "requires_action": "requires_action",
                "succeeded": "succeeded",
                "failed": "failed expired",
                "canceled": "canceled",
            },
        ),
        (
            refund.PUBLIC_STATUS,
            {
                "pending": "created submitting in_transit unknown",
                "succeeded": "succeeded",
                "failed": "failed",
            },
        ),
        (
            payout.PUBLIC_STATUS,
            {
                "requires_approval": "awaiting_approval",
                "pending": "queued scheduled created",
                "in_transit": "submitting in_transit unknown",
                "paid": "succeeded",
                "failed": "failed",
                "canceled": "canceled rejected expired",
            },
        ),
        (
            payout_batch.PUBLIC_STATUS,
            {
                "requires_approval": "awaiting_approval",
                "processing": "processing canceling",
                "completed": "completed",
                "rejected": "rejected",
                "canceled": "canceled expired",
            },
        ),
    ],
    ids=["charge", "refund", "payout", "batch"],
)
def test_these_are_the_words_that_merchants_see(
    words: Mapping[StrEnum, str], written: Mapping[str, str]
) -> None:
    """Each inner state is told by one word, and by no other."""
    assert words == {inner: word for word, inside in written.items() for inner in inside.split()}


def test_these_are_the_ends() -> None:
    """What is final stays; whatever else there is waits for something."""
    assert {"succeeded", "failed", "expired", "canceled"} == charge.FINAL
    assert {"succeeded", "failed", "canceled", "rejected", "expired"} == outgoing.FINAL
    assert {"completed", "canceled", "rejected", "expired"} == payout_batch.FINAL


def test_there_is_so_much_time_to_send() -> None:
    """Two minutes for a charge, a quarter of an hour at most; a day for money that goes out."""
    assert timedelta(minutes=2) == charge.SUBMIT_WITHIN
    assert timedelta(minutes=15) == charge.SUBMIT_WITHIN_LONGEST
    assert timedelta(hours=24) == outgoing.SUBMIT_WITHIN


def test_these_are_the_checks() -> None:
    """Soon at first, then hourly, and for a day."""
    minutes = [offset / timedelta(minutes=1) for offset in charge.CHECK_OFFSETS]

    assert minutes[:5] == [10 / 60, 0.5, 2, 5, 15]
    assert minutes[5:] == [60 * hour for hour in range(1, 25)]
