"""Settling where the operator makes the reference: read under its own, never sent again."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from shared.domain.charge import AttemptStatus, ChargeStatus
from shared.domain.money import Money
from shared.domain.phone import Operator
from shared.operations.ports import PaymentRead, ReadState
from tests.fakes import START
from tests.unit.settling import NOT_FOUND, Scene

PAY_TOKEN: Final = "MP22120771FEB7B21FD2381C3786"
INITIATED: Final = PaymentRead(ReadState.PENDING, "INITIATED")
LEASE: Final = START + timedelta(seconds=25)
MINUTE: Final = timedelta(minutes=1)


def opened(status: ChargeStatus, *reads: PaymentRead, **changes: object) -> Scene:
    """A charge whose payToken is committed."""
    scene = Scene(status, *reads, **changes)
    assert scene.store.attempt is not None
    scene.store.attempt = replace(scene.store.attempt, operator_reference=PAY_TOKEN)
    return scene


def opening(**changes: object) -> Scene:
    """A charge that somebody is opening, or died over."""
    scene = Scene(ChargeStatus.SUBMITTING, lease_until=LEASE, **changes)
    assert scene.store.attempt is not None
    scene.store.attempt = replace(scene.store.attempt, status=AttemptStatus.OPENING)
    return scene


def test_it_is_read_under_the_operators_reference() -> None:
    """Our own the operator never saw; after the end too."""
    for status in (ChargeStatus.UNKNOWN, ChargeStatus.FAILED):
        scene = opened(status, INITIATED)

        scene.settle()

        assert scene.operator.read_references == [PAY_TOKEN]


def test_what_is_being_opened_is_not_read() -> None:
    """There is nothing to ask about; the check comes back."""
    scene = opening()

    assert scene.settle() == "not_sent_yet"

    assert scene.operator.read_references == []
    assert scene.store.notes[0].next_check_at == START + timedelta(seconds=10)


def test_what_was_never_opened_is_given_up_when_time_and_lease_are_over() -> None:
    """Both: somebody under a lease may be about to commit a payToken and ask for the money."""
    scene = opening(submit_before=START + timedelta(seconds=20))

    scene.clock.pass_time(seconds=22)
    assert scene.settle() == "not_sent_yet"
    assert scene.store.notes[0].next_check_at == LEASE
    scene.clock.pass_time(seconds=4)
    assert scene.settle() == "abandoned"

    assert scene.store.charge.failure_code == "operator_unavailable"
    assert scene.operator.read_references == []


def test_what_is_opened_while_it_is_given_up_goes_on() -> None:
    """A sender that commits its payToken in that moment begins its lease anew, and wins."""
    scene = opening(submit_before=START)
    scene.clock.pass_time(seconds=26)

    def keep() -> None:
        scene.store.charge = replace(scene.store.charge, lease_until=LEASE + MINUTE)

    scene.store.before_move = keep

    assert scene.settle() == "lost_race"
    assert scene.store.charge.status is ChargeStatus.SUBMITTING


def test_a_charge_given_up_unopened_is_not_read_either() -> None:
    """A late notice of it can be nobody's; there is no reference to ask under."""
    scene = opening()
    scene.store.charge = replace(scene.store.charge, status=ChargeStatus.FAILED)

    assert scene.settle() == "final_already"
    assert scene.operator.read_references == []


def test_what_has_no_pay_token_is_not_read_whatever_its_attempt_says() -> None:
    """A sender that knew of no opening left `sending`: it is given up in time, and not read."""
    scene = Scene(ChargeStatus.SUBMITTING, lease_until=LEASE, operator=Operator.ORANGE)
    assert scene.store.attempt is not None
    scene.store.attempt = replace(scene.store.attempt, status=AttemptStatus.SENDING)

    words = [scene.settle()]
    scene.clock.pass_time(minutes=2)
    words += [scene.settle(), scene.settle()]

    assert words == ["not_sent_yet", "abandoned", "final_already"]
    assert scene.operator.read_references == []


def test_that_an_operator_waits_proves_nothing_while_somebody_sends() -> None:
    """It knows its own reference before it is asked: the sender's answer must not come too late."""
    scene = opened(ChargeStatus.SUBMITTING, INITIATED, INITIATED, lease_until=LEASE)

    assert scene.settle() == "undecided"
    assert scene.store.charge.status is ChargeStatus.SUBMITTING
    assert scene.store.notes[0].next_check_at == LEASE

    scene.clock.pass_time(seconds=26)
    assert scene.settle() == "waiting"


@pytest.mark.parametrize("status", [ChargeStatus.SUBMITTING, ChargeStatus.UNKNOWN])
def test_an_operator_that_forgot_what_it_opened_ends_nothing(status: ChargeStatus) -> None:
    """It made the payToken: however often it is not found, it may be found, and paid, later."""
    paid = PaymentRead(ReadState.SUCCEEDED, "SUCCESSFULL", money=Money(5000))
    scene = opened(status, *[NOT_FOUND] * 3, PaymentRead(ReadState.UNKNOWN, "timeout"), paid)

    words = []
    for _ in range(5):
        words.append(scene.settle())
        scene.clock.pass_time(minutes=1)

    assert words == ["undecided"] * 4 + ["confirmed"]
    assert {note.resend for note in scene.store.notes} == {None}
    checks = [START + timedelta(seconds=s) for s in (10, 120, 300, 300)]
    assert [note.next_check_at for note in scene.store.notes] == checks


def test_what_is_not_found_for_a_day_is_a_persons() -> None:
    """No payment is failed by the operator's forgetting; nor is it read for ever."""
    scene = opened(ChargeStatus.UNKNOWN, NOT_FOUND)
    scene.clock.pass_time(hours=24)

    assert scene.settle() == "unresolved_for_a_day"

    assert scene.store.charge.status is ChargeStatus.UNKNOWN
    assert scene.store.notes[-1].case_id is not None


def test_a_pay_token_that_never_served_expires() -> None:
    """A sender died before it asked: the operator's own word ends the charge, in its own time."""
    expired = PaymentRead(ReadState.EXPIRED, "EXPIRED", failure_code="expired")
    scene = opened(ChargeStatus.SUBMITTING, INITIATED, expired, lease_until=LEASE)

    scene.clock.pass_time(seconds=26)
    assert scene.settle() == "waiting"
    scene.clock.pass_time(minutes=10)
    assert scene.settle() == "lapsed"

    assert scene.store.charge.status is ChargeStatus.EXPIRED
    assert scene.store.charge.failure_code == "expired"
