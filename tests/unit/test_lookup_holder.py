"""Asking whose wallet a number is: counted and told before the operator hears of it, then gated."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.audit import Actor, ActorKind, AuditEntry, Origin
from shared.domain.breaker import Circuit, Guarded, Standing, Tally
from shared.domain.deadline import Deadline
from shared.domain.errors import Refusal, Unavailable
from shared.domain.phone import PhoneNumber
from shared.domain.quota import SendLease
from shared.domain.rules import RequestRate
from shared.operations.gate import OPEN, Gate
from shared.operations.lookup_holder import (
    Asking,
    GatedHolderReader,
    LookupHolder,
    LookupTerms,
    holder_object,
    lookup_holder,
)
from shared.operations.ports import Holder, Unknown
from tests.fakes import START
from tests.unit.test_create_payout import CALLER, PAYING

NUMBER = "+237670000001"
AWA = Holder("Awa Njoya", is_active=True)
COMMAND = LookupHolder.parse({"phone": NUMBER})
RATE = RequestRate(account=3, key=2, seconds=3600)


class Desk:
    """An operator that says `says`, a count, an audit chain; `order` is what happened when."""

    def __init__(self, says: Holder | Unknown = AWA) -> None:
        self.says = says
        self.taken: Counter[str] = Counter()
        self.entries: list[AuditEntry] = []
        self.order: list[str] = []
        self.at = START

    def read_holder(self, number: PhoneNumber, *, deadline: Deadline) -> Holder | Unknown:
        self.order.append(f"asked of {number.masked}")
        return self.says

    def take(
        self, starts_at: int, asked: Mapping[str, tuple[int, int]]
    ) -> Mapping[str, tuple[int, int]]:
        self.order.append("counted")
        found = {}
        for subject, (quota, wanted) in asked.items():
            window = f"{subject}@{starts_at}"
            granted = min(wanted, quota - self.taken[window])
            self.taken[window] += granted
            found[subject] = granted, self.taken[window]
        return found

    def record(self, entry: AuditEntry) -> None:
        self.order.append("told")
        self.entries.append(entry)

    def ask(self, terms: LookupTerms | None = None, *, key: str = "k", **changes: Any) -> Holder:
        caller = replace(CALLER, key_id=key, **changes)
        origin = Origin(Actor(ActorKind.KEY, f"key_{key}"), self.at)
        reader_of = {PAYING: self}.__getitem__
        asking = Asking(caller, origin, self.take, self.record, reader_of, lambda: 0.0)
        return lookup_holder(COMMAND, terms or LookupTerms(PAYING, RATE), asking)


def refusal(act: Any) -> Refusal:
    """What it is refused with."""
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value


def test_a_look_is_counted_and_told_before_the_operator_is_asked() -> None:
    """The chain has who, when and which operator; neither the name nor the whole number."""
    desk = Desk()

    found = desk.ask()

    [entry] = desk.entries
    assert found == AWA
    assert desk.order == ["counted", "told", "asked of +2376****01"]
    assert (entry.action, entry.object_id, entry.after) == (
        "holder.looked_up", "+2376****01", '{"operator":"mtn"}'
    )  # fmt: skip
    assert holder_object(COMMAND, found, livemode=False) == {
        "object": "holder_lookup", "operator": "mtn", "phone": "+2376****01", "found": True,
        "name": "Awa Njoya", "active": True, "livemode": False,
    }  # fmt: skip


def test_a_number_without_a_wallet_is_an_answer() -> None:
    """Found is false, and nothing else is said."""
    shown = holder_object(COMMAND, Desk(Holder(None)).ask(), livemode=True)

    assert (shown["found"], shown["name"], shown["active"]) == (False, None, None)


def test_whoever_harvests_names_is_stopped() -> None:
    """Two by a key, three by all of them, an hour long; what is refused asks nobody."""
    desk = Desk()
    for key in ("k", "k", "other"):
        desk.ask(key=key)
    by_key = refusal(desk.ask)
    by_account = refusal(lambda: desk.ask(key="third"))

    assert (by_key.code, by_key.values["limit"]) == ("holder_lookups_reached", 2)
    assert (by_account.code, by_account.values["limit"]) == ("holder_lookups_reached", 3)
    assert 0 < int(by_account.values["retry_after_seconds"] or 0) <= 3600
    assert len(desk.entries) == 3
    desk.at = START.replace(hour=START.hour + 1)
    assert desk.ask() == AWA
    assert Desk().ask(LookupTerms(PAYING, None)) == AWA


def test_a_silent_operator_is_no_answer() -> None:
    """503, never "no wallet"; the look was counted and told all the same."""
    desk = Desk(Unknown("timeout"))

    refused = refusal(desk.ask)

    assert (type(refused), refused.code) == (Unavailable, "operator_unavailable")
    assert len(desk.entries) == 1


def test_who_may_not_ask_is_told_first() -> None:
    """A suspended account, an operator without a contract: nothing is counted."""
    desk = Desk()

    assert refusal(lambda: desk.ask(suspended=True)).code == "account_suspended"
    assert refusal(lambda: desk.ask(LookupTerms(None, RATE))).code == "operator_not_served"
    assert desk.order == []


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "phone_missing", "phone"),
        ({"phone": 5}, "phone_invalid", "phone"),
        ({"phone": "+33612345678"}, "phone_foreign", "phone"),
        ({"phone": "+237620000001"}, "operator_undetermined", "operator"),
        ({"phone": NUMBER, "operator": "x"}, "operator_unknown", "operator"),
        ({"phone": NUMBER, "operator": ["mtn"]}, "operator_unknown", "operator"),
        ({"phone": NUMBER, "name": "Awa"}, "parameter_unknown", "name"),
    ],
)
def test_a_malformed_question_names_its_field(body: dict[str, Any], code: str, param: str) -> None:
    """The operator that is named wins over the prefix."""
    refused = refusal(lambda: LookupHolder.parse(body))

    assert (refused.code, refused.param) == (code, param)
    assert LookupHolder.parse({"phone": NUMBER, "operator": "orange"}).operator == "orange"


class _Breakers:
    """One breaker, closed until so many calls got no answer."""

    def __init__(self) -> None:
        self.failed = 0

    def standing(self, circuit: Circuit) -> Standing:
        return Standing(START, 5.0) if self.failed >= 2 else Standing()

    def note(self, circuit: Circuit, tally: Tally, *, is_trial: bool) -> Standing:
        self.failed += tally.failed
        return self.standing(circuit)

    def take_trial(self, circuit: Circuit) -> bool:
        return False

    def lease_sends(
        self, circuit: Circuit, operator_account: str, *, needed: int, wished: int
    ) -> tuple[Standing, SendLease]:
        raise AssertionError(operator_account)


def test_an_operator_that_does_not_answer_is_left_alone() -> None:
    """After failures nobody asks; what it answers, a missing wallet too, is no failure."""
    desk, ticks = Desk(), iter(range(10**6))
    gate = Gate(
        _Breakers(), threads=4, monotonic=lambda: float(10 * next(ticks)), on_change=lambda *_: None
    )
    reader = GatedHolderReader(desk, gate, Circuit.of(PAYING, Guarded.READ_HOLDER))
    deadline = Deadline.after(5, lambda: 0.0)
    number = PhoneNumber(NUMBER)
    for says in (AWA, Holder(None), Unknown("timeout"), Unknown("timeout")):
        desk.says = says
        assert reader.read_holder(number, deadline=deadline) == says
    asked = len(desk.order)

    assert reader.read_holder(number, deadline=deadline) == Unknown(OPEN)
    assert len(desk.order) == asked
