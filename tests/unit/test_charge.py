"""The state table of a charge is complete, and final means final."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.docs.diagrams import PAGE, charge_page
from shared.domain.charge import (
    CHECK_OFFSETS,
    FINAL,
    PUBLIC_EVENT,
    PUBLIC_STATUS,
    TRANSITIONS,
    ChargeEvent,
    ChargeStatus,
    after,
    next_check_at,
)

START = datetime(2026, 11, 25, tzinfo=UTC)


def test_every_status_has_a_public_word() -> None:
    """No state stays without a name for merchants."""
    assert set(PUBLIC_STATUS) == set(ChargeStatus)
    assert set(PUBLIC_STATUS.values()) == {
        "pending", "requires_action", "succeeded", "failed", "canceled",
    }  # fmt: skip


def test_final_states_have_no_way_out() -> None:
    """Nothing that happens moves a final charge."""
    assert all(after(status, event) is None for status in FINAL for event in ChargeEvent)


def test_every_status_that_is_not_final_can_still_end_well_or_badly() -> None:
    """From each open state a success and a failure can be reached."""
    reach = {status: {status} for status in ChargeStatus}
    for _ in ChargeStatus:
        for (before, _event), then in TRANSITIONS.items():
            reach[before] |= reach[then]

    for status in set(ChargeStatus) - FINAL:
        assert {ChargeStatus.SUCCEEDED, ChargeStatus.FAILED} <= reach[status]


def test_every_event_moves_something() -> None:
    """No event is in the vocabulary for nothing."""
    assert {event for _, event in TRANSITIONS} == set(ChargeEvent)


def test_every_final_state_is_told_to_the_merchant() -> None:
    """A final state has a public event."""
    assert set(PUBLIC_EVENT) >= FINAL


@pytest.mark.parametrize("status", [ChargeStatus.UNKNOWN, ChargeStatus.SUBMITTING])
def test_not_knowing_ends_only_by_a_read(status: ChargeStatus) -> None:
    """Where it may have been sent, only an operator's word, or its statement, leads to an end."""
    proofs = {
        ChargeEvent.CONFIRMED, ChargeEvent.DECLINED, ChargeEvent.LAPSED,
        ChargeEvent.NOT_RECEIVED, ChargeEvent.REFUSED, ChargeEvent.ABANDONED,
        ChargeEvent.PAID_OTHERWISE,
    }  # fmt: skip
    ends = {
        event for (before, event), then in TRANSITIONS.items() if before is status and then in FINAL
    }

    assert ends <= proofs
    assert (ChargeEvent.ABANDONED in ends) == (status is ChargeStatus.SUBMITTING)


@given(st.integers(0, 24 * 3600 - 1))
def test_there_is_always_a_next_check_within_a_day(age: int) -> None:
    """A charge younger than 24 h has a check ahead of it, in the order of the schedule."""
    now = START + timedelta(seconds=age)

    due = next_check_at(START, now)

    assert due is not None
    assert now < due <= now + timedelta(hours=1)
    assert due - START in CHECK_OFFSETS


def test_after_a_day_a_person_must_look() -> None:
    """The schedule ends after 24 hours."""
    assert next_check_at(START, START + timedelta(hours=24)) is None


def test_the_picture_is_the_table() -> None:
    """The committed diagram is drawn from the table of today."""
    assert PAGE.read_text(encoding="utf-8") == charge_page()
