"""Fees by dated rules, balance transactions and the balance of a time, through the doors."""

import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from shared.domain.ids import is_id
from shared.operations.release_holds import release_holds
from shared.runtime import wiring
from tests.database import Database
from tests.functions.door import Door, Reply
from tests.functions.till import AMOUNT, Till

LINE: Final = {"of": "charge", "basis_points": 0, "flat": 0, "borne_by": "merchant"}
# 1,500: 30 + 25 of ours, 12 for the operator, 4 as a levy, 19.25 % of 55 as VAT: 10.5875.
RULES: Final = (
    {**LINE, "line": "platform", "basis_points": 200, "flat": 25},
    {**LINE, "line": "operator", "basis_points": 80},
    {**LINE, "line": "levy", "flat": 4},
    {**LINE, "line": "vat", "basis_points": 1925},
    {**LINE, "line": "transfer_tax", "basis_points": 20, "borne_by": "payer"},
)
TAKEN: Final = {"platform": 55, "operator": 12, "levy": 4, "vat": 11}

Get = Callable[[str], Reply]


@pytest.fixture
def get(read_payments: Door, till: Till) -> Get:
    """GET as the till's account."""
    return lambda path: read_payments.get(path, key=till.account.secret_key)


@pytest.fixture
def with_fees(till: Till, migrated: Database) -> Till:
    """The till of an account of which fees are taken."""
    for rule in RULES:
        migrated.rule(till.account.id, "fee", rule)
    return till


def release(till: Till) -> None:
    """Let every hold of the account be over, and the clock release it."""
    till.rows.run(
        "UPDATE platform.due_work SET due_at = now() - interval '1 s'"
        " WHERE kind = 'hold_release' AND account_id = :id AND done_at IS NULL",
        id=till.account.id,
    )
    till.rows.run(
        f'UPDATE "{till.account.test.schema}".charges SET'
        " succeeded_at = succeeded_at - make_interval(secs => hold_seconds)"
        " WHERE status = 'succeeded'",
    )
    while till.rows.platform("due_work", "kind = 'hold_release' AND done_at IS NULL"):
        release_holds(wiring.holds(), now=wiring.now, reached=lambda _: None)


def listed(get: Get, query: str = "") -> list[dict[str, Any]]:
    """The balance transactions of a page."""
    reply = get(f"/v1/balance_transactions{query}")
    assert reply.status == 200, reply.json
    found: list[dict[str, Any]] = reply.json["data"]
    return found


def owned(get: Get) -> int:
    """Available and pending together."""
    balance = get("/v1/balance").json
    return sum(int(balance[name][0]["amount"]) for name in ("available", "pending"))


def test_fees_are_those_of_the_moment_when_the_charge_was_made(
    with_fees: Till, migrated: Database, get: Get
) -> None:
    """A rule that changes before the payment changes nothing of it; each line has its account."""
    till = with_fees
    charge_id = till.create()
    migrated.rule(till.account.id, "fee", {**RULES[0], "basis_points": 5000})
    assert (till.submit(charge_id).status, till.settle(charge_id).status) == (204, 204)

    assert till.balances() == {
        f"float:{till.operator_account}": AMOUNT,
        "pending": -(AMOUNT - sum(TAKEN.values())),
        "fees:platform": -55,
        "fees:operator": -12,
        "taxes:levy": -4,
        "taxes:vat": -11,
    }
    stored = till.charge(charge_id)["fee_lines"]
    assert {fee["line"]: fee["amount"] for fee in stored} == TAKEN | {"transfer_tax": 3}
    assert all(fee["rule"].startswith("rule_") for fee in stored)
    (found,) = listed(get)
    assert (found["amount"], found["fee"], found["net"]) == (AMOUNT, 82, AMOUNT - 82)
    assert {fee["type"]: fee["amount"] for fee in found["fee_details"]} == TAKEN
    assert [fee["type"] for fee in found["payer_fee_details"]] == ["transfer_tax"]
    assert owned(get) == found["net"]


def test_a_charge_that_its_fees_would_eat_up_is_refused(
    with_fees: Till, create_charge: Door
) -> None:
    """In the caller's language, with what they come to; nothing is stored, and one that fits is."""
    till, method = with_fees, {"type": "mobile_money", "phone": "+237670000001"}

    def ask(amount: int) -> Reply:
        return create_charge.post(
            "/v1/charges",
            {"amount": amount, "currency": "xaf", "payment_method": method},
            key=till.account.secret_key,
            headers={"Accept-Language": "fr"},
        )

    refused, taken = ask(33), ask(36)

    assert (refused.status, refused.error["code"]) == (400, "amount_below_fees")
    assert refused.error["message"].endswith("35 FCFA, plus que son montant.")
    assert taken.status == 200
    assert [row["amount"] for row in till.rows.of("charges")] == [36]


def test_without_a_rule_nothing_is_taken(till: Till, get: Get) -> None:
    """Everybody's rule is a fee of nothing: it stands with the charge, and shows no detail."""
    charge_id = till.paid_charge()

    (found,) = listed(get)
    assert till.charge(charge_id)["fee_lines"] == [
        {"rule": "fee_none", "line": "platform", "amount": 0, "borne_by": "merchant"}
    ]
    assert (found["fee"], found["fee_details"], found["net"]) == (0, [], AMOUNT)


