"""Fees and taxes: half up for each line, the rest to our own, and nothing lost on the way."""

import csv
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.fees import (
    NO_FEE,
    Bearer,
    FeeLine,
    FeeRule,
    Levied,
    Line,
    Schedule,
    borne_by_merchant,
)
from shared.domain.money import Money
from shared.domain.phone import Operator
from shared.domain.refund import Refundable
from tests.trials import Trial

GOLDEN: Final = Path(__file__).with_name("golden_fees.csv")
# What the golden table was computed for, with decimals, by a program that shares nothing with ours.
PLATFORM: Final = FeeRule("fee_p", Levied.CHARGE, Line.PLATFORM, 200, 25)
OPERATOR: Final = FeeRule("fee_o", Levied.CHARGE, Line.OPERATOR, 80)
TAX: Final = FeeRule("fee_t", Levied.CHARGE, Line.TRANSFER_TAX, 20)
LEVY: Final = FeeRule("fee_l", Levied.CHARGE, Line.LEVY, 0, 4)
VAT: Final = FeeRule("fee_v", Levied.CHARGE, Line.VAT, 1925)
ALL: Final = Schedule((PLATFORM, OPERATOR, TAX, LEVY, VAT))
MTN: Final = Operator.MTN
LARGEST: Final = 500_000


def amounts(schedule: Schedule, amount: int, operator: Operator = MTN) -> dict[Line, int]:
    """The lines of a charge by what they are for."""
    lines = schedule.lines(Levied.CHARGE, operator, Money(amount))
    return {fee.line: fee.amount for fee in lines}


def test_the_golden_table_holds() -> None:
    """Over 200 amounts, from one franc to the most that operators take, tables of ties included."""
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        rows = [{name: int(cell) for name, cell in row.items()} for row in csv.DictReader(file)]

    wrong = []
    for row in rows:
        found = amounts(ALL, row["amount"])
        net = row["amount"] - sum(found.values())
        lines = {line: row[line] for line in Line}
        if (found, net) != (lines, row["net"]):
            wrong.append((row, found))
    assert len(rows) >= 200
    assert wrong == []


def test_a_line_of_the_table_by_hand() -> None:
    """125 francs: 27.5 and 1 and 0.25 and 4 are 32.75, so 33; 33 - 1 - 0 - 4 are ours: 28."""
    assert amounts(ALL, 125) == {
        Line.PLATFORM: 28,
        Line.OPERATOR: 1,
        Line.TRANSFER_TAX: 0,
        Line.LEVY: 4,
        Line.VAT: 5,
    }


def _whole(amount: int) -> int:
    """All lines but VAT together, by decimals."""
    exact = Decimal(amount) * Decimal("0.03") + 29
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def test_every_amount_sums_exactly(trial: Trial) -> None:
    """Gross = net + lines for each whole franc; the nightly run takes all up to the largest."""
    size = trial.size(5_000, LARGEST)
    chosen = range(1, LARGEST + 1) if size == LARGEST else trial.chance.sample(range(LARGEST), size)

    wrong = 0
    for amount in chosen:
        lines = ALL.lines(Levied.CHARGE, MTN, Money(amount))
        vat = next(fee.amount for fee in lines if fee.line is Line.VAT)
        taken = borne_by_merchant(lines)
        wrong += taken - vat != _whole(amount) or min(fee.amount for fee in lines) < 0
    trial.record("fees of every amount", size, wrong=wrong)


RATES = st.integers(0, 10_000)
FLATS = st.integers(0, 1_000)


@given(
    st.integers(1, 10**9),
    st.dictionaries(st.sampled_from(Line), st.tuples(RATES, FLATS), min_size=1),
)
def test_no_line_is_far_from_what_it_is(amount: int, rates: dict[Line, tuple[int, int]]) -> None:
    """Each but ours is its exact share, half up; ours differs by what rounding left, at most 2."""
    rules = [
        FeeRule(f"fee_{line}", Levied.CHARGE, line, rate, flat)
        for line, (rate, flat) in rates.items()
    ]
    found = amounts(Schedule(tuple(rules)), amount)

    for rule in rules:
        base = found.get(Line.PLATFORM, 0) if rule.line is Line.VAT else amount
        alone = Money(base).share(rule.basis_points).amount + rule.flat
        assert abs(found[rule.line] - alone) <= (2 if rule.line is Line.PLATFORM else 0)
    assert min(found.values()) >= 0


def test_what_is_left_over_goes_to_our_own_line() -> None:
    """1.5 and 1.5 are 3 for the merchant, not 4: the operator gets its half up, we the rest."""
    ours, theirs = replace(PLATFORM, flat=0), replace(OPERATOR, basis_points=200)

    assert amounts(Schedule((ours, theirs)), 75) == {Line.PLATFORM: 1, Line.OPERATOR: 2}
    assert amounts(Schedule((theirs,)), 75) == {Line.OPERATOR: 2}


def test_our_own_line_is_never_below_nothing() -> None:
    """Where others are rounded up to more than the whole, we take nothing, and give nothing."""
    nothing = replace(PLATFORM, basis_points=0, flat=0)
    half = replace(OPERATOR, basis_points=50)
    tax = replace(TAX, basis_points=50)

    assert amounts(Schedule((nothing, half, tax)), 100) == {
        Line.PLATFORM: 0,
        Line.OPERATOR: 1,
        Line.TRANSFER_TAX: 1,
    }


