"""Automatic settlement: its moments in Douala, what it pays, once for each, and what stops it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.account import Caller, Limits, OperatorAccount
from shared.domain.audit import Actor, ActorKind, AuditEntry, Origin
from shared.domain.errors import InProgress, InvalidRequest, NotFound, NotPermitted
from shared.domain.events import SETTLEMENT_DUE, Event, Message
from shared.domain.ledger import AVAILABLE
from shared.domain.notification import Notification
from shared.domain.payout import Payout
from shared.domain.people import Duty, Member
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.rules import Admission, Rules
from shared.domain.settlement import Every, SettlementRule
from shared.operations.create_payout import PayoutTerms
from shared.operations.create_settlement import REFUSED, Settling, create_settlement
from shared.operations.ports import IdempotencyUse, Replayed, Stored
from shared.operations.set_settlement import (
    SettlementOrder,
    end_settlement,
    read_settlement,
    set_settlement,
)
from tests.factories import an_id
from tests.fakes import TENANT, Clock

SET_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday
EVENING = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)  # a Monday, 18 h in Douala
RULE = SettlementRule(
    id=an_id("sr"),
    account=TENANT.account,
    livemode=TENANT.livemode,
    phone=PhoneNumber("+237670000001"),
    operator=Operator.MTN,
    name="Marie",
    every=Every.DAY,
    weekday=None,
    hour=18,
    minimum=1,
    keep_back=0,
    set_by="marie",
    set_at=SET_AT,
)
WEEKLY = replace(RULE, every=Every.WEEK, weekday=5)
OWNER = Caller(
    tenant=TENANT,
    key_id="",
    kind="person",
    scopes=frozenset(),
    language="fr",
    charges_enabled=True,
    suspended=False,
    active=True,
    member=Member(TENANT.account, "marie", Duty.OWNER),
    payouts_enabled=True,
)
WALLET = OperatorAccount(
    id="opa_y",
    operator=Operator.MTN,
    product="disbursement",
    livemode=TENANT.livemode,
    base_url="http://127.0.0.1:9",
    target_environment="x",
    currency="XAF",
    credentials="x",
)


@dataclass
class MemoryRules:
    """One rule in memory, and when it is looked at next."""

    rule: SettlementRule | None = RULE
    due_at: datetime | None = SET_AT
    told: list[AuditEntry] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)

    def standing(self) -> SettlementRule | None:
        return self.rule

    def find(self, rule_id: str) -> SettlementRule | None:
        return self.rule

    def replace(self, rule: SettlementRule, entry: AuditEntry, *, due_at: datetime) -> None:
        self.rule, self.due_at = rule, due_at
        self.told.append(entry)

    def end(self, rule: SettlementRule, entry: AuditEntry, *, at: datetime) -> None:
        self.rule, self.due_at = None, None
        self.told.append(entry)

    def wait(self, rule_id: str, *, due_at: datetime | None, at: datetime) -> None:
        self.due_at = due_at

    def open_case(self, rule_id: str, *, case_id: str, reason: str) -> None:
        self.cases.append(reason)


@dataclass
class MemoryPayouts:
    """Payouts by their keys; `refusal` is raised instead of storing one."""

    made: dict[str, Payout] = field(default_factory=dict)
    refusal: Exception | None = None

    def create(
        self,
        payout: Payout,
        *,
        admission: Admission,
        event: Event,
        message: Message | None,
        first_check_at: datetime,
        idempotency: IdempotencyUse,
        response: str,
        notice: Notification | None = None,
    ) -> Stored | Replayed:
        if self.refusal is not None:
            raise self.refusal
        if idempotency.key in self.made:
            return Replayed(response)
        self.made[idempotency.key] = payout
        return Stored(response)

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        return Replayed("{}") if use.key in self.made else None


class Scene:
    """A rule at its moment, with so much available."""

    def __init__(self, available: int = 9000, at: datetime = EVENING, fee: int = 0) -> None:
        self.rules, self.payouts, self.clock = MemoryRules(), MemoryPayouts(), Clock(at)
        self.available, self.fee = available, fee
        self.owner: Caller | None = OWNER
        self.limits: Limits | None = Limits(Operator.MTN, 100, 500_000, SET_AT)

    def _terms(self, operator: Operator) -> PayoutTerms:
        assert operator is Operator.MTN
        fees = {"fees:platform": self.fee} if self.fee else {}
        return PayoutTerms(
            operator_account=WALLET,
            limits=self.limits,
            rules=Rules.read({}),
            number_key=b"k" * 32,
            intent_secret=b"k" * 32,
            fees_of=lambda _: fees,
        )

    def settle(self) -> str:
        """Have the clock's message handled."""
        how = Settling(
            payouts=self.payouts,  # type: ignore[arg-type] # what settling asks for
            balances=lambda: {AVAILABLE: self.available},
            terms_of=self._terms,
            owner_of=lambda _: self.owner,
            now=self.clock.now,
            reached=lambda _: None,
        )
        message = Message(an_id("msg"), SETTLEMENT_DUE, TENANT.account, TENANT.livemode, RULE.id)
        return create_settlement(message, store=self.rules, how=how)

    @property
    def paid(self) -> list[int]:
        """The amounts of the payouts that were made."""
        return [payout.money.amount for payout in self.payouts.made.values()]


