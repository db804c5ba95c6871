"""Submitting where the operator makes the reference: nothing is asked under one not committed."""

from dataclasses import replace
from typing import Final

import pytest

from shared.domain.charge import AttemptStatus, ChargeStatus
from shared.domain.errors import AskAgain
from shared.operations.ports import Accepted, NotSent, Opened, Refused, Unknown
from shared.operations.submit_charge import callback_token
from tests.factories import a_message
from tests.unit.submitting import KEY, Scene

FIRST: Final = Opened("MP22120771FEB7B21FD2381C3786")
SECOND: Final = Opened("MP2212070000000000000000BEEF")
LEASE_SECONDS: Final = 26


class DeathError(Exception):
    """Stands for a kill: nothing of the process goes on."""


class Mortal(Scene):
    """A sender that dies at a point, once."""

    dies_at = ""

    def reached(self, point: str) -> None:
        super().reached(point)
        if point == self.dies_at:
            self.dies_at = ""
            raise DeathError(point)


def test_it_is_opened_committed_and_then_asked_for() -> None:
    """Every commit and call has a point before and after it; the send carries what is stored."""
    scene = Scene(Accepted(), openings=[FIRST])

    assert scene.submit() == "accepted"

    attempt = scene.store.attempt
    assert attempt is not None
    (asked,) = scene.operator.requests
    assert asked.reference == attempt.operator_reference == FIRST.reference
    assert asked.callback_url.endswith(callback_token(KEY, attempt.reference))
    assert scene.points == [
        "submit_charge.before_claim",
        "submit_charge.after_claim",
        "submit_charge.before_open",
        "submit_charge.after_open",
        "submit_charge.after_keep",
        "submit_charge.before_send",
        "submit_charge.after_send",
        "submit_charge.before_record",
        "submit_charge.after_record",
    ]


@pytest.mark.parametrize("point", ["after_claim", "before_open", "after_open"])
def test_a_death_before_the_commit_has_asked_nothing(point: str) -> None:
    """The message waits for the lease of the dead; then one is opened anew, and sent once."""
    scene = Mortal(Accepted(), openings=[FIRST, SECOND])
    scene.dies_at = f"submit_charge.{point}"
    message = a_message(scene.store.charge)
    with pytest.raises(DeathError):
        scene.submit(message)
    dead = scene.store.attempt

    with pytest.raises(AskAgain):
        scene.submit(message)
    assert scene.operator.requests == []
    scene.clock.pass_time(seconds=LEASE_SECONDS)
    assert scene.submit(message) == "accepted"

    assert dead is not None
    assert scene.store.attempt is not None
    assert dead.status is AttemptStatus.OPENING
    assert dead.operator_reference is None
    assert scene.store.attempt.id == dead.id
    (asked,) = scene.operator.requests
    assert asked.reference == scene.store.attempt.operator_reference


@pytest.mark.parametrize("point", ["after_keep", "before_send", "after_send", "before_record"])
def test_a_death_after_the_commit_sends_nothing_again(point: str) -> None:
    """What became of a committed payToken only a read can tell; it is never replaced."""
    scene = Mortal(Accepted(), openings=[FIRST, SECOND])
    scene.dies_at = f"submit_charge.{point}"
    message = a_message(scene.store.charge)
    with pytest.raises(DeathError):
        scene.submit(message)
    asked = list(scene.operator.requests)

    words = [scene.submit(message)]
    scene.clock.pass_time(seconds=LEASE_SECONDS)
    words.append(scene.submit(message))
    scene.clock.pass_time(hours=1)
    words.append(scene.submit(message))

    assert words == ["not_ours"] * 3
    assert scene.operator.requests == asked
    assert scene.store.attempt is not None
    assert scene.store.attempt.operator_reference == FIRST.reference
    assert scene.store.charge.status is ChargeStatus.SUBMITTING


def test_what_could_not_be_opened_is_opened_again() -> None:
    """No money was asked for: the broker asks again, and the next opening serves."""
    scene = Scene(Accepted(), openings=[NotSent("connect_failed"), SECOND])

    with pytest.raises(AskAgain):
        scene.submit()
    assert scene.store.attempt is not None
    assert scene.store.attempt.status is AttemptStatus.NOT_SENT
    assert scene.store.charge.lease_until is None
    assert scene.submit() == "accepted"

    assert [each.reference for each in scene.operator.requests] == [SECOND.reference]


def test_proven_unsent_is_opened_anew() -> None:
    """What was committed and never sent may have ended since: no charge is failed by its age."""
    scene = Scene(NotSent("connect_failed"), Accepted(), openings=[FIRST, SECOND])

    with pytest.raises(AskAgain):
        scene.submit()
    assert scene.submit() == "accepted"

    references = [each.reference for each in scene.operator.requests]
    assert references == [FIRST.reference, SECOND.reference]
    assert scene.store.attempt is not None
    assert scene.store.attempt.operator_reference == SECOND.reference


@pytest.mark.parametrize(
    ("answer", "word"),
    [(Refused("payer_not_found", "0066111"), "refused"), (Unknown("timeout"), "went_silent")],
)
def test_its_answers_mean_what_they_always_mean(answer: Refused | Unknown, word: str) -> None:
    """A refusal is final, silence is a state."""
    scene = Scene(answer, openings=[FIRST])

    assert scene.submit() == word


def test_whoever_lost_the_lease_while_opening_stops() -> None:
    """A sender that slept past its lease commits nothing and asks for nothing."""
    scene = Scene(openings=[FIRST])

    def another_claims() -> None:
        lease = scene.clock.now().replace(minute=1)
        scene.store.charge = replace(scene.store.charge, lease_until=lease)

    scene.store.before_keep = another_claims

    assert scene.submit() == "lease_lost"

    assert scene.operator.requests == []
    assert scene.store.attempt is not None
    assert scene.store.attempt.operator_reference is None


def test_an_opening_that_took_too_long_is_not_asked_under() -> None:
    """The deadline of the claim is looked at again right before money is asked for."""
    scene = Scene(openings=[FIRST])
    scene.store.before_keep = lambda: scene.clock.pass_time(seconds=11)

    with pytest.raises(AskAgain):
        scene.submit()

    assert scene.operator.requests == []
    assert scene.store.attempt is not None
    assert scene.store.attempt.status is AttemptStatus.NOT_SENT
    assert scene.store.attempt.operator_reference == FIRST.reference


def test_opening_and_asking_share_one_deadline() -> None:
    """A slow opening takes from the time of what follows."""
    scene = Scene(Accepted(), openings=[FIRST])
    scene.store.before_keep = lambda: scene.clock.pass_time(seconds=4)

    scene.submit()

    assert scene.operator.deadlines == [10, 6]


def test_what_was_never_opened_fails_when_its_time_and_its_lease_are_over() -> None:
    """A sender died while it opened: nothing was asked, so our clock may end the charge."""
    scene = Mortal(openings=[FIRST])
    scene.dies_at = "submit_charge.after_open"
    scene.clock.pass_time(seconds=110)
    with pytest.raises(DeathError):
        scene.submit()

    scene.clock.pass_time(seconds=15)
    with pytest.raises(AskAgain):
        scene.submit()
    scene.clock.pass_time(seconds=11)

    assert scene.submit() == "abandoned"
    assert scene.store.charge.failure_code == "operator_unavailable"
    assert scene.operator.requests == []
