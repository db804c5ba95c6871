"""What a payment at Orange is, from the bytes that ask for it to the words that report on it.

Field names, types and the long texts: recorded answers (https://github.com/NdoleStudio/orangemoney-go,
`internal/stubs/merchant_payment.go`); of `cashin` clients alone tell.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final, cast
from urllib.parse import urlsplit

from shared.simulator.faults import Fault
from shared.simulator.orange import answers, outcomes
from shared.simulator.outcomes import FinalStatus
from shared.simulator.payments import Payment, PaymentRequest

COLLECTION: Final = "mp"
PAYOUT: Final = "cashin"
PRODUCTS: Final = (COLLECTION, PAYOUT)
SUCCESSFULL: Final = "SUCCESSFULL"  # two Ls, as recorded
MAX_BODY_BYTES: Final = 64 * 1024
_DOUALA: Final = timezone(timedelta(hours=1))
_PREFIXES: Final = {COLLECTION: "MP", PAYOUT: "CI"}  # CI is invented: no cash-in was recorded
_OTHER_SPELLINGS: Final = {SUCCESSFULL: "SUCCESSFUL", outcomes.CANCELLED: "CANCELED"}

_PAY_TOKEN: Final = re.compile(r"(MP|CI)[0-9]{6}[0-9A-F]{20}")
_MSISDN: Final = re.compile(r"[26][0-9]{8}")
_AMOUNT: Final = re.compile(r"[1-9][0-9]{0,11}")
_ORDER_ID: Final = re.compile(r"[A-Za-z0-9]{1,20}")
_LOOSE_ORDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,20}")
_MAX_DESCRIPTION: Final = 125
_MAX_URL: Final = 2048

_ACCEPTED: Final = "200"
_INIT_TEXT: Final = (
    "Paiement e la clientele done.The devrez confirmer le paiement en saisissant son code PIN et"
    " vous recevrez alors un SMS. Merci dutiliser des services Orange Money."
)
_TEXTS: Final = {
    outcomes.INSUFFICIENT_FUNDS: "Le solde du compte du payeur est insuffisant",
    outcomes.BAD_SUBSCRIBER: "Le numero du client est incorrect",
    outcomes.NOT_ORANGE: "Le numero n'est pas un numero Orange",
    outcomes.NO_WALLET: "Le client n'a pas de compte Orange Money",
    outcomes.BAD_CHANNEL: "L'utilisateur du canal est invalide",
    outcomes.EXPIRED: "Le delai de confirmation est depasse",
    outcomes.CANCELLED: "Le client a annule la transaction",
}
_OTHER_TEXT: Final = "Echec de la transaction"
_UNDER_WAY: Final = "Transaction en cours de traitement"


@dataclass(frozen=True, slots=True)
class PayToken:
    """A payToken and what Orange keeps with it from `init` on."""

    pay_token: str
    product: str
    id: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PayRequest:
    """A well-formed `pay`; the PIN is here to be checked, and goes nowhere."""

    pay_token: str
    channel_msisdn: str
    pin: str
    order: PaymentRequest
    notify_url: str | None


def new_pay_token(product: str, now: datetime, random: str) -> str:
    """28 characters: two letters, the day, 20 hex digits."""
    return f"{_PREFIXES[product]}{now.astimezone(_DOUALA):%y%m%d}{random.upper()[:20]}"


def transaction_id(product: str, number: int, now: datetime) -> str:
    """Like MP221207.2051.B56929."""
    letter = chr(ord("A") + number // 100_000 % 26)
    moment = now.astimezone(_DOUALA)
    return f"{_PREFIXES[product]}{moment:%y%m%d.%H%M}.{letter}{number % 100_000:05}"


def is_pay_token(text: str) -> bool:
    """Can this be a payToken?"""
    return _PAY_TOKEN.fullmatch(text) is not None


def parse_pay(raw: bytes, product: str) -> PayRequest:
    """Read the body of `mp/pay` or `cashin/pay`, a loose `orderId` too. Raises Refusal: 400."""
    fields = json_object(raw)
    pay_token = _text(fields, "payToken")
    if not is_pay_token(pay_token):
        raise answers.invalid_pay_token()
    order_id = _text(fields, "orderId")
    if not _LOOSE_ORDER_ID.fullmatch(order_id):
        raise answers.bad_request("orderId")
    description = _text(fields, "description", default="")
    if len(description) > _MAX_DESCRIPTION or not description.isprintable():
        raise answers.bad_request("description")
    return PayRequest(
        pay_token=pay_token,
        channel_msisdn=msisdn(fields, "channelUserMsisdn"),
        pin=_text(fields, "pin"),
        order=PaymentRequest(
            environment=product,
            amount=_amount(fields.get("amount")),
            currency="XAF",
            external_id=order_id,
            party_type="MSISDN",
            party_id=msisdn(fields, "subscriberMsisdn"),
            payer_message=description or None,
            payee_note=None,
        ),
        notify_url=_url(_text(fields, "notifUrl", default="")),
    )


def check_order_id(asked: PayRequest) -> None:
    """Letters and digits alone, as one client learnt. Raises Refusal: 400."""
    if not _ORDER_ID.fullmatch(asked.order.external_id or ""):
        raise answers.bad_request("orderId")


def named_token(raw: bytes) -> str | None:
    """The payToken that a body names, if it is one."""
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    named = fields.get("payToken") if isinstance(fields, dict) else None
    return named if isinstance(named, str) and is_pay_token(named) else None


def without_pin(raw: bytes) -> str | None:
    """The body as it may be written down; None for what cannot be read."""
    try:
        fields = json.loads(raw)
        if not isinstance(fields, dict):
            return None
        return json.dumps({name: value for name, value in fields.items() if name.lower() != "pin"})
    except (ValueError, RecursionError):
        return None


def word(payment: Payment, now: datetime) -> str:
    """Orange's status word of a payment."""
    if not payment.is_final(now):
        return payment.pending_word
    if payment.final_status is FinalStatus.SUCCESSFUL:
        return SUCCESSFULL
    if payment.final_reason in (outcomes.EXPIRED, outcomes.CANCELLED):
        return payment.final_reason
    return outcomes.REFUSED


