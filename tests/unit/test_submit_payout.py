"""Sending money out: its intent kept first, once, and never again after a byte may have left."""

import json
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from shared.domain.charge import AttemptStatus
from shared.domain.errors import AskAgain, CutOff, Unavailable
from shared.domain.outgoing import OutgoingStatus, reference_of
from shared.operations.outgoing_moves import intent_of
from shared.operations.ports import (
    Accepted,
    NotSent,
    PaymentRead,
    ReadState,
    Refused,
    Unknown,
)
from shared.operations.submit_payout import RECORD_SECONDS
from tests.factories import a_charge, a_refund
from tests.fakes import TENANT
from tests.unit.paying_out import Scene


def test_an_accepted_refund_is_on_its_way() -> None:
    """The operator's 202 is no payment: the money stays held."""
    scene = Scene(Accepted())

    assert scene.submit() == "accepted"

    assert scene.refund.status is OutgoingStatus.IN_TRANSIT
    assert scene.store.moves[0].posting is None
    assert scene.store.moves[0].events == ()


def test_the_operator_is_told_what_to_give_back_to_whom() -> None:
    """The amount, the number that paid, the payment it gives back, and where to call."""
    scene = Scene(Accepted())

    scene.submit()

    [request] = scene.payer.requests
    assert request.reference == reference_of(scene.refund.id)
    assert (request.money, request.payee) == (scene.refund.money, scene.refund.phone)
    assert (request.refunds, request.external_id) == (
        scene.refund.charge_reference,
        scene.refund.id,
    )
    assert request.callback_url.startswith("https://callbacks.example/callbacks/mtn/")


def test_the_intent_is_kept_before_anything_is_sent() -> None:
    """What lies in write-once storage names the refund and the reference it goes under."""
    scene = Scene(Accepted())

    scene.submit()

    [body] = scene.journal.kept.values()
    kept = json.loads(body)
    assert (kept["intent"], kept["amount"]) == (scene.refund.id, 2000)
    assert kept["reference"] == scene.payer.requests[0].reference
    assert scene.points.index("submit_payout.after_put") < scene.points.index(
        "submit_payout.before_claim"
    )


def test_until_the_journal_is_read_in_nothing_is_kept_or_sent() -> None:
    """A database that was put back waits, and leaves no intent that would count as sent."""
    scene = Scene(Accepted())
    scene.journal_is_read = False

    with pytest.raises(AskAgain, match="journal_not_read"):
        scene.submit()
    assert (scene.refund.status, scene.payer.requests) == (OutgoingStatus.CREATED, [])
    assert scene.journal.kept == {}
    scene.journal_is_read = True

    assert scene.submit() == "accepted"


def test_without_the_journal_nothing_is_sent() -> None:
    """While the store is down the refund waits as it is, and the broker asks again."""
    scene = Scene(Accepted())
    scene.journal.is_down = True

    with pytest.raises(AskAgain):
        scene.submit()
    assert (scene.refund.status, scene.payer.requests) == (OutgoingStatus.CREATED, [])
    scene.journal.is_down = False

    assert scene.submit() == "accepted"


def test_another_intent_in_the_same_place_stops_the_refund() -> None:
    """A wish that was kept before under another id is for a person; nothing is sent, ever."""
    scene = Scene(Accepted())
    forgotten = intent_of(a_refund(a_charge(TENANT, id=scene.refund.charge_id)))
    scene.journal.kept[forgotten.object_key] = forgotten.body

    assert scene.submit() == "intent_differs"

    [note] = scene.store.notes
    assert (note.case_reason, note.stops, note.next_check_at) == ("intent_differs", True, None)
    assert note.notice is not None
    scene.clock.pass_time(hours=30)
    assert (scene.submit(), scene.settle()) == ("not_ours", "stopped")
    assert scene.payer.requests == []
    assert scene.refund.status is OutgoingStatus.CREATED


