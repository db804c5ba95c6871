"""Orange's counter: a payToken, then money in (`mp`) or out (`cashin`), and what became of it.

Sources: see the package.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from werkzeug.wrappers import Response

from shared.simulator.answers import Refusal, json_response
from shared.simulator.callbacks import CallbackSender
from shared.simulator.database import Database, Runner
from shared.simulator.faults import (
    HOLDER,
    INIT,
    PAYOUT,
    PAYOUT_INIT,
    PAYOUT_READ,
    PUSH,
    READ,
    SUBMIT,
    TOKEN,
    Fault,
)
from shared.simulator.log import Log
from shared.simulator.orange import access, answers, outcomes, payments
from shared.simulator.orange.answers import ApiRefusal, OrangeVoice
from shared.simulator.orange.channels import Channel, Channels
from shared.simulator.orange.outcomes import Ending
from shared.simulator.orange.payments import PayRequest, PayToken
from shared.simulator.payments import Payment
from shared.simulator.schedule import DueCallback, PlannedCallback, bend_outcome, plan_callbacks
from shared.simulator.store import PAYMENT_COLUMNS, Store, book, payment_from
from shared.simulator.strikes import dripping, names, strike_after, strike_before

# At least about seven minutes by a client; the exact life is not known.
PAY_TOKEN_LIFE: Final = timedelta(minutes=10)
_VOICE: Final = OrangeVoice()
_MOMENT: Final = timedelta(microseconds=1)
_UNKNOWN_HOLDER: Final = 404

_Data = Callable[[PayToken, Payment | None, datetime], dict[str, object]]


@dataclass(frozen=True, slots=True)
class Product:
    """One of the two products: its name, its operations, its endings and its own words."""

    name: str
    init: str
    pay: str
    read: str
    initiated: str
    paid: str
    ending: Callable[[str], Ending]


COLLECTION: Final = Product(
    name=payments.COLLECTION,
    init=INIT,
    pay=SUBMIT,
    read=READ,
    initiated="Payment request successfully initiated",
    paid="Merchant payment successfully initiated",
    ending=outcomes.collection_ending,
)
PAYOUT_PRODUCT: Final = Product(
    name=payments.PAYOUT,
    init=PAYOUT_INIT,
    pay=PAYOUT,
    read=PAYOUT_READ,
    initiated="Cash in request successfully initiated",
    paid="Cash in successfully performed",
    ending=outcomes.payout_ending,
)
BY_NAME: Final = {each.name: each for each in (COLLECTION, PAYOUT_PRODUCT)}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the counter works with."""

    channels: Channels
    database: Database
    store: Store
    sender: CallbackSender
    log: Log


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised call: whose it is and when."""

    channel: Channel
    now: datetime

    @property
    def api_user(self) -> str:
        """The operator account."""
        return self.channel.api_user


def issue_token(desk: Desk, channel: Channel, now: datetime) -> Response:
    """`POST /token`: the token that the channel has until it ends, and what is left of it."""
    faults = desk.store.claim_faults(channel.api_user, TOKEN)
    strike_before(faults, _VOICE)
    by_kind = {fault.kind: fault for fault in faults}
    short = by_kind.get("token_short")
    bearer = desk.channels.bearer(channel, now, lifetime=short.lasting if short else None)
    left = int((bearer.said_until - now).total_seconds())
    body = {
        "access_token": bearer.token,
        "scope": "am_application_scope default",
        "token_type": "Bearer",
        "expires_in": str(left) if "other_types" in by_kind else left,
    }
    return dripping(json_response(200, body), faults)


def init(desk: Desk, call: Call, product: Product) -> tuple[Response, str]:
    """`POST {product}/init`: the answer, and the new payToken. It moves no money."""
    faults = desk.store.claim_faults(call.api_user, product.init)
    _strike_before(desk, call, faults)
    pay_token = payments.new_pay_token(product.name, call.now, secrets.token_hex(10))
    short = next((fault for fault in faults if fault.kind == "token_short"), None)
    desk.database.run(
        "INSERT INTO pay_tokens (api_user, pay_token, product, created_at, expires_at)"
        " VALUES (:api_user, :pay_token, :product, :now, :expires_at)",
        api_user=call.api_user,
        pay_token=pay_token,
        product=product.name,
        now=call.now,
        expires_at=call.now + (short.lasting if short else PAY_TOKEN_LIFE),
    )
    body = {"message": product.initiated, "data": {"payToken": pay_token}}
    return dripping(json_response(200, body), faults), pay_token


def pay(desk: Desk, call: Call, product: Product, raw: bytes) -> tuple[Response, str | None]:
    """`POST {product}/pay`: once per payToken. The answer, and what the log says of faults."""
    asked = payments.parse_pay(raw, product.name)
    faults = desk.store.claim_faults(
        call.api_user, product.pay, party_id=asked.order.party_id, reference=asked.pay_token
    )
    _strike_before(desk, call, faults)
    by_kind = {fault.kind: fault for fault in faults}
    if "loose_order_id" not in by_kind:
        payments.check_order_id(asked)
    ending = outcomes.REFUSED_CHANNEL
    if _may_pay(desk, call, asked):
        ending = product.ending(asked.order.party_id)
        bent = bend_outcome(ending.outcome, faults, refusal=outcomes.CANCELLED)
        ending = replace(ending, outcome=bent)
    token, payment, callbacks = _book(desk, call, asked, ending, product=product, faults=faults)
    desk.sender.hand_over(callbacks)
    usual = _paid_answer(call, token, payment, ending, product=product, faults=faults)
    return strike_after(faults, _VOICE, usual=usual), names(faults)


def push(desk: Desk, call: Call, pay_token: str) -> Response:
    """`GET mp/push/{payToken}`: prompt the payer again; it changes nothing."""
    token, payment = _find(desk, call, pay_token, COLLECTION)
    faults = _faults_of_read(desk, call, PUSH, payment, pay_token)
    if payment is None:
        raise answers.no_such_pay_token(COLLECTION.name, detail="never paid")
    return _shown("Push sent to customer", call, token, payment, COLLECTION, faults=faults)


def read(desk: Desk, call: Call, product: Product, pay_token: str) -> tuple[Response, str | None]:
    """`{product}/paymentstatus/{payToken}`. The answer, and what the log says of faults."""
    token, payment = _find(desk, call, pay_token, product)
    faults = _faults_of_read(desk, call, product.read, payment, pay_token)
    if any(fault.kind == "not_found" for fault in faults):
        raise answers.no_such_pay_token(product.name, detail="fault not_found")
    text = "Transaction retrieved successfully"
    return _shown(text, call, token, payment, product, faults=faults), names(faults)


def read_holder(desk: Desk, call: Call, subscriber: str, raw: bytes) -> Response:
    """`POST infos/subscriber/{customer or channel}/{msisdn}`: the holder's two names."""
    fields = payments.json_object(raw)
    subscriber = payments.msisdn({"msisdn": subscriber}, "msisdn")
    faults = desk.store.claim_faults(call.api_user, HOLDER, party_id=subscriber)
    _strike_before(desk, call, faults)
    is_ours = payments.msisdn(fields, "channelMsisdn") == call.channel.channel_msisdn
    if not is_ours or not access.is_pin(str(fields.get("pin", "")), call.channel, desk.channels):
        raise _refusal(outcomes.BAD_CHANNEL)
    if not outcomes.has_holder(subscriber):
        raise ApiRefusal(_UNKNOWN_HOLDER, f"customer {subscriber} not found", detail="no wallet")
    names_of_fields = ("firstName", "lastName")
    if any(fault.kind == "other_names" for fault in faults):
        names_of_fields = ("firstname", "lastname")
    data = dict(zip(names_of_fields, ("Sand", "Box"), strict=True))
    message = f"customer {subscriber} successfully retrieve full name."
    return dripping(json_response(200, {"message": message, "data": data}), faults)


