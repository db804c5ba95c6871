"""The double-entry ledger: what each money event posts, as pure data.

A posting's amount is positive for a debit and negative for a credit, in whole XAF, so the postings
of one transaction sum to zero. An account's balance is the sum of its postings. `normal` is +1 for
accounts that grow by debit (a float) and -1 for those that grow by credit (what we owe); a floor
holds for `balance * normal`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from shared.domain.fees import NO_FEE, Bearer, FeeLine, Line
from shared.domain.money import Money

PENDING: Final = "pending"
AVAILABLE: Final = "available"
HELD: Final = "held"
SUSPENSE: Final = "suspense"
FEES_PLATFORM: Final = "fees:platform"
FEES_OPERATOR: Final = "fees:operator"
TAXES_TRANSFER: Final = "taxes:transfer"
TAXES_LEVY: Final = "taxes:levy"
TAXES_VAT: Final = "taxes:vat"
BANK: Final = "bank"
DEBIT: Final = 1
CREDIT: Final = -1


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account of a merchant's ledger; `floor` is in whole XAF on its normal side."""

    code: str
    normal: int
    floor: int | None


def float_account(operator_account: str) -> LedgerAccount:
    """Return the account that mirrors a merchant's share of one wallet at an operator."""
    return LedgerAccount(f"float:{operator_account}", DEBIT, None)


OPENING: Final[tuple[LedgerAccount, ...]] = (
    LedgerAccount(PENDING, CREDIT, 0),
    LedgerAccount(AVAILABLE, CREDIT, None),
    LedgerAccount(HELD, CREDIT, 0),
    LedgerAccount(SUSPENSE, CREDIT, 0),
    LedgerAccount(FEES_PLATFORM, CREDIT, None),
    LedgerAccount(FEES_OPERATOR, CREDIT, None),
    LedgerAccount(TAXES_TRANSFER, CREDIT, None),
    LedgerAccount(TAXES_LEVY, CREDIT, None),
    LedgerAccount(TAXES_VAT, CREDIT, None),
    LedgerAccount(BANK, DEBIT, None),
)

ACCOUNT_OF: Final[Mapping[Line, str]] = {
    Line.PLATFORM: FEES_PLATFORM,
    Line.OPERATOR: FEES_OPERATOR,
    Line.TRANSFER_TAX: TAXES_TRANSFER,
    Line.LEVY: TAXES_LEVY,
    Line.VAT: TAXES_VAT,
}
"""Where each line of fees and taxes is owed to whoever gets it in the end."""


_LINE_OF: Final[Mapping[str, Line]] = {account: line for line, account in ACCOUNT_OF.items()}


def lines_owed(amounts: Mapping[str, int]) -> tuple[FeeLine, ...]:
    """Return what is owed at each account as lines; other accounts are our own fee's."""
    return tuple(
        FeeLine(None, _LINE_OF.get(account, Line.PLATFORM), amount)
        for account, amount in amounts.items()
    )


def owed(lines: Iterable[FeeLine]) -> dict[str, int]:
    """Return what is taken of the merchant by the account where it is owed, in whole XAF."""
    return {
        ACCOUNT_OF[fee.line]: fee.amount
        for fee in lines
        if fee.bearer is Bearer.MERCHANT and fee.amount
    }


NOTHING: Final[Mapping[str, int]] = {}
"""What is owed where nothing is taken."""


class UnbalancedError(ValueError):
    """The postings of a transaction do not sum to zero."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a transaction: debit positive, credit negative, whole XAF."""

    account: str
    amount: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """A balanced set of postings for one event of one object; posted once or not at all."""

    id: str
    kind: str
    object_id: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        """Refuse a set that does not sum to zero."""
        if sum(posting.amount for posting in self.postings):
            raise UnbalancedError(self.kind)

    def by_account(self) -> dict[str, int]:
        """Sum per account, in account order: two postings to one row must be one update."""
        totals: dict[str, int] = {}
        for posting in sorted(self.postings, key=lambda posting: posting.account):
            totals[posting.account] = totals.get(posting.account, 0) + posting.amount
        return totals


def charge_succeeded(
    transaction_id: str,
    charge_id: str,
    *,
    gross: Money,
    operator_account: str,
    fees: Iterable[FeeLine] = NO_FEE,
) -> Transaction:
    """Debit the float with the gross; credit each line of the merchant's and the rest to `pending`.

    What the payer bears was never in the gross.
    """
    lines = [
        Posting(ACCOUNT_OF[fee.line], -fee.amount) for fee in fees if fee.bearer is Bearer.MERCHANT
    ]
    net = gross.amount + sum(line.amount for line in lines)
    return Transaction(
        transaction_id,
        "charge",
        charge_id,
        (
            Posting(float_account(operator_account).code, gross.amount),
            Posting(PENDING, -net),
            *lines,
        ),
    )


HOLD_RELEASED: Final = "hold_released"
"""What moves a charge's share of `pending` to `available`: once for the charge, and once more for
each refund that failed afterwards and gave back what it had taken of that share."""

OF_A_CHARGE_PENDING: Final = ("charge", "refund_created", "refund_failed", HOLD_RELEASED)
"""The kinds of transactions that move a charge's share of `pending`, the charge's own and those of
its refunds."""


def late_payment(
    transaction_id: str, late_payment_id: str, *, amount: int, operator_account: str
) -> Transaction:
    """Keep money that came otherwise than asked where nobody can spend it; in whole XAF."""
    return Transaction(
        transaction_id,
        "late_payment",
        late_payment_id,
        (Posting(float_account(operator_account).code, amount), Posting(SUSPENSE, -amount)),
    )


