"""What two administrators book by hand, and what is corrected by an operator's word: the doors."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from shared.domain.events import PAYOUT_READY, REFUND_CREATED
from tests.database import Account
from tests.functions.desk import PATH, REASON, Desk
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.till import AMOUNT, Till
from tests.scripted_server import Seen, answer

REFUSED: Final = answer(400, '{"code": "PAYEE_NOT_FOUND"}')


@pytest.fixture
def desk(till: Till, door: Callable[[str], Door], realm: Realm, read_payments: Door) -> Desk:
    """Such a shop."""
    return Desk(till, door, realm, read_payments)


def test_a_reversed_charge_takes_from_available(desk: Desk) -> None:
    """From a statement's line and its case: below 0, told once; no refund of it any more."""
    charge = desk.till.paid_charge()
    transaction = desk.line("reversal", -AMOUNT, charge, "reversed")
    case = desk.case(charge, "statement_reversed")
    about = {"about": charge, "case": case, "operator_transaction": transaction}
    row = desk.booked("reversal", **about)
    shown = desk.shown(f"/v1/charges/{charge}")
    (reversal,) = desk.shown(f"/v1/reversals?source={charge}")["data"]
    (line,) = desk.shown(f"/v1/balance_transactions?source={charge}&type=charge_reversal")["data"]
    refund, payout = desk.till.ask_refund(charge), desk.till.ask_payout(amount=1)
    again = desk.propose("reversal", **about)

    assert (row["amount"], row["proposed_by"], row["approved_by"]) == (-AMOUNT, "ada", "grace")
    assert desk.till.balances() == {"available": AMOUNT, "pending": -AMOUNT}
    assert (shown["status"], shown["reversed"], shown["amount_reversed"]) == (
        "succeeded",
        True,
        AMOUNT,
    )
    assert (reversal["type"], reversal["amount"], reversal["operator_transaction_id"]) == (
        "charge_reversal",
        AMOUNT,
        transaction,
    )
    assert desk.shown(f"/v1/reversals/{reversal['id']}") == reversal
    assert (line["amount"], line["net"], line["source"]) == (-AMOUNT, -AMOUNT, charge)
    assert desk.told("charge.reversed") == [charge]
    cases = {row["reason"]: row for row in desk.till.rows.platform("cases")}
    assert cases.keys() == {"statement_reversed", "balance_negative"}
    assert (refund.status, refund.error["code"]) == (400, "charge_not_refundable")
    assert (payout.status, payout.error["code"]) == (400, "balance_insufficient")
    assert (again.status, again.error["code"]) == (400, "booking_not_possible")


def test_what_was_paid_otherwise_ends_its_charge_and_is_kept(desk: Desk) -> None:
    """A case says that it differs, a statement how much came: two persons book it as it came."""
    till = desk.till
    charge = till.create()
    assert till.submit(charge).status == 204
    money = desk.line("collection", 1400, charge, "amount_differs")
    till.word = {"amount": "1400", "financialTransactionId": money}
    assert till.settle(charge).status == 204
    (case,) = till.rows.platform("cases")
    waits = till.charge(charge)["status"]
    about = {"about": charge, "operator_transaction": money}
    alone = desk.propose("late_payment", amount=1400, **about)
    wrong = desk.propose("late_payment", case=case["id"], **about)
    late = desk.booked("late_payment", amount=1400, case=case["id"], **about)
    assert till.settle(charge).status == 204
    stored = till.charge(charge)
    accepted = desk.accept(late["id"])

    assert (case["reason"], waits) == ("amount_or_currency_differs", "awaiting_payer")
    assert (alone.error["code"], wrong.error["code"]) == (
        "booking_not_possible",
        "booking_not_in_statement",
    )
    assert (stored["status"], stored["failure_code"]) == ("failed", "paid_otherwise")
    assert len(till.rows.of("adjustments")) == 1
    assert desk.told("charge.failed") == [charge]
    assert desk.told("charge.late_payment") == [late["id"]]
    assert (accepted.status, accepted.json["status"]) == (200, "accepted")
    assert till.balances() == {"pending": -1400, f"float:{till.operator_account}": 1400}
    changes = till.rows.of("state_changes", "object_id = :id", id=charge)
    assert (changes[-1]["from_status"], changes[-1]["cause"]) == (waits, "paid_otherwise")
    (due,) = till.rows.platform("due_work", "object_id = :id", id=charge)
    assert due["done_at"] is not None


