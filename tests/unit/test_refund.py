"""The state table of a refund is complete, what is held comes back, and a wish has one name."""

import uuid
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.docs.diagrams import REFUND_PAGE, refund_page
from shared.domain import ledger
from shared.domain.fees import FeeLine, Line
from shared.domain.intent import key_hmac
from shared.domain.ledger import AVAILABLE, HELD, PENDING
from shared.domain.outgoing import FINAL, OutgoingEvent, OutgoingStatus, reference_of
from shared.domain.refund import EVENTS, PUBLIC_EVENT, PUBLIC_STATUS, TRANSITIONS, Refundable
from shared.operations.outgoing_moves import intent_of
from tests.factories import a_charge, a_refund, an_id
from tests.fakes import TENANT

AMOUNTS = st.integers(1, 10**9)


def test_every_status_has_a_public_word() -> None:
    """No state stays without a name for merchants."""
    assert set(PUBLIC_STATUS) == {OutgoingStatus.CREATED, *TRANSITIONS.values()}
    assert set(PUBLIC_STATUS.values()) == {"pending", "succeeded", "failed"}


def test_final_states_have_no_way_out_and_are_told() -> None:
    """Nothing that happens moves a final refund, and the merchant hears of each end."""
    ended = [a_refund(a_charge(TENANT), status=status) for status in FINAL]

    assert all(refund.after(event) is None for refund in ended for event in OutgoingEvent)
    assert set(PUBLIC_EVENT) >= FINAL & set(PUBLIC_STATUS)


def test_every_event_moves_something() -> None:
    """No event is in the vocabulary for nothing."""
    assert {event for _, event in TRANSITIONS} == EVENTS


@pytest.mark.parametrize("status", [OutgoingStatus.UNKNOWN, OutgoingStatus.IN_TRANSIT])
def test_what_may_have_been_sent_ends_only_by_a_read_and_is_never_sent_again(
    status: OutgoingStatus,
) -> None:
    """No clock, and no second sending: only what a status read shows leads on."""
    out = {event for before, event in TRANSITIONS if before is status}
    read = {OutgoingEvent.SEEN_WAITING, OutgoingEvent.CONFIRMED, OutgoingEvent.DECLINED}

    assert out <= {*read, OutgoingEvent.GIVEN_UP}
    assert {OutgoingEvent.CONFIRMED, OutgoingEvent.DECLINED} <= out


def test_the_picture_is_the_table() -> None:
    """The committed diagram is drawn from the table of today."""
    assert REFUND_PAGE.read_text(encoding="utf-8") == refund_page()


@given(AMOUNTS, st.integers(-(10**9), 10**9))
def test_the_charge_s_own_pending_money_goes_first(amount: int, pending: int) -> None:
    """As much as there is of it, never more than the refund, never less than nothing."""
    found = Refundable(is_succeeded=True, rest=amount, pending=pending)

    assert found.from_pending(amount) == max(0, min(amount, pending))


@given(AMOUNTS, st.integers(0, 10**9))
def test_what_fails_goes_back_to_where_it_came_from(amount: int, pending: int) -> None:
    """Held and given back leave every account as it was, franc by franc."""
    first = min(amount, pending)
    held = ledger.refund_created(
        "txn_a", "rf_x", from_pending=first, from_available=amount - first
    ).by_account()
    back = ledger.refund_failed(
        "txn_b", "rf_x", from_pending=first, from_available=amount - first
    ).by_account()

    assert held[HELD] == -amount
    assert held.get(PENDING, 0) + held.get(AVAILABLE, 0) == amount
    assert back == {code: -moved for code, moved in held.items()}
    assert 0 not in held.values()


@given(AMOUNTS, st.integers(0, 10**9))
def test_what_succeeds_leaves_through_the_float_that_paid(amount: int, pending: int) -> None:
    """Nothing stays held, and the float goes down by what pending and available bore."""
    first = min(amount, pending)
    totals: dict[str, int] = {}
    for transaction in (
        ledger.refund_created("txn_a", "rf_x", from_pending=first, from_available=amount - first),
        ledger.refund_succeeded("txn_b", "rf_x", amount=amount, operator_account="opa_y"),
    ):
        for code, moved in transaction.by_account().items():
            totals[code] = totals.get(code, 0) + moved

    assert totals[HELD] == 0
    assert totals["float:opa_y"] == -amount


@given(st.lists(AMOUNTS, min_size=1, max_size=6), st.integers(0, 10**6), st.data())
def test_refunds_that_come_to_the_whole_bring_back_the_whole_fee(
    parts: list[int], fee: int, data: st.DataObject
) -> None:
    """However it is parted, and whichever parts fail and come again: no franc more, none less."""
    gross = sum(parts)
    fees = (FeeLine("p", Line.PLATFORM, min(fee, gross // 2)), FeeLine("v", Line.VAT, fee % 7))
    standing: dict[int, dict[str, int]] = {}

    def refund(place: int) -> None:
        came = Counter[str]()
        for back in standing.values():
            came.update(back)
        found = Refundable(
            is_succeeded=True,
            rest=gross,
            pending=0,
            gross=gross,
            fees=fees,
            given=sum(parts[each] for each in standing),
            came_back=came,
        )
        back = found.back_with(parts[place])
        assert sum(back.values()) <= parts[place]
        standing[place] = back

    for place in range(len(parts)):
        refund(place)
    for place in data.draw(st.lists(st.sampled_from(range(len(parts))), unique=True)):
        del standing[place]
        refund(place)

    whole = Counter[str]()
    for back in standing.values():
        whole.update(back)
    bound = ledger.owed(fees)
    assert all(whole[account] <= bound.get(account, 0) for account in whole)
    if all(sum(back.values()) < parts[place] for place, back in standing.items()):
        assert {account: part for account, part in whole.items() if part} == bound


def test_the_reference_follows_from_the_intent() -> None:
    """Whoever knows the intent's id can ask the operator for it; no two have the same."""
    first, second = an_id("rf"), an_id("rf")

    assert reference_of(first) == reference_of(first) != reference_of(second)
    assert uuid.UUID(reference_of(first)).version == 4


def test_the_same_wish_has_one_place_and_another_intent_other_bytes() -> None:
    """A wish that comes again after the database forgot it meets what was kept of it."""
    refund = a_refund(a_charge(TENANT))
    again = a_refund(a_charge(TENANT, id=refund.charge_id))

    first, second = intent_of(refund), intent_of(again)

    assert first.object_key == second.object_key
    assert first.body == intent_of(refund).body != second.body
    assert f"/{refund.charge_id}/" in first.object_key
    assert refund.phone.msisdn.encode() not in first.body


def test_an_idempotency_key_stands_nowhere_in_clear() -> None:
    """Its name in the journal is an HMAC: merchants put numbers of people into keys."""
    named = key_hmac(b"k" * 32, "refund-237670000001")

    assert len(named) == 64
    assert named == key_hmac(b"k" * 32, "refund-237670000001") != key_hmac(b"o" * 32, "x")
