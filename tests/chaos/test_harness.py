"""The storm's own parts: a harness that cannot tell good from bad proves nothing."""

from typing import Final

import pytest
import urllib3

from tests.chaos.clients import UnclassifiedError, Verdict, classify
from tests.chaos.counters import FaultCounters
from tests.chaos.crash_points import discover

REFUSED: Final = b'{"error": {"code": "amount_invalid"}}'


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b'{"id": "ch_1"}', Verdict.SUCCESS),
        (400, REFUSED, Verdict.REFUSAL),
        (403, REFUSED, Verdict.REFUSAL),
        (409, REFUSED, Verdict.AMBIGUOUS),
        (429, REFUSED, Verdict.AMBIGUOUS),
        (500, b"", Verdict.AMBIGUOUS),
        (503, b"upstream connect error", Verdict.AMBIGUOUS),
    ],
)
def test_an_answer_proves_one_thing(status: int, body: bytes, verdict: Verdict) -> None:
    """A success has an id and a refusal a code; what may have had an effect is asked again."""
    assert classify(urllib3.HTTPResponse(body, status=status)) is verdict


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>"), (200, b"{}"), (202, b'{"id": "ch_1"}'), (302, b""), (404, b"no route")],
)
def test_an_answer_without_sense_is_not_passed_over(status: int, body: bytes) -> None:
    """What is neither ours nor known to be ambiguous fails the run."""
    with pytest.raises(UnclassifiedError):
        classify(urllib3.HTTPResponse(body, status=status))


def test_a_fault_that_struck_too_rarely_is_named() -> None:
    """Ordering a fault is not enough: it counts when it took effect."""
    counters = FaultCounters({"kill": 2})
    counters.injected["kill"] = 2
    counters.struck["kill"] = 1

    assert counters.shortfalls() == ["kill: struck 1, planned 2"]
    counters.struck["kill"] = 2
    assert counters.shortfalls() == []


def test_crash_points_are_found_in_the_source() -> None:
    """Those of operations, of functions, and of each function that publishes in the background."""
    assert discover() >= {
        "submit_charge.before_send",
        "relay_outbox.after_mark",
        "render_receipt.before_publish",
    }