def _strike_before(desk: Desk, call: Call, faults: Sequence[Fault]) -> None:
    """An expired token is one that the next token call does not hand out again."""
    if any(fault.kind == "token_expired" for fault in faults):
        desk.channels.end_bearer(call.api_user)
    strike_before(faults, _VOICE)


def _may_pay(desk: Desk, call: Call, asked: PayRequest) -> bool:
    is_ours = asked.channel_msisdn == call.channel.channel_msisdn
    return is_ours and access.is_pin(asked.pin, call.channel, desk.channels)


def _book(
    desk: Desk,
    call: Call,
    asked: PayRequest,
    ending: Ending,
    *,
    product: Product,
    faults: Sequence[Fault],
) -> tuple[PayToken, Payment, Sequence[DueCallback]]:
    """Use the payToken up. Raises Refusal: 404, or 422 where it has served."""
    with desk.database.transaction() as run:
        token = _token(run, call.api_user, asked.pay_token, product)
        if token is None or call.now >= token.expires_at:
            raise answers.no_such_pay_token(product.name, detail="unknown or expired")
        ((number,),) = run("SELECT nextval('financial_transaction_ids')")
        payment = _payment(call, asked, ending, token=token, number=int(number))
        booked = book(run, payment, _planned(payment, ending, product=product, faults=faults))
        if booked is None:
            raise answers.used_pay_token(asked.pay_token)
    return token, booked[0], booked[1]


