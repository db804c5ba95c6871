"""A payout on the way that refunds go: once, to whoever was named, at its time, or held back."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.charge import AttemptStatus
from shared.domain.errors import AskAgain
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingStatus, reference_of
from shared.domain.payout import Payout
from shared.domain.phone import PhoneNumber
from shared.operations.outgoing_moves import intent_of
from shared.operations.ports import Accepted, NotSent, PaymentRead, ReadState, Refused, Unknown
from tests.factories import a_payout
from tests.fakes import START, TENANT
from tests.unit.paying_out import Scene

PAID = PaymentRead(
    ReadState.SUCCEEDED,
    "SUCCESSFUL",
    operator_transaction_id="1234567890",
    money=Money(2000),
    payer=PhoneNumber("+237670000001"),
)
NOT_FOUND = PaymentRead(ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND")
LATER = START + timedelta(days=2)


def _payout(**changes: Any) -> Payout:
    times = {"created_at": START, "submit_before": START + timedelta(hours=24)}
    return a_payout(TENANT, **{**times, **changes})


def _put_off() -> Payout:
    return _payout(
        status=OutgoingStatus.SCHEDULED,
        scheduled_at=LATER,
        submit_before=LATER + timedelta(hours=24),
    )


def test_the_operator_is_told_whom_to_pay() -> None:
    """The amount, the number that was named, no payment to give back; fees are not its business."""
    scene = Scene(Accepted(), of=_payout(fees={"fees:platform": 20}, description="November"))

    assert scene.submit() == "accepted"

    [request] = scene.payer.requests
    assert request.reference == reference_of(scene.payout.id)
    assert (request.money, request.payee) == (Money(2000), scene.payout.phone)
    assert (request.refunds, request.message) == ("", "November")
    assert scene.payout.status is OutgoingStatus.IN_TRANSIT
    [body] = scene.journal.kept.values()
    kept = json.loads(body)
    assert (kept["operation"], kept["intent"]) == ("create_payout", scene.payout.id)


@pytest.mark.parametrize(
    ("answer", "status"),
    [(Accepted(), OutgoingStatus.IN_TRANSIT), (Unknown("reset"), OutgoingStatus.UNKNOWN)],
)
def test_once_a_byte_may_have_left_it_is_sent_no_more(
    answer: Accepted | Unknown, status: OutgoingStatus
) -> None:
    """Not by a message that comes again, nor a day later: it is read."""
    scene = Scene(answer, PAID, of=_payout())
    scene.submit()

    assert scene.payout.status is status
    assert scene.submit() == "not_ours"
    scene.clock.pass_time(hours=25)
    assert scene.submit() == "not_ours"
    assert scene.settle() == "confirmed"
    assert len(scene.payer.requests) == 1


def test_what_was_paid_leaves_with_its_cost_and_is_told_once() -> None:
    """Held goes to float and fees; one event, and none of a charge."""
    fees = {"fees:platform": 20, "tax:vat": 4}
    scene = Scene(Accepted(), PAID, of=_payout(fees=fees))
    scene.submit()

    assert scene.settle() == "confirmed"

    *_, move = scene.store.moves
    assert move.posting is not None
    assert move.posting.by_account() == {
        "held": 2024, "float:opa_y": -2000, "fees:platform": -20, "tax:vat": -4
    }  # fmt: skip
    assert [event.type for event in move.events] == ["payout.paid"]
    assert (move.gives_back, scene.payout.operator_transaction_id) == (0, "1234567890")


@pytest.mark.parametrize("is_refused", [True, False])
def test_what_was_not_paid_comes_back_with_its_cost(*, is_refused: bool) -> None:
    """Refused at once or failed later: all of it is available again."""
    refused = Refused("payee_not_found", "PAYEE_NOT_FOUND")
    failed = PaymentRead(ReadState.FAILED, "PAYEE_NOT_FOUND", failure_code="payee_not_found")
    answers = (refused,) if is_refused else (Accepted(), failed)
    scene = Scene(*answers, of=_payout(fees={"fees:platform": 20}))
    scene.submit()
    if not is_refused:
        scene.settle()

    *_, move = scene.store.moves
    assert move.posting is not None
    assert move.posting.by_account() == {"available": -2020, "held": 2020}
    assert [event.type for event in move.events] == ["payout.failed"]
    shown = json.loads(move.events[0].data)
    assert (shown["status"], shown["failure_code"]) == ("failed", "payee_not_found")


def test_not_found_gives_nothing_back() -> None:
    """What may be on its way stays held, and after a day a person decides."""
    scene = Scene(NOT_FOUND, of=_payout(status=OutgoingStatus.UNKNOWN), sent=AttemptStatus.SILENT)
    scene.clock.pass_time(hours=25)

    assert scene.settle() == "unresolved_for_a_day"

    assert (scene.store.moves, scene.payout.status) == ([], OutgoingStatus.UNKNOWN)


def test_the_same_live_wish_under_another_id_stops() -> None:
    """A database that forgot what it paid does not pay again: a person decides."""
    payout = _payout(livemode=True)
    scene = Scene(Accepted(), of=payout)
    forgotten = intent_of(replace(payout, id=a_payout(TENANT).id))
    scene.journal.kept[forgotten.object_key] = forgotten.body

    assert (scene.submit(), scene.submit()) == ("intent_differs", "not_ours")

    assert (scene.payer.requests, scene.payout.stopped_at) == ([], START)


# --- its time ------------------------------------------------------------------------------------


def test_what_is_put_off_is_kept_and_sent_by_nobody_before_its_time() -> None:
    """A message that comes too early, whosesoever, finds nothing to do."""
    scene = Scene(Accepted(), of=_put_off())

    assert (scene.submit(), scene.settle()) == ("not_ours", "scheduled")

    assert (scene.journal.kept, scene.payer.requests) == ({}, [])
    assert scene.store.notes[-1].next_check_at == LATER


def test_at_its_time_the_sender_is_asked() -> None:
    """Nobody is told: to the merchant it was pending all the while. Then it goes as any other."""
    scene = Scene(Accepted(), of=_put_off())
    scene.clock.pass_time(days=2)

    assert scene.settle() == "became_due"

    [move] = scene.store.moves
    assert move.again is not None
    assert (move.again.topic, move.again.object_id) == ("payout-ready", scene.payout.id)
    assert (move.events, move.posting) == ((), None)
    assert move.next_check_at == LATER + timedelta(seconds=10)
    assert scene.submit() == "accepted"


def test_its_day_to_be_sent_in_begins_at_its_time() -> None:
    """Given up a day after that, not a day after it was made."""
    scene = Scene(NOT_FOUND, of=_put_off())
    scene.clock.pass_time(days=2)
    scene.settle()
    scene.clock.pass_time(hours=23)
    assert scene.settle() == "not_sent_yet"
    scene.clock.pass_time(hours=2)

    assert scene.settle() == "abandoned"

    assert scene.payout.failure_code == "operator_unavailable"


# --- accounts that stand still -------------------------------------------------------------------


def test_nothing_leaves_an_account_that_stands_still() -> None:
    """Neither kept nor sent; its checks ask again, and once it may, it goes."""
    scene = Scene(Accepted(), of=_payout())
    scene.may_go_out = False

    assert scene.submit() == "held_back"

    assert (scene.journal.kept, scene.payer.requests) == ({}, [])
    scene.clock.pass_time(hours=2)
    assert scene.settle() == "not_sent_yet"
    assert scene.store.notes[-1].again is not None
    scene.may_go_out = True
    assert scene.submit() == "accepted"


def test_what_was_sent_settles_whatever_the_account_has_become() -> None:
    """The operator's word is the operator's word."""
    scene = Scene(Accepted(), PAID, of=_payout())
    scene.submit()
    scene.may_go_out = False

    assert scene.settle() == "confirmed"


def test_proven_unsent_it_goes_again_under_the_same_reference() -> None:
    """As a refund: the operator says first that it knows nothing of it."""
    scene = Scene(NotSent("connection_refused"), NOT_FOUND, Accepted(), of=_payout())
    with pytest.raises(AskAgain):
        scene.submit()

    assert scene.submit() == "accepted"

    first, second = scene.payer.requests
    assert first.reference == second.reference
