"""Dead letters: what goes out again, under which topic, and what is told of it."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from knative.catalogue import load_catalogue
from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.dead_letter import REPLAYED_AS, DeadLetter, DeadLetterStatus, discarding
from shared.domain.errors import InvalidRequest
from shared.domain.events import CHARGE_CREATED, PAYMENT_FINAL, PAYOUT_READY, REFUND_CREATED
from shared.operations.manage_dead_letters import (
    MOST_AT_ONCE,
    PageOfDeadLetters,
    dead_letter_object,
    read_letter_ids,
)
from tests.fakes import START

ADA: Final = Origin(Actor(ActorKind.PERSON, "ada"), START, "192.0.2.9", "req_1")
LETTER: Final = DeadLetter(
    id="dl_" + "2" * 24,
    topic=PAYMENT_FINAL,
    subscription="render_receipt--payment-final--test",
    event_id="msg_1",
    account="acct_1",
    livemode=False,
    object_id="ch_1",
    delivery_count=100,
    received_at=START,
)
SENDING: Final = {CHARGE_CREATED, REFUND_CREATED, PAYOUT_READY}


def test_whatever_can_die_can_be_sent_again_and_nothing_that_sends_money() -> None:
    """Each topic that has dead letters has its replay; what sends goes out as what reads."""
    dead = {
        trigger.topic.removesuffix("-dead")
        for entry in load_catalogue()
        for trigger in entry.pubsub
        if trigger.topic.endswith("-dead")
    }

    assert dead == set(REPLAYED_AS)
    assert SENDING.isdisjoint(REPLAYED_AS.values())
    assert {topic for topic, out in REPLAYED_AS.items() if topic != out} == SENDING


def test_a_letter_has_one_message_however_often_it_is_asked_for() -> None:
    """Its id comes of the letter's: two who have it sent send the same."""
    first, second = LETTER.message(), LETTER.replayed(ADA).message()

    assert first is not None
    assert first == second
    assert (first.event_id, first.topic) == (f"again:{LETTER.id}", PAYMENT_FINAL)


@pytest.mark.parametrize(
    "unread",
    [{"account": None}, {"object_id": None}, {"topic": ""}, {"topic": "of-another-release"}],
    ids=str,
)
def test_what_nobody_could_read_has_nothing_to_send(unread: dict[str, Any]) -> None:
    """It is kept for a developer, and shown as it is."""
    letter = replace(LETTER, **unread)

    assert letter.message() is None
    assert dead_letter_object(letter)["replays_as"] is None


def test_a_letter_is_waiting_then_replayed_or_set_aside() -> None:
    """What was set aside may be sent again after all, and then is sent."""
    aside = LETTER.discarded(ADA, "printed by hand")
    entry = discarding(aside, ADA)

    assert LETTER.status is DeadLetterStatus.WAITING
    assert aside.status is DeadLetterStatus.DISCARDED
    assert aside.replayed(ADA).status is DeadLetterStatus.REPLAYED
    assert (entry.action, entry.reason) == ("dead_letter.discarded", "printed by hand")
    assert json.loads(entry.after or "")["object"] == "ch_1"


def test_whose_work_failed_is_read_of_its_subscription() -> None:
    """By its short name, and by the long one that a broker may give."""
    long = replace(LETTER, subscription="projects/p/subscriptions/keep_dead_letter--x-dead")

    assert (LETTER.function, long.function) == ("render_receipt", "keep_dead_letter")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"status": "dead"}, "status"),
        ({"topic": "a b"}, "topic"),
        ({"function": "A"}, "function"),
        ({"subscription": ""}, "subscription"),
        ({"starting_after": "ch_1"}, "starting_after"),
        ({"reason": "x"}, "reason"),
    ],
    ids=str,
)
def test_a_filter_that_is_none_is_refused(query: dict[str, str], param: str) -> None:
    """Naming the field at fault."""
    with pytest.raises(InvalidRequest) as refused:
        PageOfDeadLetters.parse(query)

    assert refused.value.param == param


@pytest.mark.parametrize(
    ("ids", "param"),
    [
        (None, "ids"),
        ([], "ids"),
        ("dl_" + "2" * 24, "ids"),
        ([f"dl_{'2' * 24}"] * (MOST_AT_ONCE + 1), "ids"),
        ([f"dl_{'2' * 24}"] * 2, "ids[1]"),
        (["ch_1"], "ids[0]"),
        ([7], "ids[0]"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_letters_are_named_once_and_a_hundred_at_most(ids: object, param: str) -> None:
    """What is no list of letters sends nothing."""
    with pytest.raises(InvalidRequest) as refused:
        read_letter_ids({"ids": ids})

    assert refused.value.param == param
