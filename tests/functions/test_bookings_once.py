"""What two administrators may not book by hand: money that is in the books, or is somebody's."""

from collections.abc import Callable

import pytest

from tests.database import MakeAccount
from tests.functions.desk import Desk
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.till import AMOUNT, Till


@pytest.fixture
def desk(till: Till, door: Callable[[str], Door], realm: Realm, read_payments: Door) -> Desk:
    """Such a shop."""
    return Desk(till, door, realm, read_payments)


def test_what_somebody_else_paid_goes_to_nobody_by_itself(desk: Desk) -> None:
    """The number that was asked is not the one that paid: a person finds out whose it is."""
    till = desk.till
    charge = till.create()
    assert till.submit(charge).status == 204
    money = desk.line("collection", AMOUNT, charge, "missing_here")
    payer = {"partyIdType": "MSISDN", "partyId": "237670000009"}
    till.word = {"payer": payer, "amount": str(AMOUNT + 1), "financialTransactionId": money}
    assert till.settle(charge).status == 204
    (case,) = till.rows.platform("cases")
    late = desk.booked("late_payment", about=charge, operator_transaction=money, case=case["id"])
    till.rows.run(
        f'UPDATE "{till.account.test.schema}".adjustments'
        ' SET data = data || \'{"due_at": "2026-01-01T00:00:00+00:00"}\''
    )
    assert till.settle_refund(late["id"]).status == 204
    opened = till.rows.platform("cases", "object_id = :id", id=late["id"])
    accepted = desk.accept(late["id"])
    refund = till.ask_refund(accepted.json["accepted_as"])

    assert case["reason"] == "payer_differs"
    assert till.rows.of("refunds") == []
    assert [row["reason"] for row in opened] == ["late_payment_unknown_payer"]
    assert accepted.json["status"] == "accepted"
    assert (refund.status, refund.error["code"]) == (400, "charge_without_number")


def test_what_is_in_the_books_is_not_booked_again(desk: Desk) -> None:
    """A charge's own transaction is no late payment, nor is money out, a fee, or another's."""
    till = desk.till
    charge = till.paid_charge()
    opa = {"operator_account": till.operator_account}
    own = desk.line("collection", AMOUNT, charge, "matched")
    out = desk.line("disbursement", -AMOUNT, state="missing_here")
    again = [
        desk.propose("late_payment", operator_transaction=each, about=about, **opa)
        for each, about in ((own, charge), (own, None), (out, None))
    ]
    fee = desk.propose("fee_true_up", operator_transaction=out, **opa)

    assert [reply.status for reply in again] == [400, 400, 400]
    codes = ["booking_not_possible", "booked_already", "booking_not_in_statement"]
    assert [reply.error["code"] for reply in again] == codes
    assert (fee.status, fee.error["code"]) == (400, "booking_not_in_statement")


def test_one_transaction_is_booked_in_one_account(desk: Desk, make_account: MakeAccount) -> None:
    """Of a wallet that many share, a line is one merchant's money."""
    opa = {"operator_account": desk.till.operator_account}
    money = desk.line("collection", AMOUNT, state="missing_here")
    other = make_account()
    desk.till.rows.run(
        f'INSERT INTO "{other.test.schema}".ledger_accounts (code, normal, currency)'
        " VALUES (:code, 1, 'XAF')",
        code=f"float:{desk.till.operator_account}",
    )
    named = {"account": other.id, "operator_transaction": money, **opa}
    proposed = desk.propose("late_payment", **named)
    desk.booked("late_payment", operator_transaction=money, **opa)
    approved = desk.approve(proposed.json)
    again = desk.propose("late_payment", **named)

    assert proposed.status == 200
    for reply in (approved, again):
        assert (reply.status, reply.error["code"]) == (400, "booked_already")


def test_what_a_merchant_put_in_is_no_late_payment(desk: Desk) -> None:
    """Nor the other way round: one transaction brings money into the books once."""
    till = desk.till
    opa = {"operator_account": till.operator_account}
    first, second = (desk.line("collection", AMOUNT, state="missing_here") for _ in range(2))
    topped = desk.top_up(first)
    refused = desk.propose("late_payment", operator_transaction=first, **opa)
    desk.booked("late_payment", operator_transaction=second, **opa)
    again = desk.top_up(second)

    assert topped.status == 200
    assert (refused.status, refused.error["code"]) == (400, "booked_already")
    assert (again.status, again.error["code"]) == (400, "reference_in_use")
    assert till.balances()[f"float:{till.operator_account}"] == 2 * AMOUNT


def test_a_correction_leaves_late_payments_what_is_theirs(desk: Desk) -> None:
    """All that is in suspense belongs to one: only a correction about it takes it from there."""
    opa = {"operator_account": desk.till.operator_account}
    money = desk.line("collection", AMOUNT, state="missing_here")
    late = desk.booked("late_payment", operator_transaction=money, **opa)
    replies = [
        desk.propose("correction", debit="suspense", credit="available"),
        desk.propose("correction", debit="available", credit="suspense"),
    ]

    assert [reply.error["code"] for reply in replies] == ["booking_not_possible"] * 2
    assert desk.propose("correction", about=late["id"], debit="suspense", credit="available").json


def test_a_case_that_was_closed_meanwhile_is_looked_at_again(desk: Desk) -> None:
    """Somebody has found another answer since it was proposed."""
    charge = desk.till.paid_charge()
    transaction = desk.line("reversal", -AMOUNT, charge, "reversed")
    case = desk.case(charge, "statement_reversed")
    proposed = desk.propose("reversal", about=charge, case=case, operator_transaction=transaction)
    desk.till.rows.run(
        "UPDATE platform.cases SET closed_at = now(), closed_by = 'ada', close_reason = :why"
        " WHERE id = :id",
        id=case,
        why="MTN paid it again",
    )
    approved = desk.approve(proposed.json)

    assert (approved.status, approved.error["code"]) == (400, "proposal_changed")
    assert desk.till.rows.of("adjustments") == []
