"""A charge that may have been sent, and a settler of it: shared by the tests of what he does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.domain.charge import Attempt, AttemptStatus, ChargeStatus
from shared.domain.late_payment import LateRule
from shared.operations.late_store import LateBooking
from shared.operations.ports import PaymentRead, ReadState
from shared.operations.settle_charge import Settlement, settle_charge
from tests.factories import a_charge, a_message, an_attempt
from tests.fakes import START, TENANT, Clock, MemoryCharges, PlayedOperator

NOT_FOUND = PaymentRead(ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND")


class KeptLate:
    """LateStore as far as a settler knows it: a transaction of the operator's is kept once."""

    def __init__(self) -> None:
        self.bookings: list[LateBooking] = []

    def book(self, booking: LateBooking) -> bool:
        known = {each.late.operator_transaction_id for each in self.bookings}
        if booking.late.operator_transaction_id in known:
            return False
        self.bookings.append(booking)
        return True


class Scene:
    """A charge that may have been sent, and what its operator says."""

    def __init__(self, status: ChargeStatus, *reads: PaymentRead, **changes: Any) -> None:
        charge = a_charge(
            TENANT,
            status=status,
            created_at=START,
            submit_before=START + timedelta(minutes=2),
        )
        self.clock = Clock()
        self.store = MemoryCharges(replace(charge, **changes), self._attempt(charge.status))
        self.operator = PlayedOperator(reads=reads)
        self.late = KeptLate()

    def _attempt(self, status: ChargeStatus) -> Attempt | None:
        if status is ChargeStatus.CREATED:
            return None
        return replace(an_attempt(a_charge(TENANT)), status=AttemptStatus.SILENT)

    def settle(self) -> str:
        how = Settlement(
            base_url="https://api.example",
            language="fr",
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            reached=lambda _: None,
            late=self.late,
            late_rule=LateRule,
        )
        message = a_message(self.store.charge, "charge-check-due")
        return settle_charge(message, store=self.store, reader_of=lambda _: self.operator, how=how)
