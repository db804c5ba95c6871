"""Ending by hand: what two persons may allow, and that only a read that finds nothing ends it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.charge import AttemptStatus
from shared.domain.ending import Doubt, Ending, EndingOutcome, content_sha256, told
from shared.domain.errors import AskAgain, InvalidRequest
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingStatus
from shared.domain.phone import PhoneNumber
from shared.operations.ports import PaymentRead, ReadState
from tests.fakes import START
from tests.unit.paying_out import Scene

NOT_FOUND: Final = PaymentRead(ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND")
PAID: Final = PaymentRead(
    ReadState.SUCCEEDED, "SUCCESSFUL", money=Money(2000), payer=PhoneNumber("+237670000001")
)
PENDING: Final = PaymentRead(ReadState.PENDING, "PENDING")
SILENT: Final = PaymentRead(ReadState.UNKNOWN, "timeout")
LOST: Final = Doubt(
    status="unknown",
    amount=2000,
    operator_account="opa_1",
    reference="r-1",
    attempt_status="silent",
    reads_of_nothing=9,
    claimed_at=START,
    submit_before=START + timedelta(hours=24),
    is_stopped=False,
    is_covered=True,
    in_statements=False,
)
LATER: Final = START + timedelta(hours=25)
ENDING: Final = Ending(
    id="end_1",
    case="case_1",
    kind="refund",
    account="acct_1",
    livemode=True,
    object_id="rf_1",
    reason="they never received it",
    proposed_by="ada",
    proposed_at=LATER,
    expires_at=LATER + timedelta(hours=72),
)


def scene(read: PaymentRead, *, allowed: bool = True, hours: int = 25, **changes: Any) -> Scene:
    """A refund that was sent so many hours ago."""
    made = Scene(
        read, **{"status": OutgoingStatus.UNKNOWN, "sent": AttemptStatus.SILENT, **changes}
    )
    made.clock.pass_time(hours=hours)
    if allowed:
        made.given_up.add(made.refund.id)
    return made


@pytest.mark.parametrize(
    "status", [OutgoingStatus.SUBMITTING, OutgoingStatus.UNKNOWN, OutgoingStatus.IN_TRANSIT]
)
def test_allowed_and_still_not_known_it_fails_and_gives_back(status: OutgoingStatus) -> None:
    """State, money and event by one move, as every other end; the attempt is closed."""
    lost = scene(NOT_FOUND, status=status, from_pending=500)

    assert lost.settle() == "given_up"

    [move] = lost.store.moves
    assert (lost.refund.status, lost.refund.failure_code) == (OutgoingStatus.FAILED, "not_received")
    assert move.posting is not None
    assert move.posting.by_account() == {"held": 2000, "pending": -500, "available": -1500}
    assert (move.gives_back, move.attempt_status) == (2000, AttemptStatus.CLOSED)
    assert [event.type for event in move.events] == ["refund.failed"]
    assert move.operator_word == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    ("read", "outcome"), [(PAID, "confirmed"), (PENDING, "unresolved_for_a_day")]
)
def test_another_word_of_the_operator_stands(read: PaymentRead, outcome: str) -> None:
    """What is paid after all is booked as paid; what is on its way is waited for."""
    found = scene(read, status=OutgoingStatus.IN_TRANSIT)

    assert found.settle() == outcome

    assert found.refund.status is not OutgoingStatus.FAILED


def test_silence_ends_nothing() -> None:
    """Without a word of the operator's, the two must wait."""
    silent = scene(SILENT)

    with pytest.raises(AskAgain):
        silent.settle()
    assert silent.store.moves == []


@pytest.mark.parametrize(("allowed", "hours"), [(False, 25), (True, 23)])
def test_neither_alone_nor_early(*, allowed: bool, hours: int) -> None:
    """Nothing is given back without their word, nor within a day of the sending."""
    held = scene(NOT_FOUND, allowed=allowed, hours=hours)

    assert held.settle() in {"unresolved_for_a_day", "undecided"}

    assert held.store.moves == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "succeeded"}, "ending_not_possible"),
        ({"status": "failed"}, "ending_not_possible"),
        ({"is_stopped": True}, "ending_not_possible"),
        ({"attempt_status": None}, "ending_not_possible"),
        ({"attempt_status": "not_sent"}, "ending_not_possible"),
        ({"attempt_status": "opening"}, "ending_not_possible"),
        ({"status": "canceled"}, "ending_not_possible"),
        ({"claimed_at": None}, "ending_not_possible"),
        ({"claimed_at": LATER - timedelta(hours=23)}, "ending_too_early"),
        ({"submit_before": LATER + timedelta(hours=1)}, "ending_too_early"),
        ({"reads_of_nothing": 0}, "ending_unread"),
        ({"in_statements": True}, "ending_in_statement"),
        ({"is_covered": False}, "ending_not_covered"),
    ],
)
def test_what_may_not_be_ended(changes: dict[str, Any], code: str) -> None:
    """Each condition alone holds it back, by a word of its own."""
    LOST.refuse(LATER)
    with pytest.raises(InvalidRequest) as refused:
        replace(LOST, **changes).refuse(LATER)

    assert refused.value.code == code


def test_an_approval_is_bound_to_what_was_seen() -> None:
    """Another amount, reference, sending or reason is another proposal."""
    first = content_sha256(ENDING, LOST)
    others = [
        content_sha256(replace(ENDING, reason="another reason"), LOST),
        content_sha256(replace(ENDING, object_id="rf_2"), LOST),
        *(
            content_sha256(ENDING, replace(LOST, **change))
            for change in (
                {"amount": 2001}, {"status": "in_transit"}, {"reference": "r-2"},
                {"claimed_at": START + timedelta(seconds=1)}, {"operator_account": "opa_2"},
            )
        ),
    ]  # fmt: skip

    assert len({first, *others}) == len(others) + 1
    assert first == content_sha256(ENDING, replace(LOST, reads_of_nothing=10))


def test_a_proposal_ends_by_its_time_or_a_word() -> None:
    """Open for 72 hours, and what somebody decided stays."""
    assert ENDING.status(LATER + timedelta(hours=72)) == "open"
    assert ENDING.status(LATER + timedelta(hours=73)) == "expired"
    assert replace(ENDING, outcome=EndingOutcome.REJECTED).status(LATER) == "rejected"


def test_both_chains_are_told_and_one_names_a_person() -> None:
    """The merchant sees that the platform did it and why, the platform who it was."""
    origin = Origin(Actor(ActorKind.PERSON, "ada"), LATER, "192.0.2.9", "req_1", ENDING.reason)
    ours, theirs = told(ENDING, "approved", origin)

    assert (ours.actor.kind, theirs.actor.id) == (ActorKind.PLATFORM, "ada")
    assert (ours.action, ours.object_id, ours.reason) == (
        "refund.ending_approved", "rf_1", ENDING.reason
    )  # fmt: skip
    assert "192.0.2.9" not in repr(ours)
    assert json.loads(theirs.after or "")["ending"] == "end_1"
