"""Reads MTN's JSON leniently, because documents, recordings and clients disagree on its types."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import msgspec

from shared.domain.money import XAF, Currency, Money
from shared.domain.phone import PhoneNumber

WORD_LENGTH: Final = 120
TEXT_LENGTH: Final = 160
_WHOLE: Final = re.compile(r"([0-9]{1,15})(?:\.0{1,4})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
# A body of brackets alone ends in RecursionError, a lone surrogate in UnicodeDecodeError.
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9 .,:-]+")


class Token(msgspec.Struct):
    """The answer of the token call; `token_type` is `access_token` and means nothing."""

    access_token: str
    expires_in: str | int = 0


class _Problem(msgspec.Struct):
    code: msgspec.Raw = msgspec.Raw(b"null")


class _Party(msgspec.Struct):
    kind: str = msgspec.field(default="", name="partyIdType")
    id: str = msgspec.field(default="", name="partyId")


class _Status(msgspec.Struct):
    status: str
    # Kept raw: a number must not become a float on its way.
    amount: msgspec.Raw = msgspec.Raw(b"null")
    currency: msgspec.Raw = msgspec.Raw(b"null")
    payer: msgspec.Raw = msgspec.Raw(b"null")
    reason: msgspec.Raw = msgspec.Raw(b"null")
    transaction_id: msgspec.Raw = msgspec.field(
        default=msgspec.Raw(b"null"), name="financialTransactionId"
    )


@dataclass(frozen=True, slots=True)
class Notice:
    """A status answer as MTN gave it; what is missing or unreadable is None."""

    status: str
    reason: str | None
    money: Money | None
    payer: PhoneNumber | None
    transaction_id: str | None


_TOKEN: Final = msgspec.json.Decoder(Token)
_PROBLEM: Final = msgspec.json.Decoder(_Problem)
_STATUS: Final = msgspec.json.Decoder(_Status)
_PARTY: Final = msgspec.json.Decoder(_Party)


def read_token(body: bytes) -> Token | None:
    """Return the token, or None for what is no token answer, whatever its HTTP status."""
    try:
        token = _TOKEN.decode(body)
    except _UNREADABLE:
        return None
    return token if token.access_token.isascii() and token.access_token.isprintable() else None


def read_code(body: bytes) -> str | None:
    """Return the `code` of an error body, "" where there is none, None where it is no object."""
    try:
        return _word(_PROBLEM.decode(body).code) or ""
    except _UNREADABLE:
        return None


def read_notice(body: bytes, *, account_currency: str) -> Notice | None:
    """Read a status answer; None for what has no `status`.

    MTN's sandbox knows euros only. There the amount asked in XAF goes out under the account's
    currency, so an amount in the account's currency comes back as XAF; any other stays visible.
    """
    try:
        raw = _STATUS.decode(body)
    except _UNREADABLE:
        return None
    return Notice(
        status=_shown(raw.status),
        reason=_reason(raw.reason),
        money=_money(raw.amount, raw.currency, account_currency),
        payer=_payer(raw.payer),
        transaction_id=_word(raw.transaction_id),
    )


def plain_text(text: str) -> str:
    """Return at most 160 characters that MTN takes: its validation refuses apostrophes and such."""
    letters = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(_NOT_PLAIN.sub(" ", bare).split())[:TEXT_LENGTH].rstrip()


def _word(raw: msgspec.Raw) -> str | None:
    """Return a string, or the digits of a number; None for everything else."""
    text = bytes(raw)
    if text.startswith(b'"'):
        try:
            return _shown(msgspec.json.decode(text, type=str)) or None
        except _UNREADABLE:
            return None
    # A number keeps its own digits: as a float it would lose some.
    return text.decode()[:WORD_LENGTH] if text[:1].isdigit() else None


def _shown(text: str) -> str:
    """Return what a database and a log line can take of a foreign word."""
    return "".join(letter for letter in text[:WORD_LENGTH] if letter.isprintable())


def _reason(raw: msgspec.Raw) -> str | None:
    """Read a plain string (as the sandbox sends) or an object with a code (as documented)."""
    return read_code(bytes(raw)) or _word(raw)


def _money(amount: msgspec.Raw, currency: msgspec.Raw, account_currency: str) -> Money | None:
    whole = _WHOLE.fullmatch(_word(amount) or "")
    code = (_word(currency) or "").upper()
    if whole is None or _CURRENCY.fullmatch(code) is None:
        return None
    return Money(int(whole[1]), XAF if code == account_currency else Currency(code))


def _payer(raw: msgspec.Raw) -> PhoneNumber | None:
    """Return whom MTN names, unchecked: a number that is none of ours must differ, not vanish."""
    try:
        party = _PARTY.decode(raw)
    except _UNREADABLE:
        return None
    return PhoneNumber("+" + party.id.removeprefix("+")) if party.id else None
