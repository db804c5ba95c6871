"""Fees and taxes of a payment: dated rules, and the lines that follow from them, in whole XAF.

Each line is a rule of its own: a share in basis points and a flat part. Lines are rounded half up,
each by itself; what that leaves over or takes too much, against the whole rounded half up, goes
to the platform's own line. VAT is a share of that line as it is then, on top of the others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Self

from shared.domain.money import BASIS, Money
from shared.domain.phone import Operator


class Levied(StrEnum):
    """What a rule is levied on."""

    CHARGE = "charge"
    REFUND = "refund"
    PAYOUT = "payout"


class Line(StrEnum):
    """What a line is for."""

    PLATFORM = "platform"  # our own fee
    OPERATOR = "operator"  # what the operator takes of us for the payment
    TRANSFER_TAX = "transfer_tax"  # a share of the amount for the State
    LEVY = "levy"  # a flat part for the State
    VAT = "vat"  # on our own fee


class Bearer(StrEnum):
    """Who bears a line.

    What the payer bears, her operator takes from her wallet beside the amount: it is shown and
    never ours, neither asked for nor booked.
    """

    MERCHANT = "merchant"
    PAYER = "payer"


@dataclass(frozen=True, slots=True)
class FeeLine:
    """A computed line: the id of its rule, if that was kept, and its amount in whole XAF."""

    rule: str | None
    line: Line
    amount: int
    bearer: Bearer = Bearer.MERCHANT


NO_FEE: Final = (FeeLine("fee_none", Line.PLATFORM, 0),)
"""What stands where nothing is taken: the platform's line, at nothing."""


@dataclass(frozen=True, slots=True)
class FeeRule:
    """One line of a schedule. `flat` is in whole XAF; `is_own` tells an account's own rule.

    A rule without an operator is for all of them.
    """

    id: str
    of: Levied
    line: Line
    basis_points: int
    flat: int = 0
    bearer: Bearer = Bearer.MERCHANT
    operator: Operator | None = None
    is_own: bool = False

    @classmethod
    def read(
        cls, rule_id: str, operator: str | None, data: Mapping[str, Any], *, is_own: bool
    ) -> Self:
        """Read a dated rule. Raises KeyError and ValueError."""
        return cls(
            id=rule_id,
            of=Levied(data["of"]),
            line=Line(data["line"]),
            basis_points=int(data["basis_points"]),
            flat=int(data["flat"]),
            bearer=Bearer(data["borne_by"]),
            operator=None if operator is None else Operator(operator),
            is_own=is_own,
        )

    def exactly(self, amount: int) -> int:
        """Return the line before it is rounded, in ten-thousandths of a franc."""
        return amount * self.basis_points + self.flat * BASIS


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rules that hold for an account in one mode at one moment."""

    rules: tuple[FeeRule, ...] = ()
    _chosen: Mapping[tuple[Levied, Operator], Mapping[Line, FeeRule]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Choose once for all payments to come which rules are for them."""
        chosen = {
            (of, operator): self._choose(of, operator) for of in Levied for operator in Operator
        }
        object.__setattr__(self, "_chosen", chosen)

    def lines(self, of: Levied, operator: Operator, money: Money) -> tuple[FeeLine, ...]:
        """Return what is taken of a payment, a line for each rule, zero ones too.

        `money` is what is charged, or paid out.
        """
        chosen = self._chosen[of, operator]
        amounts: dict[Line, int] = {
            line: _half_up(rule.exactly(money.amount))
            for line, rule in chosen.items()
            if line is not Line.VAT
        }
        if Line.PLATFORM in chosen:
            amounts[Line.PLATFORM] = _remainder(chosen, amounts, money.amount)
        if Line.VAT in chosen:
            amounts[Line.VAT] = _half_up(chosen[Line.VAT].exactly(amounts.get(Line.PLATFORM, 0)))
        return tuple(
            FeeLine(rule.id, line, amounts[line], rule.bearer) for line, rule in chosen.items()
        )

    def rule(self, of: Levied, operator: Operator, line: Line) -> FeeRule | None:
        """Return the rule that counts for a line, or None."""
        return self._chosen[of, operator].get(line)

    def _choose(self, of: Levied, operator: Operator) -> dict[Line, FeeRule]:
        """Of each line one rule: the account's own before everybody's, then the operator's own."""
        chosen: dict[Line, FeeRule] = {}
        for rule in self.rules:
            if rule.of is not of or rule.operator not in {None, operator}:
                continue
            other = chosen.get(rule.line)
            if other is None or _rank(rule) > _rank(other):
                chosen[rule.line] = rule
        return {line: chosen[line] for line in Line if line in chosen}


def borne_by_merchant(lines: Iterable[FeeLine]) -> int:
    """Return what is taken of the merchant, in whole XAF."""
    return sum(line.amount for line in lines if line.bearer is Bearer.MERCHANT)


def ours_in(lines: Iterable[FeeLine], *, gross: int, part: int) -> tuple[FeeLine, ...]:
    """Return what of our own fee, and of the VAT on it, belongs to a part of what was charged.

    Half up for each line, in whole XAF: of the whole it is the whole. What goes to operators and to
    the State is not ours to give back.
    """
    return tuple(
        replace(fee, amount=_half_up(BASIS * fee.amount * part // gross))
        for fee in lines
        if fee.line in {Line.PLATFORM, Line.VAT} and fee.bearer is Bearer.MERCHANT
    )


def _rank(rule: FeeRule) -> tuple[bool, bool]:
    return rule.is_own, rule.operator is not None


def _remainder(chosen: Mapping[Line, FeeRule], amounts: Mapping[Line, int], amount: int) -> int:
    """Return the platform's line: the merchant's whole less all other lines of it, at least 0."""
    borne = [
        line
        for line, rule in chosen.items()
        if line is not Line.VAT and rule.bearer is Bearer.MERCHANT
    ]
    whole = _half_up(sum(chosen[line].exactly(amount) for line in borne))
    return max(0, whole - sum(amounts[line] for line in borne if line is not Line.PLATFORM))


def _half_up(ten_thousandths: int) -> int:
    """Round what is never below 0 to whole francs."""
    return (2 * ten_thousandths + BASIS) // (2 * BASIS)
