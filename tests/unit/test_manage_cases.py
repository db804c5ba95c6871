"""Cases: what may be closed, by which words, and what is told of it."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.case import CHECKS, Case, CaseStatus, Watched, closing
from shared.domain.errors import InvalidRequest
from shared.operations.manage_cases import PageOfCases, read_close_reason
from tests.fakes import START

ADA: Final = Origin(Actor(ActorKind.PERSON, "ada"), START, "192.0.2.9", "req_1")
CASE: Final = Case("case_1", "refund", "acct_1", False, "rf_1", "unresolved", START)  # noqa: FBT003 - a row


@pytest.mark.parametrize(
    ("kind", "status", "is_due", "other_cases", "expected"),
    [
        ("refund", "unknown", False, False, True),
        ("refund", "unknown", True, False, False),
        ("refund", "unknown", False, True, False),
        ("refund", "succeeded", False, False, False),
        ("refund", None, False, False, False),
        ("charge", "awaiting_payer", False, False, True),
        ("charge", "expired", False, False, False),
        ("statement_line", None, False, False, False),
    ],
)
def test_the_last_watch_over_an_unfinished_payment_stays(
    kind: str, status: str | None, *, is_due: bool, other_cases: bool, expected: bool
) -> None:
    """I18: no payment that has not ended is left without a date or a person."""
    watched = Watched(status, is_due=is_due, other_cases=other_cases)

    assert watched.is_forgotten_without(replace(CASE, kind=kind)) is expected


def test_each_payment_is_read_by_whoever_reads_its_kind() -> None:
    """A check that somebody asks for wakes the reader of charges, or that of money out."""
    assert CHECKS == {
        "charge": "payment_check", "refund": "payout_check", "payout": "payout_check"
    }  # fmt: skip


def test_closing_is_told_with_its_reason() -> None:
    """The platform's chain has who, why and about what; a case closed is no other case."""
    closed = CASE.closed(ADA, "the operator answered")
    entry = closing(closed, ADA)

    assert (CASE.status, closed.status) == (CaseStatus.OPEN, CaseStatus.CLOSED)
    assert (entry.action, entry.object_id, entry.reason) == (
        "case.closed",
        "case_1",
        "the operator answered",
    )
    assert json.loads(entry.after or "")["object"] == "rf_1"


@pytest.mark.parametrize(
    "body",
    [{}, {"reason": None}, {"reason": "short"}, {"reason": "x" * 501}, {"reason": 1.5},
     {"reason": "long enough, \x07 though"}, {"reason": "long enough", "by": "me"}],
)  # fmt: skip
def test_a_reason_says_something(body: dict[str, Any]) -> None:
    """Ten letters at least, 500 at most, readable, and nothing beside it."""
    with pytest.raises(InvalidRequest):
        read_close_reason(body)


def test_a_reason_keeps_no_number() -> None:
    """Whoever writes down whom she called writes down too much."""
    assert read_close_reason({"reason": " called +237670000001 today "}) == "called […01] today"


def test_a_page_of_everything() -> None:
    """No filter is any."""
    assert PageOfCases.parse({}) == PageOfCases(10, None, None, None, None)
