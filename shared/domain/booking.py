"""Booking by hand: what one administrator wants in an account's ledger and a second one approves.

Each kind has its own two accounts; only a correction names them. It is bound to what it is about
as that stood, and to an operator's statement wherever that must say so.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain import ledger
from shared.domain.account_access import US
from shared.domain.adjustment import AdjustmentKind
from shared.domain.audit import AuditEntry, Origin
from shared.domain.charge import Charge, ChargeEvent, ChargeStatus, after
from shared.domain.errors import InvalidRequest
from shared.domain.late_payment import LatePayment, LateStatus
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.phone import Operator

PROPOSAL_LASTS: Final = timedelta(hours=72)
NAMED: Final = frozenset(
    {
        ledger.AVAILABLE,
        ledger.SUSPENSE,
        ledger.FEES_PLATFORM,
        ledger.FEES_OPERATOR,
        ledger.TAXES_TRANSFER,
        ledger.TAXES_LEVY,
        ledger.TAXES_VAT,
    }
)
"""What a correction may name beside floats: what is held or pending belongs to its payments."""

_ENDED_UNPAID: Final = frozenset({ChargeStatus.FAILED, ChargeStatus.EXPIRED, ChargeStatus.CANCELED})
_KINDS_OF_LEDGER: Final[Mapping[AdjustmentKind, str]] = {
    AdjustmentKind.LATE_PAYMENT: "late_payment",
    AdjustmentKind.REVERSAL: "charge_reversed",
    AdjustmentKind.RETURN: "payout_returned",
    AdjustmentKind.CORRECTION: "correction",
    AdjustmentKind.FEE_TRUE_UP: "fee_true_up",
}


class BookingOutcome(StrEnum):
    """How a proposal ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Booking:
    """A wish to book. `amount` is in whole XAF, above 0; `debit` and `credit` are accounts.

    `about` is a charge, a payout or a late payment; approved, it became `adjustment`.
    """

    id: str
    kind: AdjustmentKind
    account: str
    livemode: bool
    case: str | None
    about: str | None
    operator_account: str | None
    operator_transaction_id: str | None
    amount: int
    debit: str
    credit: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    content_sha256: str = ""
    outcome: BookingOutcome | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    adjustment: str | None = None

    def status(self, now: datetime) -> str:
        """Tell how it stands; a proposal that nobody decided on in time is expired."""
        if self.outcome is not None:
            return self.outcome.value
        return "open" if now <= self.expires_at else BookingOutcome.EXPIRED.value

    @property
    def signed(self) -> int:
        """The amount as an adjustment has it: below 0 where the account's money goes."""
        goes = self.debit in {ledger.AVAILABLE, ledger.FEES_OPERATOR}
        return -self.amount if goes else self.amount

    def posting(self, transaction_id: str, adjustment_id: str) -> ledger.Transaction:
        """Return what is posted."""
        return ledger.Transaction(
            transaction_id,
            _KINDS_OF_LEDGER[self.kind],
            adjustment_id,
            (
                ledger.Posting(self.debit, self.amount),
                ledger.Posting(self.credit, -self.amount),
            ),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of what a booking is about, while nobody else moves it.

    `case_about` is the object of the case that it names; `in_statement` says whether a statement of
    the operator account has this transaction with this amount, `is_booked` that it is a payment's
    or another account's, `payer_differs` that another number paid than was asked.
    """

    charge: Charge | None = None
    payout: Payout | None = None
    late: LatePayment | None = None
    operator: Operator | None = None
    case_about: str | None = None
    case_has_statement: bool = False
    case_is_closed: bool = False
    in_statement: bool = False
    is_booked: bool = False
    payer_differs: bool = False

    @property
    def standing(self) -> tuple[str, int]:
        """How its object stands, and how much of it is left."""
        if self.charge is not None:
            left = self.charge.money.amount - self.charge.amount_reversed
            return self.charge.status.value, left
        if self.payout is not None:
            left = self.payout.money.amount - self.payout.amount_returned
            return self.payout.status.value, left
        if self.late is not None:
            return self.late.status.value, self.late.money.amount
        return "", 0

    @property
    def ends_charge(self) -> Charge | None:
        """The charge as it ends where something else was paid for it; None for one that has."""
        charge = self.charge
        status = None if charge is None else after(charge.status, ChargeEvent.PAID_OTHERWISE)
        if charge is None or status is None:
            return None
        return replace(charge, status=status, failure_code=ChargeEvent.PAID_OTHERWISE.value)

    def refuse(self, booking: Booking) -> None:
        """Raise InvalidRequest unless it can be booked.

        `booking_not_possible`, `booked_already`, and `booking_not_in_statement` where a statement
        must have it.
        """
        if not _IS_POSSIBLE[booking.kind](booking, self):
            raise InvalidRequest("booking_not_possible", "kind")
        if self.is_booked:
            raise InvalidRequest("booked_already", "operator_transaction")
        if self._must_be_in_statement(booking) and not self.in_statement:
            raise InvalidRequest("booking_not_in_statement", "operator_transaction")

    def _must_be_in_statement(self, booking: Booking) -> bool:
        if booking.kind is AdjustmentKind.CORRECTION:
            return False
        is_of_money_itself = booking.kind in {
            AdjustmentKind.FEE_TRUE_UP,
            AdjustmentKind.LATE_PAYMENT,
        }
        return is_of_money_itself or self.case_has_statement


def _is_reversal(booking: Booking, facts: Facts) -> bool:
    charge = facts.charge
    return (
        charge is not None
        and charge.status is ChargeStatus.SUCCEEDED
        and booking.amount <= facts.standing[1]
    )


def _is_return(booking: Booking, facts: Facts) -> bool:
    payout = facts.payout
    return (
        payout is not None
        and payout.status is OutgoingStatus.SUCCEEDED
        and booking.amount <= facts.standing[1]
    )


def _is_late_payment(booking: Booking, facts: Facts) -> bool:
    is_named = booking.operator_transaction_id is not None and facts.operator is not None
    charge = facts.charge
    if charge is None or charge.status in _ENDED_UNPAID:
        return is_named
    # One that was paid otherwise than asked ends by it; a case must have said so.
    return is_named and facts.case_about == charge.id and facts.ends_charge is not None


def _is_correction(booking: Booking, facts: Facts) -> bool:
    late = facts.late
    if late is None:
        # All that is in suspense is some late payment's.
        return ledger.SUSPENSE not in {booking.debit, booking.credit}
    # It ends a late payment, whole: nothing of it stays in suspense.
    return (
        late.status is LateStatus.OPEN
        and booking.debit == ledger.SUSPENSE
        and booking.amount == late.money.amount
    )


def _is_fee(booking: Booking, facts: Facts) -> bool:
    return booking.operator_transaction_id is not None and facts.operator is not None


_IS_POSSIBLE: Final = {
    AdjustmentKind.REVERSAL: _is_reversal,
    AdjustmentKind.RETURN: _is_return,
    AdjustmentKind.LATE_PAYMENT: _is_late_payment,
    AdjustmentKind.CORRECTION: _is_correction,
    AdjustmentKind.FEE_TRUE_UP: _is_fee,
}


def sides(kind: AdjustmentKind, operator_account: str | None) -> tuple[str, str] | None:
    """Return which accounts are debited and credited; None for a correction, which names them."""
    own = "" if operator_account is None else ledger.float_account(operator_account).code
    return {
        AdjustmentKind.LATE_PAYMENT: (own, ledger.SUSPENSE),
        AdjustmentKind.REVERSAL: (ledger.AVAILABLE, own),
        AdjustmentKind.RETURN: (own, ledger.AVAILABLE),
        AdjustmentKind.FEE_TRUE_UP: (ledger.FEES_OPERATOR, own),
    }.get(kind)


def content_sha256(booking: Booking, facts: Facts) -> str:
    """Return the SHA-256, in hex, of what a proposal is about at this moment."""
    content: dict[str, object] = {
        "booking": [booking.id, booking.kind, booking.case, booking.reason, booking.proposed_by],
        "expires": booking.expires_at.astimezone(UTC).isoformat(),
        "for": [booking.account, booking.livemode, booking.about, *facts.standing],
        "by": [booking.operator_account, booking.operator_transaction_id],
        "posting": [booking.debit, booking.credit, booking.amount],
    }
    if facts.case_is_closed:
        content["case"] = "closed"
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def told(booking: Booking, word: str, origin: Origin) -> tuple[AuditEntry, AuditEntry]:
    """Return what the account's chain and the platform's tell of a proposal's way.

    The account's names the platform, the platform's who it was.
    """
    after = {
        "kind": booking.kind.value,
        "about": booking.about,
        "amount": booking.amount,
        "debit": booking.debit,
        "credit": booking.credit,
        "adjustment": booking.adjustment,
        "content_sha256": booking.content_sha256,
    }
    ours = Origin(US, origin.at, request_id=origin.request_id, reason=origin.reason)
    return (
        ours.entry(f"booking.{word}", "booking", booking.id, after=after),
        origin.entry(f"booking.{word}", "booking", booking.id, after=after),
    )
