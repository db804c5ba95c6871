"""The simulator's test numbers are MTN's published ones, and count only where they should."""

from datetime import timedelta

import pytest

from shared.simulator.outcomes import (
    FinalStatus,
    HolderAnswer,
    holder_answer,
    request_to_pay_outcome,
)

# Written down a second time, from the published matrix, on purpose.
PUBLISHED = {
    "450": "INTERNAL_PROCESSING_ERROR",
    "451": "APPROVAL_REJECTED",
    "452": "EXPIRED",
    "453": "EXPIRED",
    "454": None,
    "455": "PAYER_NOT_FOUND",
    "456": "PAYEE_NOT_ALLOWED_TO_RECEIVE",
    "457": "NOT_ALLOWED",
    "458": "NOT_ALLOWED_TARGET_ENVIRONMENT",
    "459": "INVALID_CALLBACK_URL_HOST",
    "460": "INVALID_CURRENCY",
    "461": "INTERNAL_PROCESSING_ERROR",
    "462": "SERVICE_UNAVAILABLE",
    "463": "COULD_NOT_PERFORM_TRANSACTION",
    "464": "TRANSFER_TYPE_UNKNOWN",
}


@pytest.mark.parametrize(("suffix", "reason"), PUBLISHED.items())
def test_each_published_number_has_its_outcome(suffix: str, reason: str | None) -> None:
    """The last three digits choose, for MTN's numbers everywhere and Cameroon's at home."""
    status = FinalStatus.FAILED if reason else FinalStatus.SUCCESSFUL

    for environment, number in (
        ("sandbox", f"46733123{suffix}"),
        ("mtncameroon", f"46733123{suffix}"),
        ("mtncameroon", f"237690123{suffix}"),
    ):
        outcome = request_to_pay_outcome(environment, number)

        assert (outcome.final_status, outcome.reason) == (status, reason)


@pytest.mark.parametrize(
    ("environment", "number"),
    [
        ("sandbox", "56733123453"),
        ("sandbox", "237670000450"),
        ("sandbox", "46733123449"),
        ("mtncameroon", "237670000465"),
        ("mtncameroon", "237222000450"),
        ("mtncameroon", "23767000450"),
        ("mtncameroon", "256774290450"),
    ],
)
def test_every_other_number_pays_at_once(environment: str, number: str) -> None:
    """A Cameroonian number means nothing in the sandbox, nor does a foreign or short one."""
    outcome = request_to_pay_outcome(environment, number)

    assert (outcome.final_status, outcome.after) == (FinalStatus.SUCCESSFUL, timedelta())


def test_the_slow_numbers_take_their_time() -> None:
    """453 ends when the five minutes to approve are over, 454 after half a minute as CREATED."""
    ongoing = request_to_pay_outcome("mtncameroon", "237670000453")
    delayed = request_to_pay_outcome("mtncameroon", "237670000454")

    assert (ongoing.after, ongoing.pending_word) == (timedelta(minutes=5), "PENDING")
    assert (delayed.after, delayed.pending_word) == (timedelta(seconds=30), "CREATED")


def test_holder_numbers_are_a_table_of_their_own() -> None:
    """450 is unknown, 451 inactive; a payment number without a row is an active wallet."""
    assert holder_answer("mtncameroon", "237670000450") is HolderAnswer.NOT_FOUND
    assert holder_answer("sandbox", "46733123451") is HolderAnswer.NOT_ACTIVE
    assert holder_answer("mtncameroon", "237670000463") is None
