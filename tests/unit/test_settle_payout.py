"""Settling money out: only an operator's proof ends it, once, and for exactly what was asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.charge import AttemptStatus
from shared.domain.errors import AskAgain
from shared.domain.money import Currency, Money
from shared.domain.outgoing import OutgoingStatus, reference_of
from shared.domain.phone import PhoneNumber
from shared.operations.ports import Accepted, PaymentRead, ReadState
from tests.unit.paying_out import Scene

PAID = PaymentRead(
    ReadState.SUCCEEDED,
    "SUCCESSFUL",
    operator_transaction_id="1234567890",
    money=Money(2000),
    payer=PhoneNumber("+237670000001"),
)
PENDING = PaymentRead(ReadState.PENDING, "PENDING")
NOT_FOUND = PaymentRead(ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND")
OPEN = [OutgoingStatus.SUBMITTING, OutgoingStatus.UNKNOWN, OutgoingStatus.IN_TRANSIT]
SENT = AttemptStatus.SILENT


@pytest.mark.parametrize("status", OPEN)
def test_a_proof_of_payment_moves_state_and_money(status: OutgoingStatus) -> None:
    """What was held leaves through the float that paid; refund and charge are both told of."""
    scene = Scene(PAID, status=status, sent=SENT)

    assert scene.settle() == "confirmed"

    [move] = scene.store.moves
    assert move.posting is not None
    assert move.posting.by_account() == {"float:opa_y": -2000, "held": 2000}
    assert (move.gives_back, move.next_check_at) == (0, None)
    assert [event.type for event in move.events] == ["refund.succeeded", "charge.refunded"]
    assert move.receipt is not None
    assert move.again is not None
    assert (move.receipt.number[:3], move.again.topic) == ("RR-", "payment-final")
    assert scene.charge is not None
    assert [event.object_id for event in move.events] == [scene.refund.id, scene.charge.id]
    assert scene.refund.operator_transaction_id == "1234567890"


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("state", [ReadState.FAILED, ReadState.EXPIRED])
def test_a_proof_of_failure_gives_everything_back(status: OutgoingStatus, state: ReadState) -> None:
    """A failure is final, keeps the operator's word and returns the money to where it was."""
    read = PaymentRead(state, "NOT_ENOUGH_FUNDS", failure_code="float_insufficient")
    scene = Scene(read, status=status, sent=SENT, from_pending=2000)

    assert scene.settle() == "declined"

    [move] = scene.store.moves
    assert scene.refund.status is OutgoingStatus.FAILED
    assert move.posting is not None
    assert move.posting.by_account() == {"held": 2000, "pending": -2000}
    assert (move.gives_back, move.operator_word) == (2000, "NOT_ENOUGH_FUNDS")
    assert [event.type for event in move.events] == ["refund.failed"]


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (replace(PAID, money=Money(2001)), "amount_or_currency_differs"),
        (replace(PAID, money=Money(2000, Currency("EUR"))), "amount_or_currency_differs"),
        (replace(PAID, money=None), "amount_or_currency_differs"),
        (replace(PAID, payer=PhoneNumber("+237670000002")), "payee_differs"),
        (replace(PAID, order="rf_of_another"), "order_differs"),
    ],
)
def test_a_success_for_something_else_is_a_case(read: PaymentRead, reason: str) -> None:
    """Another amount, currency, payee or order is for a person; the money stays held."""
    scene = Scene(read, status=OutgoingStatus.IN_TRANSIT, sent=SENT)

    assert scene.settle() == reason

    assert scene.store.moves == []
    assert scene.store.notes[0].case_reason == reason


