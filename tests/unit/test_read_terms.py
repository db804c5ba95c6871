"""What a merchant reads of its fees, holds and bounds: what counts for it, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.operations.read_terms import Term, terms_object

NOW: Final = datetime(2026, 12, 1, tzinfo=UTC)


def fee(id_: str, basis_points: int, operator: str | None = None, **how: Any) -> Term:
    """A rule of the platform's line of charges."""
    data = {"of": how.pop("of", "charge"), "line": how.pop("line", "platform"),
            "basis_points": basis_points, "flat": 0, "borne_by": "merchant"}  # fmt: skip
    return term("fee", data, operator, id_=id_, **how)


def term(
    kind: str,
    data: dict[str, Any],
    operator: str | None = None,
    *,
    id_: str = "r",
    own: bool = False,
    coming: bool = False,
) -> Term:
    """A rule that holds, or is to."""
    at = NOW + timedelta(days=30 if coming else -30)
    return Term(id_, kind, operator, data, at, own, coming)


def shares(*found: Term) -> list[tuple[str | None, int]]:
    """Operator and share of each fee that counts."""
    fees = terms_object(found, livemode=True)["fees"]
    return [(each["operator"], each["basis_points"]) for each in fees]


def test_a_fee_that_is_the_same_everywhere_is_said_once() -> None:
    """And at each operator where they differ, also by a rule for one of them alone."""
    assert shares(fee("a", 250)) == [(None, 250)]
    assert shares(fee("a", 250), fee("b", 300, "orange")) == [("mtn", 250), ("orange", 300)]
    assert shares(fee("b", 300, "orange")) == [("orange", 300)]
    assert shares(fee("a", 250), fee("b", 180, own=True)) == [(None, 180)]
    assert shares(fee("a", 250, "mtn"), fee("b", 180, own=True)) == [(None, 180)]


def test_what_comes_for_everybody_concerns_nobody_with_a_rule_of_its_own() -> None:
    """As far as that goes: at another operator, on another line, it does."""
    own, later = fee("a", 180, "mtn", own=True), fee("b", 300, coming=True)

    def coming(*found: Term) -> list[Any]:
        shown: list[Any] = terms_object(found, livemode=True)["coming"]
        return shown

    assert [each["fee"]["basis_points"] for each in coming(own, later)] == [300]
    assert coming(own, fee("c", 180, "orange", own=True), later) == []
    assert coming(own, fee("b", 300, "mtn", coming=True)) == []
    assert len(coming(own, fee("b", 300, "mtn", line="vat", coming=True))) == 1
    hold = term("hold", {"seconds": 60}, own=True)
    assert coming(hold, term("hold", {"seconds": 30}, coming=True)) == []
    assert coming(term("hold", {"seconds": 30}, own=True, coming=True))[0]["hold_seconds"] == 30


def test_the_accounts_own_counts_and_what_bounds_nothing_says_so() -> None:
    """Without any rule a charge is held for two days."""
    daily = {"account_count": 5, "account_amount": 100}
    found = [
        term("hold", {"seconds": 60}),
        term("hold", {"seconds": 90}, own=True),
        term("velocity_charge", daily),
        term("velocity_charge", {}, own=True),
        term("velocity_payout", daily),
        term("limits", {"minimum": 1, "maximum": 500}, "mtn"),
        term("fee_on_refund", {"platform_fee": "return"}),
    ]

    shown = terms_object(found, livemode=False)

    assert shown["hold_seconds"] == 90
    assert shown["fee_returned_on_refund"]
    assert shown["daily_limits"] == [
        {"of": "charge", "count": None, "amount": None},
        {"of": "payout", "count": 5, "amount": 100},
    ]
    assert shown["payment_limits"] == [
        {"of": "charge", "operator": "mtn", "minimum": 1, "maximum": 500}
    ]
    assert not shown["livemode"]
    assert terms_object([], livemode=True)["hold_seconds"] == 172_800
