"""Lets a payer prove her number by a receipt and a text message, and read her own payments.

Whoever asks for a code gets one answer, whether receipt and number belong together or not. Whoever
gives a code that opens nothing gets one answer too, whatever is wrong with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, Self

from shared.domain.account import Tenant
from shared.domain.charge import PUBLIC_STATUS, ChargeStatus
from shared.domain.customer import (
    ASKED_BY_AN_ADDRESS,
    SESSION_LASTS,
    Challenge,
    Customer,
    address_hmac,
    code_hmac,
    is_code,
    is_token,
    new_token,
    token_hash,
)
from shared.domain.errors import InvalidRequest, NotAuthenticated, NotFound, TooManyRequests
from shared.domain.ids import is_id
from shared.domain.notification import Kind, Notification, Recipient
from shared.domain.phone import PhoneNumber
from shared.domain.receipt import is_receipt_code
from shared.operations.lists import Page, PageOf, refuse_unknown
from shared.operations.objects import list_object, unix_seconds

LARGEST_PAGE: Final = 20
PAYMENTS_URL: Final = "/v1/customer/payments"
_PAGE_PARAMS: Final = frozenset({"limit", "starting_after"})
_LONGEST: Final = 100
_BEARER: Final = "bearer"


@dataclass(frozen=True, slots=True)
class Payment:
    """What a payer sees of one of her payments; `amount` in whole XAF, as stored."""

    id: str
    amount: int
    status: ChargeStatus
    created_at: datetime
    merchant: str
    receipt_code: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What is stored of a challenge; without `number_hmac` no code of it will ever be right."""

    challenge: Challenge
    number_hmac: str | None
    livemode: bool
    code_hmac: str
    notice: Notification


class CustomerStore(Protocol):
    """What is kept of payers; each call is one transaction."""

    def count_address(self, address: str, *, now: datetime) -> bool:
        """Count a request of an address, by its HMAC; False where it had too many."""

    def find_receipt(self, code: str, number_hmac: str) -> Tenant | None:
        """Return whose receipt this is, or None unless this very number paid for it."""

    def add_challenge(self, proof: Proof) -> bool:
        """Store it and have the code sent; False where there is none to send or too many were."""

    def open_session(
        self, challenge: str, code_hmac: str, token_hash: str, *, now: datetime, until: datetime
    ) -> bool:
        """Count a guess, and open a session if it is right: one for a challenge, ever."""

    def end_session(self, token_hash: str, *, now: datetime) -> None:
        """End a session."""

    def find_session(self, token_hash: str, *, now: datetime) -> Customer | None:
        """Return whose session it is, or None where it is none or over."""

    def find_payment(self, customer: Customer, payment_id: str) -> Payment | None:
        """Return one of her payments, or None."""

    def list_payments(
        self, customer: Customer, *, limit: int, starting_after: str | None
    ) -> PageOf[Payment]:
        """Return a page of her payments, newest first."""


@dataclass(frozen=True, slots=True)
class Proving:
    """What proving a number needs: time, the caller's address, keys and what seals for a row."""

    now: datetime
    address: str
    language: str
    number_key: bytes
    seal: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class CreateChallenge:
    """A well-formed wish to prove a number."""

    receipt_code: str
    phone: PhoneNumber

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault.

        A code is read as people type it: in any case, with spaces and hyphens.
        """
        refuse_unknown(body, {"receipt_code", "phone"})
        code = "".join(_text(body, "receipt_code").replace("-", " ").split()).lower()
        if not is_receipt_code(code):
            raise InvalidRequest("parameter_invalid", "receipt_code")
        try:
            return cls(code, PhoneNumber.parse("".join(_text(body, "phone").split())))
        except InvalidRequest as refusal:
            raise InvalidRequest(refusal.code, "phone") from None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A challenge and the code that a phone showed."""

    challenge: str
    code: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"challenge", "code"})
        challenge, code = _text(body, "challenge"), "".join(_text(body, "code").split())
        if not is_id(challenge, "cch"):
            raise InvalidRequest("parameter_invalid", "challenge")
        if not is_code(code):
            raise InvalidRequest("parameter_invalid", "code")
        return cls(challenge, code)


