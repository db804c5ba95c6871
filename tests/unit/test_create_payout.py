"""Taking a payout: within every bound, once for each key, sent at once or at its time."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from shared.domain.account import Caller, Limits, OperatorAccount, Tenant
from shared.domain.approval import ApprovalRule
from shared.domain.audit import AuditEntry
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Refusal
from shared.domain.events import PAYOUT_READY, Event, Message
from shared.domain.intent import key_hmac
from shared.domain.money import Money
from shared.domain.notification import Kind, Notification
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.people import Duty, Member
from shared.domain.phone import Operator
from shared.domain.rules import Admission, Rules
from shared.operations.cancel_payout import cancel_payout
from shared.operations.create_payout import CreatePayout, PayoutTerms, create_payout
from shared.operations.outgoing_moves import BEFORE_SENDING
from shared.operations.outgoing_store import OutgoingMove
from shared.operations.ports import IdempotencyUse, Replayed, Stored
from shared.operations.taken_back import TakenBack
from tests.factories import a_payout
from tests.fakes import START, TENANT
from tests.unit.paying_out import MemoryJournal, MemoryOutgoing

SECRET = b"s" * 32
PAYING = OperatorAccount(
    "opa_y", Operator.MTN, "disbursement", livemode=False, base_url="http://x",
    target_environment="mtncameroon", currency="XAF", credentials="c",
)  # fmt: skip
CALLER = Caller(
    TENANT, "k", "sk", frozenset({"*"}), language="fr", charges_enabled=True, suspended=False
)
LIVE = replace(CALLER, tenant=Tenant(TENANT.account, livemode=True), payouts_enabled=True)
LIMITS = Limits(Operator.MTN, 100, 500_000, START, day=750_000)
PHONE = "+237670000001"


class MemoryPayouts(MemoryOutgoing):
    """Keeps what was to be made."""

    outgoing: Payout

    def __init__(self) -> None:
        super().__init__(a_payout(TENANT))
        self.made: list[tuple[Payout, Admission, Message | None, datetime]] = []
        self.events: list[Event] = []
        self.notices: list[Notification | None] = []
        self.entries: list[AuditEntry] = []
        self.behind: dict[str, frozenset[str]] = {}

    def find(self, object_id: str) -> Payout | None:
        return self.outgoing if object_id == self.outgoing.id else None

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
        self.made.append((payout, admission, message, first_check_at))
        self.events.append(event)
        self.notices.append(notice)
        return Stored(response)

    def makers(self, made_by: str) -> frozenset[str]:
        return self.behind.get(made_by, frozenset({made_by}))

    def decide(self, move: OutgoingMove, entry: AuditEntry) -> bool:
        is_moved = self.move(move)
        self.entries += [entry] if is_moved else []
        return is_moved


class Desk:
    """A shop that pays out through MTN."""

    def __init__(self, **changes: Any) -> None:
        terms = PayoutTerms(PAYING, LIMITS, Rules(), b"n" * 32, SECRET, lambda _: {})
        self.terms, self.store = replace(terms, **changes), MemoryPayouts()

    def pay(
        self,
        *,
        caller: Caller = CALLER,
        key: str | None = "key-1",
        to: dict[str, Any] | None = None,
        **body: Any,
    ) -> Stored | Replayed:
        destination = {"type": "mobile_money", "phone": PHONE} | (to or {})
        wish = {"amount": 2500, "currency": "xaf", "destination": destination} | body
        return create_payout(
            CreatePayout.parse(wish),
            caller,
            terms=self.terms,
            store=self.store,
            now=START,
            request_id="req_x",
            idempotency_key=key,
            traceparent=None,
            reached=lambda _: None,
        )


def test_a_payout_is_as_it_was_asked_for() -> None:
    """Amount, number and words are the merchant's; the wallet that pays is ours to choose."""
    desk = Desk()

    shown = json.loads(
        desk.pay(
            to={"name": "Awa"}, description="November", reference="s-1", metadata={"a": "b"}
        ).response
    )

    [(payout, _, message, first_check_at)] = desk.store.made
    assert (payout.money, payout.phone.e164, payout.operator_account) == (
        Money(2500),
        PHONE,
        PAYING.id,
    )
    assert payout.intent_key == key_hmac(SECRET, "key-1")
    assert message is not None
    assert (message.topic, message.object_id) == (PAYOUT_READY, payout.id)
    assert first_check_at == START + timedelta(seconds=10)
    assert (shown["status"], shown["amount"], shown["fee"]) == ("pending", 2500, 0)
    assert shown["destination"] == {
        "type": "mobile_money", "operator": "mtn", "phone": "+2376****01", "name": "Awa"
    }  # fmt: skip
    assert (shown["reference"], shown["description"]) == ("s-1", "November")
    assert [event.type for event in desk.store.events] == ["payout.pending"]