def collection_data(
    token: PayToken, payment: Payment | None, now: datetime, *, channel: str
) -> dict[str, object]:
    """`data` of an `mp` answer; of a token that was never paid most of it is null."""
    if payment is None:
        return _unpaid(token, now) | dict.fromkeys(
            ("inittxnmessage", "inittxnstatus", "confirmtxnstatus", "confirmtxnmessage")
        )
    is_refused = payment.pending_word == outcomes.REFUSED
    code = payment.final_reason or outcomes.UNLISTED
    is_ended = payment.is_final(now) and not is_refused
    return _asked(token, payment, now, channel=channel) | {
        "inittxnmessage": say(code) if is_refused else _INIT_TEXT,
        "inittxnstatus": code if is_refused else _ACCEPTED,
        "confirmtxnstatus": _confirmed(payment) if is_ended else None,
        "confirmtxnmessage": _confirmation(payment) if is_ended else None,
    }


def payout_data(
    token: PayToken, payment: Payment | None, now: datetime, *, channel: str
) -> dict[str, object]:
    """`data` of a `cashin` answer: one status, since nobody confirms anything."""
    if payment is None:
        return _unpaid(token, now) | {"txnmessage": None, "txnstatus": None}
    data = _asked(token, payment, now, channel=channel)
    if not payment.is_final(now):
        return data | {"txnmessage": _UNDER_WAY, "txnstatus": 200}
    has_failed = payment.final_status is FinalStatus.FAILED
    code = payment.final_reason or outcomes.UNLISTED
    return data | {
        "txnmessage": _confirmation(payment),
        "txnstatus": code if has_failed else 200,
    }


def refusal_message(payment: Payment) -> str:
    """`message` of a refused `pay`, as recorded: code, two colons, text."""
    code = payment.final_reason or outcomes.UNLISTED
    return f"{code} :: {say(code)}"


def callback_body(payment: Payment, now: datetime, *, kind: str) -> bytes:
    """The notice as a client reads it ("EDEN VTC back end, orange_money.py"): four fields.

    `kind`: "true" tells what is so now, "early" what will be, "forged" the contrary of the truth;
    "data" and "payment" what is so, nested under that name. None of it was ever recorded.
    """
    seen_at = payment.final_at if kind == "early" and payment.final_at else now
    told = payment
    if kind == "forged":
        is_paid = payment.final_status is FinalStatus.SUCCESSFUL
        told = replace(
            payment,
            final_status=FinalStatus.FAILED if is_paid else FinalStatus.SUCCESSFUL,
            final_reason=outcomes.CANCELLED if is_paid else None,
            financial_transaction_id=None if is_paid else "MP991231.2359.Z99999",
            final_at=now,
            pending_word=outcomes.PENDING,
        )
    status = word(told, seen_at)
    body: dict[str, object] = {
        "payToken": told.reference,
        "status": status,
        "message": _confirmation(told) if told.is_final(seen_at) else _INIT_TEXT,
        "txnid": told.financial_transaction_id if status == SUCCESSFULL else None,
    }
    nested = {kind: body} if kind in ("data", "payment") else body
    return json.dumps(nested, separators=(",", ":")).encode()