def late_payment_accepted(
    transaction_id: str, charge_id: str, *, gross: Money, fees: Iterable[FeeLine]
) -> Transaction:
    """Take a charge's gross out of suspense instead of the float: it has been there."""
    paid = charge_succeeded(transaction_id, charge_id, gross=gross, operator_account="", fees=fees)
    return replace(paid, postings=(Posting(SUSPENSE, gross.amount), *paid.postings[1:]))


def late_refund_created(transaction_id: str, refund_id: str, *, amount: int) -> Transaction:
    """Hold a late payment that goes back to whoever paid it."""
    return Transaction(
        transaction_id,
        "late_refund_created",
        refund_id,
        (Posting(SUSPENSE, amount), Posting(HELD, -amount)),
    )


def late_refund_failed(transaction_id: str, refund_id: str, *, amount: int) -> Transaction:
    """Put it back into suspense: it is nobody's as before."""
    return Transaction(
        transaction_id,
        "late_refund_failed",
        refund_id,
        (Posting(HELD, amount), Posting(SUSPENSE, -amount)),
    )


def refund_created(
    transaction_id: str,
    refund_id: str,
    *,
    from_pending: int,
    from_available: int,
    returned: Mapping[str, int] = NOTHING,
) -> Transaction:
    """Hold what is to be refunded and what it costs.

    The charge's own pending money first, the rest of available. `returned` is what comes back of
    the charge's fees, by the account where it was owed: it helps to bear the refund.
    """
    whole = from_pending + from_available + sum(returned.values())
    return Transaction(
        transaction_id,
        "refund_created",
        refund_id,
        _without_nothing(
            Posting(PENDING, from_pending),
            Posting(AVAILABLE, from_available),
            *(Posting(account, back) for account, back in returned.items()),
            Posting(HELD, -whole),
        ),
    )


def refund_succeeded(
    transaction_id: str,
    refund_id: str,
    *,
    amount: int,
    operator_account: str,
    fees: Mapping[str, int] = NOTHING,
) -> Transaction:
    """Take what was held: the amount out of the float that paid it, the rest to those it is owed.

    `fees` is what the refund costs by account, in whole XAF as `amount`.
    """
    return Transaction(
        transaction_id,
        "refund_succeeded",
        refund_id,
        (
            Posting(HELD, amount + sum(fees.values())),
            Posting(float_account(operator_account).code, -amount),
            *(Posting(account, -fee) for account, fee in fees.items()),
        ),
    )


def refund_failed(
    transaction_id: str,
    refund_id: str,
    *,
    from_pending: int,
    from_available: int,
    returned: Mapping[str, int] = NOTHING,
) -> Transaction:
    """Give back what was held, in full, to where it came from: fees that came back as well."""
    whole = from_pending + from_available + sum(returned.values())
    return Transaction(
        transaction_id,
        "refund_failed",
        refund_id,
        _without_nothing(
            Posting(HELD, whole),
            Posting(PENDING, -from_pending),
            Posting(AVAILABLE, -from_available),
            *(Posting(account, -back) for account, back in returned.items()),
        ),
    )


def payout_created(
    transaction_id: str, payout_id: str, *, amount: int, fees: Mapping[str, int]
) -> Transaction:
    """Hold what is to be paid out and what it costs; `fees` by their accounts, in whole XAF."""
    total = amount + sum(fees.values())
    return Transaction(
        transaction_id,
        "payout_created",
        payout_id,
        (Posting(AVAILABLE, total), Posting(HELD, -total)),
    )


def payout_succeeded(
    transaction_id: str,
    payout_id: str,
    *,
    amount: int,
    fees: Mapping[str, int],
    operator_account: str,
) -> Transaction:
    """Take what was held: the amount out of the float that paid, the rest to those it is owed."""
    total = amount + sum(fees.values())
    return Transaction(
        transaction_id,
        "payout_succeeded",
        payout_id,
        _without_nothing(
            Posting(HELD, total),
            Posting(float_account(operator_account).code, -amount),
            *(Posting(account, -fee) for account, fee in fees.items()),
        ),
    )


def payout_given_back(
    transaction_id: str, payout_id: str, *, amount: int, fees: Mapping[str, int]
) -> Transaction:
    """Give back all that was held for a payout which will not be paid: its cost as well."""
    total = amount + sum(fees.values())
    return Transaction(
        transaction_id,
        "payout_given_back",
        payout_id,
        (Posting(HELD, total), Posting(AVAILABLE, -total)),
    )


def payout_batch_created(transaction_id: str, batch_id: str, *, total: int) -> Transaction:
    """Hold what all lines of a batch pay and cost, in whole XAF; each line ends by itself."""
    return Transaction(
        transaction_id,
        "payout_batch_created",
        batch_id,
        (Posting(AVAILABLE, total), Posting(HELD, -total)),
    )


def payout_batch_given_back(transaction_id: str, batch_id: str, *, total: int) -> Transaction:
    """Give back at once what was held for the lines that were not released and never will be."""
    return Transaction(
        transaction_id,
        "payout_batch_given_back",
        batch_id,
        (Posting(HELD, total), Posting(AVAILABLE, -total)),
    )


def _without_nothing(*postings: Posting) -> tuple[Posting, ...]:
    """Leave out what moves nothing: a row that is not touched is not locked either."""
    return tuple(posting for posting in postings if posting.amount)