@pytest.mark.parametrize("hours", [0, 1, 23])
def test_what_the_operator_does_not_know_stays_held(hours: int) -> None:
    """Not found proves nothing on the way out: it is read again, and nothing is given back."""
    scene = Scene(NOT_FOUND, status=OutgoingStatus.UNKNOWN, sent=SENT)
    scene.clock.pass_time(hours=hours)

    assert scene.settle() == "undecided"

    [note] = scene.store.notes
    assert (note.attempt and note.attempt.not_found_reads, note.case_id) == (1, None)
    assert note.next_check_at is not None
    assert scene.refund.status is OutgoingStatus.UNKNOWN


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        ({"money": Money(1)}, "amount_or_currency_differs"),
        ({"payer": PhoneNumber("+237670000002")}, "payee_differs"),
        ({"order": "rf_of_another"}, "order_differs"),
    ],
)
@pytest.mark.parametrize("state", [ReadState.FAILED, ReadState.EXPIRED])
def test_a_failure_of_something_else_is_a_case(
    state: ReadState, of: dict[str, Any], reason: str
) -> None:
    """A failed payment of another amount, payee or order says nothing of ours."""
    read = PaymentRead(state, "PAYEE_NOT_FOUND", "payee_not_found", **of)
    scene = Scene(read, status=OutgoingStatus.IN_TRANSIT, sent=SENT)

    assert scene.settle() == reason

    assert (scene.store.moves, scene.refund.status) == ([], OutgoingStatus.IN_TRANSIT)


def test_whoever_wakes_us_after_a_day_comes_again_until_something_is_proven() -> None:
    """A callback that led to a read without an answer is not forgotten; the case stands."""
    silent = PaymentRead(ReadState.UNKNOWN, "timeout")
    scene = Scene(silent, PAID, status=OutgoingStatus.UNKNOWN, sent=SENT)
    scene.clock.pass_time(hours=25)

    with pytest.raises(AskAgain):
        scene.settle()
    assert scene.store.notes[0].case_reason == "unresolved_for_a_day"

    assert scene.settle() == "confirmed"


@pytest.mark.parametrize("read", [NOT_FOUND, PENDING])
def test_after_a_day_a_person_decides(read: PaymentRead) -> None:
    """Whatever is not settled then becomes a case, and moves no money by itself."""
    scene = Scene(read, status=OutgoingStatus.UNKNOWN, sent=SENT)
    scene.clock.pass_time(hours=24)

    scene.settle()

    [note] = scene.store.notes
    assert note.case_id is not None
    assert (note.next_check_at, note.stops) == (None, False)
    assert scene.store.moves == []


@pytest.mark.parametrize("status", [OutgoingStatus.SUBMITTING, OutgoingStatus.UNKNOWN])
def test_what_is_seen_on_its_way_is_in_transit(status: OutgoingStatus) -> None:
    """A refund that we did not know about is one that the operator has."""
    scene = Scene(PENDING, status=status, sent=SENT)

    assert scene.settle() == "waiting"

    assert scene.refund.status is OutgoingStatus.IN_TRANSIT


def test_what_was_not_sent_is_not_read() -> None:
    """The operator is asked nothing of a refund that never left; it looks again in time."""
    scene = Scene()

    assert scene.settle() == "not_sent_yet"

    assert scene.payer.read_references == []
    [note] = scene.store.notes
    assert (note.again, note.case_id) == (None, None)
    assert note.next_check_at is not None


def test_what_the_broker_gave_up_is_sent_for_again() -> None:
    """An hour later each check asks the sender too, by a message of its own."""
    scene = Scene()
    scene.clock.pass_time(hours=1)

    scene.settle()

    again = scene.store.notes[0].again
    assert again is not None
    assert (again.topic, again.object_id) == ("refund-created", scene.refund.id)


@pytest.mark.parametrize(
    ("status", "sent"),
    [(OutgoingStatus.CREATED, None), (OutgoingStatus.SUBMITTING, AttemptStatus.NOT_SENT)],
)
def test_what_was_never_sent_is_given_back_after_a_day(
    status: OutgoingStatus, sent: AttemptStatus | None
) -> None:
    """Out of time, and the operator knows nothing of it: failed, with everything back."""
    scene = Scene(NOT_FOUND, status=status, sent=sent)
    scene.clock.pass_time(hours=24)

    assert scene.settle() == "abandoned"

    assert scene.refund.failure_code == "operator_unavailable"
    assert scene.store.moves[0].gives_back == 2000
    assert scene.payer.read_references == [reference_of(scene.refund.id)]


def test_what_was_forgotten_is_not_given_back() -> None:
    """The operator knows a refund that we never sent, as after a restore: a person decides."""
    scene = Scene(PAID)
    scene.clock.pass_time(hours=24)

    assert scene.settle() == "sent_and_forgotten"

    [note] = scene.store.notes
    assert (note.case_reason, note.stops, scene.store.moves) == ("sent_and_forgotten", True, [])
    assert (scene.settle(), scene.submit()) == ("stopped", "not_ours")


