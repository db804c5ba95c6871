"""Money that came after its charge had failed: kept, given back or accepted, through the doors."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from shared.domain.events import PAYOUT_CHECK_DUE
from shared.domain.ids import is_id
from tests.functions.door import Door, Reply
from tests.functions.till import AMOUNT, PAYER, Till
from tests.scripted_server import Seen, answer

FAILS: Final = answer(500, '{"code": "PAYER_NOT_FOUND"}')


class Late:
    """A shop whose operator refused a charge and took its money afterwards."""

    def __init__(self, till: Till, door: Callable[[str], Door], read_payments: Door) -> None:
        self.till, self.create, self.read = till, door("create_refund"), read_payments
        till.request = FAILS
        self.charge = till.create(description="Café", metadata={"line": "3"})
        assert till.submit(self.charge).status == 204
        assert till.charge(self.charge)["status"] == "failed"
        assert till.settle(self.charge).status == 204

    @property
    def row(self) -> dict[str, Any]:
        """The late payment as stored."""
        (row,) = self.till.rows.of("adjustments")
        return row

    def decide(self, word: str, late_id: str | None = None) -> Reply:
        """Accept it, or have it given back."""
        path = f"/v1/late_payments/{late_id or self.row['id']}/{word}"
        return self.create.post(path, {}, key=self.till.account.secret_key)

    def shown(self, path: str) -> dict[str, Any]:
        """What the merchant reads."""
        reply = self.read.get(path, key=self.till.account.secret_key)
        assert reply.status == 200, reply.json
        found: dict[str, Any] = reply.json
        return found

    def wake(self) -> Reply:
        """Have the clock's message arrive."""
        return self.till.push("settle_payout", self.till.message(PAYOUT_CHECK_DUE, self.row["id"]))

    def have_come(self) -> None:
        """Let the time of the decision have come."""
        self.till.rows.run(
            f'UPDATE "{self.till.account.test.schema}".adjustments'
            ' SET data = data || \'{"due_at": "2026-01-01T00:00:00+00:00"}\''
        )


@pytest.fixture
def late(till: Till, door: Callable[[str], Door], read_payments: Door) -> Late:
    """Such a shop."""
    return Late(till, door, read_payments)


def test_what_comes_after_the_end_is_kept_and_told_once(late: Late) -> None:
    """In suspense, with event and date; the charge stays failed, a second read adds nothing."""
    failed = late.till.charge(late.charge)
    before = late.till.rows.snapshot()
    assert late.till.settle(late.charge).status == 204
    shown = late.shown(f"/v1/late_payments/{late.row['id']}")
    (event,) = late.till.rows.of("events", "type = 'charge.late_payment'")
    (due,) = late.till.rows.platform("due_work", "object_id = :id", id=late.row["id"])

    assert late.till.rows.snapshot() == before
    assert failed["status"] == "failed"
    assert late.till.balances() == {
        "suspense": -AMOUNT,
        f"float:{late.till.operator_account}": AMOUNT,
    }
    assert is_id(shown["id"], "lp")
    assert (shown["status"], shown["amount"], shown["charge"]) == ("open", AMOUNT, late.charge)
    assert (shown["reason"], shown["decision"]) == ("paid_after_the_end", "refund")
    assert shown["decides_at"] - shown["created"] == 24 * 3600
    assert event["object_id"] == shown["id"]
    assert (due["kind"], due["done_at"]) == ("payout_check", None)
    assert PAYER[-8:] not in str(shown)
    assert late.shown(f"/v1/late_payments?charge={late.charge}&status=open")["data"] == [shown]
    assert late.till.rows.platform("cases") == []


def test_an_accepted_one_becomes_a_charge_of_its_own(late: Late) -> None:
    """Succeeded, with a receipt and its hold; out of suspense, once; and it can be refunded."""
    replies = [late.decide("accept") for _ in range(2)]
    accepted = replies[0].json
    charge = late.shown(f"/v1/charges/{accepted['accepted_as']}")
    refused = late.decide("refund")

    assert [reply.status for reply in replies] == [200, 200]
    assert replies[1].json == accepted
    assert accepted["status"] == "accepted"
    assert (charge["status"], charge["amount"]) == ("succeeded", AMOUNT)
    assert (charge["description"], charge["metadata"]) == ("Café", {"line": "3"})
    assert late.till.balances() == {
        "pending": -AMOUNT,
        f"float:{late.till.operator_account}": AMOUNT,
    }
    assert late.till.rows.of("receipts")[0]["charge_id"] == charge["id"]
    (final,) = late.till.rows.platform("outbox", "topic = 'payment-final'")
    (hold,) = late.till.rows.platform("due_work", "kind = 'hold_release'")
    assert final["object_id"] == hold["object_id"] == charge["id"]
    assert (refused.status, refused.error["code"]) == (400, "late_payment_decided")
    assert late.till.charge(late.charge)["status"] == "failed"
    refund = late.till.ask_refund(charge["id"], amount=600)
    assert (refund.status, refund.json["charge"]) == (200, charge["id"])


