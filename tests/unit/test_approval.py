"""A second person's decision: what binds it, who may give it, what it does, and one of two wins."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.account import Caller
from shared.domain.approval import NEVER, Approval, ApprovalRule, content_sha256
from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Refusal
from shared.domain.events import PAYOUT_READY
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingEvent, OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.people import Duty, Member
from shared.domain.phone import PhoneNumber
from shared.operations.decide_payout import Approve, By, Reject, approve_payout, reject_payout
from shared.operations.set_payout_approval import read_rule
from tests.factories import a_payout
from tests.fakes import START, TENANT
from tests.unit.paying_out import Scene
from tests.unit.test_create_payout import CALLER, LIVE, MemoryPayouts

EXPIRES = START + timedelta(hours=72)
LATER = START + timedelta(hours=5)
AMOUNTS = st.none() | st.integers(0, 1000)
RULES = st.builds(ApprovalRule, keys_from=AMOUNTS, people_from=AMOUNTS)


def waiting(**changes: Any) -> Payout:
    """A payout that a key asked for and nobody has decided about."""
    given: dict[str, Any] = {"created_at": START, "made_by": "key_k", "name": "Awa"}
    given |= {"reference": "r"} | changes
    payout = a_payout(TENANT, status=OutgoingStatus.AWAITING_APPROVAL, **given)
    return replace(payout, approval=Approval(payout.content_sha256(EXPIRES), EXPIRES))


def seen(payout: Payout) -> str:
    """What its approver sends."""
    assert payout.approval is not None
    return payout.approval.content_sha256


class Desk:
    """A store with one payout, and the people of its account."""

    def __init__(self, payout: Payout | None = None) -> None:
        self.store = MemoryPayouts()
        self.store.outgoing = payout or waiting()
        self.store.behind = {"key_k": frozenset({"key_k", "maker"})}

    @property
    def payout(self) -> Payout:
        """As it is now."""
        return self.store.outgoing

    def by(self, person: str, *, at: Any = LATER, caller: Caller = CALLER) -> By:
        """Somebody at work."""
        member = Member(TENANT.account, person, Duty.FINANCE)
        who = replace(caller, key_id="", kind="person", member=member)
        return By(who, Origin(Actor(ActorKind.PERSON, person), at), "fr")

    def approve(self, person: str = "checker", *, digest: str | None = None, **how: Any) -> Payout:
        """Say yes."""
        order = Approve(digest or seen(self.payout), None)
        return approve_payout(self.payout.id, order, self.by(person, **how), store=self.store)

    def reject(self, person: str = "checker", **how: Any) -> Payout:
        """Say no."""
        order = Reject("not this month")
        return reject_payout(self.payout.id, order, self.by(person, **how), store=self.store)


def refusal(act: Any) -> str:
    """The code of the refusal."""
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value.code


def test_a_yes_lets_it_go_as_if_it_were_made_now() -> None:
    """Asked for at once, a day to be sent in, told to the merchant, and in the audit chain."""
    desk = Desk()

    shown = desk.approve()

    [move], [entry] = desk.store.moves, desk.store.entries
    assert (shown.status, desk.payout.status) == (OutgoingStatus.CREATED, OutgoingStatus.CREATED)
    assert desk.payout.submit_before == LATER + timedelta(hours=24)
    assert desk.payout.ready_since == LATER
    assert move.again is not None
    assert (move.again.topic, move.next_check_at) == (PAYOUT_READY, LATER + timedelta(seconds=10))
    assert [event.type for event in move.events] == ["payout.pending"]
    assert (entry.action, entry.actor.id, entry.at) == ("payout.approved", "checker", LATER)
    assert "".join(json.loads(entry.after or "")["content_sha256"]) == seen(desk.payout)
    assert desk.payout.is_as_approved


def test_one_that_is_put_off_waits_for_its_time_after_the_yes() -> None:
    """Nobody is asked to send it before; past its time it goes at once."""
    then = START + timedelta(days=2)
    desk, late = Desk(waiting(scheduled_at=then)), Desk(waiting(scheduled_at=LATER))

    desk.approve()
    late.approve()

    [move], [at_once] = desk.store.moves, late.store.moves
    assert (desk.payout.status, move.again, move.next_check_at) == (
        OutgoingStatus.SCHEDULED, None, then
    )  # fmt: skip
    assert desk.payout.submit_before == then + timedelta(hours=24)
    assert (late.payout.status, at_once.again is None) == (OutgoingStatus.CREATED, False)


def test_a_no_gives_all_back_and_says_why() -> None:
    """Hers who asked for it too; the reason is in the audit chain and with the payout."""
    for person in ("checker", "maker"):
        desk = Desk()

        shown = desk.reject(person)

        [move], [entry] = desk.store.moves, desk.store.entries
        assert (shown.status, shown.ended_at) == (OutgoingStatus.REJECTED, LATER)
        assert move.posting is not None
        assert move.posting.by_account() == {"available": -2000, "held": 2000}
        assert [event.type for event in move.events] == ["payout.canceled"]
        assert "not this month" in move.events[0].data
        assert (entry.action, entry.reason) == ("payout.rejected", "not this month")


@pytest.mark.parametrize("made_by", ["key_k", "maker"])
def test_whoever_asked_for_it_cannot_approve_it(made_by: str) -> None:
    """Neither herself nor behind a key that she made, whatever she saw."""
    desk = Desk(waiting(made_by=made_by))

    assert refusal(partial(desk.approve, "maker")) == "maker_cannot_approve"
    assert desk.store.moves == []
    assert desk.approve("checker").status is OutgoingStatus.CREATED


def test_after_its_time_nobody_approves_it() -> None:
    """To the microsecond, whether the clock has come by or not."""
    desk = Desk()

    assert refusal(partial(desk.approve, at=EXPIRES)) == "approval_not_open"
    assert desk.approve(at=EXPIRES - timedelta(microseconds=1)).status is OutgoingStatus.CREATED


@pytest.mark.parametrize(
    "change",
    [
        {"money": Money(2001)},
        {"fees": {"fees:platform": 1}},
        {"phone": PhoneNumber("+237670000002")},
        {"name": "Awa N."},
        {"reference": "s"},
        {"description": "x"},
        {"metadata": {"a": "b"}},
        {"operator_account": "opa_other"},
        {"scheduled_at": LATER},
        {"made_by": "somebody else"},
        {"intent_key": "1" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_differs_from_what_was_seen_is_not_approved(change: dict[str, Any]) -> None:
    """Changed in the database before the yes, or after it: nothing of it is sent."""
    desk, honest = Desk(), Desk()
    changed = replace(desk.payout, **change)
    desk.store.outgoing = changed

    assert refusal(desk.approve) == "approval_changed"
    digest = changed.content_sha256(EXPIRES)
    assert refusal(partial(desk.approve, digest=digest)) == "approval_changed"
    assert desk.store.moves == []
    honest.approve()
    assert not replace(honest.payout, **change).is_as_approved


def test_another_hash_than_the_stored_one_approves_nothing() -> None:
    """Whoever looked at something else has not approved this."""
    assert refusal(partial(Desk().approve, digest="0" * 64)) == "approval_changed"


def test_one_decision_stands() -> None:
    """The same person's same word again is harmless; any other comes too late."""
    yes, no = Desk(), Desk()
    yes.approve()
    no.reject()

    assert yes.approve().status is OutgoingStatus.CREATED
    assert no.reject().status is OutgoingStatus.REJECTED
    assert len(yes.store.moves) == len(no.store.moves) == 1
    for act in (partial(yes.approve, "other"), yes.reject, no.approve, partial(no.reject, "other")):
        assert refusal(act) == "approval_not_open"


