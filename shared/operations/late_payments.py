"""What becomes of money that came after the end of its charge, or otherwise than asked.

It is kept in suspense, and then given back to the number that paid, or accepted as a charge of its
own: by the merchant, or by the account's setting when its time has come.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.domain import charge as charges
from shared.domain import ledger, receipt
from shared.domain.account import OperatorAccount
from shared.domain.charge import Attempt, Charge
from shared.domain.errors import InvalidRequest, NotFound, Unavailable
from shared.domain.events import PAYMENT_FINAL, Event, Message
from shared.domain.fees import Levied, borne_by_merchant
from shared.domain.ids import is_id, new_id
from shared.domain.late_payment import (
    FINAL,
    PREFIX,
    LateDecision,
    LatePayment,
    LateRule,
    LateStatus,
)
from shared.domain.money import XAF
from shared.domain.outgoing import SUBMIT_WITHIN, OutgoingStatus
from shared.domain.refund import Refund
from shared.domain.rules import Rules
from shared.operations import objects
from shared.operations.late_objects import late_payment_object
from shared.operations.late_store import AcceptedLate, LateBooking, LateStore
from shared.operations.ports import ChargeStore, IdempotencyUse, NewReceipt, PaymentRead, Reached

OPERATION: Final = "refund_late_payment"
BOOKED: Final = "charge.late_payment"


@dataclass(frozen=True, slots=True)
class LateTerms:
    """What deciding needs: the stores, who pays a charge back, the rules, and how things are told.

    `paying_of` is as in RefundTerms.
    """

    store: LateStore
    charges_of: ChargeStore
    paying_of: Callable[[Charge], OperatorAccount | None]
    rules: Rules
    base_url: str
    language: str
    now: datetime
    reached: Reached
    request_id: str | None = None
    traceparent: str | None = None


def late_booking(
    charge: Charge,
    attempt: Attempt,
    read: PaymentRead,
    reason: str,
    *,
    rule: LateRule,
    at: datetime,
) -> LateBooking | None:
    """Return what is kept of such a success; None where it names no whole francs.

    An operator that gives it no id of its own is known by ours.
    """
    money = read.money
    if money is None or money.currency != XAF or money.amount <= 0:
        return None
    at_ms = int(at.timestamp() * 1000)
    late = LatePayment(
        id=new_id(PREFIX, at_ms),
        account=charge.account,
        livemode=charge.livemode,
        money=money,
        reason=reason,
        charge=charge.id,
        operator=charge.operator,
        operator_account=charge.operator_account,
        operator_transaction_id=read.operator_transaction_id or attempt.known_as,
        phone=read.payer or charge.phone,
        balance_transaction=new_id("txn", at_ms),
        created_at=at,
        decision=rule.decision,
        due_at=at + rule.after,
    )
    event = Event(
        id=new_id("evt", at_ms),
        type=BOOKED,
        object_id=late.id,
        data=objects.to_json(late_payment_object(late)),
        created_at=at,
    )
    return LateBooking(late, event)


def refund_late_payment(late_id: str, terms: LateTerms) -> LatePayment:
    """Give it back to the number that paid; what is given back already stays so.

    Raises NotFound, Unavailable, and InvalidRequest: `late_payment_decided` for one that was
    accepted, `late_payment_unknown_payer` where nobody knows who paid.
    """
    late = _find(late_id, terms)
    if late.status in {LateStatus.REFUNDING, LateStatus.REFUNDED}:
        return late
    charge, attempt = _undecided(late, terms)
    refund = _refund(late, charge, attempt, terms)
    response = objects.to_json(objects.refund_object(refund, language=terms.language))
    event = Event(
        id=new_id("evt", int(terms.now.timestamp() * 1000)),
        type=refund.public_events[refund.status],
        object_id=refund.id,
        data=response,
        created_at=terms.now,
        request_id=terms.request_id,
    )
    terms.reached("refund_late_payment.before_commit")
    terms.store.refund(
        late,
        refund,
        event=event,
        message=_message(refund.topic, refund.id, late, terms),
        first_check_at=terms.now + charges.CHECK_OFFSETS[0],
        once=IdempotencyUse(OPERATION, _wish(late), refund.intent_key),
        response=response,
    )
    terms.reached("refund_late_payment.after_commit")
    return _after(late, terms, LateStatus.REFUNDING, LateStatus.REFUNDED)


def accept_late_payment(late_id: str, terms: LateTerms) -> LatePayment:
    """Make it a charge of its own, with its fees and a receipt; what is accepted stays so.

    Raises NotFound, and InvalidRequest: `late_payment_decided` for one that goes back,
    `late_payment_unknown_payer`, and `amount_below_fees`.
    """
    late = _find(late_id, terms)
    if late.status is LateStatus.ACCEPTED:
        return late
    charge, _ = _undecided(late, terms)
    accepted = _accepted(late, charge, terms)
    terms.reached("accept_late_payment.before_commit")
    terms.store.accept(late, accepted)
    terms.reached("accept_late_payment.after_commit")
    return _after(late, terms, LateStatus.ACCEPTED)


def decide_late_payment(message: Message, terms: LateTerms) -> str:
    """Do what the account's setting says, when its time has come; return a word for the log.

    What cannot be done now stays due. What cannot be accepted goes back, and what cannot go back is
    a case.
    """
    late = terms.store.find(message.object_id)
    if late is None:
        return "unknown_object"
    if late.status in FINAL or late.status is LateStatus.REFUNDING or late.refunds:
        # One whose refund failed waits for a person: a case is open.
        terms.store.put_off(late.id, until=None, at=terms.now)
        return "decided_already"
    if terms.now < late.due_at:
        terms.store.put_off(late.id, until=late.due_at, at=terms.now)
        return "not_yet"
    try:
        return _decided(late, terms).status.value
    except Unavailable as failure:
        return failure.code
    except InvalidRequest as refusal:
        case_id = new_id("case", int(terms.now.timestamp() * 1000))
        terms.store.give_to_a_person(late.id, case_id, refusal.code, at=terms.now)
        return refusal.code


def _decided(late: LatePayment, terms: LateTerms) -> LatePayment:
    if late.decision is LateDecision.ACCEPT:
        with suppress(InvalidRequest):
            return accept_late_payment(late.id, terms)
    return refund_late_payment(late.id, terms)


def _find(late_id: str, terms: LateTerms) -> LatePayment:
    late = terms.store.find(late_id) if is_id(late_id, PREFIX) else None
    if late is None:
        raise NotFound("resource_missing", "id")
    return late


def _undecided(late: LatePayment, terms: LateTerms) -> tuple[Charge, Attempt]:
    """Return the charge that it was asked for. Raises InvalidRequest."""
    if late.status is not LateStatus.OPEN:
        raise InvalidRequest("late_payment_decided", "id")
    found = None if late.charge is None else terms.charges_of.find_with_attempt(late.charge)
    if found is None or found[1] is None:
        raise InvalidRequest("late_payment_unknown_payer", "id")
    return found[0], found[1]


def _after(late: LatePayment, terms: LateTerms, *wanted: LateStatus) -> LatePayment:
    """Return it as it is now. Raises InvalidRequest where somebody else decided otherwise."""
    found = _find(late.id, terms)
    if found.status not in wanted:
        raise InvalidRequest("late_payment_decided", "id")
    return found


def _refund(late: LatePayment, charge: Charge, attempt: Attempt, terms: LateTerms) -> Refund:
    if late.phone is None:
        raise InvalidRequest("late_payment_unknown_payer", "id")
    paying = terms.paying_of(charge)
    if paying is None:
        raise Unavailable("operator_unavailable", retry_after_seconds=60)
    at_ms = int(terms.now.timestamp() * 1000)
    return Refund(
        id=new_id("rf", at_ms),
        account=late.account,
        livemode=late.livemode,
        charge_id=charge.id,
        money=late.money,
        status=OutgoingStatus.CREATED,
        operator=late.operator,
        operator_account=paying.id,
        phone=late.phone,
        charge_reference=attempt.reference,
        intent_key=hashlib.sha256(_wish(late).encode()).hexdigest(),
        balance_transaction=new_id("txn", at_ms),
        created_at=terms.now,
        submit_before=terms.now + SUBMIT_WITHIN,
        late_payment=late.id,
    )


def _wish(late: LatePayment) -> str:
    """Return what names this refund of it among others, the same however often it is tried.

    It stands in the place of an idempotency key: a restored database makes the same wish again, and
    finds in write-once storage that it was kept. Where it has forgotten the late payment, whoever
    reads it anew gives it another id: its name is the operator's.
    """
    return f"{late.operator_account}:{late.operator_transaction_id}:{late.refunds + 1}"


def _accepted(late: LatePayment, charge: Charge, terms: LateTerms) -> AcceptedLate:
    at, at_ms = terms.now, int(terms.now.timestamp() * 1000)
    fees = terms.rules.fees.lines(Levied.CHARGE, late.operator, late.money)
    taken = borne_by_merchant(fees)
    if taken > late.money.amount:
        raise InvalidRequest("amount_below_fees", "id", limit=taken)
    charge_id = new_id("ch", at_ms)
    posting = ledger.late_payment_accepted(
        new_id("txn", at_ms), charge_id, gross=late.money, fees=fees
    )
    new_receipt = NewReceipt(
        new_id("rcp", at_ms), receipt.receipt_number(charge_id, at), receipt.new_receipt_code()
    )
    own = late.as_charge(
        charge,
        charge_id,
        at=at,
        hold=terms.rules.hold,
        fees=fees,
        balance_transaction=posting.id,
    )
    own = replace(own, receipt_number=new_receipt.number, receipt_code=new_receipt.code)
    public = objects.charge_object(own, base_url=terms.base_url, language=terms.language)
    event = Event(
        id=new_id("evt", at_ms),
        type="charge.succeeded",
        object_id=own.id,
        data=objects.to_json(public),
        created_at=at,
        request_id=terms.request_id,
    )
    return AcceptedLate(
        own, posting, new_receipt, event, _message(PAYMENT_FINAL, own.id, late, terms)
    )


def _message(topic: str, object_id: str, late: LatePayment, terms: LateTerms) -> Message:
    return Message(
        event_id=new_id("msg", int(terms.now.timestamp() * 1000)),
        topic=topic,
        account=late.account,
        livemode=late.livemode,
        object_id=object_id,
        traceparent=terms.traceparent,
    )
