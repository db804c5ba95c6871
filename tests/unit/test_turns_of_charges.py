"""A charge over its operator's rate: not claimed, sent later, or ended honestly in its time."""

from dataclasses import replace

import pytest

from shared.domain.charge import ChargeStatus
from shared.domain.errors import AskAgain
from shared.operations.gate import OVER_RATE
from shared.operations.ports import Accepted, Unknown
from tests.factories import a_message
from tests.unit.submitting import Scene


def test_without_a_turn_a_charge_is_not_claimed() -> None:
    """Nothing looks sent: no attempt, no lease, no call; the message comes again, and it goes."""
    scene = Scene(Accepted())
    scene.has_turn = False

    with pytest.raises(AskAgain, match=OVER_RATE):
        scene.submit()

    charge = scene.store.charge
    assert (charge.status, charge.lease_until) == (ChargeStatus.CREATED, None)
    assert (scene.store.attempt, scene.operator.requests) == (None, [])
    scene.has_turn = True
    assert scene.submit() == "accepted"
    assert (scene.turns, len(scene.operator.requests)) == (1, 1)


def test_without_a_turn_in_its_time_a_charge_fails_as_unsent() -> None:
    """The next delivery ends it, whatever the rate: its payer was never asked."""
    scene = Scene()
    scene.has_turn = False
    with pytest.raises(AskAgain):
        scene.submit()
    scene.clock.pass_time(seconds=120)

    assert scene.submit() == "abandoned"

    move = scene.store.moves[0]
    assert (move.charge.status, move.charge.failure_code) == (
        ChargeStatus.FAILED, "operator_unavailable",
    )  # fmt: skip
    assert scene.turns == 0


@pytest.mark.parametrize("answer", [Accepted(), Unknown("timeout")])
def test_what_was_sent_takes_no_turn_again(answer: Accepted | Unknown) -> None:
    """However often its message comes, and while somebody sends it."""
    scene = Scene(answer)
    scene.submit()
    scene.has_turn = False

    assert scene.submit() == "not_ours"
    leased = replace(scene.store.charge, status=ChargeStatus.SUBMITTING)
    scene.store.charge = replace(leased, lease_until=scene.clock.now())
    assert scene.submit() == "not_ours"


def test_a_resend_waits_for_its_turn_too() -> None:
    """It is one more request; what a read granted stays granted until then."""
    scene = Scene(Unknown("timeout"), Accepted())
    scene.submit()
    scene.store.charge = replace(scene.store.charge, resends=1)
    scene.has_turn = False
    with pytest.raises(AskAgain, match=OVER_RATE):
        scene.submit(replace(a_message(scene.store.charge), event_id="msg_resend"))
    scene.has_turn = True

    assert scene.submit(replace(a_message(scene.store.charge), event_id="msg_resend")) == "accepted"