@pytest.mark.parametrize(
    ("won", "code"), [("other", "approval_not_open"), ("checker", None)], ids=str
)
def test_whoever_loses_the_race_is_told(won: str, code: str | None) -> None:
    """Another decided between the look and the move; or the same call came twice at once."""
    desk = Desk()
    approval = desk.payout.approval
    assert approval is not None
    done = replace(
        desk.payout,
        status=OutgoingStatus.CREATED,
        approval=approval.decided(by=won, at=LATER, reason=None),
    )
    desk.store.before_move = partial(setattr, desk.store, "outgoing", done)

    if code is None:
        assert desk.approve() == done
    else:
        assert refusal(desk.approve) == code
    assert desk.store.entries == []


def test_who_may_not_decide_is_refused() -> None:
    """A key, a suspended account, a live account without its switch; what is missing is missing."""
    desk = Desk()
    key = By(CALLER, Origin(Actor(ActorKind.KEY, "key_k"), LATER), "fr")
    live = replace(LIVE, payouts_enabled=False)

    with pytest.raises(NotPermitted):
        approve_payout(desk.payout.id, Approve(seen(desk.payout), None), key, store=desk.store)
    for act in (desk.approve, desk.reject):
        suspended = partial(act, caller=replace(CALLER, suspended=True))
        assert refusal(suspended) == "account_suspended"
    assert refusal(partial(desk.approve, caller=live)) == "payouts_disabled"
    with pytest.raises(NotFound):
        reject_payout("po_x", Reject("no"), desk.by("checker"), store=desk.store)
    plain = Desk(a_payout(TENANT))
    assert refusal(partial(plain.approve, digest="0" * 64)) == "approval_not_open"


