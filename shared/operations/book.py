"""Two administrators book what no function may: what was reversed, came back, or needs correcting.

What is approved is booked in the same transaction, once, in the account's own ledger, told to its
merchant and in both audit chains.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from shared.domain import ledger
from shared.domain.account import Tenant
from shared.domain.adjustment import PREFIXES, Adjustment, AdjustmentKind
from shared.domain.audit import AuditEntry, Origin
from shared.domain.booking import (
    PROPOSAL_LASTS,
    Booking,
    BookingOutcome,
    Facts,
    content_sha256,
    sides,
    told,
)
from shared.domain.charge import Charge
from shared.domain.errors import InvalidRequest, LedgerRefused, NotFound, NotPermitted
from shared.domain.events import Event
from shared.domain.ids import is_id, new_id
from shared.domain.late_payment import LatePayment, LateRule
from shared.domain.money import XAF, Money
from shared.operations import moves, objects
from shared.operations.booking_orders import PageOfBookings, WantedBooking
from shared.operations.late_objects import correction_object, late_payment_object


class HeldBooking(Protocol):
    """An account's ledger at hand for one transaction, which commits when the context ends."""

    @property
    def booking(self) -> Booking | None:
        """The proposal that it is about; None where one is to be made."""

    def facts(self, booking: Booking) -> Facts | None:
        """Return what is known of it, which nobody moves from here on; None without an account."""

    def add(self, booking: Booking) -> None:
        """Keep a proposal."""

    def decide(self, booking: Booking) -> None:
        """Keep how a proposal ended."""

    def book(
        self,
        adjustment: Adjustment,
        events: Sequence[Event],
        *,
        late: LatePayment | None,
        ended: Charge | None,
    ) -> bool:
        """Book it and end the charge that it ends; False where this transaction is booked.

        Raises LedgerRefused.
        """

    def record(self, booking: Booking, entries: tuple[AuditEntry, AuditEntry]) -> None:
        """Add to the account's chain and the platform's, last of all."""


class BookingsStore(Protocol):
    """Bookings by hand, in all accounts."""

    def find(self, booking_id: str) -> Booking | None:
        """Return a proposal, or None."""

    def page(self, page: PageOfBookings) -> Sequence[Booking]:
        """Return one more than fits on the page, if there are as many, newest first."""

    def hold(self, booking_id: str | None) -> AbstractContextManager[HeldBooking]:
        """Take hold of a proposal, or of none. Raises NotFound where it is not there."""


@dataclass(frozen=True, slots=True)
class Booker:
    """Who asks, when and from where, of which store, and how a merchant is told.

    `time_of` says what time it is in the books of an account.
    """

    origin: Origin
    store: BookingsStore
    base_url: str
    language: str
    time_of: Callable[[Tenant], datetime]

    @property
    def id(self) -> str:
        """The administrator."""
        return self.origin.actor.id

    @property
    def now(self) -> datetime:
        """When it is."""
        return self.origin.at


def read_booking(booking_id: str, store: BookingsStore) -> Booking:
    """Return a proposal. Raises NotFound."""
    booking = store.find(booking_id) if is_id(booking_id, "bkg") else None
    if booking is None:
        raise NotFound("resource_missing", "id")
    return booking


def propose_booking(wanted: WantedBooking, by: Booker) -> Booking:
    """Ask another administrator to allow it, bound to what it is about as that stands.

    Raises InvalidRequest: `account` missing, and what `Facts.refuse` does.
    """
    with by.store.hold(None) as held:
        booking = Booking(
            id=new_id("bkg", int(by.now.timestamp() * 1000)),
            kind=wanted.kind,
            account=wanted.tenant.account,
            livemode=wanted.tenant.livemode,
            case=wanted.case,
            about=wanted.about,
            operator_account=wanted.operator_account,
            operator_transaction_id=wanted.operator_transaction,
            amount=wanted.amount,
            debit=wanted.debit or "",
            credit=wanted.credit or "",
            reason=wanted.reason,
            proposed_by=by.id,
            proposed_at=by.now,
            expires_at=by.now + PROPOSAL_LASTS,
        )
        facts = _facts(held, booking)
        booking = _with_sides(booking, facts)
        facts = _facts(held, booking)
        facts.refuse(booking)
        booking = replace(booking, content_sha256=content_sha256(booking, facts))
        held.add(booking)
        origin = replace(by.origin, reason=booking.reason)
        held.record(booking, told(booking, "proposed", origin))
    return booking