def create_challenge(
    command: CreateChallenge, store: CustomerStore, how: Proving
) -> tuple[dict[str, Any], bool]:
    """Return the answer, which says nothing of what was found; and whether a code is on its way.

    Raises TooManyRequests for the address alone.
    """
    _count(store, how)
    hashed = command.phone.keyed(how.number_key)
    tenant = store.find_receipt(command.receipt_code, hashed)
    challenge = Challenge.generate(how.now)
    notice = Notification.of(
        Kind.SIGN_IN_CODE,
        tenant.account if tenant else "",
        {},
        livemode=tenant is not None and tenant.livemode,
        now=how.now,
        to=Recipient(command.phone.e164, how.language),
        secret=challenge.code,
        seal=how.seal,
    )
    proof = Proof(
        challenge,
        hashed if tenant else None,
        notice.livemode,
        code_hmac(challenge.id, challenge.code, how.number_key),
        notice,
    )
    is_sent = store.add_challenge(proof)
    answer = {
        "id": challenge.id,
        "object": "customer_challenge",
        "created": unix_seconds(challenge.created_at),
        "expires_at": unix_seconds(challenge.expires_at),
    }
    return answer, is_sent


def open_session(command: OpenSession, store: CustomerStore, how: Proving) -> dict[str, Any]:
    """Return a token for half an hour. Raises InvalidRequest `customer_code_invalid`."""
    _count(store, how)
    token, until = new_token(), how.now + SESSION_LASTS
    is_right = store.open_session(
        command.challenge,
        code_hmac(command.challenge, command.code, how.number_key),
        token_hash(token),
        now=how.now,
        until=until,
    )
    if not is_right:
        raise InvalidRequest("customer_code_invalid", "code")
    return {
        "object": "customer_session",
        "token": token,
        "created": unix_seconds(how.now),
        "expires_at": unix_seconds(until),
    }


def recognise(authorization: str | None, store: CustomerStore, *, now: datetime) -> Customer:
    """Return whose token a header holds. Raises NotAuthenticated."""
    token = read_token(authorization)
    found = None if token is None else store.find_session(token_hash(token), now=now)
    if found is None:
        raise NotAuthenticated("token_invalid")
    return found


def end_session(authorization: str | None, store: CustomerStore, *, now: datetime) -> None:
    """End the session of a header's token; it opens nothing from here on."""
    token = read_token(authorization)
    if token is not None:
        store.end_session(token_hash(token), now=now)


def read_token(authorization: str | None) -> str | None:
    """Return the customer's token of a Bearer header, or None."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == _BEARER and is_token(token) else None


def list_payments(
    query: Mapping[str, str], customer: Customer, store: CustomerStore, *, base_url: str
) -> dict[str, Any]:
    """Return a page of her payments, 20 at most. Raises InvalidRequest."""
    refuse_unknown(query, _PAGE_PARAMS)
    page = Page.parse(query, "ch", largest=LARGEST_PAGE)
    found = store.list_payments(customer, limit=page.limit, starting_after=page.starting_after)
    data = [payment_object(each, customer, base_url=base_url) for each in found.items]
    return list_object(PAYMENTS_URL, data, has_more=found.has_more)


def read_payment(
    payment_id: str, customer: Customer, store: CustomerStore, *, base_url: str
) -> dict[str, Any]:
    """Return one of her payments. Raises NotFound, for another's as for none."""
    found = store.find_payment(customer, payment_id) if is_id(payment_id, "ch") else None
    if found is None:
        raise NotFound("resource_missing", "id")
    return payment_object(found, customer, base_url=base_url)


def payment_object(payment: Payment, customer: Customer, *, base_url: str) -> dict[str, Any]:
    """Return a payment as its payer sees it; the receipt's page is there as soon as it is paid."""
    code = payment.receipt_code
    return {
        "id": payment.id,
        "object": "customer_payment",
        "merchant": payment.merchant,
        "amount": payment.amount,
        "currency": "xaf",
        "status": PUBLIC_STATUS[payment.status],
        "receipt_url": None if code is None else f"{base_url}/verify/{code}",
        "created": unix_seconds(payment.created_at),
        "livemode": customer.livemode,
    }


def _count(store: CustomerStore, how: Proving) -> None:
    if not store.count_address(address_hmac(how.address, how.number_key), now=how.now):
        wait = int(ASKED_BY_AN_ADDRESS.span.total_seconds())
        raise TooManyRequests("rate_limited", retry_after_seconds=wait)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        raise InvalidRequest("parameter_missing", name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise InvalidRequest("parameter_invalid", name)
    return value
