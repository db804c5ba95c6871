"""What an order of Web Payment is, from the bytes that ask for it to its words."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

from shared.simulator.faults import Fault
from shared.simulator.orange_web import answers
from shared.simulator.outcomes import SUCCEEDS, FinalStatus, Outcome
from shared.simulator.payments import Payment

ENVIRONMENT: Final = "webpay"
INITIATED: Final = "INITIATED"
PENDING: Final = "PENDING"
SUCCESS: Final = "SUCCESS"
FAILED: Final = "FAILED"
EXPIRED: Final = "EXPIRED"
# Unverified: how long a payer has on the page.
PAGE_LIFE: Final = timedelta(minutes=10)
MAX_BODY_BYTES: Final = 64 * 1024
# Dev speaks of a currency that there is not, the country of francs.
CURRENCIES: Final = {"dev": "OUV", "cm": "XAF"}
STRICT_URL: Final = 120
_LONGEST_ORDER: Final = 30
_LONGEST_URL: Final = 2048
_LONGEST_LABEL: Final = 30
_LARGEST: Final = 10**12
_LANGUAGES: Final = ("fr", "en")
_ORDER_ID: Final = re.compile(r"[!-~]+")
_SECRETS: Final = frozenset({"merchant_key", "pay_token", "notif_token"})
_NUMBER: Final = re.compile(r"6[0-9]{5}([0-9]{3})")
_DELAY: Final = timedelta(seconds=30)
# Longer than any page lives: the order ends when its page does.
_NEVER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Order:
    """A well-formed `webpayment`; the merchant key is here to be checked, and goes nowhere."""

    merchant_key: str
    order_id: str
    amount: int
    currency: str
    return_url: str
    cancel_url: str
    notify_url: str
    language: str
    label: str


def parse_order(raw: bytes, country: str) -> Order:
    """Read the body of `webpayment`. Raises Refusal: 400."""
    fields = json_object(raw)
    order_id = _text(fields, "order_id")
    if len(order_id) > _LONGEST_ORDER:
        raise answers.too_long()
    if not _ORDER_ID.fullmatch(order_id):
        raise answers.bad_field("order_id")
    if _text(fields, "currency") != CURRENCIES[country]:
        raise answers.bad_field("currency")
    language = _text(fields, "lang")
    if language not in _LANGUAGES:
        raise answers.bad_field("lang")
    label = _text(fields, "reference")
    if len(label) > _LONGEST_LABEL:
        raise answers.bad_field("reference")
    return Order(
        merchant_key=_text(fields, "merchant_key"),
        order_id=order_id,
        amount=amount_of(fields),
        currency=CURRENCIES[country],
        return_url=_url(fields, "return_url"),
        cancel_url=_url(fields, "cancel_url"),
        notify_url=_url(fields, "notif_url"),
        language=language,
        label=label,
    )


def check_urls(order: Order) -> None:
    """As some claim: no address has more than 120 characters. Raises Refusal: 400."""
    for name in ("return_url", "cancel_url", "notify_url"):
        if len(getattr(order, name)) > STRICT_URL:
            raise answers.bad_field(name)


def parse_status(raw: bytes) -> tuple[str, int, str]:
    """`order_id`, `amount` and `pay_token` of a `transactionstatus`. Raises Refusal: 400."""
    fields = json_object(raw)
    return _text(fields, "order_id"), amount_of(fields), _text(fields, "pay_token")


def without_secrets(raw: bytes) -> tuple[str | None, str | None]:
    """The body as it may be written down, and the order it names; None for what is unreadable."""
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(fields, dict):
        return None, None
    kept = {name: value for name, value in fields.items() if name.lower() not in _SECRETS}
    # A callback's address is a capability.
    kept.pop("notif_url", None)
    named = fields.get("order_id")
    is_order = isinstance(named, str) and len(named) <= _LONGEST_ORDER and named.isprintable()
    return json.dumps(kept), named if is_order else None


def word(payment: Payment, now: datetime) -> str:
    """Orange's status word of an order."""
    if not payment.is_final(now):
        return payment.pending_word
    if payment.final_status is FinalStatus.SUCCESSFUL:
        return SUCCESS
    return EXPIRED if payment.final_reason == EXPIRED else FAILED


