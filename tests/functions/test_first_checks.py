"""What is written down with a payment from its making on: its checks, its time, who is asked."""

from datetime import timedelta

from tests.functions.till import Till
from tests.scripted_server import Seen

FIRST_CHECK = timedelta(seconds=10)


def test_a_charge_has_two_minutes_and_a_check(till: Till) -> None:
    """Its own time to be sent wins, where the merchant names one."""
    usual, longest = till.create(), till.create(submit_within_seconds=900)

    for charge_id, within in ((usual, timedelta(minutes=2)), (longest, timedelta(minutes=15))):
        charge = till.charge(charge_id)
        (due,) = till.rows.platform("due_work", "object_id = :id", id=charge_id)
        assert charge["submit_before"] - charge["created_at"] == within
        assert due["due_at"] - charge["created_at"] == FIRST_CHECK
        assert (due["kind"], due["done_at"]) == ("payment_check", None)


def test_money_out_has_a_day_and_a_check(till: Till) -> None:
    """A refund and a payout alike."""
    till.fund()
    refund = till.stored_refund(till.refund(till.paid_charge()))
    payout = till.stored_payout(till.payout_made())

    for row in (refund, payout):
        (due,) = till.rows.platform("due_work", "object_id = :id", id=row["id"])
        assert row["submit_before"] - row["created_at"] == timedelta(hours=24)
        assert due["due_at"] - row["created_at"] == FIRST_CHECK
        assert (due["kind"], due["done_at"]) == ("payout_check", None)


def test_each_attempt_says_whose_wallet_it_went_by(till: Till, kept: list[Seen]) -> None:
    """By one that collects or by one that pays, under a reference that the operator was told."""
    till.fund()
    charge = till.paid_charge()
    refund, payout = till.refund(charge), till.payout_made()
    assert (till.submit_refund(refund).status, till.submit_payout(payout).status) == (204, 204)

    attempts = {row["charge_id"]: row for row in till.rows.of("provider_attempts")}
    wallets = {key: row["operator_account_id"] for key, row in attempts.items()}
    asked = (*till.sent, *till.paid_out, *till.transferred)
    told = [seen.headers["x-reference-id"] for seen in asked]

    assert kept
    assert wallets == {
        charge: till.operator_account, refund: till.paying_account, payout: till.paying_account
    }  # fmt: skip
    assert told == [attempts[key]["reference"] for key in (charge, refund, payout)]
