"""Reads MTN's JSON leniently, because documents, recordings and clients disagree on its types."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from shared.domain.money import XAF, Currency, Money
from shared.domain.phone import PhoneNumber
from shared.providers import words
from shared.providers.words import NOTHING, UNREADABLE, shown, whole_amount, word

TEXT_LENGTH: Final = 160
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class _Problem(msgspec.Struct):
    code: msgspec.Raw = NOTHING


class _Party(msgspec.Struct):
    kind: str = msgspec.field(default="", name="partyIdType")
    id: str = msgspec.field(default="", name="partyId")


class _Balance(msgspec.Struct):
    available: msgspec.Raw = msgspec.field(default=NOTHING, name="availableBalance")
    currency: msgspec.Raw = NOTHING


class _Active(msgspec.Struct):
    result: msgspec.Raw = NOTHING


class _Holder(msgspec.Struct):
    name: msgspec.Raw = NOTHING
    given_name: msgspec.Raw = NOTHING
    family_name: msgspec.Raw = NOTHING


class _Status(msgspec.Struct):
    status: str
    # Kept raw: a number must not become a float on its way.
    amount: msgspec.Raw = NOTHING
    currency: msgspec.Raw = NOTHING
    payer: msgspec.Raw = NOTHING
    payee: msgspec.Raw = NOTHING
    reason: msgspec.Raw = NOTHING
    transaction_id: msgspec.Raw = msgspec.field(default=NOTHING, name="financialTransactionId")
    external_id: msgspec.Raw = msgspec.field(default=NOTHING, name="externalId")


@dataclass(frozen=True, slots=True)
class Notice:
    """A status answer as MTN gave it; what is missing or unreadable is None.

    `party` is the number beside ours: who pays us, or whom we pay. `order` is our id, repeated: the
    reference of a payment stands in no answer.
    """

    status: str
    reason: str | None
    money: Money | None
    party: PhoneNumber | None
    transaction_id: str | None
    order: str | None


_PROBLEM: Final = msgspec.json.Decoder(_Problem)
_STATUS: Final = msgspec.json.Decoder(_Status)
_PARTY: Final = msgspec.json.Decoder(_Party)
_BALANCE: Final = msgspec.json.Decoder(_Balance)
_ACTIVE: Final = msgspec.json.Decoder(_Active)
_HOLDER: Final = msgspec.json.Decoder(_Holder)
_TRUTHS: Final = {b"true": True, b'"true"': True, b"false": False, b'"false"': False}


def read_code(body: bytes) -> str | None:
    """Return the `code` of an error body, "" where there is none, None where it is no object."""
    try:
        return word(_PROBLEM.decode(body).code) or ""
    except UNREADABLE:
        return None


def read_notice(body: bytes, *, account_currency: str, party: str) -> Notice | None:
    """Read a status answer; None for what has no `status`. `party` is `payer` or `payee`.

    MTN's sandbox knows euros only. There the amount asked in XAF goes out under the account's
    currency, so an amount in the account's currency comes back as XAF; any other stays visible.
    """
    try:
        raw = _STATUS.decode(body)
    except UNREADABLE:
        return None
    return Notice(
        status=shown(raw.status),
        reason=_reason(raw.reason),
        money=_money(raw.amount, raw.currency, account_currency),
        party=_party(raw.payee if party == "payee" else raw.payer),
        transaction_id=word(raw.transaction_id),
        order=word(raw.external_id),
    )


def read_balance(body: bytes, *, account_currency: str) -> Money | None:
    """Return the balance, in the account's currency as XAF; None where it cannot be compared."""
    try:
        raw = _BALANCE.decode(body)
    except UNREADABLE:
        return None
    return _money(raw.available, raw.currency, account_currency)


def read_active(body: bytes) -> bool | None:
    """Return whether a wallet is active; None for what says neither.

    Clients read a boolean, a string of it, or a bare `true`: which one MTN sends is not verified.
    """
    try:
        raw = bytes(_ACTIVE.decode(body).result)
    except UNREADABLE:
        raw = body.strip()
    return _TRUTHS.get(raw.lower())


def read_holder_name(body: bytes) -> str | None:
    """Return the holder's name, or given and family name; None where there is none."""
    try:
        raw = _HOLDER.decode(body)
    except UNREADABLE:
        return None
    parts = [word(raw.given_name), word(raw.family_name)]
    return word(raw.name) or " ".join(part for part in parts if part) or None


def plain_text(text: str) -> str:
    """Return at most 160 characters that MTN takes: its validation refuses apostrophes and such."""
    return words.plain_text(text, TEXT_LENGTH)


def _reason(raw: msgspec.Raw) -> str | None:
    """Read a plain string (as the sandbox sends) or an object with a code (as documented)."""
    return read_code(bytes(raw)) or word(raw)


def _money(amount: msgspec.Raw, currency: msgspec.Raw, account_currency: str) -> Money | None:
    whole = whole_amount(amount)
    code = (word(currency) or "").upper()
    if whole is None or _CURRENCY.fullmatch(code) is None:
        return None
    return Money(whole, XAF if code == account_currency else Currency(code))


def _party(raw: msgspec.Raw) -> PhoneNumber | None:
    """Return whom MTN names, unchecked: a number that is none of ours must differ, not vanish."""
    try:
        party = _PARTY.decode(raw)
    except UNREADABLE:
        return None
    return PhoneNumber("+" + party.id.removeprefix("+")) if party.id else None
