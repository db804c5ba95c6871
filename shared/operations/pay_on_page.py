"""Has a payer begin a payment on a merchant's page: a charge like any other, asked for by her."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

import msgspec

from shared.domain.account import PAGING, Caller
from shared.domain.charge import SUBMIT_WITHIN
from shared.domain.errors import InvalidRequest
from shared.domain.money import XAF, Money
from shared.domain.payment_page import PaymentPage
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.create_charge import (
    LARGEST,
    CreateCharge,
    Terms,
    create_charge,
    fingerprint,
    read_operator,
)
from shared.operations.payment_page_objects import page_address
from shared.operations.ports import ChargeStore, Reached

FIELDS: Final = frozenset({"token", "phone", "operator", "amount", "way"})
TOKEN_LENGTH: Final = 24
_TOKEN: Final = re.compile(rf"[2-7a-z]{{{TOKEN_LENGTH}}}", re.ASCII)
# What people put between digits, and the country's code as it is dialled.
_BETWEEN: Final = re.compile(r"[\s.()\u2010-\u2015-]+")
_LONGEST: Final = 40
REDIRECT: Final = "redirect"


@dataclass(frozen=True, slots=True)
class PayOrder:
    """What a payer typed, well formed; without `phone` she pays on the operator's own page."""

    token: str = field(repr=False)
    phone: PhoneNumber | None
    operator: Operator
    amount: int | None

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> Self:
        """Read the fields of a form as people type them. Raises InvalidRequest naming the field."""
        token = form.get("token", "")
        if set(form) - FIELDS or _TOKEN.fullmatch(token) is None:
            raise InvalidRequest("parameter_invalid", "token")
        amount = _amount(form.get("amount", ""))
        if form.get("way") == REDIRECT:
            return cls(token, None, next(iter(PAGING)), amount)
        typed = _BETWEEN.sub("", form.get("phone", "")[:_LONGEST])
        if not typed:
            raise InvalidRequest("phone_missing", "phone")
        if typed.startswith("00"):
            typed = f"+{typed[2:]}"
        elif len(typed) == len("237600000000") and typed.startswith("237"):
            typed = f"+{typed}"
        phone = PhoneNumber.parse(typed, param="phone")
        try:
            operator = read_operator(form.get("operator") or None, phone, within="")
        except InvalidRequest as refusal:
            raise InvalidRequest(refusal.code, "operator") from None
        return cls(token, phone, operator, amount)


def pay_on_page(
    order: PayOrder,
    page: PaymentPage,
    caller: Caller,
    *,
    terms: Terms,
    store: ChargeStore,
    now: datetime,
    base_url: str,
    request_id: str,
    traceparent: str | None,
    reached: Reached,
) -> str:
    """Store a charge as `create_charge` does, and return its id; a token gets its charge again.

    Of one token the body does not matter: whoever sends it twice has begun one payment. Raises what
    `create_charge` raises, and LostRace where the page takes no payment by then.
    """
    command = CreateCharge(
        money=Money(page.asked.read(order.amount), XAF),
        phone=order.phone,
        operator=order.operator,
        description=page.description,
        # A reference is that of one payment; a link's is its own.
        reference=page.reference if page.is_checkout else None,
        metadata=page.metadata,
        return_url=page_address(page.id, base_url=base_url) if order.phone is None else None,
        submit_within=SUBMIT_WITHIN,
        fingerprint=fingerprint({"page": page.id}),
        page=page.id,
    )
    outcome = create_charge(
        command,
        caller,
        terms=terms,
        store=store,
        now=now,
        base_url=base_url,
        request_id=request_id,
        idempotency_key=f"{page.id}:{order.token}",
        traceparent=traceparent,
        reached=reached,
    )
    return str(msgspec.json.decode(outcome.response)["id"])


def _amount(text: str) -> int | None:
    """Read whole francs, with spaces as people put them: of a point nobody knows what it parts."""
    typed = "".join(text[:_LONGEST].split())
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()) or int(typed) > LARGEST:
        raise InvalidRequest("amount_invalid", "amount")
    return int(typed)
