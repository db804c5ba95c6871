"""The state table of a payout, what is held for it and comes back, and the place of its intent."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.docs.diagrams import PAYOUT_PAGE, payout_page
from shared.domain.account import Tenant
from shared.domain.ledger import AVAILABLE, HELD
from shared.domain.money import Money
from shared.domain.outgoing import FINAL, OF_EACH, OutgoingEvent, OutgoingStatus
from shared.domain.payout import PUBLIC_EVENT, PUBLIC_STATUS, TRANSITIONS
from shared.operations.outgoing_moves import intent_of
from tests.factories import a_charge, a_payout, a_refund, moment
from tests.fakes import TENANT

AMOUNTS = st.integers(1, 10**9)
FEES = st.dictionaries(
    st.sampled_from(["fees:platform", "fees:operator", "tax:vat"]), st.integers(0, 10**6)
)
LIVE = Tenant(TENANT.account, livemode=True)


def test_every_status_has_a_public_word() -> None:
    """No state stays without a name for merchants."""
    assert set(PUBLIC_STATUS) == set(OutgoingStatus)
    assert set(PUBLIC_STATUS.values()) == {
        "requires_approval", "pending", "in_transit", "paid", "failed", "canceled",
    }  # fmt: skip


def test_final_states_have_no_way_out_and_are_told() -> None:
    """Nothing that happens moves a final payout, and the merchant hears of each end."""
    ended = [a_payout(TENANT, status=status) for status in FINAL]

    assert all(payout.after(event) is None for payout in ended for event in OutgoingEvent)
    assert set(PUBLIC_EVENT) >= FINAL


def test_the_picture_is_the_table() -> None:
    """The committed diagram is drawn from the table of today."""
    assert PAYOUT_PAGE.read_text(encoding="utf-8") == payout_page()


def test_it_is_taken_back_only_before_anybody_claimed_it() -> None:
    """Once a worker is about to send, no merchant stops it."""
    canceled = {before for before, event in TRANSITIONS if event is OutgoingEvent.CANCELED}

    assert canceled == {
        OutgoingStatus.AWAITING_APPROVAL, OutgoingStatus.QUEUED, OutgoingStatus.SCHEDULED,
        OutgoingStatus.CREATED,
    }  # fmt: skip


def test_nothing_but_its_time_leads_from_scheduled_to_sending() -> None:
    """What is put off is claimed by nobody before."""
    out = {event for before, event in TRANSITIONS if before is OutgoingStatus.SCHEDULED}

    assert out == {OutgoingEvent.BECAME_DUE, OutgoingEvent.CANCELED}


def test_nothing_but_a_yes_leads_from_awaiting_approval_to_money() -> None:
    """Every other way out of it ends it, and all goes back."""
    out = {
        e: after for (s, e), after in TRANSITIONS.items() if s is OutgoingStatus.AWAITING_APPROVAL
    }
    yes = {OutgoingEvent.APPROVED, OutgoingEvent.APPROVED_AHEAD}

    assert {event for event, after in out.items() if after not in FINAL} == yes


@pytest.mark.parametrize("event", sorted(set(OutgoingEvent) - OF_EACH))
@pytest.mark.parametrize("status", OutgoingStatus)
def test_a_refund_is_neither_put_off_nor_taken_back(
    status: OutgoingStatus, event: OutgoingEvent
) -> None:
    """It reaches only its own part of the table."""
    assert a_refund(a_charge(TENANT), status=status).after(event) is None


@given(AMOUNTS, FEES)
def test_what_is_not_paid_comes_back_franc_by_franc(amount: int, fees: dict[str, int]) -> None:
    """Held and given back leave every account as it was, the cost with the amount."""
    payout = a_payout(TENANT, money=Money(amount), fees=fees)
    held, back = payout.held().by_account(), payout.given_back("txn_b").by_account()

    assert held == {AVAILABLE: amount + sum(fees.values()), HELD: -amount - sum(fees.values())}
    assert back == {code: -moved for code, moved in held.items()}


@given(AMOUNTS, FEES)
def test_what_is_paid_leaves_through_the_float_and_the_rest_as_fees(
    amount: int, fees: dict[str, int]
) -> None:
    """Nothing stays held; the float goes down by the amount alone."""
    payout = a_payout(TENANT, money=Money(amount), fees=fees)
    totals = dict(payout.held().by_account())
    for code, moved in payout.paid("txn_b").by_account().items():
        totals[code] = totals.get(code, 0) + moved

    assert totals.pop(HELD) == 0
    assert totals.pop(AVAILABLE) == amount + sum(fees.values())
    assert totals.pop("float:opa_y") == -amount
    assert totals == {code: -fee for code, fee in fees.items() if fee}


def test_a_live_wish_has_one_place_and_test_wishes_each_their_own() -> None:
    """The live key meets what it was kept as before; an emptied test mode meets nothing."""
    live, again = a_payout(LIVE), a_payout(LIVE)
    test, other = a_payout(TENANT), a_payout(TENANT)

    assert intent_of(live).object_key == intent_of(again).object_key
    assert intent_of(live).body != intent_of(again).body
    assert intent_of(test).object_key != intent_of(other).object_key
    assert "/create_payout/" in intent_of(live).object_key
    assert live.phone.msisdn.encode() not in intent_of(live).body


def test_its_time_is_counted_from_when_it_is_due() -> None:
    """A payout that was put off is checked, and given up, from its own time on."""
    then = moment() + timedelta(days=3)

    assert a_payout(TENANT, scheduled_at=then).checked_since == then
