"""What waits to be sent says why, and is sent once it need not wait: never to collect a refusal."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.charge import AttemptStatus
from shared.domain.errors import AskAgain
from shared.domain.outgoing import OutgoingStatus, WaitingReason
from shared.domain.payout import Payout
from shared.operations.gate import OVER_RATE
from shared.operations.objects import outgoing_object
from shared.operations.outgoing_moves import FLOAT_AFTER
from shared.operations.ports import Accepted, PaymentRead, ReadState
from tests.factories import a_payout
from tests.fakes import START, TENANT
from tests.unit.paying_out import Scene

PENDING = PaymentRead(ReadState.PENDING, "PENDING")
NOT_FOUND = PaymentRead(ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND")


def _payout(**changes: Any) -> Payout:
    times = {"created_at": START, "submit_before": START + timedelta(hours=24)}
    return a_payout(TENANT, **{**times, **changes})


def _shown(scene: Scene) -> Any:
    return outgoing_object(scene.store.outgoing, language="en")["waiting_reason"]


def test_a_float_that_is_too_low_sends_nothing() -> None:
    """Nothing is kept, claimed or asked; the object says why, and is looked at in five minutes."""
    scene = Scene(of=_payout())
    scene.has_float = False

    assert scene.submit() == "float_too_low"

    assert (scene.payout.status, _shown(scene)) == (OutgoingStatus.CREATED, "float")
    assert (scene.journal.kept, scene.payer.requests) == ({}, [])
    assert scene.store.notes[-1].next_check_at == START + FLOAT_AFTER


def test_refunds_wait_for_the_float_too() -> None:
    """They are paid from the same wallet."""
    scene = Scene()
    scene.has_float = False

    assert (scene.submit(), _shown(scene)) == ("float_too_low", "float")


def test_each_look_asks_the_sender_again() -> None:
    """Not only after an hour, as for what the broker asks for itself."""
    scene = Scene(of=_payout())
    scene.has_float = False
    scene.submit()
    scene.clock.pass_time(minutes=5)

    assert scene.settle() == "not_sent_yet"

    note = scene.store.notes[-1]
    assert note.again is not None
    assert note.next_check_at == scene.clock.now() + FLOAT_AFTER


def test_waiting_is_written_down_once() -> None:
    """Whoever is asked again and again for it does not write each time."""
    scene = Scene(of=_payout())
    scene.has_float = False

    scene.submit()
    scene.submit()

    assert len(scene.store.notes) == 1


def test_once_there_is_a_float_it_goes_and_waits_for_nothing() -> None:
    """The same payout, under the same reference."""
    scene = Scene(Accepted(), of=_payout())
    scene.has_float = False
    scene.submit()
    scene.has_float = True

    assert scene.submit() == "accepted"
    assert (scene.payout.status, _shown(scene)) == (OutgoingStatus.IN_TRANSIT, None)


def test_after_a_day_without_a_float_all_goes_back() -> None:
    """As with whatever else could not be sent in its time."""
    scene = Scene(NOT_FOUND, of=_payout())
    scene.has_float = False
    scene.submit()
    scene.clock.pass_time(hours=24)

    assert scene.settle() == "abandoned"
    assert (scene.payout.status, _shown(scene)) == (OutgoingStatus.FAILED, None)
    assert scene.store.moves[0].posting is not None


def test_while_the_operator_is_away_it_waits_for_it() -> None:
    """No intent is kept and no float taken; the broker asks again."""
    scene = Scene(Accepted(), of=_payout())
    scene.is_away, scene.has_float = True, False

    with pytest.raises(AskAgain):
        scene.submit()

    assert (_shown(scene), scene.journal.kept) == ("operator", {})
    assert scene.payout.status is OutgoingStatus.CREATED


def test_over_its_operators_rate_it_waits_for_the_operator() -> None:
    """Nothing is kept or claimed, so nothing looks sent; it goes as soon as it has a turn."""
    scene = Scene(Accepted(), of=_payout())
    scene.has_turn = False

    for _ in range(2):
        with pytest.raises(AskAgain, match=OVER_RATE):
            scene.submit()

    assert (_shown(scene), scene.journal.kept) == ("operator", {})
    assert (scene.payout.status, len(scene.store.notes)) == (OutgoingStatus.CREATED, 1)
    scene.has_turn = True
    assert scene.submit() == "accepted"
    assert (_shown(scene), len(scene.payer.requests)) == (None, 1)


def test_refunds_wait_for_a_turn_too() -> None:
    """They go by the same operator account."""
    scene = Scene()
    scene.has_turn = False

    with pytest.raises(AskAgain, match=OVER_RATE):
        scene.submit()

    assert _shown(scene) == "operator"


def test_what_the_float_does_not_cover_takes_no_turn() -> None:
    """Whoever waits for a top-up does not keep others from being sent, and says one reason."""
    scene = Scene(of=_payout())
    scene.has_float = scene.has_turn = False

    assert (scene.submit(), _shown(scene)) == ("float_too_low", "float")


def test_while_the_store_is_away_it_waits_for_that() -> None:
    """Nothing goes out that is not kept first."""
    scene = Scene(Accepted(), of=_payout())
    scene.journal.is_down = True

    with pytest.raises(AskAgain):
        scene.submit()

    assert (_shown(scene), scene.payer.requests) == ("store", [])


def test_the_last_reason_is_the_one_that_shows() -> None:
    """The operator is back, and the float is too low."""
    scene = Scene(of=_payout())
    scene.is_away, scene.has_float = True, False
    with pytest.raises(AskAgain):
        scene.submit()
    scene.is_away = False

    assert scene.submit() == "float_too_low"
    assert scene.payout.waiting_reason is WaitingReason.FLOAT


def test_a_payout_in_transit_is_told_once() -> None:
    """When its operator took it, or a read shows that it did; refunds tell only of their end."""
    accepted, silent = Scene(Accepted(), of=_payout()), Scene(Accepted())
    accepted.submit()
    silent.submit()

    [event] = accepted.store.moves[0].events
    assert (event.type, event.object_id) == ("payout.in_transit", accepted.payout.id)
    assert '"status":"in_transit"' in event.data
    assert silent.store.moves[0].events == ()


def test_one_whose_answer_was_lost_is_told_by_the_read() -> None:
    """What was unknown is seen on its way."""
    unknown = _payout(status=OutgoingStatus.UNKNOWN, journaled_at=START, claimed_at=START)
    scene = Scene(PENDING, of=unknown, sent=AttemptStatus.SILENT)

    assert scene.settle() == "waiting"
    assert [event.type for event in scene.store.moves[0].events] == ["payout.in_transit"]
