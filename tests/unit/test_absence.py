"""Proof of absence: "not found" ends a charge only when nobody can be sending it, after a while."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.absence import after_silence
from shared.domain.charge import SUBMIT_LEASE, ChargeStatus
from shared.operations.ports import PaymentRead, ReadState
from tests.factories import a_charge, an_attempt
from tests.fakes import START, TENANT
from tests.unit.settling import NOT_FOUND, Scene


def test_nothing_is_resent_under_a_lease() -> None:
    """While a sender may still be sending, "not found" means only "not yet"."""
    lease = START + timedelta(seconds=25)
    scene = Scene(ChargeStatus.SUBMITTING, NOT_FOUND, lease_until=lease)

    assert scene.settle() == "undecided"

    assert scene.store.notes[0].resend is None
    assert scene.store.attempt is not None
    assert scene.store.attempt.not_found_reads == 0


def test_a_charge_whose_sender_may_be_dead_is_read_when_its_lease_is_over() -> None:
    """However late it was claimed, there is still time to post it once more."""
    scene = Scene(ChargeStatus.SUBMITTING, NOT_FOUND, NOT_FOUND)
    lease = START + timedelta(seconds=40)
    scene.store.charge = replace(scene.store.charge, lease_until=lease)
    scene.clock.pass_time(seconds=30)

    assert scene.settle() == "undecided"
    assert scene.store.notes[0].next_check_at == lease

    scene.clock.pass_time(seconds=11)
    assert scene.settle() == "resend_granted"


def test_a_resend_that_was_granted_too_late_does_not_hold_the_proof_back() -> None:
    """Past the charge's time nobody can claim it any more, so "not found" counts again."""
    scene = Scene(ChargeStatus.UNKNOWN, *[NOT_FOUND] * 3, resends=1)

    words = []
    for _ in range(3):
        scene.clock.pass_time(minutes=2)
        words.append(scene.settle())

    assert words == ["undecided", "undecided", "not_received"]


@pytest.mark.parametrize("pauses", [(0, 30, 60, 29, 1), (0, 120, 0)])
def test_not_found_fails_only_after_three_reads_over_two_minutes(pauses: Sequence[int]) -> None:
    """The proof that a charge never arrived takes reads and time, both."""
    scene = Scene(ChargeStatus.UNKNOWN, *[NOT_FOUND] * 5, resends=2)

    words = []
    for seconds in pauses:
        scene.clock.pass_time(seconds=seconds)
        words.append(scene.settle())

    assert words == ["undecided"] * (len(pauses) - 1) + ["not_received"]
    assert scene.store.charge.failure_code == "not_received"


def test_a_charge_that_lost_two_senders_ends_two_minutes_after_the_second_lease() -> None:
    """Each read says when the next must come for the proof; later checks are not waited for."""
    scene = Scene(ChargeStatus.SUBMITTING, *[NOT_FOUND] * 6)
    scene.clock.pass_time(seconds=60)

    assert scene.settle() == "resend_granted"
    assert scene.store.notes[-1].next_check_at == scene.clock.at + SUBMIT_LEASE
    lease = scene.clock.at + SUBMIT_LEASE  # taken at once, by a sender who dies
    scene.store.charge = replace(scene.store.charge, resends=2, lease_until=lease)
    scene.store.attempt = an_attempt(scene.store.charge)

    words: list[str] = []
    began = scene.clock.at
    while not words or words[-1] == "undecided":
        due = scene.store.notes[-1].next_check_at
        assert due is not None
        scene.clock.at = due
        words.append(scene.settle())

    assert words[-1] == "not_received"
    assert scene.clock.at - began == SUBMIT_LEASE + timedelta(minutes=2)


@pytest.mark.parametrize(("silent", "minutes"), [(0, 2), (1, 3), (2, 3), (3, 2)])
def test_a_silent_read_does_not_send_a_proof_back_to_the_regular_checks(
    silent: int, minutes: int
) -> None:
    """Whichever of the three reads got no answer, the next comes within the minute."""
    reads = [NOT_FOUND] * 3
    reads.insert(silent, PaymentRead(ReadState.UNKNOWN, "timeout"))
    scene = Scene(ChargeStatus.UNKNOWN, *reads, resends=2)
    scene.clock.pass_time(seconds=300)
    began = scene.clock.at

    while scene.settle() == "undecided":
        due = scene.store.notes[-1].next_check_at
        assert due is not None
        if scene.store.attempt is None or scene.store.attempt.first_not_found_at is None:
            began = due  # before the first word there is nothing to prove
        scene.clock.at = due

    assert scene.store.charge.failure_code == "not_received"
    assert scene.clock.at - began == timedelta(minutes=minutes)


def test_an_operator_that_stays_silent_is_left_to_the_regular_checks() -> None:
    """A proof that gets no answer asks every minute for four minutes, not for a day."""
    first = START + timedelta(minutes=20)
    attempt = replace(an_attempt(a_charge(TENANT)), not_found_reads=1, first_not_found_at=first)
    regular = START + timedelta(hours=1)

    minutes = [timedelta(minutes=n) for n in (0, 1, 2, 3, 4)]
    asked = [after_silence(attempt, regular, first + minute) for minute in minutes]
    assert asked == [*(first + minute for minute in minutes[1:]), regular]


@pytest.mark.parametrize("status", [ChargeStatus.AWAITING_PAYER, ChargeStatus.REQUIRES_ACTION])
def test_what_was_accepted_is_not_failed_by_not_found(status: ChargeStatus) -> None:
    """An operator that took the request and then forgets it is a riddle for a person."""
    scene = Scene(status, *[NOT_FOUND] * 4, resends=2)
    for _ in range(4):
        scene.clock.pass_time(minutes=5)
        assert scene.settle() == "undecided"

    scene.operator.reads = [NOT_FOUND]
    scene.clock.pass_time(hours=24)
    assert scene.settle() == "unresolved_for_a_day"
    assert scene.store.notes[-1].case_id is not None


def test_a_proof_that_begins_after_a_day_is_left_to_a_person() -> None:
    """Then no read comes any more, however few are missing."""
    scene = Scene(ChargeStatus.UNKNOWN, NOT_FOUND, resends=2)
    scene.clock.pass_time(hours=25)

    assert scene.settle() == "unresolved_for_a_day"
    assert scene.store.notes[-1].next_check_at is None


def test_a_granted_resend_is_waited_for() -> None:
    """Between the grant of a resend and its claim, "not found" proves nothing."""
    scene = Scene(
        ChargeStatus.UNKNOWN,
        *[NOT_FOUND] * 3,
        resends=1,
        submit_before=START + timedelta(minutes=10),
    )
    for _ in range(3):
        scene.clock.pass_time(minutes=3)
        assert scene.settle() == "undecided"
