"""MTN's collection product: ask a payer for money, say what became of it, answer about holders.

Source: https://momodeveloper.mtn.com/API-collections and recordings of September 2026.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from werkzeug.wrappers import Request, Response

from shared.simulator import access
from shared.simulator.access import Caller
from shared.simulator.answers import (
    Refusal,
    empty,
    error_body,
    json_response,
    web_firewall,
)
from shared.simulator.callbacks import CallbackSender
from shared.simulator.faults import BALANCE, HOLDER, TOKEN, Fault
from shared.simulator.log import Log
from shared.simulator.outcomes import (
    CURRENCIES,
    HolderAnswer,
    Outcome,
    holder_answer,
    request_to_pay_outcome,
)
from shared.simulator.payments import Payment, parse_request_to_pay, read_body
from shared.simulator.schedule import bend_outcome, plan_callbacks, usual_callback
from shared.simulator.store import LogEntry, Store
from shared.simulator.strikes import strike_after, strike_before
from shared.simulator.tokens import LIFETIME, TokenMint
from shared.simulator.users import Users

PRODUCT: Final = "collection"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the product works with."""

    users: Users
    store: Store
    sender: CallbackSender
    mint: TokenMint
    log: Log


def issue_token(desk: Desk, request: Request, raw: bytes, now: datetime) -> Response:
    """`POST /collection/token/`: one more token; those before it stay valid. Raises Refusal."""
    access.require_length(request)
    if raw and request.mimetype == _FORM:
        raise web_firewall(200, detail="a form-encoded grant meets the web firewall")
    claims = access.log_in(request, desk.users.find, product=PRODUCT)
    faults = desk.store.claim_faults(claims.api_user, TOKEN)
    strike_before(faults)
    expires_at = now + LIFETIME
    for fault in faults:
        if fault.kind == "token_short":
            expires_at = now + fault.lasting
    token = desk.mint.issue(claims, expires_at)
    expires_in = int(LIFETIME.total_seconds())
    return json_response(
        200, {"access_token": token, "token_type": "access_token", "expires_in": expires_in}
    )


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
    strike_before(faults)
    if payment is None or any(fault.kind == "not_found" for fault in faults):
        raise Refusal(404, "RESOURCE_NOT_FOUND", detail=_names(faults))
    body = read_body(payment, entry.received_at)
    for fault in faults:
        _distort(body, fault)
    desk.store.log(replace(entry, status=200, detail=_names(faults)))
    return json_response(200, body)


def read_balance(desk: Desk, caller: Caller, currency: str | None, now: datetime) -> Response:
    """`GET /collection/v1_0/account/balance[/{currency}]`. Raises Refusal."""
    strike_before(desk.store.claim_faults(caller.api_user, BALANCE))
    own = CURRENCIES[caller.environment]
    if currency not in (None, own):
        raise Refusal(500, "INVALID_CURRENCY", detail="currency is not the environment's")
    available = desk.store.balance(caller.api_user, own, now)
    return json_response(200, {"availableBalance": available, "currency": own})


def read_holder_active(desk: Desk, caller: Caller, party_id: str) -> Response:
    """`GET /collection/v1_0/accountholder/{type}/{id}/active`. Raises Refusal."""
    strike_before(desk.store.claim_faults(caller.api_user, HOLDER, party_id=party_id))
    match holder_answer(caller.environment, party_id):
        case None:
            return json_response(200, {"result": True})
        case HolderAnswer.NOT_ACTIVE:
            return json_response(200, {"result": False})
        case HolderAnswer.NOT_FOUND:
            raise Refusal(404, "RESOURCE_NOT_FOUND")
        case HolderAnswer.NOT_ALLOWED:
            raise Refusal(500, "NOT_ALLOWED")
        case HolderAnswer.TARGET_ENVIRONMENT:
            raise Refusal(500, "NOT_ALLOWED_TARGET_ENVIRONMENT")
        case HolderAnswer.INTERNAL_ERROR:
            raise Refusal(500, "INTERNAL_PROCESSING_ERROR")
        case HolderAnswer.UNAVAILABLE:
            raise Refusal(503, "SERVICE_UNAVAILABLE")


def read_holder_name(desk: Desk, caller: Caller, party_id: str, now: datetime) -> Response:
    """`GET …/accountholder/msisdn/{id}/basicuserinfo`: the one person the sandbox knows."""
    strike_before(desk.store.claim_faults(caller.api_user, HOLDER, party_id=party_id))
    if holder_answer(caller.environment, party_id) is HolderAnswer.NOT_FOUND:
        raise Refusal(404, "RESOURCE_NOT_FOUND")
    return json_response(
        200,
        {
            "sub": "0",
            "name": "Sand Box",
            "given_name": "Sand",
            "family_name": "Box",
            "birthdate": "1976-08-13",
            "locale": "sv_SE",
            "gender": "MALE",
            "updated_at": int(now.timestamp()),
        },
    )


def _request_to_pay_with_faults(
    desk: Desk, payment: Payment, outcome: Outcome, faults: tuple[Fault, ...], *, entry: LogEntry
) -> Response:
    strike_before(faults)
    payment = _end(payment, bend_outcome(outcome, faults))
    booked = desk.store.accept_with_faults(payment, plan_callbacks(payment, faults))
    if booked is None:
        raise Refusal(409, "RESOURCE_ALREADY_EXIST", detail=_names(faults))
    _, callbacks = booked
    for callback in callbacks:
        if callback.planned.kind == "early":
            desk.sender.send_now(callback)
        else:
            desk.sender.expect(callback)
    strike_after(faults)
    desk.store.log(replace(entry, status=202, detail=_names(faults)))
    return empty(202)


def _end(payment: Payment, outcome: Outcome) -> Payment:
    return replace(
        payment,
        pending_word=outcome.pending_word,
        final_status=outcome.final_status,
        final_reason=outcome.reason,
        final_at=payment.accepted_at + outcome.after,
    )


def _distort(body: dict[str, object], fault: Fault) -> None:
    match fault.kind:
        case "wrong_amount":
            body["amount"] = fault.amount
        case "wrong_currency":
            body["currency"] = fault.currency
        case "wrong_payer":
            body["payer"] = {"partyIdType": "MSISDN", "partyId": fault.msisdn}
        case "unknown_status":
            body["status"] = fault.status
            body.pop("financialTransactionId", None)
            body.pop("reason", None)
        case "reason_object" if "reason" in body:
            body["reason"] = error_body(str(body["reason"]))
        case _:
            pass


def _names(faults: Iterable[Fault]) -> str:
    return "faults: " + ", ".join(fault.kind for fault in faults)
