"""A receipt: what its holder can show, the code that proves it, and how its values are written.

There is one of each paid charge, of each refund that succeeded and of each payout that was paid.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final, Literal, Self

from shared.domain import ids
from shared.domain.charge import Charge, ChargeStatus
from shared.domain.money import XAF, Money
from shared.domain.outgoing import Outgoing, OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.phone import Operator
from shared.domain.receipt_look import PrintedAs
from shared.domain.refund import Refund

Language = Literal["fr", "en"]

# Cameroon keeps UTC+1 the whole year, so no time-zone database is needed.
DOUALA: Final = timezone(timedelta(hours=1), "Africa/Douala")
RETENTION_DAYS: Final = 3650
TEST_RETENTION: Final = timedelta(days=1)
CODE_LENGTH: Final = 26
NARROW_NO_BREAK_SPACE: Final = "\u202f"
NO_BREAK_SPACE: Final = "\u00a0"

_NUMBER_TAIL: Final = 12
_NUMBER_START: Final[Mapping[str, str]] = {"ch": "RC", "rf": "RR", "po": "RP"}
_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


class NotPaidError(ValueError):
    """A receipt was asked for what has not been paid, or has no number and code yet."""


class Paper(StrEnum):
    """What a receipt is of."""

    CHARGE = "charge"
    REFUND = "refund"
    PAYOUT = "payout"
    INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything that stands on a receipt; the same receipt is always the same PDF.

    `object_id` is the charge, refund or payout; `charge_id` of a refund what it gives back.
    `phone`, of whoever paid or was paid, is masked (`+2376****01`). `paid_at` is UTC. `language` is
    the account's and comes first on the page, `footer` the merchant's own words.
    """

    number: str
    code: str
    object_id: str
    account_name: str
    money: Money
    operator: Operator
    phone: str | None
    operator_transaction_id: str | None
    reference: str | None
    description: str | None
    paid_at: datetime
    language: Language
    livemode: bool
    paper: Paper = Paper.CHARGE
    charge_id: str | None = None
    payee: str | None = None
    footer: str | None = None

    @classmethod
    def of(cls, charge: Charge, *, account_name: str, language: Language) -> Self:
        """Take from a succeeded charge what its receipt shows. Raises NotPaidError."""
        if charge.status is not ChargeStatus.SUCCEEDED or charge.succeeded_at is None:
            raise NotPaidError(charge.id)
        if charge.receipt_number is None or charge.receipt_code is None:
            raise NotPaidError(charge.id)
        return cls(
            number=charge.receipt_number,
            code=charge.receipt_code,
            object_id=charge.id,
            account_name=account_name,
            money=charge.money,
            operator=charge.operator,
            phone=None if charge.phone is None else charge.phone.masked,
            operator_transaction_id=charge.operator_transaction_id,
            reference=charge.reference,
            description=charge.description,
            paid_at=charge.succeeded_at,
            language=language,
            livemode=charge.livemode,
        )

    @classmethod
    def of_outgoing(cls, outgoing: Outgoing, *, account_name: str, language: Language) -> Self:
        """Take from money that was paid out what its receipt shows. Raises NotPaidError."""
        if outgoing.status is not OutgoingStatus.SUCCEEDED or outgoing.ended_at is None:
            raise NotPaidError(outgoing.id)
        if outgoing.receipt_number is None or outgoing.receipt_code is None:
            raise NotPaidError(outgoing.id)
        refund = outgoing if isinstance(outgoing, Refund) else None
        payout = outgoing if isinstance(outgoing, Payout) else None
        return cls(
            number=outgoing.receipt_number,
            code=outgoing.receipt_code,
            object_id=outgoing.id,
            account_name=account_name,
            money=outgoing.money,
            operator=outgoing.operator,
            phone=outgoing.phone.masked,
            operator_transaction_id=outgoing.operator_transaction_id,
            reference=None if payout is None else payout.reference,
            description=payout.description if payout else refund.reason if refund else None,
            paid_at=outgoing.ended_at,
            language=language,
            livemode=outgoing.livemode,
            paper=Paper(outgoing.kind),
            charge_id=None if refund is None else refund.charge_id,
            payee=None if payout is None else payout.name,
        )

    def printed_as(self, printed: PrintedAs) -> Self:
        """Return it with what was kept of its first print."""
        return replace(
            self,
            account_name=printed.account_name,
            language=language_of(printed.language),
            footer=printed.look.footer,
        )

    @property
    def operator_name(self) -> str:
        """The operator's service as payers know it."""
        return {Operator.MTN: "MTN Mobile Money", Operator.ORANGE: "Orange Money"}[self.operator]


def new_receipt_code() -> str:
    """Return 26 characters (130 random bits); whoever holds them may see the receipt."""
    return ids.encode(secrets.randbits(5 * CODE_LENGTH), CODE_LENGTH)


def is_receipt_code(text: str) -> bool:
    """Tell whether the text has the form of a receipt code; says nothing of existence."""
    return len(text) == CODE_LENGTH and all(letter in ids.ALPHABET for letter in text)


def receipt_number(object_id: str, paid_at: datetime) -> str:
    """Return `RC-<day in Douala>-<last 12 characters of the charge id>`, always the same.

    `RR` and `RP` are those of refunds and payouts. The characters are 60 of the id's random bits,
    so two charges of one account and day share a number about once in 10^18 pairs; the database
    refuses a second one.
    """
    start = _NUMBER_START[object_id.partition("_")[0]]
    tail = object_id[-_NUMBER_TAIL:].upper()
    return f"{start}-{paid_at.astimezone(DOUALA):%Y%m%d}-{tail}"


def object_key(*, account: str, livemode: bool, object_id: str) -> str:
    """Return the key under which the PDF of this object's receipt lies in locked storage."""
    mode = "live" if livemode else "test"
    return f"receipts/{account}/{mode}/{object_id}.pdf"


def retain_until(
    paid_at: datetime, *, livemode: bool, now: datetime, retention_days: int = RETENTION_DAYS
) -> datetime:
    """Return when the lock may end: `retention_days` after payment, one day in test mode.

    A lock must end in the future, so a receipt stored late is kept at least one day from `now`.
    """
    kept = timedelta(days=retention_days) if livemode else TEST_RETENTION
    return max(paid_at + kept, now + TEST_RETENTION).astimezone(UTC)


def format_money(money: Money) -> str:
    """Write an amount as `12 500 FCFA`, with spaces that never break a line."""
    digits = f"{money.amount:,}".replace(",", NARROW_NO_BREAK_SPACE)
    unit = "FCFA" if money.currency == XAF else money.currency
    return f"{digits}{NO_BREAK_SPACE}{unit}"


def format_day(at: datetime, language: Language) -> str:
    """Write the day in Douala, as `1er novembre 2026` or `1 November 2026`."""
    local = at.astimezone(DOUALA)
    day = "1er" if language == "fr" and local.day == 1 else str(local.day)
    return f"{day} {_MONTHS[language][local.month - 1]} {local.year}"


def format_month(month: date, language: Language) -> str:
    """Write a month, as `novembre 2026` or `November 2026`."""
    return f"{_MONTHS[language][month.month - 1]} {month.year}"


def format_time(at: datetime, language: Language) -> str:
    """Write the time in Douala, as `04 h 12` or `04:12`."""
    local = at.astimezone(DOUALA)
    if language == "fr":
        return f"{local:%H}{NO_BREAK_SPACE}h{NO_BREAK_SPACE}{local:%M}"
    return f"{local:%H:%M}"


def language_of(text: str) -> Language:
    """Return the language of an account; French where it is neither of ours."""
    return "en" if text == "en" else "fr"
