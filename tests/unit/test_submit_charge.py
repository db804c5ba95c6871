"""Submitting: at most once per grant, and never a guess about what was not proven."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.charge import AttemptStatus, ChargeEvent, ChargeStatus
from shared.domain.errors import AskAgain
from shared.operations.ports import Accepted, NotSent, Refused, Unknown
from shared.operations.submit_charge import callback_token, token_hash
from tests.factories import a_message
from tests.unit.submitting import KEY, Scene


def test_an_accepted_charge_waits_for_its_payer() -> None:
    """The operator's 202 is no payment."""
    scene = Scene(Accepted())

    assert scene.submit() == "accepted"

    assert scene.store.charge.status is ChargeStatus.AWAITING_PAYER
    assert scene.store.moves[0].event is None


def test_the_second_delivery_of_a_message_sends_nothing() -> None:
    """A repeated message finds the charge already claimed."""
    scene = Scene(Accepted())
    scene.submit()

    assert scene.submit() == "not_ours"

    assert len(scene.operator.requests) == 1


def test_a_refusal_is_final_and_told() -> None:
    """A definite no fails the charge with our code and keeps the operator's word."""
    scene = Scene(Refused("payer_not_found", "PAYER_NOT_FOUND"))

    scene.submit()

    move = scene.store.moves[0]
    assert scene.store.charge.status is ChargeStatus.FAILED
    assert (move.charge.failure_code, move.operator_word) == ("payer_not_found", "PAYER_NOT_FOUND")
    assert move.event is not None
    assert move.event.type == "charge.failed"
    assert move.next_check_at is None


def test_silence_is_a_state() -> None:
    """After a time-out the charge is unknown, is read again, and is not sent again."""
    scene = Scene(Unknown("timeout"))

    assert scene.submit() == "went_silent"

    assert scene.store.charge.status is ChargeStatus.UNKNOWN
    assert scene.store.moves[0].next_check_at is not None
    assert scene.submit() == "not_ours"


@pytest.mark.parametrize("answer", [Accepted(), Unknown("timeout")])
def test_what_was_sent_late_is_read_soon(answer: Accepted | Unknown) -> None:
    """The check after 30 s may be over by then; the one after two minutes is not waited for."""
    scene = Scene(answer)
    scene.clock.pass_time(seconds=31)

    scene.submit()

    assert scene.store.moves[0].next_check_at == scene.clock.now() + timedelta(seconds=10)


def test_proven_unsent_goes_again_under_the_same_reference() -> None:
    """Where no byte left, the broker asks again and the reference stays."""
    scene = Scene(NotSent("connection_refused"), Accepted())

    with pytest.raises(AskAgain):
        scene.submit()
    assert scene.store.attempt is not None
    assert scene.store.attempt.status is AttemptStatus.NOT_SENT
    scene.submit()

    first, second = scene.operator.requests
    assert first.reference == second.reference
    assert first.callback_url == second.callback_url


@pytest.mark.parametrize("wrong", ["requester", "opener"])
def test_what_cannot_be_asked_is_not_claimed(wrong: str) -> None:
    """A charge whose contract is not its own stays as it was: no lease, no attempt."""
    scene = Scene(Accepted(), openings=[])
    scene.wrong = wrong

    with pytest.raises(LookupError):
        scene.submit()

    assert scene.store.charge.status is ChargeStatus.CREATED
    assert scene.store.attempt is None


def test_what_was_never_sent_fails_when_its_time_is_over() -> None:
    """Two minutes of an unreachable operator end as operator_unavailable."""
    scene = Scene(NotSent("connection_refused"))
    with pytest.raises(AskAgain):
        scene.submit()
    scene.clock.pass_time(minutes=3)

    assert scene.submit() == "abandoned"

    assert scene.store.charge.failure_code == "operator_unavailable"
    assert len(scene.operator.requests) == 1


def test_what_may_have_been_sent_is_never_abandoned() -> None:
    """Time alone fails nothing that an operator may have seen."""
    scene = Scene(Unknown("timeout"))
    scene.submit()
    scene.clock.pass_time(hours=30)

    assert scene.submit() == "not_ours"

    assert scene.store.charge.status is ChargeStatus.UNKNOWN


def test_a_message_that_had_its_effect_takes_no_resend() -> None:
    """A grant is for the message that carries it; an old one that comes again sends nothing."""
    scene = Scene(Unknown("timeout"), Accepted())
    first = a_message(scene.store.charge)
    scene.submit(first)
    scene.store.charge = replace(scene.store.charge, resends=1)

    assert scene.submit(first) == "not_ours"
    assert scene.submit() == "accepted"

    assert len(scene.operator.requests) == 2


def test_an_unsent_resend_stays_unknown() -> None:
    """A resend that could not leave proves nothing about the first send."""
    scene = Scene(Unknown("timeout"), NotSent("connection_refused"))
    scene.submit()
    scene.store.charge = replace(scene.store.charge, resends=1)

    assert scene.submit() == "went_silent"

    assert scene.store.charge.status is ChargeStatus.UNKNOWN


def test_a_settlement_that_came_first_stands() -> None:
    """The third phase loses its compare-and-set and changes nothing."""
    scene = Scene(Accepted())

    def settle_first() -> None:
        scene.store.charge = replace(scene.store.charge, status=ChargeStatus.SUCCEEDED)

    scene.store.before_move = settle_first

    assert scene.submit() == "settled_first"
    assert scene.store.charge.status is ChargeStatus.SUCCEEDED


def test_the_points_between_the_phases_are_named() -> None:
    """Every commit and the send have a point before and after them."""
    scene = Scene(Accepted())
    scene.submit()

    assert scene.points == [
        "submit_charge.before_claim",
        "submit_charge.after_claim",
        "submit_charge.before_send",
        "submit_charge.after_send",
        "submit_charge.before_record",
        "submit_charge.after_record",
    ]


def test_the_callback_path_is_a_capability() -> None:
    """The token has 160 bits, comes again from the reference, and is stored only as a hash."""
    token = callback_token(KEY, "reference")

    assert len(token) == 32
    assert token == callback_token(KEY, "reference") != callback_token(KEY, "other")
    assert token_hash(token) not in {token, token_hash("other")}


def test_every_event_of_submitting_is_in_the_table() -> None:
    """No answer of an operator can lead outside the state table."""
    for answer in (Accepted(), Refused("expired", "EXPIRED"), Unknown("x")):
        scene = Scene(answer)
        scene.submit()
        assert isinstance(scene.store.moves[0].cause, ChargeEvent)


def test_a_refused_resend_stays_unknown() -> None:
    """A refusal of the repeat proves nothing about the silent first send."""
    scene = Scene(Unknown("timeout"), Refused("operator_misconfigured", "FORBIDDEN"))
    scene.submit()
    scene.store.charge = replace(scene.store.charge, resends=1)

    assert scene.submit() == "went_silent"

    assert scene.store.charge.status is ChargeStatus.UNKNOWN


def test_the_call_ends_with_the_time_to_send() -> None:
    """A slow token cannot carry the first byte past submit_before."""
    scene = Scene(Accepted())
    scene.clock.pass_time(seconds=117)
    scene.submit()

    assert scene.operator.deadlines == [3]
