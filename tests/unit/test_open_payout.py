"""Money out where the operator makes the reference: kept for good first, one for each payout."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.charge import AttemptStatus
from shared.domain.errors import AskAgain
from shared.domain.intent import opened, opened_reference
from shared.domain.money import Money
from shared.domain.outgoing import SUBMIT_LEASE, OutgoingStatus
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.outgoing_moves import intent_of
from shared.operations.ports import (
    Accepted,
    NotSent,
    Opened,
    PaymentRead,
    ReadState,
    Refused,
    Unknown,
)
from tests.factories import a_payout
from tests.fakes import START, TENANT
from tests.unit.paying_out import Scene

FIRST, SECOND = Opened("CI1"), Opened("CI2")
INITIATED = PaymentRead(ReadState.PENDING, "INITIATED")
EXPIRED = PaymentRead(ReadState.EXPIRED, "EXPIRED", failure_code="expired")
PAID = PaymentRead(
    ReadState.SUCCEEDED, "SUCCESSFULL", operator_transaction_id="CI221207.2051.A1",
    money=Money(2000), payer=PhoneNumber("+237690000001"),
)  # fmt: skip


def _scene(*told: Any, opened: Any = (FIRST,), **more: Any) -> Scene:
    payout = a_payout(
        TENANT,
        operator=Operator.ORANGE,
        phone=PhoneNumber("+237690000001"),
        created_at=START,
        submit_before=START + timedelta(hours=24),
    )
    return Scene(*told, opened=opened, of=payout, **more)


def _kept(scene: Scene) -> list[str | None]:
    return [opened_reference(b) for k, b in scene.journal.kept.items() if "opened" in k]


def test_the_reference_is_kept_and_committed_before_money_goes_out_under_it() -> None:
    """In this order: intent, claim, opened, kept, committed, sent."""
    scene = _scene(Accepted())

    assert scene.submit() == "accepted"

    [request] = scene.payer.requests
    assert request.reference == "CI1"
    assert scene.store.attempt is not None
    assert scene.store.attempt.operator_reference == "CI1"
    assert _kept(scene) == ["CI1"]
    steps = [point.partition(".")[2] for point in scene.points]
    order = [
        "after_put", "before_claim", "after_claim", "before_open", "after_open", "after_keep",
        "after_opened", "before_send", "after_send", "before_record",
    ]  # fmt: skip
    assert [step for step in steps if step in order] == order


def test_it_is_read_by_the_operator_s_reference() -> None:
    """And what it proves is booked as anywhere."""
    scene = _scene(Accepted(), PAID)
    scene.submit()

    assert scene.settle() == "confirmed"

    assert scene.payer.read_references == ["CI1"]


def test_what_was_not_opened_is_opened_again() -> None:
    """Nothing was kept and nothing asked: as often as it takes."""
    scene = _scene(Accepted(), opened=(NotSent("reset"), NotSent("reset"), FIRST))
    for _ in range(2):
        with pytest.raises(AskAgain):
            scene.submit()

    assert scene.submit() == "accepted"
    assert _kept(scene) == ["CI1"]


def test_once_kept_there_is_no_other() -> None:
    """Proven unsent, it goes again under the same, when the operator says that it did not serve."""
    scene = _scene(NotSent("connection_refused"), INITIATED, Accepted())
    with pytest.raises(AskAgain):
        scene.submit()

    assert scene.submit() == "accepted"

    assert [request.reference for request in scene.payer.requests] == ["CI1", "CI1"]
    assert scene.payer.read_references == ["CI1"]


@pytest.mark.parametrize("read", [PAID, EXPIRED, PaymentRead(ReadState.PENDING, "PENDING")])
def test_what_may_have_served_is_read_and_not_sent(read: PaymentRead) -> None:
    """The row says unsent, the operator says otherwise: it is believed."""
    scene = _scene(NotSent("connection_refused"), read)
    with pytest.raises(AskAgain):
        scene.submit()

    assert scene.submit() == "went_silent"

    assert len(scene.payer.requests) == 1


def test_an_expired_reference_gives_all_back() -> None:
    """It can serve no more: the operator's own word of failure."""
    scene = _scene(Unknown("reset"), INITIATED, EXPIRED)
    scene.submit()
    first = scene.settle()
    unknown = scene.payout.status

    assert (first, unknown) == ("undecided", OutgoingStatus.UNKNOWN)
    assert scene.settle() == "declined"
    assert (scene.payout.status, scene.payout.failure_code) == (OutgoingStatus.FAILED, "expired")


def test_a_sender_that_died_before_committing_is_made_good() -> None:
    """The kept reference is taken, not the new one; unpaid so far, money goes out under it."""
    scene = _scene(INITIATED, Accepted(), opened=(SECOND,))
    place, body = opened(intent_of(scene.payout), "CI1")
    scene.journal.kept[place] = body

    assert scene.submit() == "accepted"

    assert [request.reference for request in scene.payer.requests] == ["CI1"]
    assert scene.store.attempt is not None
    assert scene.store.attempt.operator_reference == "CI1"


@pytest.mark.parametrize("read", [PAID, EXPIRED, PaymentRead(ReadState.PENDING, "PENDING")])
def test_a_restored_database_pays_nothing_twice(read: PaymentRead) -> None:
    """Its rows know of no reference; what was kept may have served: read, never sent."""
    scene = _scene(read, opened=(SECOND,))
    place, body = opened(intent_of(scene.payout), "CI1")
    scene.journal.kept[place] = body

    assert scene.submit() == "went_silent"

    assert scene.payer.requests == []
    assert scene.store.attempt is not None
    assert scene.store.attempt.operator_reference == "CI1"