def test_it_goes_back_by_itself_to_the_number_that_paid(late: Late, kept: list[Seen]) -> None:
    """Not before its time; then once, kept in write-once storage and sent; no balance moves."""
    early = late.wake()
    untouched = late.row["status"]
    late.have_come()
    woken = [late.wake().status for _ in range(2)]
    refund_id = str(late.row["data"]["refund"])
    held = late.till.balances()
    assert late.till.submit_refund(refund_id).status == 204
    assert late.till.settle_refund(refund_id).status == 204
    shown = late.shown(f"/v1/late_payments/{late.row['id']}")
    refund = late.shown(f"/v1/refunds/{refund_id}")

    assert (early.status, untouched, woken) == (204, "open", [204, 204])
    assert held == {"held": -AMOUNT, f"float:{late.till.operator_account}": AMOUNT}
    assert (len(kept), len(late.till.paid_out)) == (1, 1)
    assert (shown["status"], shown["refund"]) == ("refunded", refund_id)
    assert (refund["status"], refund["late_payment"]) == ("succeeded", shown["id"])
    assert late.till.balances() == {
        f"float:{late.till.operator_account}": AMOUNT,
        f"float:{late.till.paying_account}": -AMOUNT,
    }
    assert late.till.charge(late.charge)["amount_refunded"] == 0
    assert late.till.rows.of("events", "type = 'charge.refunded'") == []
    (due,) = late.till.rows.platform("due_work", "object_id = :id", id=shown["id"])
    assert due["done_at"] is not None


@pytest.mark.usefixtures("kept")
def test_a_refund_that_fails_leaves_it_open_for_a_person(late: Late) -> None:
    """Back in suspense with a case; a second one is another wish, in a place of its own."""
    assert late.decide("refund").json["status"] == "refunding"
    first = str(late.row["data"]["refund"])
    assert late.till.submit_refund(first).status == 204
    late.till.payout_word = {"status": "FAILED", "reason": "PAYEE_NOT_FOUND"}
    assert late.till.settle_refund(first).status == 204
    reopened = late.row
    (case,) = late.till.rows.platform("cases")
    assert late.wake().status == 204
    after = late.row["status"]
    again = late.decide("refund").json
    second = late.till.stored_refund(again["refund"])

    assert (reopened["status"], after) == ("open", "open")
    assert (case["object_id"], case["reason"]) == (reopened["id"], "late_refund_failed")
    assert is_id(case["id"], "case")
    assert again["refund"] != first
    assert second["intent_hmac"] != late.till.stored_refund(first)["intent_hmac"]


def test_of_two_decisions_one_is_made(late: Late) -> None:
    """Accepted and given back at once by many: the money goes one way, once."""
    late_id = late.row["id"]
    with ThreadPoolExecutor(8) as pool:
        words = ["accept", "refund"] * 4
        replies = list(pool.map(lambda word: late.decide(word, late_id), words))
    made = {reply.json["status"] for reply in replies if reply.status == 200}

    assert {reply.status for reply in replies} == {200, 400}
    assert len(made) == 1
    charges, refunds = late.till.rows.of("charges"), late.till.rows.of("refunds")
    assert len(charges) - 1 + len(refunds) == 1
    assert late.till.balances().get("suspense") is None


def test_an_account_may_have_them_accepted(
    till: Till, door: Callable[[str], Door], read_payments: Door
) -> None:
    """A dated rule of its own says so, and when."""
    till.rows.run(
        "INSERT INTO platform.dated_rules (id, kind, account_id, valid_from, data) VALUES"
        " (:id, 'late_payment', :account, '2026-01-01Z',"
        '  \'{"decision": "accept", "after_seconds": 0}\')',
        id=f"late_{till.account.id}",
        account=till.account.id,
    )
    late = Late(till, door, read_payments)
    assert late.wake().status == 204
    shown = late.shown(f"/v1/late_payments/{late.row['id']}")

    assert (shown["decision"], shown["status"]) == ("accept", "accepted")
    assert late.till.balances()["pending"] == -AMOUNT