def test_one_that_is_put_off_is_held_now_and_sent_then() -> None:
    """No message, a check at its time, a day more from then on to be sent in."""
    desk, then = Desk(), START + timedelta(days=2)

    shown = json.loads(desk.pay(scheduled_at=int(then.timestamp())).response)

    [(payout, _, message, first_check_at)] = desk.store.made
    assert (payout.status, message, first_check_at) == (OutgoingStatus.SCHEDULED, None, then)
    assert payout.submit_before == then + timedelta(hours=24)
    assert (shown["status"], shown["status_detail"]) == ("pending", "scheduled")
    assert shown["scheduled_at"] == int(then.timestamp())


@pytest.mark.parametrize(
    ("who", "rule", "is_wanted"),
    [
        ("key", ApprovalRule(), False),
        ("key", ApprovalRule(keys_from=0), True),
        ("key", ApprovalRule(keys_from=2500), True),
        ("key", ApprovalRule(keys_from=2501, people_from=0), False),
        ("person", ApprovalRule(keys_from=0), False),
        ("person", ApprovalRule(people_from=2500), True),
        ("person", ApprovalRule(people_from=2501), False),
    ],
)
def test_a_second_person_is_wanted_from_an_amount_on(
    who: str, rule: ApprovalRule, *, is_wanted: bool
) -> None:
    """Held at once, sent by nobody, due when its time is over; those who may approve are told."""
    member = Member(TENANT.account, "maker", Duty.OWNER)
    caller = CALLER if who == "key" else replace(CALLER, key_id="", kind="person", member=member)
    desk = Desk(rules=Rules(approval=rule))

    shown = json.loads(desk.pay(caller=caller).response)

    [(payout, _, message, first_check_at)] = desk.store.made
    [event], [notice] = desk.store.events, desk.store.notices
    assert payout.made_by == ("key_k" if who == "key" else "maker")
    assert (shown["status"] == "requires_approval") is is_wanted
    assert (message is None) is is_wanted
    if not is_wanted:
        assert (payout.approval, shown["approval"], notice) == (None, None, None)
        return
    expires_at = START + timedelta(hours=72)
    assert (first_check_at, event.type) == (expires_at, "payout.requires_approval")
    assert payout.approval is not None
    assert payout.approval.content_sha256 == payout.content_sha256(expires_at)
    assert notice is not None
    assert (notice.kind, notice.data) == (
        Kind.APPROVAL_WANTED, {"payout": payout.id, "amount": "2500"}
    )  # fmt: skip
    assert PHONE[4:] not in json.dumps(shown)


def test_one_that_is_put_off_is_approved_first() -> None:
    """Its time waits for the approval, not the other way about."""
    desk, then = Desk(rules=Rules(approval=ApprovalRule(keys_from=0))), START + timedelta(days=1)

    desk.pay(scheduled_at=int(then.timestamp()))

    [(payout, _, message, first_check_at)] = desk.store.made
    assert (payout.status, payout.scheduled_at) == (OutgoingStatus.AWAITING_APPROVAL, then)
    assert (message, first_check_at) == (None, START + timedelta(hours=72))


