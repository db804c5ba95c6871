"""Reads Orange's JSON and its gateway's XML, leniently: sources disagree on types and names."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from shared.domain.money import Money
from shared.domain.phone import COUNTRY, NATIONAL_LENGTH, PhoneNumber
from shared.providers.words import NOTHING, UNREADABLE, shown, whole_amount, word

_CODE_IN_TEXT: Final = re.compile(r"([0-9]{3,8}) ::")
_XML_FAULT: Final = re.compile(rb"<(?:\w+:)?fault[\s>].*?<(?:\w+:)?code>([0-9]{3,8})</", re.DOTALL)
_PAY_TOKEN: Final = re.compile(r"[A-Za-z0-9]{8,64}")
_UNKNOWN_TOKEN: Final = re.compile(r"no \w+ found for input pay ?token", re.IGNORECASE)
_BAD_TOKEN: Final = re.compile(r"invalid pay ?token supplied", re.IGNORECASE)
_NAMES: Final = ("firstname", "lastname")


class _Body(msgspec.Struct):
    message: msgspec.Raw = NOTHING
    data: msgspec.Raw = NOTHING
    fault: msgspec.Raw = NOTHING


class _Data(msgspec.Struct):
    # Kept raw: a number must not become a float on its way.
    status: msgspec.Raw = NOTHING
    amount: msgspec.Raw = NOTHING
    txnid: msgspec.Raw = NOTHING
    txnmode: msgspec.Raw = NOTHING
    pay_token: msgspec.Raw = msgspec.field(default=NOTHING, name="payToken")
    subscriber: msgspec.Raw = msgspec.field(default=NOTHING, name="subscriberMsisdn")
    init_status: msgspec.Raw = msgspec.field(default=NOTHING, name="inittxnstatus")
    confirm_status: msgspec.Raw = msgspec.field(default=NOTHING, name="confirmtxnstatus")
    txn_status: msgspec.Raw = msgspec.field(default=NOTHING, name="txnstatus")


class _Fault(msgspec.Struct):
    code: msgspec.Raw = NOTHING


@dataclass(frozen=True, slots=True)
class Transaction:
    """What Orange says of one payToken; what is missing or unreadable is None.

    `order_id` is our `orderId`, which comes back as `txnmode`.
    `taken_code` is `inittxnstatus`, or `txnstatus` of a cash-in; `ended_code` `confirmtxnstatus`.
    """

    status: str
    pay_token: str | None
    taken_code: str | None
    ended_code: str | None
    transaction_id: str | None
    order_id: str | None
    money: Money | None
    subscriber: PhoneNumber | None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that Orange or its gateway wrote. Its text is not kept: it may name a number."""

    fault_code: str | None = None
    text_code: str | None = None
    says_unknown_token: bool = False
    says_bad_token: bool = False
    pay_token: str | None = None
    transaction: Transaction | None = None


_BODY: Final = msgspec.json.Decoder(_Body)
_DATA: Final = msgspec.json.Decoder(_Data)
_FAULT: Final = msgspec.json.Decoder(_Fault)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_reply(body: bytes) -> Reply | None:
    """Read an answer; None for what neither Orange nor WSO2 wrote, a page of HTML for one."""
    try:
        raw = _BODY.decode(body)
    except UNREADABLE:
        found = _XML_FAULT.search(body)
        return Reply(fault_code=found[1].decode()) if found else None
    fault = _fault_code(raw.fault)
    if fault is not None:
        return Reply(fault_code=fault)
    text = word(raw.message) or ""
    in_text = _CODE_IN_TEXT.match(text)
    pay_token, transaction = _transaction(raw.data)
    return Reply(
        text_code=in_text[1] if in_text else None,
        says_unknown_token=_UNKNOWN_TOKEN.search(text) is not None,
        says_bad_token=_BAD_TOKEN.search(text) is not None,
        pay_token=pay_token,
        transaction=transaction,
    )


def read_holder_name(body: bytes) -> str | None:
    """Return first and last name; None where neither is there. Clients differ on their case."""
    try:
        fields = _OBJECT.decode(_BODY.decode(body).data)
    except UNREADABLE:
        return None
    by_name = {name.lower(): word(raw) for name, raw in fields.items()}
    names = [by_name[name] for name in _NAMES if by_name.get(name)]
    return " ".join(str(name) for name in names) or None


def is_pay_token(text: str) -> bool:
    """Whether a text may stand in a path and a row as a payToken."""
    return _PAY_TOKEN.fullmatch(text) is not None


def _fault_code(raw: msgspec.Raw) -> str | None:
    """Return a gateway fault's code, "" for a fault without one, None for no fault."""
    try:
        return word(_FAULT.decode(raw).code) or ""
    except UNREADABLE:
        return None


def _transaction(raw: msgspec.Raw) -> tuple[str | None, Transaction | None]:
    try:
        data = _DATA.decode(raw)
    except UNREADABLE:
        return None, None
    pay_token, status = word(data.pay_token), word(data.status)
    if status is None:
        return pay_token, None
    amount = whole_amount(data.amount)
    return pay_token, Transaction(
        status=shown(status),
        pay_token=pay_token,
        taken_code=word(data.init_status) or word(data.txn_status),
        ended_code=word(data.confirm_status),
        transaction_id=word(data.txnid),
        order_id=word(data.txnmode) or None,
        money=None if amount is None else Money(amount),
        subscriber=_subscriber(word(data.subscriber)),
    )


def _subscriber(text: str | None) -> PhoneNumber | None:
    """Return whom Orange names, unchecked: a number that is none of ours must differ."""
    if not text:
        return None
    is_national = len(text) == NATIONAL_LENGTH and text.isascii() and text.isdigit()
    return PhoneNumber(f"+{COUNTRY}{text}" if is_national else "+" + text.removeprefix("+"))
