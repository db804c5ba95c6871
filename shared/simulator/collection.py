"""MTN's collection product: ask a payer for money, and say what became of it.

Source: https://momodeveloper.mtn.com/API-collections and recordings of September 2026.
"""

from dataclasses import replace

from werkzeug.wrappers import Request, Response

from shared.simulator import access
from shared.simulator.access import Caller
from shared.simulator.answers import Refusal, empty, error_body, json_response
from shared.simulator.faults import Fault
from shared.simulator.outcomes import Outcome, request_to_pay_outcome
from shared.simulator.payments import Payment, distort, parse_request_to_pay, read_body
from shared.simulator.products import VOICE, Desk
from shared.simulator.schedule import bend_outcome, plan_callbacks, usual_callback
from shared.simulator.store import LogEntry
from shared.simulator.strikes import dripping, names, strike_after, strike_before


def request_to_pay(
    desk: Desk, request: Request, raw: bytes, *, caller: Caller, entry: LogEntry
) -> Response:
    """`POST /collection/v1_0/requesttopay`: 202 means taken, not paid. Raises Refusal.

    Writes its log row itself when the usual answer goes out.
    """
    reference = access.reference_id(request)
    url = access.callback_url(request, caller.callback_host)
    asked = parse_request_to_pay(raw, caller.environment)
    outcome = request_to_pay_outcome(caller.environment, asked.party_id)
    payment = _end(
        Payment(
            api_user=caller.api_user,
            reference=reference,
            request=asked,
            callback_url=url,
            accepted_at=entry.received_at,
            pending_word=outcome.pending_word,
            final_status=outcome.final_status,
            final_reason=outcome.reason,
            final_at=None,
        ),
        outcome,
    )
    accepted = desk.store.accept(payment, usual_callback(payment), entry)
    if accepted.faults:
        return _request_to_pay_with_faults(desk, payment, outcome, accepted.faults, entry=entry)
    if accepted.payment is None:
        return json_response(409, error_body("RESOURCE_ALREADY_EXIST"))
    if accepted.callback is not None:
        desk.sender.expect(accepted.callback)
    return empty(202)


def read_payment(desk: Desk, caller: Caller, reference: str, *, entry: LogEntry) -> Response:
    """`GET /collection/v1_0/requesttopay/{reference}`. Raises Refusal.

    Writes its log row itself when the usual answer goes out.
    """
    faults, payment = desk.store.read(caller.api_user, reference, entry=entry)
    if not faults:
        if payment is None:
            return json_response(404, error_body("RESOURCE_NOT_FOUND"))
        return json_response(200, read_body(payment, entry.received_at))
    strike_before(faults, VOICE)
    if payment is None or any(fault.kind == "not_found" for fault in faults):
        raise Refusal(404, "RESOURCE_NOT_FOUND", detail=names(faults) or "")
    body = read_body(payment, entry.received_at)
    distort(body, payment, faults)
    desk.store.log(replace(entry, status=200, detail=names(faults)))
    return dripping(json_response(200, body), faults)


def _request_to_pay_with_faults(
    desk: Desk, payment: Payment, outcome: Outcome, faults: tuple[Fault, ...], *, entry: LogEntry
) -> Response:
    strike_before(faults, VOICE)
    payment = _end(payment, bend_outcome(outcome, faults))
    booked = desk.store.accept_with_faults(payment, plan_callbacks(payment, faults))
    if booked is None:
        raise Refusal(409, "RESOURCE_ALREADY_EXIST", detail=names(faults) or "")
    _, callbacks = booked
    desk.sender.hand_over(callbacks)
    response = strike_after(faults, VOICE, usual=empty(202))
    desk.store.log(replace(entry, status=202, detail=names(faults)))
    return response


def _end(payment: Payment, outcome: Outcome) -> Payment:
    return replace(
        payment,
        pending_word=outcome.pending_word,
        final_status=outcome.final_status,
        final_reason=outcome.reason,
        final_at=payment.accepted_at + outcome.after,
    )
