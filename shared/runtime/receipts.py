"""Wires the press, the locked store and the public page of receipts."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from shared.db.payouts import Payouts
from shared.db.refunds import Refunds
from shared.domain.account import Tenant
from shared.domain.charge import Charge
from shared.domain.errors import Unavailable
from shared.domain.ids import is_id
from shared.domain.invoice import Invoice
from shared.domain.money import Money
from shared.domain.outgoing import Outgoing
from shared.domain.payout import Payout
from shared.domain.receipt import (
    RETENTION_DAYS,
    NotPaidError,
    Paper,
    Receipt,
    is_receipt_code,
    language_of,
)
from shared.domain.receipt_look import Logo, PrintedAs
from shared.operations.ports import ObjectMissingError, StoredObject, StoreDownError
from shared.operations.render_receipt import Payments, Printing
from shared.runtime import documents, invoices, locked, logs, wiring
from shared.runtime.crash import reached
from shared.runtime.documents import PaymentState, VerifyView
from shared.runtime.settings import settings

_FUNCTIONS: Final = Path(__file__).parents[2] / "functions"
TEMPLATE: Final = _FUNCTIONS / "render_receipt" / "templates" / "receipt.typ"
_LOGOS: Final = 16
"""Kept in the process, 8 MB at most."""
PAGES: Final = _FUNCTIONS / "verify_receipt" / "templates"
PAYERS_PAGE: Final = "/dashboard/my"


@dataclass(frozen=True, slots=True)
class StatusPage:
    """A page of HTML and its HTTP status."""

    status: int
    html: str
    headers: tuple[tuple[str, str], ...]


def _press(receipt: Receipt, verify_url: str, logo: bytes | None) -> bytes:
    return documents.render_receipt_pdf(
        receipt, verify_url=verify_url, template=TEMPLATE, logo=logo
    )


@lru_cache(maxsize=_LOGOS)
def _logo(logo: Logo) -> bytes:
    """Return the bytes of a logo, which never change. Raises StoreDownError."""
    content = locked.store().get(logo.object_key, logo.version_id)
    if hashlib.sha256(content).hexdigest() != logo.sha256:
        logs.error("logo_damaged", object_id=logo.file)
        raise ObjectMissingError(logo.object_key)
    return content


def _printed(tenant: Tenant) -> PrintedAs:
    found = wiring.directory().find_printed(tenant)
    if found is None:
        raise LookupError(tenant.account)
    return found


def printing(tenant: Tenant) -> Printing:
    """Return what printing a receipt of this tenant needs."""
    return Printing(
        printed=_printed(tenant),
        logo=_logo,
        press=_press,
        base_url=settings().public_base_url,
        retention_days=settings().retention_days or RETENTION_DAYS,
        now=wiring.clock_of(tenant),
        locked_at=wiring.now,
        reached=reached,
    )


class _Payments:
    """Payments of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def charge(self, object_id: str) -> Charge | None:
        """Return the charge, or None."""
        return wiring.charges(self._tenant).find(object_id)

    def outgoing(self, object_id: str) -> Outgoing | None:
        """Return the refund or payout, or None."""
        if is_id(object_id, "po"):
            return Payouts(wiring.app_database(), self._tenant).find(object_id)
        return Refunds(wiring.app_database(), self._tenant).find(object_id)


def payments(tenant: Tenant) -> Payments:
    """Return where a tenant's payments are found."""
    return _Payments(tenant)


Proven = Charge | Outgoing | Invoice
"""What a public code can be of."""


def _proven_by(code: str) -> tuple[Tenant, Proven] | None:
    known = wiring.directory().find_public_code(code) if is_receipt_code(code) else None
    if known is None:
        return None
    tenant, object_id = known
    found: Proven | None
    if is_id(object_id, "in"):
        found = invoices.invoices(tenant).find(object_id)
    elif is_id(object_id, "ch"):
        found = payments(tenant).charge(object_id)
    else:
        found = payments(tenant).outgoing(object_id)
    return None if found is None or _code_of(found) != code else (tenant, found)


def _code_of(found: Proven) -> str | None:
    return found.code if isinstance(found, Invoice) else found.receipt_code


def _stored(tenant: Tenant, found: Proven) -> StoredObject | None:
    if isinstance(found, Invoice):
        return invoices.invoices(tenant).find_stored(found.id)
    return wiring.receipts(tenant).find_stored(found.id)