def test_what_it_costs_is_held_and_shown() -> None:
    """Fees come by their accounts, beside the amount."""
    desk = Desk(fees_of=lambda money: {"fees:platform": money.amount // 100, "tax:vat": 5})

    assert json.loads(desk.pay().response)["fee"] == 30
    assert desk.store.made[0][0].held().by_account() == {"available": 2530, "held": -2530}


@pytest.mark.parametrize(
    ("terms", "body", "code", "values"),
    [
        ({"operator_account": None}, {}, "operator_not_served", {"operator": "mtn"}),
        ({"limits": None}, {}, "operator_not_served", {"operator": "mtn"}),
        ({}, {"amount": 99}, "amount_too_small", {"limit": 100}),
        ({}, {"amount": 500_001}, "amount_too_large", {"limit": 500_000}),
        ({}, {"scheduled_at": int(START.timestamp())}, "parameter_invalid", {}),
        ({}, {"scheduled_at": int(START.timestamp()) + 91 * 86_400}, "parameter_invalid", {}),
    ],
)
def test_what_is_out_of_bounds_is_refused(
    terms: dict[str, Any], body: dict[str, Any], code: str, values: dict[str, Any]
) -> None:
    """Nothing is stored, and where there is a bound the answer names it."""
    desk = Desk(**terms)

    with pytest.raises(InvalidRequest) as refused:
        desk.pay(**body)

    assert (refused.value.code, refused.value.values) == (code, values)
    assert desk.store.made == []


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (replace(CALLER, suspended=True), "account_suspended"),
        (replace(LIVE, suspended=True), "account_suspended"),
        (replace(LIVE, payouts_enabled=False), "payouts_disabled"),
    ],
)
def test_who_may_not_pay_out_is_told_first(caller: Caller, code: str) -> None:
    """With a key or without; in the test mode the switch plays no part."""
    for key in (None, "key-1"):
        with pytest.raises(NotPermitted) as refused:
            Desk().pay(caller=caller, key=key)
        assert refused.value.code == code
    assert isinstance(Desk().pay(caller=CALLER), Stored)


def test_a_key_is_required() -> None:
    """Money goes out once for a key, so there must be one."""
    with pytest.raises(InvalidRequest, match="idempotency_key_missing"):
        Desk().pay(key=None)


def test_a_key_that_was_answered_gets_that_answer() -> None:
    """Whatever the bounds and the account have become since."""
    desk = Desk(limits=None)
    desk.store.kept = Replayed("{}")

    assert desk.pay() == Replayed("{}")
    assert desk.pay(caller=replace(LIVE, payouts_enabled=False)) == Replayed("{}")


def test_a_number_s_day_is_bounded_where_its_phone_is_real() -> None:
    """By all merchants together in the live mode; a test number is nobody's."""
    desk = Desk()
    desk.pay()
    desk.pay(caller=LIVE)

    test, live = (made[1] for made in desk.store.made)
    assert (test.number_day, live.number_day) == (None, 750_000)
    refusal = live.refusal("number_day")
    assert (refusal.code, refusal.values["limit"]) == ("payee_amount_reached", 750_000)
    assert live.refusal("blocked").param == "destination[phone]"
    assert "670000001" not in repr(live)


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"amount": None}, "amount_missing", "amount"),
        ({"amount": "500"}, "amount_not_whole", "amount"),
        ({"currency": "eur"}, "currency_unsupported", "currency"),
        ({"destination": None}, "destination_missing", "destination"),
        ({"destination": "x"}, "parameter_invalid", "destination"),
        ({"to": {"type": None}}, "parameter_missing", "destination[type]"),
        ({"to": {"type": "bank"}}, "destination_type_unsupported", "destination[type]"),
        ({"to": {"phone": None}}, "phone_missing", "destination[phone]"),
        ({"to": {"phone": 5}}, "phone_invalid", "destination[phone]"),
        ({"to": {"phone": "+33612345678"}}, "phone_foreign", "destination[phone]"),
        ({"to": {"phone": "222222222"}}, "phone_not_mobile", "destination[phone]"),
        ({"to": {"operator": "x"}}, "operator_unknown", "destination[operator]"),
        ({"to": {"name": ""}}, "parameter_invalid", "destination[name]"),
        ({"to": {"name": "x" * 101}}, "parameter_invalid", "destination[name]"),
        ({"to": {"iban": "x"}}, "parameter_unknown", "destination[iban]"),
        ({"reference": "a\x00"}, "reference_invalid", "reference"),
        ({"scheduled_at": "soon"}, "parameter_invalid", "scheduled_at"),
        ({"scheduled_at": True}, "parameter_invalid", "scheduled_at"),
        ({"scheduled_at": 2**60}, "parameter_invalid", "scheduled_at"),
        ({"scheduled_at": -1}, "parameter_invalid", "scheduled_at"),
        ({"fee": 0}, "parameter_unknown", "fee"),
    ],
)
def test_a_malformed_wish_names_its_field(body: dict[str, Any], code: str, param: str) -> None:
    """Each field has its word, and there is none for what we decide."""
    with pytest.raises(Refusal) as refused:
        Desk().pay(**body)

    assert (refused.value.code, refused.value.param) == (code, param)


