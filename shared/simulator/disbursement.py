"""MTN's disbursement product: a transfer, a deposit or a refund goes out, and what became of it.

Source: https://momodeveloper.mtn.com/API-collections#api=disbursement and recordings of transfers
of September 2026. Of refunds no answer was recorded: which float they are paid from, whether parts
of a payment or several of them are taken, and the codes of what cannot be refunded are our reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from werkzeug.wrappers import Request, Response

from shared.simulator import access, floats, outcomes
from shared.simulator.access import Caller
from shared.simulator.answers import Refusal, empty, json_response
from shared.simulator.database import Runner
from shared.simulator.faults import PAYOUT, PAYOUT_READ, Fault
from shared.simulator.outcomes import FinalStatus, Outcome
from shared.simulator.payments import (
    DEPOSIT,
    REFUND,
    TRANSFER,
    Payment,
    PaymentRequest,
    distort,
    is_test_key,
    parse_payout,
    parse_refund,
    read_body,
    to_party,
)
from shared.simulator.products import VOICE, Desk
from shared.simulator.schedule import DueCallback, bend_outcome, plan_callbacks
from shared.simulator.store import PAYMENT_COLUMNS, book, payment_from
from shared.simulator.strikes import dripping, names, strike_after, strike_before

PAYOUTS: Final = (TRANSFER, DEPOSIT, REFUND)
# A refund under a test key names no payment, so nobody who paid: this number is invented.
_NOBODY: Final = PaymentRequest("", "", "", None, "MSISDN", "46733123999", None, None)


@dataclass(frozen=True, slots=True)
class _Order:
    """What a payout is asked to be. `original`: the payment that a refund names, if it is known."""

    kind: str
    reference: str
    request: PaymentRequest
    callback_url: str | None
    refunds: str | None = None
    original: Payment | None = None


def pay_out(
    desk: Desk, request: Request, raw: bytes, *, kind: str, caller: Caller, now: datetime
) -> tuple[Response, str | None]:
    """`POST /disbursement/{version}/{kind}`: 202 means taken. The answer, and faults for the log.

    Raises Refusal.
    """
    order = _order(desk, request, raw, kind=kind, caller=caller)
    faults = desk.store.claim_faults(
        caller.api_user, PAYOUT, party_id=order.request.party_id, reference=order.reference
    )
    strike_before(faults, VOICE)
    with desk.database.transaction() as run:
        booked = _book(run, order, faults, caller=caller, now=now)
    if booked is None:
        raise Refusal(409, "RESOURCE_ALREADY_EXIST", detail=names(faults) or "")
    desk.sender.hand_over(booked)
    return strike_after(faults, VOICE, usual=empty(202)), names(faults)


def read(
    desk: Desk, caller: Caller, reference: str, *, kind: str, now: datetime
) -> tuple[Response, str | None]:
    """`GET /disbursement/v1_0/{kind}/{reference}`. The answer, and faults for the log.

    Raises Refusal.
    """
    payment = _find(desk.database.run, caller.api_user, reference)
    if payment is not None and payment.payout != kind:
        payment = None
    faults = desk.store.claim_faults(
        caller.api_user,
        PAYOUT_READ,
        party_id=payment.request.party_id if payment else None,
        reference=reference,
    )
    strike_before(faults, VOICE)
    if payment is None or any(fault.kind == "not_found" for fault in faults):
        raise Refusal(404, "RESOURCE_NOT_FOUND", detail=names(faults) or "")
    body = read_body(payment, now)
    distort(body, payment, faults)
    return dripping(json_response(200, body), faults), names(faults)


def _order(desk: Desk, request: Request, raw: bytes, *, kind: str, caller: Caller) -> _Order:
    reference = access.reference_id(request)
    url = access.callback_url(request, caller.callback_host)
    if kind != REFUND:
        return _Order(kind, reference, parse_payout(raw, caller.environment), url)
    asked, refunds = parse_refund(raw, caller.environment)
    original = None if is_test_key(refunds) else _original(desk.database.run, caller, refunds)
    asked = to_party(asked, _NOBODY if original is None else original.request)
    return _Order(kind, reference, asked, url, refunds, original)


def _book(
    run: Runner, order: _Order, faults: Sequence[Fault], *, caller: Caller, now: datetime
) -> list[DueCallback] | None:
    """Book the payout and what it takes from the float. None: the reference was used before."""
    outcome = _outcome(run, order, faults, now=now)
    payment = _payment(order, outcome, caller=caller, now=now)
    has_taken = outcome.final_status is FinalStatus.SUCCESSFUL and floats.take(run, payment)
    if outcome.final_status is FinalStatus.SUCCESSFUL and not has_taken:
        payment = _payment(order, outcomes.LACKS_FUNDS, caller=caller, now=now)
    booked = book(run, payment, plan_callbacks(payment, faults))
    if booked is None:
        if has_taken:
            floats.give_back(run, payment)
        return None
    return booked[1]


def _payment(order: _Order, outcome: Outcome, *, caller: Caller, now: datetime) -> Payment:
    return Payment(
        api_user=caller.api_user,
        reference=order.reference,
        request=order.request,
        callback_url=order.callback_url,
        accepted_at=now,
        pending_word=outcome.pending_word,
        final_status=outcome.final_status,
        final_reason=outcome.reason,
        final_at=now + outcome.after,
        payout=order.kind,
        refunds=order.refunds,
    )


def _outcome(run: Runner, order: _Order, faults: Sequence[Fault], *, now: datetime) -> Outcome:
    """How the payout will end, its float aside."""
    asked = order.request
    if order.kind == TRANSFER:
        usual = outcomes.transfer_outcome(asked.environment, asked.party_id)
    elif order.kind == DEPOSIT:
        usual = outcomes.deposit_outcome(asked.environment, asked.party_id)
    elif order.original is None:
        usual = outcomes.refund_key_outcome(order.refunds or "")
    else:
        usual = outcomes.refund_outcome(asked.environment, asked.party_id)
        is_loose = any(fault.kind == "loose_refund" for fault in faults)
        if not _is_refundable(run, order.original, asked.amount, is_loose=is_loose, now=now):
            return outcomes.NOT_REFUNDABLE
    return bend_outcome(usual, faults)


def _original(run: Runner, caller: Caller, refunds: str) -> Payment | None:
    """The request to pay that a refund names, if it is the same merchant's and environment's."""
    rows = run(
        "SELECT collection FROM partners WHERE disbursement = :api_user", api_user=caller.api_user
    )
    payment = _find(run, rows[0][0], refunds) if rows else None
    is_there = payment is not None and payment.request.environment == caller.environment
    return payment if is_there else None


def _is_refundable(
    run: Runner, original: Payment, amount: str, *, is_loose: bool, now: datetime
) -> bool:
    """Was it paid, and is so much of it left? Refunds of one payment wait for each other here."""
    whose = {"api_user": original.api_user, "reference": original.reference}
    run(
        "SELECT 1 FROM payments WHERE api_user = :api_user AND reference = :reference"
        " FOR NO KEY UPDATE",
        **whose,
    )
    # A statement of its own: only so does it see what another one committed while this one waited.
    ((is_covered,),) = run(
        "SELECT :paid::numeric >= :amount::numeric + coalesce(sum(amount::numeric), 0)"
        " FROM payments JOIN partners ON disbursement = api_user AND collection = :api_user"
        " WHERE refunds = :reference AND final_status = 'SUCCESSFUL'",
        **whose,
        paid=original.request.amount,
        amount=amount,
    )
    is_paid = original.is_final(now) and original.final_status is FinalStatus.SUCCESSFUL
    return is_paid and (is_loose or bool(is_covered))


def _find(run: Runner, api_user: str, reference: str) -> Payment | None:
    rows = run(
        f"SELECT {', '.join(PAYMENT_COLUMNS)} FROM payments"  # noqa: S608 - column names are constants
        " WHERE api_user = :api_user AND reference = :reference",
        api_user=api_user,
        reference=reference,
    )
    return payment_from(rows[0]) if rows else None
