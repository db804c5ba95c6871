"""What late payments need from the database, as Protocols; each call is one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.charge import Charge
from shared.domain.events import Event, Message
from shared.domain.late_payment import LatePayment
from shared.domain.ledger import Transaction
from shared.domain.notification import Notification
from shared.domain.refund import Refund
from shared.operations.ports import IdempotencyUse, NewReceipt


@dataclass(frozen=True, slots=True)
class LateBooking:
    """A late payment with what is told of it; with a case where a person has to look as well."""

    late: LatePayment
    event: Event
    case_id: str | None = None
    notice: Notification | None = None


@dataclass(frozen=True, slots=True)
class AcceptedLate:
    """The charge that a late payment becomes, and what is written with it."""

    charge: Charge
    posting: Transaction
    receipt: NewReceipt
    event: Event
    message: Message


class LateBooks(Protocol):
    """Where a settler keeps what came late; each call is one transaction."""

    def book(self, booking: LateBooking) -> bool:
        """Keep it in suspense; False where this transaction of the operator's is booked.

        Raises LedgerRefused.
        """


class LateStore(Protocol):
    """The late payments of one tenant; each call is one transaction."""

    def find(self, late_id: str) -> LatePayment | None:
        """Return a late payment, or None."""

    def refund(
        self,
        late: LatePayment,
        refund: Refund,
        *,
        event: Event,
        message: Message,
        first_check_at: datetime,
        once: IdempotencyUse,
        response: str,
    ) -> bool:
        """Store its refund and the hold, all or nothing; False where somebody decided before."""

    def accept(self, late: LatePayment, accepted: AcceptedLate) -> bool:
        """Store the charge that it becomes, all or nothing; False where somebody decided before."""

    def put_off(self, late_id: str, *, until: datetime | None, at: datetime) -> None:
        """Have it decided then; with None there is nothing to decide any more."""

    def give_to_a_person(self, late_id: str, case_id: str, reason: str, *, at: datetime) -> None:
        """Open a case of what nobody can decide by a rule, and close its due row."""