def status_body(payment: Payment, now: datetime) -> dict[str, object]:
    """What a read says; `txnid` once there is one."""
    said = word(payment, now)
    return {
        "status": said,
        "order_id": payment.reference,
        "txnid": payment.financial_transaction_id if said == SUCCESS else "",
    }


def callback_body(payment: Payment, now: datetime, *, kind: str) -> bytes:
    """The notice as clients read it: three fields, of which none names the order.

    `kind`: "true" tells what is so now, "early" what will be, "forged" the contrary of the truth;
    "data" and "payment" what is so, nested under that name.
    """
    seen_at = payment.final_at if kind == "early" and payment.final_at else now
    told = payment
    if kind == "forged":
        is_paid = payment.final_status is FinalStatus.SUCCESSFUL
        told = replace(
            payment,
            final_status=FinalStatus.FAILED if is_paid else FinalStatus.SUCCESSFUL,
            final_reason=FAILED if is_paid else None,
            financial_transaction_id=None if is_paid else "MP991231.2359.Z99999",
            final_at=now,
        )
    said = word(told, seen_at)
    body: dict[str, object] = {
        "status": said,
        "notif_token": payment.request.payee_note,
        "txnid": told.financial_transaction_id if said == SUCCESS else "",
    }
    nested = {kind: body} if kind in ("data", "payment") else body
    return json.dumps(nested, separators=(",", ":")).encode()


def distort(body: dict[str, object], faults: Iterable[Fault]) -> None:
    """Say something else than the truth, or the truth in another form."""
    for fault in faults:
        match fault.kind:
            case "wrong_amount":
                amount = fault.amount or ""
                body["amount"] = int(amount) if amount.isdecimal() else amount
            case "unknown_status":
                body.update(status=fault.status, txnid="")
            case "other_spelling":
                body["status"] = {SUCCESS: "SUCCESSFULL"}.get(str(body["status"]), body["status"])
            case _:
                pass


_PAYS_LATE: Final = Outcome(FinalStatus.SUCCESSFUL, None, _DELAY, PENDING)
_FAILS: Final = Outcome(FinalStatus.FAILED, FAILED, pending_word=PENDING)
_EXPIRES: Final = Outcome(FinalStatus.FAILED, EXPIRED, pending_word=PENDING)
# MTN's digits, as far as Web Payment has an end for them: it gives no reason for a failure.
_ENDINGS: Final = {
    **dict.fromkeys(("450", "451", *map(str, range(455, 463)), "464", "465", "466"), _FAILS),
    **dict.fromkeys(("452", "463"), _EXPIRES),
    "453": replace(_EXPIRES, after=_NEVER),
    "454": _PAYS_LATE,
}


def ending(subscriber: str) -> Outcome:
    """What happens once this subscriber has confirmed; every unlisted number pays at once."""
    match = _NUMBER.fullmatch(subscriber)
    return _ENDINGS.get(match[1] if match else "", replace(SUCCEEDS, pending_word=PENDING))


def json_object(raw: bytes) -> Mapping[str, Any]:
    """Raises Refusal: 400."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise answers.bad_field("body is not JSON") from error
    if not isinstance(value, dict):
        raise answers.bad_field("body is not an object")
    return cast("Mapping[str, Any]", value)


def amount_of(fields: Mapping[str, Any]) -> int:
    """A whole number, as documented. Raises Refusal: 400."""
    amount = fields.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < amount < _LARGEST:
        raise answers.bad_field("amount")
    return amount


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise answers.bad_field(name)
    return value


def _url(fields: Mapping[str, Any], name: str) -> str:
    text = _text(fields, name)
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError as error:
        raise answers.bad_field(name) from error
    is_url = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    if not is_url or not has_port or len(text) > _LONGEST_URL or not text.isascii():
        raise answers.bad_field(name)
    return text