def test_what_the_payer_bears_is_shown_and_not_taken() -> None:
    """It stands among the lines, and not in the merchant's whole nor in what is left over."""
    tax = replace(TAX, basis_points=25, bearer=Bearer.PAYER)
    lines = Schedule((PLATFORM, tax)).lines(Levied.CHARGE, MTN, Money(1000))

    assert lines == (
        FeeLine("fee_p", Line.PLATFORM, 45),
        FeeLine("fee_t", Line.TRANSFER_TAX, 3, Bearer.PAYER),
    )
    assert borne_by_merchant(lines) == 45


def test_the_account_s_own_rule_comes_first_then_the_operator_s() -> None:
    """Whatever the order in which they are found; a rule of another operator is for nobody here."""
    everywhere = replace(PLATFORM, id="everywhere", flat=1, basis_points=0)
    at_mtn = replace(everywhere, id="at_mtn", operator=MTN, flat=2)
    own = replace(everywhere, id="own", is_own=True, flat=3)
    own_at_orange = replace(own, id="own_at_orange", operator=Operator.ORANGE, flat=4)
    rules = (everywhere, at_mtn, own, own_at_orange)

    for found in (rules, rules[::-1]):
        assert amounts(Schedule(found), 100) == {Line.PLATFORM: 3}
        assert amounts(Schedule(found), 100, Operator.ORANGE) == {Line.PLATFORM: 4}
    assert amounts(Schedule((everywhere, at_mtn)), 100) == {Line.PLATFORM: 2}
    assert amounts(Schedule((at_mtn,)), 100, Operator.ORANGE) == {}


def test_what_is_levied_on_payouts_is_not_taken_of_charges() -> None:
    """One schedule holds both."""
    schedule = Schedule((replace(PLATFORM, of=Levied.PAYOUT), replace(LEVY, flat=7)))

    assert amounts(schedule, 1000) == {Line.LEVY: 7}
    (payout,) = schedule.lines(Levied.PAYOUT, MTN, Money(1000))
    assert payout == FeeLine("fee_p", Line.PLATFORM, 45)


def test_a_rule_is_read_from_its_row() -> None:
    """And one that lacks a word is not read as if it had none."""
    data = {"of": "charge", "line": "levy", "basis_points": 0, "flat": "4", "borne_by": "payer"}

    assert FeeRule.read("fee_l", "mtn", data, is_own=True) == replace(
        LEVY, bearer=Bearer.PAYER, operator=MTN, is_own=True
    )
    with pytest.raises(KeyError):
        FeeRule.read("fee_l", None, {"of": "charge", "line": "levy"}, is_own=False)


def test_nothing_is_taken_where_the_rule_says_so() -> None:
    """The platform's line stands at nothing, under the id of its rule."""
    none = FeeRule("fee_none", Levied.CHARGE, Line.PLATFORM, 0)

    assert Schedule((none,)).lines(Levied.CHARGE, MTN, Money(5000)) == NO_FEE
    assert Schedule().lines(Levied.CHARGE, MTN, Money(5000)) == ()


COSTS: Final = Schedule(
    (
        FeeRule("fee_rp", Levied.REFUND, Line.PLATFORM, 100, 10),
        FeeRule("fee_ro", Levied.REFUND, Line.OPERATOR, 50),
        FeeRule("fee_rl", Levied.REFUND, Line.LEVY, 0, 3),
        FeeRule("fee_rv", Levied.REFUND, Line.VAT, 1925),
    )
)


def _golden(name: str) -> list[dict[str, int]]:
    """A table that was computed with decimals, by a program that shares nothing with ours."""
    with GOLDEN.with_name(name).open(encoding="utf-8", newline="") as file:
        return [{key: int(cell) for key, cell in row.items()} for row in csv.DictReader(file)]


def test_the_golden_table_of_what_refunds_cost_holds() -> None:
    """A charge's and a payout's rules touch no refund, and theirs no charge."""
    rows = _golden("golden_refund_costs.csv")

    wrong = []
    for row in rows:
        lines = COSTS.lines(Levied.REFUND, MTN, Money(row["amount"]))
        found = {fee.line.value: fee.amount for fee in lines}
        held = row["amount"] + borne_by_merchant(lines)
        if {**found, "amount": row["amount"], "held": held} != row:
            wrong.append((row, found, held))
    assert len(rows) >= 60
    assert wrong == []
    assert COSTS.lines(Levied.CHARGE, MTN, Money(1000)) == ()
    assert ALL.lines(Levied.REFUND, MTN, Money(1000)) == ()


def test_the_golden_table_of_what_comes_back_holds() -> None:
    """Part by part of charges that were given back whole: our fee and its VAT, to the franc."""
    rows = _golden("golden_returned_fees.csv")

    wrong = []
    for row in rows:
        found = Refundable(
            is_succeeded=True,
            rest=row["gross"],
            pending=0,
            gross=row["gross"],
            fees=(
                FeeLine("p", Line.PLATFORM, row["platform"]),
                FeeLine("o", Line.OPERATOR, 9),
                FeeLine("v", Line.VAT, row["vat"]),
            ),
            given=row["before"],
            came_back={"fees:platform": row["came_platform"], "taxes:vat": row["came_vat"]},
        ).back_with(row["part"])
        expected = {"fees:platform": row["back_platform"], "taxes:vat": row["back_vat"]}
        if found != {account: amount for account, amount in expected.items() if amount}:
            wrong.append((row, found))
    assert len(rows) >= 100
    assert wrong == []