# --- its time, and its sending -------------------------------------------------------------------


def test_undecided_in_its_time_it_comes_back() -> None:
    """The clock's message finds it open and leaves it; later it ends it, once."""
    scene = Scene(of=waiting())

    early = scene.settle()
    scene.clock.pass_time(hours=72)
    late, again = scene.settle(), scene.settle()

    [note], [move] = scene.store.notes, scene.store.moves
    assert (early, late, again) == ("awaiting_approval", "lapsed", "final_already")
    assert note.next_check_at == EXPIRES
    assert (scene.payout.status, move.cause) == (OutgoingStatus.EXPIRED, OutgoingEvent.LAPSED)
    assert move.posting is not None
    assert move.posting.by_account() == {"available": -2000, "held": 2000}
    assert [event.type for event in move.events] == ["payout.canceled"]


def test_nothing_is_sent_of_what_nobody_approved() -> None:
    """Whatever messages are about."""
    scene = Scene(of=waiting())

    assert scene.submit() == "not_ours"
    assert (scene.journal.kept, scene.payer.requests) == ({}, [])


def test_what_is_no_longer_as_approved_is_a_person_s() -> None:
    """Changed behind our back after the yes: held, kept nowhere, sent to nobody."""
    desk = Desk()
    desk.approve(at=START)
    scene = Scene(of=replace(desk.payout, money=Money(500_000)))

    assert scene.submit() == "approved_otherwise"

    [note] = scene.store.notes
    assert (note.stops, note.case_reason) == (True, "approved_otherwise")
    assert (scene.journal.kept, scene.payer.requests) == ({}, [])


# --- the hash and the rule -----------------------------------------------------------------------


@given(st.lists(st.lists(st.text()), max_size=4), st.lists(st.lists(st.text()), max_size=4))
def test_two_contents_have_one_hash_only_where_they_are_one(
    one: list[list[str]], other: list[list[str]]
) -> None:
    """Lines in their order: none moved, joined, left out or doubled."""
    is_same = content_sha256(["batch"], one) == content_sha256(["batch"], other)

    assert is_same is (one == other)
    assert content_sha256(["batch"], one) != content_sha256(["other"], one)


@given(RULES, RULES, st.integers(0, 1000), st.booleans())
def test_the_stricter_of_two_wants_what_either_wants(
    one: ApprovalRule,
    other: ApprovalRule,
    amount: int,
    is_person: bool,  # noqa: FBT001 - given
) -> None:
    """Nothing needs less approval by it than by each of them; and it is written as it is read."""
    both = one.stricter(other)
    either = any(rule.wants(amount, is_person=is_person) for rule in (one, other))

    assert both.wants(amount, is_person=is_person) is either
    assert ApprovalRule.read(one.words) == one
    assert ApprovalRule.read({}) == NEVER


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"keys_from": 1}, "parameter_missing", "people_from"),
        ({"keys_from": -1, "people_from": 0}, "parameter_invalid", "keys_from"),
        ({"keys_from": 0, "people_from": True}, "parameter_invalid", "people_from"),
        ({"keys_from": 0, "people_from": 10**9 + 1}, "parameter_invalid", "people_from"),
        ({"keys_from": 0, "people_from": None, "x": 1}, "parameter_unknown", "x"),
    ],
)
def test_a_malformed_rule_names_its_field(body: dict[str, Any], code: str, param: str) -> None:
    """Both amounts are said, so that none is forgotten."""
    with pytest.raises(InvalidRequest) as refused:
        read_rule(body)

    assert (refused.value.code, refused.value.param) == (code, param)


@pytest.mark.parametrize(
    ("parse", "body", "code", "param"),
    [
        (Approve, {}, "parameter_missing", "content_sha256"),
        (Approve, {"content_sha256": "x"}, "parameter_invalid", "content_sha256"),
        (Approve, {"content_sha256": "0" * 64, "reason": 1}, "parameter_invalid", "reason"),
        (Reject, {}, "parameter_missing", "reason"),
        (Reject, {"reason": " "}, "parameter_invalid", "reason"),
        (Reject, {"reason": "x" * 301}, "parameter_invalid", "reason"),
        (Reject, {"reason": "no", "content_sha256": "0" * 64}, "parameter_unknown",
         "content_sha256"),
    ],
)  # fmt: skip
def test_a_malformed_decision_names_its_field(
    parse: type[Approve] | type[Reject], body: dict[str, Any], code: str, param: str
) -> None:
    """A yes needs what was seen, a no its reason."""
    with pytest.raises(InvalidRequest) as refused:
        parse.parse(body)

    assert (refused.value.code, refused.value.param) == (code, param)