@pytest.mark.usefixtures("kept")
def test_a_returned_payout_is_available_again(desk: Desk) -> None:
    """The public word is `returned`; the float has it back, and so has the merchant."""
    desk.till.fund(AMOUNT)
    payout = desk.till.payout_made()
    assert desk.till.submit_payout(payout).status == 204
    assert desk.till.settle_payout(payout).status == 204
    row = desk.booked("return", about=payout)
    shown = desk.shown(f"/v1/payouts/{payout}")
    listed = desk.shown("/v1/payouts?status=returned")["data"]

    assert (row["kind"], row["amount"]) == ("return", AMOUNT)
    assert desk.till.balances() == {"available": -AMOUNT}
    assert (shown["status"], shown["status_detail"]) == ("returned", "succeeded")
    assert shown["amount_returned"] == AMOUNT
    assert (listed, desk.shown("/v1/payouts?status=paid")["data"]) == ([shown], [])
    assert desk.told("payout.returned") == [payout]


def test_what_a_statement_shows_is_booked_only_as_it_shows_it(desk: Desk) -> None:
    """An operator's fee, and money that we lack: by transaction and amount, once."""
    fee = desk.line("fee", -25)
    opa = {"operator_account": desk.till.operator_account}
    other = desk.propose("fee_true_up", amount=26, operator_transaction=fee, **opa)
    unknown = desk.propose("late_payment", operator_transaction="T0", **opa)
    desk.booked("fee_true_up", amount=25, operator_transaction=fee, **opa)
    money = desk.line("collection", AMOUNT, state="missing_here")
    late = desk.booked("late_payment", operator_transaction=money, **opa)
    twice = desk.propose("late_payment", operator_transaction=money, **opa)
    desk.till.rows.run(
        f'UPDATE "{desk.till.account.test.schema}".adjustments'
        ' SET data = data || \'{"due_at": "2026-01-01T00:00:00+00:00"}\' WHERE id = :id',
        id=late["id"],
    )
    assert desk.till.settle_refund(late["id"]).status == 204
    (case,) = desk.till.rows.platform("cases")
    refused = desk.approve(twice.json)

    assert {reply.error["code"] for reply in (other, unknown)} == {"booking_not_in_statement"}
    assert desk.till.balances() == {
        "fees:operator": 25,
        "suspense": -AMOUNT,
        f"float:{desk.till.operator_account}": AMOUNT - 25,
    }
    shown = desk.shown(f"/v1/late_payments/{late['id']}")
    assert (shown["status"], shown["charge"], shown["reason"]) == ("open", None, "booked_by_hand")
    assert (refused.status, refused.error["code"]) == (400, "booked_already")
    assert desk.told("charge.late_payment") == [late["id"]]
    assert (case["object_id"], case["reason"]) == (late["id"], "late_payment_unknown_payer")


def test_a_correction_names_its_accounts_and_ends_what_it_is_about(desk: Desk) -> None:
    """Money that only a statement knew is given to the merchant, whole; nothing stays for it."""
    opa = {"operator_account": desk.till.operator_account}
    money = desk.line("collection", AMOUNT, state="missing_here")
    late = desk.booked("late_payment", operator_transaction=money, **opa)
    sides = {"about": late["id"], "debit": "suspense", "credit": "available"}
    part = desk.propose("correction", amount=AMOUNT - 1, **sides)
    row = desk.booked("correction", **sides)
    again = desk.propose("correction", **sides)
    (due,) = desk.till.rows.platform("due_work", "object_id = :id", id=late["id"])

    assert desk.till.balances() == {
        "available": -AMOUNT,
        f"float:{desk.till.operator_account}": AMOUNT,
    }
    assert desk.shown(f"/v1/late_payments/{late['id']}")["status"] == "corrected"
    assert due["done_at"] is not None
    assert desk.told("balance.corrected") == [row["id"]]
    assert {reply.error["code"] for reply in (part, again)} == {"booking_not_possible"}


@pytest.mark.parametrize(
    ("sides", "param"),
    [
        ({"debit": "held", "credit": "available"}, "debit"),
        ({"debit": "available", "credit": "pending"}, "credit"),
        ({"debit": "available", "credit": "available"}, "credit"),
        ({"debit": "available"}, "credit"),
        ({"debit": "float:x", "credit": "available"}, "debit"),
    ],
)
def test_a_correction_names_no_account_of_payments(
    desk: Desk, sides: dict[str, str], param: str
) -> None:
    """What is held or pending belongs to payments, and one account alone is no posting."""
    refused = desk.propose("correction", **sides)

    assert (refused.status, refused.error["param"]) == (400, param)