@pytest.mark.parametrize(
    ("rule", "now", "last", "following"),
    [
        (RULE, EVENING, EVENING, EVENING + timedelta(days=1)),
        (RULE, EVENING - timedelta(seconds=1), EVENING - timedelta(days=1), EVENING),
        (replace(RULE, hour=0), EVENING, EVENING - timedelta(hours=18), EVENING.replace(hour=23)),
        (WEEKLY, EVENING, EVENING - timedelta(days=3), EVENING + timedelta(days=4)),
        (replace(WEEKLY, weekday=1), EVENING, EVENING, EVENING + timedelta(days=7)),
    ],
)
def test_its_moments_are_douala_s(
    rule: SettlementRule, now: datetime, last: datetime, following: datetime
) -> None:
    """An hour before those of UTC, so that an evening's day is the merchant's own."""
    assert (rule.last_moment(now), rule.next_moment(now)) == (last, following)


@given(st.integers(0, 10**6), st.sampled_from([None, *range(1, 8)]), st.integers(0, 23))
def test_each_moment_has_one_key(minutes: int, weekday: int | None, hour: int) -> None:
    """Whenever somebody looks, between two moments there is one key, and the next has another."""
    rule = replace(RULE, weekday=weekday, hour=hour)
    now = SET_AT + timedelta(minutes=minutes)
    last, following = rule.last_moment(now), rule.next_moment(now)

    assert last <= now < following
    assert rule.last_moment(following - timedelta(seconds=1)) == last
    assert rule.last_moment(following) == following
    assert rule.key(last) != rule.key(following)
    assert not rule.key(last).isascii()


@given(
    st.integers(-(10**6), 10**9),
    st.integers(0, 10**6),
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.integers(0, 200),
)
def test_it_never_pays_what_shall_stay(
    available: int, keep_back: int, minimum: int, largest: int, basis_points: int
) -> None:
    """Amount and cost leave what is kept back; less than the minimum is not paid at all."""
    rule = replace(RULE, keep_back=keep_back, minimum=minimum)

    def cost(amount: int) -> int:
        return (amount * basis_points + 5000) // 10_000 + 25

    amount = rule.amount(available, largest=largest, cost=cost)

    assert amount == 0 or minimum <= amount <= largest
    assert amount == 0 or amount + cost(amount) <= available - keep_back


def test_what_is_available_is_paid_at_its_moment() -> None:
    """By an ordinary payout in the owner's name; the next look is at the next moment."""
    scene = Scene()

    assert scene.settle() == "settled"

    [payout] = scene.payouts.made.values()
    assert (payout.money.amount, payout.phone, payout.name) == (9000, RULE.phone, "Marie")
    assert payout.made_by == "marie"
    assert payout.metadata == {"settlement": RULE.id, "settlement_day": "2026-11-30"}
    assert scene.rules.due_at == EVENING + timedelta(days=1)


def test_no_moment_is_settled_twice() -> None:
    """Woken again, with more available by then: the payout of that day stands."""
    scene = Scene()
    scene.settle()
    scene.available = 4000
    scene.clock.pass_time(hours=20)

    assert scene.settle() == "settled_before"
    assert scene.paid == [9000]
    scene.clock.pass_time(hours=4)
    assert scene.settle() == "settled"
    assert scene.paid == [9000, 4000]


def test_what_it_costs_is_part_of_what_goes() -> None:
    """Nothing below what shall stay."""
    scene = Scene(available=1000, fee=30)
    scene.rules.rule = replace(RULE, keep_back=200)

    scene.settle()

    assert scene.paid == [770]


def test_no_more_goes_than_the_operator_takes_at_once() -> None:
    """The rest waits for the next moment."""
    scene = Scene(available=600_000)

    scene.settle()

    assert scene.paid == [500_000]


@pytest.mark.parametrize(("available", "minimum"), [(0, 1), (-500, 1), (4999, 5000), (99, 1)])
def test_too_little_is_left_alone(available: int, minimum: int) -> None:
    """No case and no payout, by her minimum or the operator's; the next moment may find more."""
    scene = Scene(available=available)
    scene.rules.rule = replace(RULE, minimum=minimum)

    assert scene.settle() == "nothing_to_settle"
    assert (scene.paid, scene.rules.cases) == ([], [])
    assert scene.rules.due_at == EVENING + timedelta(days=1)