def approve_booking(booking_id: str, by: Booker, *, seen_sha256: str) -> Booking:
    """Book it, now and once.

    Raises NotFound; NotPermitted `second_person_required`; InvalidRequest: `proposal_not_open`,
    `proposal_changed`, `booked_already`, and what `Facts.refuse` does.
    """
    with _held(booking_id, by) as held:
        booking = _open(held, by)
        if booking.proposed_by == by.id:
            raise NotPermitted("second_person_required")
        facts = _facts(held, booking)
        if not seen_sha256 == booking.content_sha256 == content_sha256(booking, facts):
            raise InvalidRequest("proposal_changed", "content_sha256")
        facts.refuse(booking)
        adjustment = _adjustment(booking, by)
        late = _late(booking, adjustment, facts)
        ended = None if late is None else facts.ends_charge
        events = [
            each
            for each in (
                _event(adjustment, late, facts, by),
                _ended(ended, adjustment.created_at, by),
            )
            if each is not None
        ]
        try:
            booked = held.book(adjustment, events, late=late, ended=ended)
        except LedgerRefused:
            raise InvalidRequest("booking_not_possible", "kind") from None
        if not booked:
            raise InvalidRequest("booked_already", "operator_transaction")
        approved = replace(_decided(booking, BookingOutcome.APPROVED, by), adjustment=adjustment.id)
        held.decide(approved)
        held.record(approved, told(approved, "approved", replace(by.origin, reason=booking.reason)))
    return approved


def reject_booking(booking_id: str, by: Booker, *, reason: str) -> Booking:
    """End a proposal, one's own too. Raises NotFound and InvalidRequest `proposal_not_open`."""
    with _held(booking_id, by) as held:
        rejected = _decided(_open(held, by), BookingOutcome.REJECTED, by)
        held.decide(rejected)
        held.record(rejected, told(rejected, "rejected", replace(by.origin, reason=reason)))
    return rejected


def booking_object(booking: Booking, now: datetime) -> dict[str, Any]:
    """Return a proposal as OpenAPI describes it; `amount` in whole XAF."""
    return {
        "id": booking.id,
        "object": "booking",
        "kind": booking.kind.value,
        "account": booking.account,
        "mode": "live" if booking.livemode else "test",
        "case": booking.case,
        "about": booking.about,
        "operator_account": booking.operator_account,
        "operator_transaction": booking.operator_transaction_id,
        "amount": booking.amount,
        "debit": booking.debit,
        "credit": booking.credit,
        "reason": booking.reason,
        "status": booking.status(now),
        "content_sha256": booking.content_sha256,
        "proposed_by": booking.proposed_by,
        "proposed_at": objects.unix_seconds(booking.proposed_at),
        "expires_at": objects.unix_seconds(booking.expires_at),
        "decided_by": booking.decided_by,
        "decided_at": objects.seconds_or_none(booking.decided_at),
        "adjustment": booking.adjustment,
    }


def _held(booking_id: str, by: Booker) -> AbstractContextManager[HeldBooking]:
    if not is_id(booking_id, "bkg"):
        raise NotFound("resource_missing", "id")
    return by.store.hold(booking_id)


def _open(held: HeldBooking, by: Booker) -> Booking:
    booking = held.booking
    if booking is None or booking.outcome is not None or by.now > booking.expires_at:
        raise InvalidRequest("proposal_not_open", "id")
    return booking


def _decided(booking: Booking, outcome: BookingOutcome, by: Booker) -> Booking:
    return replace(booking, outcome=outcome, decided_by=by.id, decided_at=by.now)