def test_an_intent_that_is_kept_is_not_kept_again() -> None:
    """Where no byte left, the second try goes on where the first one ended.

    The operator says first that it knows nothing of it: these rows may be yesterday's.
    """
    scene = Scene(
        NotSent("connection_refused"),
        PaymentRead(ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND"),
        Accepted(),
    )
    with pytest.raises(AskAgain):
        scene.submit()
    scene.journal.is_down = True

    assert scene.submit() == "accepted"

    first, second = scene.payer.requests
    assert first.reference == second.reference


def test_a_refusal_gives_everything_back() -> None:
    """A definite no fails the refund, gives back what was held, and is told."""
    scene = Scene(Refused("payee_not_found", "PAYEE_NOT_FOUND"), from_pending=500)

    assert scene.submit() == "refused"

    [move] = scene.store.moves
    assert scene.refund.status is OutgoingStatus.FAILED
    assert (scene.refund.failure_code, move.operator_word) == (
        "payee_not_found",
        "PAYEE_NOT_FOUND",
    )
    assert move.posting is not None
    assert move.posting.by_account() == {"available": -1500, "held": 2000, "pending": -500}
    assert move.gives_back == 2000
    assert [event.type for event in move.events] == ["refund.failed"]
    assert move.next_check_at is None


def test_silence_is_a_state_that_nobody_sends_again() -> None:
    """After a time-out the refund is unknown; whoever asks to send it does nothing."""
    scene = Scene(Unknown("timeout"))
    scene.payer.answers.append(Accepted())  # which nobody shall hear

    assert scene.submit() == "went_silent"

    assert scene.refund.status is OutgoingStatus.UNKNOWN
    assert scene.store.moves[0].next_check_at == scene.clock.now() + timedelta(seconds=10)
    for hours in (0, 1, 30):
        scene.clock.pass_time(hours=hours)
        assert scene.submit() == "not_ours"
    assert len(scene.payer.requests) == 1


def test_a_sender_that_died_is_not_repeated() -> None:
    """A claim whose lease ran out may have been sent: only reads go on from there."""
    scene = Scene(Accepted(), status=OutgoingStatus.SUBMITTING, sent=AttemptStatus.SENDING)

    assert scene.submit() == "not_ours"

    assert scene.payer.requests == []


def test_what_was_never_sent_is_not_sent_when_its_day_is_over() -> None:
    """After a day of an operator that cannot be reached it is the reader's to give back."""
    scene = Scene(NotSent("connection_refused"))
    with pytest.raises(AskAgain):
        scene.submit()
    scene.clock.pass_time(hours=24)

    assert scene.submit() == "not_ours"

    assert (scene.store.moves, len(scene.payer.requests)) == ([], 1)


def _kept_before(*told: Accepted | PaymentRead) -> Scene:
    """A refund that is new to the database, and whose intent lies in the journal already."""
    scene = Scene(*told)
    intent = intent_of(scene.refund)
    scene.journal.kept[intent.object_key] = intent.body
    return scene


def test_a_sender_that_died_before_its_claim_is_followed() -> None:
    """The intent is there and the operator knows nothing of it: it is sent, for the first time."""
    scene = _kept_before(PaymentRead(ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND"), Accepted())

    assert scene.submit() == "accepted"

    assert scene.payer.read_references == [scene.payer.requests[0].reference]


def test_what_was_sent_after_the_backup_is_not_sent_again() -> None:
    """Its rows say that no byte left; it went out at the next try, which they forgot."""
    paid = PaymentRead(ReadState.SUCCEEDED, "SUCCESSFUL")
    scene = Scene(NotSent("connection_refused"), paid)
    with pytest.raises(AskAgain):
        scene.submit()

    assert scene.submit() == "went_silent"

    assert len(scene.payer.requests) == 1
    assert scene.refund.status is OutgoingStatus.UNKNOWN


@pytest.mark.parametrize("state", [ReadState.SUCCEEDED, ReadState.PENDING, ReadState.FAILED])
def test_what_a_restored_database_forgot_is_not_sent_again(state: ReadState) -> None:
    """The operator knows it: nothing is sent, and the reader settles it by what it reads."""
    scene = _kept_before(PaymentRead(state, "WORD"))

    assert scene.submit() == "went_silent"

    assert (scene.payer.requests, scene.refund.status) == ([], OutgoingStatus.UNKNOWN)
    assert scene.store.moves[0].operator_word == "sent_before"


def test_an_operator_that_does_not_say_is_asked_again_before_anything_is_sent() -> None:
    """Whether it was sent is not known, so it waits."""
    scene = _kept_before(PaymentRead(ReadState.UNKNOWN, "timeout"))

    with pytest.raises(AskAgain):
        scene.submit()

    assert (scene.payer.requests, scene.refund.status) == ([], OutgoingStatus.CREATED)


def test_what_ran_out_of_time_on_the_way_is_not_sent() -> None:
    """The time is looked at once more right before the first byte."""
    scene = Scene(Accepted())
    scene.clock.pass_time(hours=23, minutes=59, seconds=57)
    scene.submit()

    assert scene.payer.deadlines == [3]


def test_after_a_slow_store_nothing_is_sent() -> None:
    """What is left of the handler's time must cover sending and recording; else it comes again."""
    scene = Scene(Accepted())
    scene.journal.on_put = lambda: scene.clock.pass_time(seconds=10)

    with pytest.raises(AskAgain):
        scene.submit()

    assert (scene.refund.status, scene.payer.requests) == (OutgoingStatus.CREATED, [])


@pytest.mark.parametrize(("seconds", "left"), [(0, 10), (4, 6), (9, 1)])
def test_the_time_to_send_begins_before_the_claim(seconds: int, left: int) -> None:
    """A claim that took long leaves so much less of the ten seconds."""
    scene = Scene(Accepted())
    scene.store.on_claim = lambda: scene.clock.pass_time(seconds=seconds)

    scene.submit()

    assert scene.payer.deadlines == [left]


def test_a_claim_that_took_too_long_sends_nothing() -> None:
    """The time is over before the first byte: the lease is given back, and it is asked again."""
    scene = Scene()
    scene.store.on_claim = lambda: scene.clock.pass_time(seconds=10)

    with pytest.raises(AskAgain):
        scene.submit()

    assert scene.store.attempt is not None
    assert scene.store.attempt.status is AttemptStatus.NOT_SENT
    assert (scene.payer.requests, scene.refund.lease_until) == ([], None)


def test_the_kept_bytes_do_not_depend_on_the_zone_of_a_clock() -> None:
    """A time read in Douala's zone is kept in UTC: other bytes would be another intent."""
    refund = a_refund(a_charge(TENANT))
    there = replace(refund, created_at=refund.created_at.astimezone(timezone(timedelta(hours=1))))

    assert intent_of(there).body == intent_of(refund).body


def test_a_settlement_that_came_first_stands() -> None:
    """The third phase loses its compare-and-set and changes nothing."""
    scene = Scene(Accepted())
    scene.store.before_move = lambda: scene.store.release(
        scene.refund, scene.store.attempt or pytest.fail("no attempt"), reason=""
    )

    assert scene.submit() == "settled_first"


def test_the_points_between_the_phases_are_named() -> None:
    """Every write and the send have a point before and after them."""
    scene = Scene(Accepted())
    scene.submit()

    assert [point.removeprefix("submit_payout.") for point in scene.points] == [
        "before_put",
        "after_put",
        "before_claim",
        "after_claim",
        "before_send",
        "after_send",
        "before_record",
        "after_record",
    ]


def test_a_sender_that_cannot_be_made_ready_leaves_it_unsent() -> None:
    """Credentials that are not mounted cost time, and no refund: it is sent once they are."""
    scene = Scene(Accepted())
    scene.has_no_credentials = True
    for _ in range(2):
        with pytest.raises(LookupError):
            scene.submit()
    assert (scene.refund.status, scene.journal.kept) == (OutgoingStatus.CREATED, {})

    scene.has_no_credentials = False

    assert scene.submit() == "accepted"


@pytest.mark.parametrize(
    ("answer", "word"),
    [(Accepted(), "accepted"), (Refused("payee_not_found", "PAYEE_NOT_FOUND"), "refused")],
)
def test_an_answer_outlasts_a_hiccup_of_the_database(answer: Accepted | Refused, word: str) -> None:
    """What the operator said once is recorded when the database is back; nothing is sent again."""
    scene = Scene(answer)
    scene.store.hiccups = 15

    assert scene.submit() == word
    assert len(scene.payer.requests) == 1


def test_a_database_that_stays_away_ends_the_wait() -> None:
    """The sender gives up in its time; the reader learns later what became of the money."""
    scene = Scene(Accepted())
    scene.store.hiccups = 1000

    with pytest.raises((CutOff, Unavailable)):
        scene.submit()
    assert scene.clock.monotonic() == pytest.approx(RECORD_SECONDS, abs=0.5)
    assert scene.refund.status is OutgoingStatus.SUBMITTING


@pytest.mark.parametrize("was_done", [True, False])
def test_a_claim_that_was_cut_off_is_given_back(*, was_done: bool) -> None:
    """Whether the claim was done or not, nothing was sent, and the next try may send."""
    scene = Scene(Accepted(), PaymentRead(ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND"))
    scene.store.is_claim_cut = was_done
    scene.store.hiccups = 3
    with pytest.raises(AskAgain, match="claim_cut_off"):
        scene.submit()
    assert not scene.payer.requests

    scene.store.is_claim_cut = None

    assert scene.submit() == "accepted"
    assert len(scene.payer.requests) == 1


def test_what_is_sent_at_the_second_try_looks_sent() -> None:
    """Who dies while sending it again leaves no word that it was not sent."""
    read = PaymentRead(ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND")
    scene = Scene(NotSent("connect"), Unknown("read_timeout"), read)
    with pytest.raises(AskAgain):
        scene.submit()
    claimed: list[AttemptStatus] = []

    def look() -> None:
        assert scene.store.attempt is not None
        claimed.append(scene.store.attempt.status)

    scene.payer.on_send = look
    scene.submit()

    assert claimed == [AttemptStatus.SENDING]


def test_a_proof_that_nothing_was_sent_outlasts_a_hiccup() -> None:
    """It is not left looking as if it had been sent, which only a person could end."""
    scene = Scene(NotSent("connect"))
    scene.store.hiccups = 3

    with pytest.raises(AskAgain, match="connect"):
        scene.submit()
    assert scene.store.attempt is not None
    assert scene.store.attempt.status is AttemptStatus.NOT_SENT
