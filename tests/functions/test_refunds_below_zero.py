"""Refunds below zero through the doors: lent by an administrator, owed, repaid first."""

import uuid

import pytest

from tests.database import Database
from tests.functions.administering import Administrator
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.till import AMOUNT, Till

WHY = "known for years"
# All of a charge is our fee, so that its pending bears nothing of a refund.
ALL_OF_IT = {
    "of": "charge",
    "line": "platform",
    "basis_points": 10_000,
    "flat": 0,
    "borne_by": "merchant",
}


@pytest.fixture
def lender(provision_account: Door, realm: Realm) -> Administrator:
    """Somebody who may lend."""
    return Administrator(provision_account, realm, str(uuid.uuid4()))


@pytest.fixture
def poor(till: Till, migrated: Database) -> Till:
    """The till of an account that keeps nothing of what it takes."""
    migrated.rule(till.account.id, "fee", ALL_OF_IT)
    return till


def lend(lender: Administrator, till: Till, limit: int) -> None:
    """Let refunds go so far below zero."""
    path = f"/{till.account.id}/refunds_below_zero"
    lender.post(path, {"limit": limit, "reason": WHY})


def test_an_administrator_lends_and_the_account_says_so(
    till: Till, lender: Administrator, manage_account: Door
) -> None:
    """Shown to both sides, told to its people, in the platform's chain with before and after."""
    before = manage_account.get("/v1/account", key=till.account.secret_key).json
    lend(lender, till, 5000)
    lend(lender, till, 2000)
    shown = lender.call("GET", f"/{till.account.id}").json
    own = manage_account.get("/v1/account", key=till.account.secret_key).json

    assert before["refunds_below_zero_limit"] == 0
    assert own["refunds_below_zero_limit"] == shown["refunds_below_zero_limit"] == 2000
    newest = shown["decisions"][0]
    assert (newest["action"], newest["reason"]) == ("account.refunds_below_zero_set", WHY)
    assert (newest["before"], newest["after"]) == ({"limit": 5000}, {"limit": 2000})
    assert newest["actor"]["id"] == lender.id
    told = till.rows.platform("notifications", "kind = 'refunds_below_zero_set'")
    assert sorted(notice["data"]["amount"] for notice in told) == ["2000", "5000"]


@pytest.mark.usefixtures("kept")
def test_a_refund_goes_below_zero_and_comes_back_whole_when_it_fails(
    poor: Till, lender: Administrator, read_payments: Door
) -> None:
    """Refused before, taken then, a case for whoever asks since when; given back in full."""
    charge = poor.paid_charge()
    early = poor.ask_refund(charge)
    lend(lender, poor, AMOUNT)
    before = poor.balances()
    refund = poor.refund(charge)
    balance = read_payments.get("/v1/balance", key=poor.account.secret_key).json
    payout = poor.ask_payout(amount=100)
    [case] = poor.rows.platform("cases")
    poor.submit_refund(refund)
    poor.payout_word = {"status": "FAILED", "reason": "PAYEE_NOT_FOUND"}

    assert poor.settle_refund(refund).status == 204
    assert (early.status, early.error["code"]) == (400, "balance_insufficient")
    assert balance["available"][0]["amount"] == -AMOUNT
    assert (payout.status, payout.error["code"]) == (400, "balance_insufficient")
    assert (case["kind"], case["reason"]) == ("balance", "balance_negative")
    assert poor.stored_refund(refund)["status"] == "failed"
    assert {code: left for code, left in poor.balances().items() if left} == before


@pytest.mark.usefixtures("kept")
def test_what_is_lent_is_owed_until_money_comes_in(poor: Till, lender: Administrator) -> None:
    """The refund is paid and stands as a debt; income fills it before a franc goes out."""
    charge = poor.paid_charge()
    lend(lender, poor, AMOUNT)
    refund = poor.refund(charge)
    poor.submit_refund(refund)
    poor.settle_refund(refund)
    poor.fund(AMOUNT + 50)
    too_much, enough = poor.ask_payout(amount=100), poor.ask_payout(amount=50)

    assert poor.stored_refund(refund)["status"] == "succeeded"
    assert (too_much.status, too_much.error["code"]) == (400, "balance_insufficient")
    assert enough.status == 200
    assert "available" not in poor.balances()
