"""Money is a whole number of minor units in one currency; the franc CFA has none smaller."""

from dataclasses import dataclass
from typing import Final, NewType, Self

Currency = NewType("Currency", str)
XAF: Final = Currency("XAF")
BASIS: Final = 10_000


class CurrencyMismatchError(ValueError):
    """Two currencies met in one sum."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units (for XAF: whole francs) of a currency in capitals."""

    amount: int
    currency: Currency = XAF

    def __post_init__(self) -> None:
        """Refuse what is no whole number; True and False are none."""
        if type(self.amount) is not int:
            message = f"money is a whole number, not {type(self.amount).__name__}"
            raise TypeError(message)

    def __add__(self, other: Self) -> "Money":
        return Money(self.amount + self._same_currency(other), self.currency)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.amount - self._same_currency(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def share(self, basis_points: int) -> "Money":
        """Return this many hundredths of a percent, half up (away from zero on a tie)."""
        product = self.amount * basis_points
        quotient, remainder = divmod(abs(product), BASIS)
        rounded = quotient + (1 if 2 * remainder >= BASIS else 0)
        return Money(rounded if product >= 0 else -rounded, self.currency)

    def _same_currency(self, other: "Money") -> int:
        if other.currency != self.currency:
            message = f"{self.currency} and {other.currency} do not add up"
            raise CurrencyMismatchError(message)
        return other.amount