def distort(data: dict[str, object], faults: Iterable[Fault]) -> None:
    """Say something else than the truth, or the truth in another form."""
    for fault in faults:
        match fault.kind:
            case "wrong_amount":
                amount = fault.amount or ""
                data["amount"] = int(amount) if amount.isdecimal() else amount
            case "wrong_payer":
                data["subscriberMsisdn"] = (fault.msisdn or "")[-9:]
            case "unknown_status":
                data.update(status=fault.status, txnid=None)
            case "other_spelling":
                data["status"] = _OTHER_SPELLINGS.get(str(data["status"]), data["status"])
            case "other_types":
                data.update(_in_other_types(data))
            case "other_names":
                data["notifyUrl"] = data.pop("notifUrl")
            case _:
                pass


def json_object(raw: bytes) -> Mapping[str, Any]:
    """Raises Refusal: 400."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise answers.bad_request("body is not JSON") from error
    if not isinstance(value, dict):
        raise answers.bad_request("body is not an object")
    return cast("Mapping[str, Any]", value)


def msisdn(fields: Mapping[str, Any], name: str) -> str:
    """Nine digits, without country code. Raises Refusal: 400."""
    text = _text(fields, name)
    if not _MSISDN.fullmatch(text):
        raise answers.bad_request(name)
    return text


def _unpaid(token: PayToken, now: datetime) -> dict[str, object]:
    status = outcomes.INITIATED if now < token.expires_at else outcomes.EXPIRED
    nothing = dict.fromkeys(
        ("subscriberMsisdn", "amount", "txnid", "txnmode", "notifUrl", "description")
    )
    return {**_head(token), **nothing, "channelUserMsisdn": None, "status": status}


def _asked(token: PayToken, payment: Payment, now: datetime, *, channel: str) -> dict[str, object]:
    status = word(payment, now)
    has_failed = status not in (outcomes.PENDING, SUCCESSFULL)
    return {
        **_head(token),
        "subscriberMsisdn": payment.request.party_id,
        "amount": int(payment.request.amount),
        "txnid": None if has_failed else payment.financial_transaction_id,
        "txnmode": payment.request.external_id,
        "status": status,
        "notifUrl": payment.callback_url,
        "description": payment.request.payer_message,
        "channelUserMsisdn": channel,
    }


def _head(token: PayToken) -> dict[str, object]:
    seconds = str(int(token.created_at.timestamp()))
    return {"id": token.id, "createtime": seconds, "payToken": token.pay_token}


def say(code: str) -> str:
    """The French text of a code."""
    return _TEXTS.get(code, _OTHER_TEXT)


def _confirmed(payment: Payment) -> str | None:
    """`200` or a code once the payer has answered; which code a cancelled one has is not known."""
    if payment.final_status is FinalStatus.SUCCESSFUL:
        return _ACCEPTED
    if payment.final_reason == outcomes.EXPIRED:
        return None
    is_word = payment.final_reason in (None, outcomes.CANCELLED)
    return outcomes.UNLISTED if is_word else payment.final_reason


def _confirmation(payment: Payment) -> str:
    if payment.final_status is FinalStatus.FAILED:
        return say(payment.final_reason or "")
    return (
        f"Successful Payment of SIMULATOR from {payment.request.party_id} SAND BOX. Transaction"
        f" ID:{payment.financial_transaction_id}, Amount:{payment.request.amount},"
        " New balance:1103.5."
    )


def _in_other_types(data: Mapping[str, object]) -> dict[str, object]:
    """`createtime` as a number, `amount` and `txnstatus` as text: each seen in some client."""
    changed: dict[str, object] = {"createtime": int(str(data["createtime"]))}
    for name in ("amount", "txnstatus"):
        if data.get(name) is not None:
            changed[name] = str(data[name])
    return changed


def _text(fields: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    value = fields.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise answers.bad_request(name)
    return value


def _amount(value: object) -> str:
    """Text or whole number: clients send both."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not _AMOUNT.fullmatch(text):
        raise answers.bad_request("amount")
    return text


def _url(text: str) -> str | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError as error:
        raise answers.bad_request("notifUrl") from error
    is_url = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    if not is_url or not has_port or len(text) > _MAX_URL or not text.isascii():
        raise answers.bad_request("notifUrl")
    return text