def test_nobody_books_alone_or_what_has_changed(desk: Desk) -> None:
    """Not by oneself, not as it was not seen, not after it moved; both chains tell all of it."""
    charge = desk.till.paid_charge()
    proposed = desk.propose("reversal", about=charge, amount=500).json
    before = desk.till.balances()
    alone = desk.approve(proposed, "ada")
    unseen = desk.approve({**proposed, "content_sha256": "0" * 64})
    stale = desk.ask(f"/{proposed['id']}/approve", {"content_sha256": "0" * 64}, "grace", 4000)
    desk.booked("reversal", about=charge, amount=700)
    moved = desk.approve(proposed)
    rejected = desk.ask(f"/{proposed['id']}/reject", {"reason": REASON}, "ada")
    late = desk.approve(proposed)
    told = desk.till.rows.of("audit_entries", "object_type = 'booking'")

    assert (alone.status, alone.error["code"]) == (403, "second_person_required")
    assert (unseen.status, unseen.error["code"]) == (400, "proposal_changed")
    assert (stale.status, stale.error["code"]) == (403, "step_up_required")
    assert (moved.status, moved.error["code"]) == (400, "proposal_changed")
    assert (rejected.status, rejected.json["status"]) == (200, "rejected")
    assert (late.status, late.error["code"]) == (400, "proposal_not_open")
    assert desk.till.balances()["available"] == 700
    assert before == {"pending": -AMOUNT, f"float:{desk.till.operator_account}": AMOUNT}
    assert [row["action"] for row in told] == [
        "booking.proposed",
        "booking.proposed",
        "booking.approved",
        "booking.rejected",
    ]
    assert {row["actor_kind"] for row in told} == {"platform"}


def test_a_booking_is_booked_once_however_often_it_is_approved(desk: Desk) -> None:
    """Several at once: one transaction in the ledger."""
    proposed = desk.propose("correction", debit="fees:platform", credit="available").json
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: desk.approve(proposed), range(4)))

    assert sorted(reply.status for reply in replies) == [200, 400, 400, 400]
    assert desk.till.balances() == {"fees:platform": AMOUNT, "available": -AMOUNT}
    assert len(desk.till.rows.of("adjustments")) == 1


def test_nobody_else_books(desk: Desk, door: Callable[[str], Door], account: Account) -> None:
    """A key of the merchant's is no administrator."""
    refused = door("manage_platform").post(PATH, {}, key=account.secret_key)

    assert refused.status in {401, 403}
    assert desk.till.rows.platform("bookings") == []


@pytest.mark.parametrize("kind", ["payout", "refund"])
def test_what_failed_and_was_paid_all_the_same_is_taken_of_available(
    desk: Desk, kept: list[Seen], kind: str
) -> None:
    """Given back first, then proven paid: below 0, told, with a case; a second look is harmless."""
    till = desk.till
    assert kept == []
    if kind == "payout":
        till.fund(AMOUNT)
        made, topic = till.payout_made(), PAYOUT_READY
    else:
        made, topic = till.refund(till.paid_charge()), REFUND_CREATED
    till.payout = REFUSED
    assert till.push("submit_payout", till.message(topic, made)).status == 204
    back = till.balances()
    assert [till.settle_refund(made).status for _ in range(2)] == [204, 204]
    (row,) = till.rows.of("adjustments")
    (case,) = till.rows.platform("cases")
    shown = desk.shown(f"/v1/{kind}s/{made}")
    (line,) = desk.shown("/v1/balance_transactions?type=correction")["data"]

    paying, now = f"float:{till.paying_account}", till.balances()
    moved = [now.get(code, 0) - back.get(code, 0) for code in ("available", paying)]
    assert moved == [AMOUNT, -AMOUNT]
    assert (row["kind"], row["object_id"], row["amount"]) == ("correction", made, -AMOUNT)
    assert (case["object_id"], case["reason"]) == (made, "paid_after_the_end")
    assert desk.told(f"{kind}.corrected") == [row["id"]]
    assert (shown["status"], line["amount"], line["source"]) == ("failed", -AMOUNT, made)
    if kind == "refund":
        assert till.charge(shown["charge"])["amount_refunded"] == AMOUNT
