"""What a refund costs, and what of our fee comes back with it: held, booked, shown, explained."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.database import Database
from tests.functions.door import Door
from tests.functions.till import AMOUNT, Till

RULE: Final = {"basis_points": 0, "flat": 0, "borne_by": "merchant"}
# 1,500: 30 + 25 of ours, 19.25 % of 55 as VAT: 10.5875; back go 20 + 4, VAT of 20: 3.85.
OF_CHARGES: Final = (
    {**RULE, "of": "charge", "line": "platform", "basis_points": 200, "flat": 25},
    {**RULE, "of": "charge", "line": "vat", "basis_points": 1925},
)
OF_REFUNDS: Final = (
    {**RULE, "of": "refund", "line": "platform", "flat": 20},
    {**RULE, "of": "refund", "line": "levy", "flat": 4},
    {**RULE, "of": "refund", "line": "vat", "basis_points": 1925},
)
FEES: Final = 55 + 11
COST: Final = 20 + 4 + 4
OTHER: Final = 500

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(read_payments: Door, till: Till) -> Lines:
    """The balance transactions of the till's account, newest first."""

    def read() -> list[dict[str, Any]]:
        reply = read_payments.get("/v1/balance_transactions", key=till.account.secret_key)
        found: list[dict[str, Any]] = reply.json["data"]
        return found

    return read


@pytest.fixture
def priced(till: Till, migrated: Database) -> Till:
    """The till of an account whose charges and refunds cost."""
    for rule in (*OF_CHARGES, *OF_REFUNDS):
        migrated.rule(till.account.id, "fee", rule)
    return till


def end(till: Till, refund_id: str, **word: str) -> None:
    """Send it, and have its operator say this."""
    till.submit_refund(refund_id)
    till.payout_word = word
    assert till.settle_refund(refund_id).status == 204


@pytest.mark.usefixtures("kept")
def test_a_refund_costs_what_its_rules_say(priced: Till, lines: Lines, migrated: Database) -> None:
    """Held with it by the rules of that moment, taken when it succeeds; each line is shown."""
    till = priced
    charge_id = till.paid_charge()
    reply = till.ask_refund(charge_id, amount=600)
    migrated.rule(till.account.id, "fee", {**OF_REFUNDS[0], "flat": 500})

    assert (reply.json["amount"], reply.json["fee"]) == (600, COST)
    assert till.balances()["held"] == -(600 + COST)
    assert till.balances()["pending"] == -(AMOUNT - FEES - 600 - COST)
    end(till, reply.json["id"], amount="600")

    assert till.balances() == {
        f"float:{till.operator_account}": AMOUNT,
        f"float:{till.paying_account}": -600,
        "pending": -(AMOUNT - FEES - 600 - COST),
        "fees:platform": -(55 + 20),
        "taxes:levy": -4,
        "taxes:vat": -(11 + 4),
    }
    line, charge = lines()
    assert (line["type"], line["amount"], line["fee"]) == ("refund", -600, COST)
    assert line["net"] == -(600 + COST)
    assert {each["type"]: each["amount"] for each in line["fee_details"]} == {
        "platform": 20,
        "levy": 4,
        "vat": 4,
    }
    assert all(each["rule"] for each in line["fee_details"])
    assert charge["net"] + line["net"] == -till.balances()["pending"]


@pytest.mark.usefixtures("kept")
def test_a_refund_that_fails_costs_nothing(priced: Till, lines: Lines) -> None:
    """Amount and cost go back to where they came from, and the lines say so."""
    till = priced
    charge_id = till.paid_charge()
    before = till.balances()
    refund_id = till.refund(charge_id, amount=600)
    end(till, refund_id, amount="600", status="FAILED", reason="PAYEE_NOT_FOUND")

    assert {code: left for code, left in till.balances().items() if left} == before
    failed, taken, _ = lines()
    assert (failed["type"], failed["amount"], failed["fee"]) == ("refund_failure", 600, -COST)
    assert taken["net"] + failed["net"] == 0


@pytest.mark.usefixtures("kept")
def test_our_fee_comes_back_where_the_account_s_rule_says_so(
    priced: Till, lines: Lines, migrated: Database
) -> None:
    """In parts that come to the whole of it, VAT too; the refund bears itself with it."""
    till = priced
    migrated.rule(till.account.id, "fee_on_refund", {"platform_fee": "return"})
    till.fund(OTHER)
    charge_id = till.paid_charge()

    for amount in (700, 500, 300):
        end(till, till.refund(charge_id, amount=amount), amount=str(amount))

    back = [
        sum(each["amount"] for each in line["fee_details"] if each["amount"] < 0)
        for line in lines()
        if line["type"] == "refund"
    ]
    assert sum(back) == -FEES
    assert len(back) == 3
    assert max(back) < 0
    balances = till.balances()
    assert (balances["fees:platform"], balances["taxes:vat"]) == (-3 * 20, -3 * 4)
    owned = balances.get("pending", 0) + balances.get("available", 0)
    assert -owned - OTHER == sum(line["net"] for line in lines()) == -3 * COST


@pytest.mark.usefixtures("kept")
def test_without_money_for_its_cost_a_refund_is_refused(priced: Till) -> None:
    """The whole of what was paid and its cost are more than is there: nothing is stored."""
    till = priced
    charge_id = till.paid_charge()
    before = till.rows.snapshot()

    reply = till.ask_refund(charge_id)

    assert (reply.status, reply.error["code"]) == (400, "balance_insufficient")
    assert till.rows.snapshot() == before