def test_where_the_operator_says_nothing_of_it_it_is_asked_again() -> None:
    """The lease is given back: nothing was sent."""
    scene = _scene(PaymentRead(ReadState.UNKNOWN, "reset"), opened=(SECOND,))
    place, body = opened(intent_of(scene.payout), "CI1")
    scene.journal.kept[place] = body

    with pytest.raises(AskAgain):
        scene.submit()

    assert scene.payout.lease_until is None
    assert scene.store.attempt is not None
    assert scene.store.attempt.status is AttemptStatus.NOT_SENT


def test_a_journal_that_is_down_lets_nothing_out() -> None:
    """Opened and not kept: that reference is forgotten, and ends by itself."""
    scene = _scene(Accepted(), opened=(FIRST, SECOND))
    scene.store.on_claim = lambda: setattr(scene.journal, "is_down", True)
    with pytest.raises(AskAgain):
        scene.submit()
    scene.store.on_claim = lambda: setattr(scene.journal, "is_down", False)

    assert scene.submit() == "accepted"

    assert [request.reference for request in scene.payer.requests] == ["CI2"]


def test_a_message_that_comes_while_it_is_being_opened_comes_again() -> None:
    """Whoever opens it may have died of it; then nobody but this message asks for it."""
    scene = _scene(Accepted(), sent=AttemptStatus.OPENING)
    scene.store.outgoing = replace(
        scene.payout,
        status=OutgoingStatus.SUBMITTING,
        lease_until=scene.clock.now() + SUBMIT_LEASE,
        journaled_at=scene.clock.now(),
    )
    with pytest.raises(AskAgain, match="being_opened"):
        scene.submit()

    scene.clock.pass_time(seconds=26)

    assert scene.submit() == "accepted"


def test_whoever_lost_the_lease_sends_nothing() -> None:
    """Another took it while the operator opened."""
    scene = _scene(Accepted())
    lost = START + timedelta(hours=1)
    scene.store.on_open = lambda: setattr(
        scene.store, "outgoing", replace(scene.payout, lease_until=lost)
    )

    assert scene.submit() == "lease_lost"

    assert scene.payer.requests == []


def test_a_refusal_gives_all_back() -> None:
    """As anywhere."""
    scene = _scene(Refused("payee_not_found", "99051"))

    assert scene.submit() == "refused"

    *_, move = scene.store.moves
    assert move.posting is not None
    assert move.posting.by_account() == {"available": -2000, "held": 2000}


# --- out of time ---------------------------------------------------------------------------------


def test_out_of_time_the_place_is_taken_and_all_goes_back() -> None:
    """So nobody opens it any more, whatever his rows say; the reader asks the sender for it."""
    scene = _scene(opened=(NotSent("reset"),))
    with pytest.raises(AskAgain):
        scene.submit()
    scene.clock.pass_time(hours=25)
    assert scene.settle() == "not_sent_yet"
    assert scene.store.notes[-1].again is not None
    assert scene.store.notes[-1].next_check_at == scene.clock.now() + timedelta(hours=1)

    assert scene.submit() == "abandoned"

    assert (scene.payout.status, _kept(scene)) == (OutgoingStatus.FAILED, [None])
    assert scene.payer.read_references == []


def test_out_of_time_and_kept_before_is_for_a_person() -> None:
    """A restored database knows of no reference, the journal does: nothing goes back."""
    scene = _scene(opened=())
    place, body = opened(intent_of(scene.payout), "CI1")
    scene.journal.kept[place] = body
    scene.clock.pass_time(hours=25)

    assert scene.submit() == "sent_and_forgotten"

    assert scene.store.moves == []
    assert scene.store.notes[-1].stops


def test_out_of_time_while_the_journal_is_down_waits() -> None:
    """Nothing goes back on our word alone."""
    scene = _scene(opened=())
    scene.journal.is_down = True
    scene.clock.pass_time(hours=25)

    with pytest.raises(AskAgain):
        scene.submit()

    assert scene.store.moves == []


@pytest.mark.parametrize(
    ("read", "word"),
    [
        (EXPIRED, "abandoned"),
        (INITIATED, "not_sent_yet"),
        (PAID, "sent_and_forgotten"),
        (PaymentRead(ReadState.UNKNOWN, "reset"), "not_sent_yet"),
    ],
)
def test_out_of_time_with_a_reference_the_operator_decides(read: PaymentRead, word: str) -> None:
    """It goes back once the reference can serve no more."""
    scene = _scene(NotSent("connection_refused"), read)
    with pytest.raises(AskAgain):
        scene.submit()
    scene.clock.pass_time(hours=25)

    assert scene.settle() == word


def test_what_was_given_up_is_opened_by_nobody() -> None:
    """A database of before the giving up sends nothing, and gives it up again in its time."""
    scene = _scene(Accepted(), opened=(FIRST, SECOND))
    place, body = opened(intent_of(scene.payout), None)
    scene.journal.kept[place] = body
    with pytest.raises(AskAgain):
        scene.submit()
    scene.clock.pass_time(hours=25)

    assert scene.submit() == "abandoned"

    assert scene.payer.requests == []


def test_nothing_of_a_person_lies_beside_the_intent() -> None:
    """The reference and the payout's id, no number."""
    payout = _scene().payout
    place, body = opened(intent_of(payout), "CI1")

    assert json.loads(body) == {
        "format": "opened.v1", "intent": payout.id, "operator_reference": "CI1"
    }  # fmt: skip
    assert place.startswith(intent_of(payout).object_key.removesuffix(".json"))
