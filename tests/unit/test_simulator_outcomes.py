"""The simulator's test numbers are MTN's published ones, and count only where they should."""

from datetime import timedelta

import pytest

from shared.simulator.outcomes import (
    FinalStatus,
    HolderAnswer,
    deposit_outcome,
    holder_answer,
    refund_key_outcome,
    refund_outcome,
    request_to_pay_outcome,
    transfer_outcome,
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
PUBLISHED_FOR_TRANSFERS = {
    **{suffix: reason for suffix, reason in PUBLISHED.items() if suffix < "455"},
    "455": "NOT_ENOUGH_FUNDS",
    "456": "PAYER_LIMIT_REACHED",
    "457": "PAYEE_NOT_FOUND",
    "458": "NOT_ALLOWED",
    "459": "NOT_ALLOWED_TARGET_ENVIRONMENT",
    "460": "INVALID_CALLBACK_URL_HOST",
    "461": "INVALID_CURRENCY",
    "462": "INTERNAL_PROCESSING_ERROR",
    "463": "SERVICE_UNAVAILABLE",
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


@pytest.mark.parametrize(("suffix", "reason"), PUBLISHED_FOR_TRANSFERS.items())
def test_a_transfer_has_a_matrix_of_its_own(suffix: str, reason: str | None) -> None:
    """From 455 on its rows are shifted; a deposit keeps the request to pay's, but for the last."""
    number = f"237690123{suffix}"
    deposit = deposit_outcome("mtncameroon", number)

    assert transfer_outcome("mtncameroon", number).reason == reason
    assert transfer_outcome("sandbox", f"46733123{suffix}").reason == reason
    assert deposit.reason == (None if suffix == "464" else PUBLISHED[suffix])
    assert transfer_outcome("sandbox", number).reason is None


def test_what_goes_out_late_is_called_pending() -> None:
    """`CREATED` was recorded for a request to pay alone."""
    for outcome in (
        transfer_outcome("mtncameroon", "237670000454"),
        deposit_outcome("mtncameroon", "237670000454"),
        refund_key_outcome("6"),
        refund_outcome("mtncameroon", "237670000474"),
    ):
        assert (outcome.after, outcome.pending_word) == (timedelta(seconds=30), "PENDING")
        assert outcome.final_status is FinalStatus.SUCCESSFUL


@pytest.mark.parametrize("suffix", ["470", "471", "473", "474", "475", "477"])
def test_a_number_for_refunds_pays_first(suffix: str) -> None:
    """The digits that choose a refund's end stand in no table of MTN's."""
    number = f"237670000{suffix}"

    for outcome in (request_to_pay_outcome, transfer_outcome, deposit_outcome):
        assert outcome("mtncameroon", number).reason is None
    assert (refund_outcome("mtncameroon", number).reason is None) == (suffix == "474")