def test_nothing_is_given_back_while_the_operator_is_silent() -> None:
    """It is asked again each hour, without a case: as soon as it answers, all is settled."""
    scene = Scene(PaymentRead(ReadState.UNKNOWN, "timeout"))
    scene.clock.pass_time(hours=24)

    assert scene.settle() == "not_sent_yet"

    [note] = scene.store.notes
    assert (note.case_id, scene.store.moves) == (None, [])
    assert note.next_check_at == scene.clock.now() + timedelta(hours=1)


def test_what_is_paid_after_the_end_is_taken_of_available() -> None:
    """A refund that failed for us and was paid all the same stays failed; it is booked once."""
    scene = Scene(PAID, PAID, status=OutgoingStatus.FAILED, sent=SENT)

    assert [scene.settle(), scene.settle()] == ["paid_after_the_end"] * 2

    assert (scene.store.moves, scene.store.notes) == ([], [])
    (corrected,) = scene.corrected
    moved = corrected.adjustment.posting.by_account()
    assert (moved["available"], sorted(moved.values())) == (2000, [-2000, 2000])
    assert (corrected.adjustment.amount, corrected.adjustment.about) == (-2000, scene.refund.id)
    assert corrected.event.type == "refund.corrected"
    assert corrected.notice.kind == "case_opened"
    assert scene.store.checks_ended_at is not None


@pytest.mark.parametrize("read", [replace(PAID, money=Money(2001)), replace(PAID, money=None)])
def test_what_is_paid_otherwise_after_the_end_is_a_case(read: PaymentRead) -> None:
    """Nobody books on the word of an answer that is of something else."""
    scene = Scene(read, status=OutgoingStatus.FAILED, sent=SENT)

    assert scene.settle() == "amount_or_currency_differs"

    assert scene.corrected == []
    assert scene.store.notes[0].case_reason == "amount_or_currency_differs"


@pytest.mark.parametrize(
    ("minutes", "read", "word"),
    [
        (11, PaymentRead(ReadState.FAILED, "RETURNED"), "failed_after_success"),
        (11, PAID, "final_already"),
        (9, None, "final_already"),
    ],
)
def test_what_came_back_is_a_case(minutes: int, read: PaymentRead | None, word: str) -> None:
    """Long after it was paid somebody asks: what the operator says then moves nothing by itself."""
    reads = [] if read is None else [read]
    scene = Scene(*reads, status=OutgoingStatus.SUCCEEDED, sent=SENT)
    ended_at = scene.clock.now() - timedelta(minutes=minutes)
    scene.store.outgoing = replace(scene.refund, ended_at=ended_at)

    assert scene.settle() == word

    assert (scene.store.moves, scene.corrected) == ([], [])
    assert len(scene.payer.read_references) == len(reads)


@pytest.mark.parametrize("sent", [None, AttemptStatus.NOT_SENT])
def test_a_refund_that_was_never_sent_is_not_looked_back_at(sent: AttemptStatus | None) -> None:
    """A late or repeated notice is normal and costs the operator nothing."""
    scene = Scene(status=OutgoingStatus.FAILED, sent=sent)

    assert scene.settle() == "final_already"

    assert scene.payer.read_references == []


def test_a_reader_that_always_loses_asks_again() -> None:
    """The operator's word stays true: after three lost races the message comes again."""
    scene = Scene(PAID, status=OutgoingStatus.SUBMITTING, sent=SENT)
    there = iter([OutgoingStatus.UNKNOWN, OutgoingStatus.IN_TRANSIT, OutgoingStatus.UNKNOWN])

    def somebody_else() -> None:
        scene.store.outgoing = replace(scene.refund, status=next(there))

    scene.store.before_move = somebody_else

    with pytest.raises(AskAgain):
        scene.settle()
    assert len(scene.payer.read_references) == 1


def test_what_was_sent_late_is_read_for_a_day_of_its_own() -> None:
    """A refund that waited for its operator for hours is not given to a person a moment later."""
    scene = Scene(Accepted(), PaymentRead(ReadState.PENDING, "PENDING"))
    scene.clock.pass_time(seconds=24 * 3600 - 15)
    scene.submit()
    scene.clock.pass_time(seconds=16)

    assert scene.settle() == "undecided"

    assert scene.store.notes[-1].next_check_at == scene.clock.now() + timedelta(seconds=14)