@pytest.mark.parametrize(("changes", "word"), [({"suspended": True}, "account_suspended")])
def test_a_suspended_account_pauses(changes: dict[str, Any], word: str) -> None:
    """Nothing goes, nobody needs to look, and the next moment asks anew."""
    scene = Scene()
    scene.owner = replace(OWNER, **changes)

    assert scene.settle() == word
    assert (scene.paid, scene.rules.cases) == ([], [])
    scene.owner = OWNER
    scene.clock.pass_time(days=1)
    assert scene.settle() == "settled"


def test_who_is_no_owner_any_more_pays_nobody() -> None:
    """A person looks; another owner sets it anew."""
    scene = Scene()
    scene.owner = None

    assert scene.settle() == "owner_gone"
    assert (scene.paid, scene.rules.cases) == ([], ["settlement_owner_gone"])


def test_what_is_refused_is_a_case() -> None:
    """A blocked number, or an operator that is not served: somebody must say so to the owner."""
    scene = Scene()
    scene.payouts.refusal = InvalidRequest("phone_blocked", "destination[phone]")

    assert scene.settle() == "phone_blocked"
    assert scene.rules.cases == [REFUSED]
    assert scene.rules.due_at == EVENING + timedelta(days=1)


def test_what_time_can_heal_comes_again() -> None:
    """The message is not taken, and the moment stays to be settled."""
    scene = Scene()
    scene.payouts.refusal = InProgress("idempotency_in_progress", retry_after_seconds=1)

    with pytest.raises(InProgress):
        scene.settle()
    assert scene.rules.due_at == SET_AT


def test_without_limits_nothing_is_sent() -> None:
    """An operator that is not served takes nothing."""
    scene = Scene()
    scene.limits = None

    assert scene.settle() == "nothing_to_settle"


def test_an_ended_rule_and_one_of_tomorrow_pay_nothing() -> None:
    """The one is looked at no more, the other at its first moment."""
    ended, early = Scene(), Scene()
    ended.rules.rule = replace(RULE, ended_at=EVENING)
    early.rules.rule = replace(RULE, set_at=EVENING + timedelta(minutes=1))
    early.clock.pass_time(minutes=2)

    assert (ended.settle(), early.settle()) == ("ended", "not_yet")
    assert (ended.paid, early.paid) == ([], [])
    assert (ended.rules.due_at, early.rules.due_at) == (None, EVENING + timedelta(days=1))


def _body(**changes: Any) -> dict[str, Any]:
    body = {
        "destination": {"type": "mobile_money", "phone": "670000001", "name": "Marie"},
        "every": "daily",
        "hour": 18,
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def _origin() -> Origin:
    return Origin(Actor(ActorKind.PERSON, "marie"), EVENING)


def test_a_rule_is_set_read_and_ended() -> None:
    """From its next moment on; each act is told with a masked number."""
    store = MemoryRules(rule=None)
    order = SettlementOrder.parse(_body(every="weekly", weekday=5, keep_back=500))

    rule = set_settlement(order, OWNER, _origin(), store=store, now=EVENING)

    assert (rule.set_by, rule.weekday, rule.keep_back, rule.minimum) == ("marie", 5, 500, 1)
    assert store.due_at == EVENING + timedelta(days=4)
    assert read_settlement(store) == rule
    assert end_settlement(OWNER, _origin(), store=store, now=EVENING) == rule
    assert [entry.action for entry in store.told] == ["settlement.set", "settlement.ended"]
    assert "670000001" not in f"{store.told[0].after}{store.told[1].before}"
    with pytest.raises(NotFound):
        read_settlement(store)
    with pytest.raises(NotPermitted, match="account_suspended"):
        set_settlement(order, replace(OWNER, suspended=True), _origin(), store=store, now=EVENING)
    with pytest.raises(NotPermitted, match="account_suspended"):
        end_settlement(replace(OWNER, suspended=True), _origin(), store=store, now=EVENING)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"destination": None}, "destination"),
        ({"destination": {"type": "mobile_money"}}, "destination[phone]"),
        ({"destination": {"type": "mobile_money", "phone": 6}}, "destination[phone]"),
        (
            {"destination": {"type": "mobile_money", "phone": "670000001", "name": ""}},
            "destination[name]",
        ),
        ({"every": None}, "every"),
        ({"every": "hourly"}, "every"),
        ({"every": []}, "every"),
        ({"every": {}}, "every"),
        ({"weekday": 3}, "weekday"),
        ({"every": "weekly"}, "weekday"),
        ({"every": "weekly", "weekday": 8}, "weekday"),
        ({"hour": None}, "hour"),
        ({"hour": 24}, "hour"),
        ({"hour": True}, "hour"),
        ({"minimum": 0}, "minimum"),
        ({"keep_back": -1}, "keep_back"),
        ({"account": "x"}, "account"),
    ],
)
def test_a_rule_is_well_formed(changes: dict[str, Any], param: str) -> None:
    """Each field at fault is named."""
    with pytest.raises(InvalidRequest) as refusal:
        SettlementOrder.parse(_body(**changes))
    assert refusal.value.param == param