def test_a_charge_s_line_is_pending_until_its_hold_is_over(till: Till, get: Get) -> None:
    """It is found by the id that the charge bears, and tells when its money becomes available."""
    charge_id = till.paid_charge()
    charge = get(f"/v1/charges/{charge_id}").json

    found = get(f"/v1/balance_transactions/{charge['balance_transaction']}").json
    release(till)
    later = get(f"/v1/balance_transactions/{charge['balance_transaction']}").json

    assert is_id(found["id"], "txn")
    assert (found["object"], found["type"], found["source"]) == (
        "balance_transaction",
        "charge",
        charge_id,
    )
    assert (found["status"], found["available_on"]) == ("pending", found["created"] + 10)
    # The hold was put into the past.
    assert later == {**found, "status": "available", "available_on": found["created"]}
    assert get("/v1/balance").json["available"] == [{"amount": AMOUNT, "currency": "xaf"}]


@pytest.mark.usefixtures("kept")
def test_what_the_lines_sum_to_is_what_is_owned(till: Till, get: Get) -> None:
    """Charges, a refund that was paid and one that failed: types, signs, filters and the sum."""
    first, second = till.paid_charge(), till.paid_charge()
    paid = till.refund(first, amount=600)
    till.payout_word = {"amount": "600"}
    assert (till.submit_refund(paid).status, till.settle_refund(paid).status) == (204, 204)
    release(till)
    failed = till.refund(second, amount=400)
    till.payout_word = {"amount": "400", "status": "FAILED", "reason": "PAYEE_NOT_FOUND"}
    assert (till.submit_refund(failed).status, till.settle_refund(failed).status) == (204, 204)

    lines = listed(get)

    assert [(line["type"], line["source"], line["net"]) for line in lines] == [
        ("refund_failure", failed, 400),
        ("refund", failed, -400),
        ("refund", paid, -600),
        ("charge", second, AMOUNT),
        ("charge", first, AMOUNT),
    ]
    assert {line["status"] for line in lines} == {"available"}
    assert sum(line["net"] for line in lines) == owned(get)
    assert listed(get, "?type=refund") == lines[1:3]
    assert listed(get, f"?source={failed}") == lines[:2]
    assert listed(get, f"?limit=2&starting_after={lines[1]['id']}") == lines[2:4]
    assert listed(get, f"?limit=2&ending_before={lines[3]['id']}") == lines[1:3]
    assert get(f"/v1/refunds/{failed}").json["balance_transaction"] == lines[1]["id"]


def test_what_only_moves_what_was_counted_is_no_line(till: Till, get: Get) -> None:
    """The release of a hold has an id in the ledger and is not there for the merchant."""
    till.paid_charge()
    release(till)

    (released,) = till.rows.of("ledger_transactions", "kind = 'hold_released'")

    assert get(f"/v1/balance_transactions/{released['id']}").status == 404
    assert len(listed(get)) == 1


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/v1/balance_transactions?type=hold_released", "type"),
        ("/v1/balance_transactions?source=", "source"),
        ("/v1/balance?at=yesterday", "at"),
        ("/v1/balance?at=-1", "at"),
        ("/v1/balance?at=" + "9" * 40, "at"),
        (f"/v1/balance?at={int(time.time()) + 86_400 * 3650}", "at"),
    ],
    ids=["type", "source", "words", "below 0", "too long", "to come"],
)
def test_what_cannot_be_answered_names_its_parameter(get: Get, path: str, param: str) -> None:
    """A type that nobody knows, a time that is no time or is still to come."""
    reply = get(path)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (
        400,
        "parameter_invalid",
        param,
    )


def test_the_balance_of_now_is_that_of_this_second(till: Till, get: Get) -> None:
    """Asked with and without a time; and before the account was there it owned nothing."""
    till.paid_charge()
    till.refund(till.paid_charge(), amount=600)
    last = listed(get)[0]["created"]

    present = get("/v1/balance").json
    nothing = get("/v1/balance?at=1600000000").json

    assert get(f"/v1/balance?at={last}").json == {**present, "at": last}
    assert {name: nothing[name][0]["amount"] for name in ("available", "pending", "held")} == {
        "available": 0,
        "pending": 0,
        "held": 0,
    }


@pytest.mark.usefixtures("kept")
def test_a_payout_takes_its_fees_and_gives_them_back(
    till: Till, migrated: Database, get: Get
) -> None:
    """By rules of its own, held with it; one that fails returns both, and the lines say so."""
    flat = {**LINE, "of": "payout", "line": "platform", "flat": 20}
    tax = {**LINE, "of": "payout", "line": "transfer_tax", "basis_points": 20}
    for rule in (flat, tax):
        migrated.rule(till.account.id, "fee", rule)
    till.paid_charge()
    release(till)

    payout = till.payout_made(amount=1000)
    assert till.balances()["held"] == -1022
    assert till.submit_payout(payout).status == 204
    till.payout_word = {"amount": "1000", "status": "FAILED", "reason": "PAYEE_NOT_FOUND"}
    assert till.settle_payout(payout).status == 204
    failed, taken, charge = listed(get)

    assert [line["type"] for line in (failed, taken, charge)] == [
        "payout_failure",
        "payout",
        "charge",
    ]
    assert (taken["amount"], taken["fee"], taken["net"]) == (-1000, 22, -1022)
    assert (failed["amount"], failed["fee"], failed["net"]) == (1000, -22, 1022)
    assert {fee["type"]: fee["amount"] for fee in taken["fee_details"]} == {
        "platform": 20,
        "transfer_tax": 2,
    }
    assert taken["source"] == failed["source"] == payout
    assert (taken["status"], taken["available_on"]) == ("available", taken["created"])
    assert owned(get) == AMOUNT
