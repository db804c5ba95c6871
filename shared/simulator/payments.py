"""What a payment at MTN is, from the bytes that ask for it to the words that report on it.

A request to pay takes money in; a transfer, a deposit and a refund let it out.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast

from shared.simulator.answers import Refusal, bad_request, error_body
from shared.simulator.faults import Fault
from shared.simulator.outcomes import CURRENCIES, FinalStatus

MAX_BODY_BYTES: Final = 64 * 1024
_MAX_NOTE: Final = 160
_MAX_EXTERNAL_ID: Final = 255
_MAX_TEST_KEY: Final = 2
_WHOLE: Final = re.compile(r"[1-9]\d{0,11}")
_WITH_CENTS: Final = re.compile(r"(0|[1-9]\d{0,11})(\.\d{1,2})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_MSISDN: Final = re.compile(r"[1-9]\d{5,14}")
# Apostrophes and special characters are a documented cause of 400: letters, digits, plain points.
_NOTE: Final = re.compile(r"[\w .,:;/()+#@!?*=-]*")
_PARTY_TYPES: Final = ("MSISDN", "EMAIL", "PARTY_CODE")
_REFERENCE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

TRANSFER: Final = "transfer"
DEPOSIT: Final = "deposit"
REFUND: Final = "refund"


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """A well-formed request. `amount` stays the text that was sent, as MTN reports it."""

    environment: str
    amount: str
    currency: str
    external_id: str | None
    party_type: str
    party_id: str
    payer_message: str | None
    payee_note: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """An accepted request and its end, known here from the start and shown when the time comes.

    `final_at` None: it never ends by itself. The effect is booked when a success becomes final.
    `payout`: the way that money went out by, None where it came in (and at Orange). `refunds`: the
    reference of the request to pay that a refund names.
    """

    api_user: str
    reference: str
    request: PaymentRequest
    callback_url: str | None
    accepted_at: datetime
    pending_word: str
    final_status: FinalStatus
    final_reason: str | None
    final_at: datetime | None
    financial_transaction_id: str | None = None
    payout: str | None = None
    refunds: str | None = None

    def is_final(self, now: datetime) -> bool:
        """Has the payment ended by now?"""
        return self.final_at is not None and self.final_at <= now

    def status(self, now: datetime) -> str:
        """The word that a read reports now."""
        return self.final_status if self.is_final(now) else self.pending_word


def parse_request_to_pay(raw: bytes, environment: str) -> PaymentRequest:
    """Raises Refusal: 400 for a malformed request, 500 for a currency not of the environment."""
    return _parse(_json_object(raw), environment, party="payer")


def parse_payout(raw: bytes, environment: str) -> PaymentRequest:
    """Read the body of a transfer or deposit, with `payee` for `payer`. Raises Refusal."""
    return _parse(_json_object(raw), environment, party="payee")


def parse_refund(raw: bytes, environment: str) -> tuple[PaymentRequest, str]:
    """Read the body of a refund: the request, its party still empty, and what it refunds.

    Raises Refusal. A reference is that of a request to pay, or a number: a test key of MTN's.
    """
    fields = _json_object(raw)
    refunds = (_text(fields, "referenceIdToRefund") or "").lower()
    if not _REFERENCE.fullmatch(refunds) and not is_test_key(refunds):
        raise bad_request("referenceIdToRefund")
    return _parse(fields, environment, party=None), refunds


def is_test_key(refunds: str) -> bool:
    """Does a refund name no payment but the end that it wants?"""
    return refunds.isascii() and refunds.isdigit() and len(refunds) <= _MAX_TEST_KEY


def to_party(request: PaymentRequest, original: PaymentRequest) -> PaymentRequest:
    """The same request, to whoever paid the original."""
    return replace(request, party_type=original.party_type, party_id=original.party_id)


def _parse(fields: Mapping[str, Any], environment: str, *, party: str | None) -> PaymentRequest:
    currency = _text(fields, "currency")
    if currency is None or not _CURRENCY.fullmatch(currency):
        raise bad_request("currency")
    if currency != CURRENCIES[environment]:
        raise Refusal(500, "INVALID_CURRENCY", detail="currency is not the environment's")
    party_type, party_id = ("", "") if party is None else _party(fields.get(party), party)
    external_id = _text(fields, "externalId")
    if external_id is not None and (
        len(external_id) > _MAX_EXTERNAL_ID or not external_id.isprintable()
    ):
        raise bad_request("externalId")
    return PaymentRequest(
        environment=environment,
        amount=_amount(fields, currency),
        currency=currency,
        external_id=external_id,
        party_type=party_type,
        party_id=party_id,
        payer_message=_note(fields, "payerMessage"),
        payee_note=_note(fields, "payeeNote"),
    )


def read_body(payment: Payment, now: datetime) -> dict[str, object]:
    """What a read under the reference reports now. No field repeats the reference."""
    return {
        **(
            {"financialTransactionId": payment.financial_transaction_id}
            if _paid(payment, now)
            else {}
        ),
        **_common(payment),
        **_optional("payerMessage", payment.request.payer_message),
        **_optional("payeeNote", payment.request.payee_note),
        "status": payment.status(now),
        **(_optional("reason", payment.final_reason) if payment.is_final(now) else {}),
    }


def callback_body(payment: Payment, now: datetime, *, kind: str) -> bytes:
    """The notice as recorded: neither reference nor `payerMessage` in it.

    `kind`: "true" tells what is so now, "early" what will be, "forged" the contrary of the truth.
    """
    financial_transaction_id = payment.financial_transaction_id
    status, reason = payment.status(now), payment.final_reason
    if kind == "early":
        status = payment.final_status
    if kind == "forged":
        is_paid = status == FinalStatus.SUCCESSFUL
        status = FinalStatus.FAILED if is_paid else FinalStatus.SUCCESSFUL
        reason, financial_transaction_id = "APPROVAL_REJECTED", "9999999999"
    body = {
        **(
            _optional("financialTransactionId", financial_transaction_id)
            if status == FinalStatus.SUCCESSFUL
            else {}
        ),
        **_common(payment),
        **_optional("payeeNote", payment.request.payee_note),
        "status": status,
        **(_optional("reason", reason) if status == FinalStatus.FAILED else {}),
    }
    return json.dumps(body, separators=(",", ":")).encode()


def distort(body: dict[str, object], payment: Payment, faults: Iterable[Fault]) -> None:
    """Say something else than the truth in a read, or the truth in another form."""
    for fault in faults:
        _distort(body, payment, fault)


def party_name(payment: Payment) -> str:
    """Under which field the number stands that paid or is paid."""
    return "payer" if payment.payout is None else "payee"


def _paid(payment: Payment, now: datetime) -> bool:
    return payment.is_final(now) and payment.final_status is FinalStatus.SUCCESSFUL


def _common(payment: Payment) -> dict[str, object]:
    request = payment.request
    return {
        **_optional("externalId", request.external_id),
        "amount": request.amount,
        "currency": request.currency,
        party_name(payment): {"partyIdType": request.party_type, "partyId": request.party_id},
    }


def _optional(name: str, value: str | None) -> dict[str, object]:
    return {} if value is None else {name: value}


def _json_object(raw: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise bad_request("body is not JSON") from error
    if not isinstance(value, dict):
        raise bad_request("body is not an object")
    return cast("Mapping[str, Any]", value)


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise bad_request(f"{name} is not text")
    return value


def _amount(fields: Mapping[str, Any], currency: str) -> str:
    amount = _text(fields, "amount")
    form = _WHOLE if currency == "XAF" else _WITH_CENTS
    if amount is None or not amount.isascii() or not form.fullmatch(amount):
        raise bad_request("amount")
    return amount


def _party(value: object, name: str) -> tuple[str, str]:
    if not isinstance(value, dict):
        raise bad_request(name)
    party_type, party_id = value.get("partyIdType"), value.get("partyId")
    if not isinstance(party_type, str) or party_type.upper() not in _PARTY_TYPES:
        raise bad_request(f"{name}.partyIdType")
    if not isinstance(party_id, str) or not party_id.isascii() or not party_id.isprintable():
        raise bad_request(f"{name}.partyId")
    is_number = party_type.upper() == "MSISDN"
    if is_number and not _MSISDN.fullmatch(party_id):
        raise bad_request(f"{name}.partyId is not a number with country code, digits only")
    if not 0 < len(party_id) <= _MAX_EXTERNAL_ID:
        raise bad_request(f"{name}.partyId")
    return party_type, party_id


def _note(fields: Mapping[str, Any], name: str) -> str | None:
    text = _text(fields, name)
    if text is not None and (len(text) > _MAX_NOTE or not _NOTE.fullmatch(text)):
        raise bad_request(f"{name} is too long or has special characters")
    return text


def _distort(body: dict[str, object], payment: Payment, fault: Fault) -> None:
    match fault.kind:
        case "wrong_amount":
            body["amount"] = fault.amount
        case "wrong_currency":
            body["currency"] = fault.currency
        case "wrong_payer":
            body[party_name(payment)] = {"partyIdType": "MSISDN", "partyId": fault.msisdn}
        case "unknown_status":
            body["status"] = fault.status
            body.pop("financialTransactionId", None)
            body.pop("reason", None)
        case "reason_object" if "reason" in body:
            body["reason"] = error_body(str(body["reason"]))
        case _:
            pass
