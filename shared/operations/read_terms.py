"""Says what holds for an account's money: fees, taxes, holds, bounds; and what is to hold later.

Merchants read it; it is changed by dated rules that the platform adds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.domain import charge
from shared.domain.fees import FeeRule, Levied, Line, Schedule
from shared.domain.phone import Operator
from shared.domain.rules import FEE, FEE_ON_REFUND, HOLD, VELOCITY_CHARGE, VELOCITY_PAYOUT
from shared.operations.objects import unix_seconds

LIMITS: Final = {"limits": Levied.CHARGE, "limits_payout": Levied.PAYOUT}
DAILY: Final = {VELOCITY_CHARGE: Levied.CHARGE, VELOCITY_PAYOUT: Levied.PAYOUT}
KINDS: Final = (FEE, HOLD, FEE_ON_REFUND, *LIMITS, *DAILY)
MOST_COMING: Final = 100


@dataclass(frozen=True, slots=True)
class Term:
    """A dated rule that holds, or `is_coming`; `is_own` tells an account's own rule."""

    id: str
    kind: str
    operator: str | None
    data: Mapping[str, Any]
    valid_from: datetime
    is_own: bool
    is_coming: bool


def terms_object(found: Sequence[Term], *, livemode: bool) -> dict[str, Any]:
    """Return what holds and what is to come, amounts in whole XAF and shares in basis points.

    Where an account has a rule of its own, what is to hold for everybody is none of its business.
    """
    now = [term for term in found if not term.is_coming]
    fees = {term.id: term for term in now if term.kind == FEE}
    rules = {id_: _fee_rule(term) for id_, term in fees.items()}
    schedule = Schedule(tuple(rules.values()))
    # The account's own comes last, and counts.
    holding = {term.kind: term for term in sorted(now, key=lambda term: term.is_own)}
    coming = [term for term in found if term.is_coming and _concerns(term, holding, schedule)]
    return {
        "object": "terms",
        "hold_seconds": _seconds(holding.get(HOLD)),
        "fees": [_fee(rule, operator, fees[rule.id]) for rule, operator in _chosen(schedule)],
        "fee_returned_on_refund": _is_returned(holding.get(FEE_ON_REFUND)),
        "payment_limits": [_limit(term) for term in _sorted(now) if term.kind in LIMITS],
        "daily_limits": [_daily(holding[kind]) for kind in DAILY if kind in holding],
        "coming": [_coming(term) for term in coming],
        "livemode": livemode,
    }


def _chosen(schedule: Schedule) -> Iterable[tuple[FeeRule, Operator | None]]:
    """Yield each rule that counts and for whom; None where it is the same at all operators."""
    for of in Levied:
        for line in Line:
            each = [schedule.rule(of, operator, line) for operator in Operator]
            if each[0] is not None and each.count(each[0]) == len(each):
                yield each[0], None
                continue
            for operator, rule in zip(Operator, each, strict=True):
                if rule is not None:
                    yield rule, operator


def _concerns(term: Term, holding: Mapping[str, Term], schedule: Schedule) -> bool:
    if term.is_own:
        return True
    if term.kind != FEE:
        return term.kind in LIMITS or term.kind not in holding or not holding[term.kind].is_own
    coming = _fee_rule(term)
    operators = Operator if coming.operator is None else (coming.operator,)
    chosen = [schedule.rule(coming.of, operator, coming.line) for operator in operators]
    return any(rule is None or not rule.is_own for rule in chosen)


def _coming(term: Term) -> dict[str, Any]:
    kind = term.kind
    return {
        "valid_from": unix_seconds(term.valid_from),
        "fee": _fee(_fee_rule(term), None, term) if kind == FEE else None,
        "hold_seconds": _seconds(term) if kind == HOLD else None,
        "fee_returned_on_refund": _is_returned(term) if kind == FEE_ON_REFUND else None,
        "payment_limit": _limit(term) if kind in LIMITS else None,
        "daily_limit": _daily(term) if kind in DAILY else None,
    }


def _fee_rule(term: Term) -> FeeRule:
    return FeeRule.read(term.id, term.operator, term.data, is_own=term.is_own)


def _fee(rule: FeeRule, operator: Operator | None, term: Term) -> dict[str, Any]:
    of_operator = operator or rule.operator
    return {
        "of": rule.of.value,
        "line": rule.line.value,
        "operator": None if of_operator is None else of_operator.value,
        "basis_points": rule.basis_points,
        "flat": rule.flat,
        "borne_by": rule.bearer.value,
        "valid_from": unix_seconds(term.valid_from),
    }


def _limit(term: Term) -> dict[str, Any]:
    return {
        "of": LIMITS[term.kind].value,
        "operator": term.operator,
        "minimum": int(term.data["minimum"]),
        "maximum": int(term.data["maximum"]),
    }


def _daily(term: Term) -> dict[str, Any]:
    """An empty rule bounds nothing."""
    return {
        "of": DAILY[term.kind].value,
        "count": term.data.get("account_count"),
        "amount": term.data.get("account_amount"),
    }


def _sorted(terms: Iterable[Term]) -> list[Term]:
    return sorted(terms, key=lambda term: (term.kind, term.operator or ""))


def _seconds(term: Term | None) -> int:
    if term is None or not term.data:
        return charge.HOLD // timedelta(seconds=1)
    return int(term.data["seconds"])


def _is_returned(term: Term | None) -> bool:
    return term is not None and term.data.get("platform_fee") == "return"