def _payment(
    call: Call, asked: PayRequest, ending: Ending, *, token: PayToken, number: int
) -> Payment:
    outcome = ending.outcome
    made = payments.transaction_id(token.product, number, call.now)
    return Payment(
        api_user=call.api_user,
        reference=asked.pay_token,
        request=asked.order,
        callback_url=asked.notify_url,
        accepted_at=call.now,
        pending_word=outcome.pending_word,
        final_status=outcome.final_status,
        final_reason=outcome.reason,
        final_at=min(call.now + outcome.after, token.expires_at),
        financial_transaction_id=None if ending.is_refused else made,
    )


def _planned(
    payment: Payment, ending: Ending, *, product: Product, faults: Sequence[Fault]
) -> tuple[PlannedCallback, ...]:
    """Orange tells when the payer has acted; of a cash-in only where a callback is ordered."""
    is_told = product is COLLECTION or any(each.kind.startswith("callback") for each in faults)
    return () if ending.is_refused or not is_told else plan_callbacks(payment, faults)


def _paid_answer(
    call: Call,
    token: PayToken,
    payment: Payment,
    ending: Ending,
    *,
    product: Product,
    faults: Sequence[Fault],
) -> Response:
    """A payer answers later, so `mp/pay` says PENDING whatever comes; a cash-in is done by now."""
    seen_at = call.now - _MOMENT if product is COLLECTION else call.now
    data = _data(product, token, payment, seen_at, call=call)
    payments.distort(data, faults)
    if not ending.is_refused:
        return json_response(200, {"message": product.paid, "data": data})
    status = next((f.http_status for f in faults if f.kind == "refused_with"), ending.http_status)
    return json_response(status, {"message": payments.refusal_message(payment), "data": data})


def _shown(
    message: str,
    call: Call,
    token: PayToken,
    payment: Payment | None,
    product: Product,
    *,
    faults: Sequence[Fault],
) -> Response:
    data = _data(product, token, payment, call.now, call=call)
    payments.distort(data, faults)
    return dripping(json_response(200, {"message": message, "data": data}), faults)


def _data(
    product: Product, token: PayToken, payment: Payment | None, seen_at: datetime, *, call: Call
) -> dict[str, object]:
    say = payments.collection_data if product is COLLECTION else payments.payout_data
    return say(token, payment, seen_at, channel=call.channel.channel_msisdn)


def _faults_of_read(
    desk: Desk, call: Call, operation: str, payment: Payment | None, pay_token: str
) -> tuple[Fault, ...]:
    party_id = payment.request.party_id if payment else None
    faults = desk.store.claim_faults(
        call.api_user, operation, party_id=party_id, reference=pay_token
    )
    _strike_before(desk, call, faults)
    return faults


def _find(
    desk: Desk, call: Call, pay_token: str, product: Product
) -> tuple[PayToken, Payment | None]:
    """Raises Refusal: 400 or 404."""
    if not payments.is_pay_token(pay_token):
        raise answers.invalid_pay_token()
    token = _token(desk.database.run, call.api_user, pay_token, product)
    if token is None:
        raise answers.no_such_pay_token(product.name)
    rows = desk.database.run(
        f"SELECT {', '.join(PAYMENT_COLUMNS)} FROM payments"  # noqa: S608 - column names are constants
        " WHERE api_user = :api_user AND reference = :reference",
        api_user=call.api_user,
        reference=pay_token,
    )
    return token, payment_from(rows[0]) if rows else None


def _token(run: Runner, api_user: str, pay_token: str, product: Product) -> PayToken | None:
    rows = run(
        "SELECT pay_token, product, id, created_at, expires_at FROM pay_tokens"
        " WHERE api_user = :api_user AND pay_token = :pay_token AND product = :product",
        api_user=api_user,
        pay_token=pay_token,
        product=product.name,
    )
    return PayToken(*rows[0]) if rows else None


def _refusal(code: str) -> Refusal:
    return ApiRefusal(417, f"{code} :: {payments.say(code)}", detail="channel user or PIN")