# --- taking one back -----------------------------------------------------------------------------


def _cancel(
    store: MemoryPayouts,
    caller: Caller = CALLER,
    *,
    journal: MemoryJournal | None = None,
    payout_id: str | None = None,
) -> Payout:
    return cancel_payout(
        payout_id or store.outgoing.id,
        caller,
        store=store,
        taken_back=TakenBack(journal or MemoryJournal(), 3650),
        now=START,
        language="fr",
    )


@pytest.mark.parametrize("status", sorted(BEFORE_SENDING))
def test_one_that_nobody_has_claimed_is_taken_back(status: OutgoingStatus) -> None:
    """All that was held is available again, once; the same call again shows the same."""
    store = MemoryPayouts()
    store.outgoing = a_payout(TENANT, status=status, scheduled_at=datetime.now(UTC))

    first, second = _cancel(store), _cancel(store)

    [move] = store.moves
    assert (first.status, second.status) == (OutgoingStatus.CANCELED, OutgoingStatus.CANCELED)
    assert move.posting is not None
    assert move.posting.by_account() == {"available": -2000, "held": 2000}
    assert [event.type for event in move.events] == ["payout.canceled"]
    assert (move.next_check_at, first.ended_at) == (None, START)


@pytest.mark.parametrize(
    "changes",
    [
        *({"status": OutgoingStatus(each)} for each in ("submitting", "in_transit", "unknown")),
        *({"status": OutgoingStatus(each)} for each in ("succeeded", "failed")),
        {"stopped_at": START},
        {"lease_until": START},
    ],
)
def test_what_may_be_sent_or_needs_a_person_is_not_taken_back(changes: dict[str, Any]) -> None:
    """Nothing is given back of what may be paid."""
    store = MemoryPayouts()
    store.outgoing = a_payout(TENANT, **changes)

    with pytest.raises(InvalidRequest, match="payout_not_cancelable"):
        _cancel(store)

    assert store.moves == []


def test_whoever_loses_the_race_is_told_who_won() -> None:
    """A worker came between look and move; or the same wish twice at once."""
    for status in (OutgoingStatus.SUBMITTING, OutgoingStatus.CANCELED):
        store = MemoryPayouts()
        won = replace(store.outgoing, status=status)
        store.before_move = partial(setattr, store, "outgoing", won)
        if status is OutgoingStatus.CANCELED:
            assert _cancel(store) == won
        else:
            with pytest.raises(InvalidRequest, match="payout_not_cancelable"):
                _cancel(store)


@pytest.mark.parametrize("before", ["queued", "scheduled", "awaiting_approval"])
def test_one_whose_turn_came_meanwhile_is_taken_back_all_the_same(before: str) -> None:
    """Released, due or approved between look and move, but claimed by nobody: it is in time."""
    store = MemoryPayouts()
    at = datetime.now(UTC)
    store.outgoing = a_payout(TENANT, status=OutgoingStatus(before), scheduled_at=at)
    released = replace(store.outgoing, status=OutgoingStatus.CREATED)

    def let_go() -> None:
        store.before_move = lambda: None
        store.outgoing = released

    store.before_move = let_go

    assert _cancel(store).status is OutgoingStatus.CANCELED
    [move] = store.moves
    assert move.expected is OutgoingStatus.CREATED


def test_what_is_no_payout_of_ours_is_missing() -> None:
    """An odd id and an unknown one are the same; a suspended account is told first."""
    store = MemoryPayouts()
    for payout_id in ("x", "po_2abcdefghijklmnopqrstuvw"):
        with pytest.raises(NotFound):
            _cancel(store, payout_id=payout_id)
    with pytest.raises(NotPermitted):
        _cancel(store, replace(CALLER, suspended=True))