def stored_receipt(code: str) -> tuple[str, StoredObject] | None:
    """Return a paper's number and where its bytes lie, None for a wrong code or before it is."""
    proven = _proven_by(code)
    if proven is None:
        return None
    tenant, found = proven
    number = found.number if isinstance(found, Invoice) else found.receipt_number
    stored = None if number is None else _stored(tenant, found)
    return None if number is None or stored is None else (number, stored)


def read_stored(stored: StoredObject) -> bytes:
    """Return the bytes of a receipt as they were written. Raises Unavailable."""
    try:
        body = locked.store().get(stored.key, stored.version_id)
    except StoreDownError as failure:
        logs.warning("receipt_unreadable", reason=str(failure))
        raise Unavailable("temporarily_unavailable", retry_after_seconds=10) from failure
    if hashlib.sha256(body).hexdigest() != stored.sha256:
        logs.error("receipt_damaged", object_id=stored.key)
        raise Unavailable("receipt_damaged", retry_after_seconds=60)
    return body


def verify_page(code: str, *, accept_language: str | None, asked: str | None) -> StatusPage:
    """Return the public page about a receipt; an unknown code gets a page too, with 404."""
    language = documents.page_language(accept_language, asked)
    proven = _proven_by(code)
    view = None if proven is None else _view(*proven)
    if proven is None or view is None:
        page = documents.render_not_found_page(language, templates=PAGES)
        return StatusPage(404, page.html, page.headers)
    if view.paper is Paper.CHARGE:
        # Behind `#`, so that no server is told on the way.
        view = replace(view, payers_url=f"{settings().public_base_url}{PAYERS_PAGE}#{code}")
    stored = _stored(*proven)
    if stored is not None:
        url = f"{settings().public_base_url}/verify/{code}.pdf"
        view = replace(view, sha256=stored.sha256, pdf_url=url)
    page = documents.render_verify_page(view, language, templates=PAGES)
    return StatusPage(200, page.html, page.headers)


def _view(tenant: Tenant, payment: Proven) -> VerifyView | None:
    """Return what the page says of a payment as it is now; None for what was not paid."""
    if isinstance(payment, Invoice):
        return VerifyView(
            number=payment.number,
            account_name=payment.account_name,
            money=Money(payment.total),
            refunded=Money(0),
            operator_name=None,
            paid_at=payment.created_at,
            state=PaymentState.PAID,
            livemode=payment.livemode,
            paper=Paper.INVOICE,
        )
    profile = wiring.profile(tenant.account)
    language = language_of(profile.language)
    try:
        if isinstance(payment, Charge):
            receipt = Receipt.of(payment, account_name=profile.name, language=language)
            refunded = _given_back(payment, tenant)
            state = _state(payment, refunded)
        else:
            receipt = Receipt.of_outgoing(payment, account_name=profile.name, language=language)
            refunded, state = _came_back(payment)
    except NotPaidError:
        return None
    return VerifyView(
        number=receipt.number,
        account_name=receipt.account_name,
        money=receipt.money,
        refunded=refunded,
        operator_name=receipt.operator_name,
        paid_at=receipt.paid_at,
        state=state,
        livemode=receipt.livemode,
        paper=receipt.paper,
    )


def _given_back(charge: Charge, tenant: Tenant) -> Money:
    """Return what has gone back by the operator's own word; what is on its way has not.

    What the operator took back went to the payer too, at most all that she paid.
    """
    under_way = 0
    if charge.amount_refunded:
        under_way = Refunds(wiring.app_database(), tenant).under_way(charge.id)
    refunded = max(0, charge.amount_refunded - under_way)
    back = min(charge.money.amount, refunded + charge.amount_reversed)
    return Money(back, charge.money.currency)


def _came_back(outgoing: Outgoing) -> tuple[Money, PaymentState]:
    """Return what of a payout came back after it was paid, and what that makes of it."""
    back = outgoing.amount_returned if isinstance(outgoing, Payout) else 0
    state = PaymentState.PARTLY_REFUNDED if back else PaymentState.PAID
    if back >= outgoing.money.amount:
        state = PaymentState.REVERSED
    return Money(back, outgoing.money.currency), state


def _state(charge: Charge, refunded: Money) -> PaymentState:
    if charge.amount_reversed >= charge.money.amount:
        return PaymentState.REVERSED
    if refunded.amount == 0:
        return PaymentState.PAID
    if refunded == charge.money:
        return PaymentState.REFUNDED
    return PaymentState.PARTLY_REFUNDED