def _facts(held: HeldBooking, booking: Booking) -> Facts:
    facts = held.facts(booking)
    if facts is None:
        raise InvalidRequest("resource_missing", "account")
    if booking.case is not None and facts.case_about is None:
        raise InvalidRequest("resource_missing", "case")
    return facts


def _with_sides(booking: Booking, facts: Facts) -> Booking:
    """Return it with the accounts that its kind moves money between; a payment names its float."""
    payment = facts.charge or facts.payout
    if payment is not None:
        booking = replace(booking, operator_account=payment.operator_account)
    found = sides(booking.kind, booking.operator_account)
    if found is None:
        return booking
    if booking.operator_account is None:
        raise InvalidRequest("parameter_missing", "operator_account")
    return replace(booking, debit=found[0], credit=found[1])


def _adjustment(booking: Booking, by: Booker) -> Adjustment:
    at = by.time_of(Tenant(booking.account, booking.livemode))
    at_ms = int(at.timestamp() * 1000)
    own_id = new_id(PREFIXES[booking.kind], at_ms)
    return Adjustment(
        id=own_id,
        account=booking.account,
        livemode=booking.livemode,
        kind=booking.kind,
        amount=booking.signed,
        posting=booking.posting(new_id("txn", at_ms), own_id),
        reason=booking.reason,
        created_at=at,
        about=booking.about,
        operator_account=booking.operator_account,
        operator_transaction_id=booking.operator_transaction_id,
        proposed_by=booking.proposed_by,
        approved_by=by.id,
    )


def _late(booking: Booking, adjustment: Adjustment, facts: Facts) -> LatePayment | None:
    """Return the late payment that it becomes, given back by the rule of everybody."""
    if booking.kind is not AdjustmentKind.LATE_PAYMENT or facts.operator is None:
        return None
    rule = LateRule()
    return LatePayment(
        id=adjustment.id,
        account=booking.account,
        livemode=booking.livemode,
        money=Money(booking.amount, XAF),
        reason="booked_by_hand",
        charge=booking.about,
        operator=facts.operator,
        operator_account=booking.operator_account or "",
        operator_transaction_id=booking.operator_transaction_id or "",
        phone=None if facts.charge is None or facts.payer_differs else facts.charge.phone,
        balance_transaction=adjustment.posting.id,
        created_at=adjustment.created_at,
        decision=rule.decision,
        due_at=adjustment.created_at + rule.after,
    )


def _event(
    adjustment: Adjustment, late: LatePayment | None, facts: Facts, by: Booker
) -> Event | None:
    """Return what the merchant is told; of a float alone nothing."""
    public: dict[str, Any]
    if late is not None:
        word, object_id, public = "charge.late_payment", late.id, late_payment_object(late)
    elif adjustment.kind is AdjustmentKind.REVERSAL and facts.charge is not None:
        reversed_ = facts.charge.amount_reversed - adjustment.amount
        charge = replace(facts.charge, amount_reversed=reversed_)
        public = objects.charge_object(charge, base_url=by.base_url, language=by.language)
        word, object_id = "charge.reversed", charge.id
    elif adjustment.kind is AdjustmentKind.RETURN and facts.payout is not None:
        returned = facts.payout.amount_returned + adjustment.amount
        payout = replace(facts.payout, amount_returned=returned)
        public = objects.payout_object(payout, language=by.language, base_url=by.base_url)
        word, object_id = "payout.returned", payout.id
    elif ledger.AVAILABLE in adjustment.posting.by_account() or facts.late is not None:
        word, object_id, public = "balance.corrected", adjustment.id, correction_object(adjustment)
    else:
        return None
    return Event(
        id=new_id("evt", int(adjustment.created_at.timestamp() * 1000)),
        type=word,
        object_id=object_id,
        data=objects.to_json(public),
        created_at=adjustment.created_at,
    )


def _ended(charge: Charge | None, at: datetime, by: Booker) -> Event | None:
    if charge is None:
        return None
    return moves.final_event(charge, at=at, base_url=by.base_url, language=by.language)
