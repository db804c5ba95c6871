"""Wires the press, the locked store and the public page of receipts."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from shared.db.refunds import Refunds
from shared.domain.account import Tenant
from shared.domain.charge import Charge
from shared.domain.errors import Unavailable
from shared.domain.money import Money
from shared.domain.receipt import RETENTION_DAYS, Receipt, is_receipt_code, language_of
from shared.operations.ports import StoredObject, StoreDownError
from shared.operations.render_receipt import Printing
from shared.runtime import documents, locked, logs, wiring
from shared.runtime.crash import reached
from shared.runtime.documents import PaymentState, VerifyView
from shared.runtime.settings import settings

_FUNCTIONS: Final = Path(__file__).parents[2] / "functions"
TEMPLATE: Final = _FUNCTIONS / "render_receipt" / "templates" / "receipt.typ"
PAGES: Final = _FUNCTIONS / "verify_receipt" / "templates"


@dataclass(frozen=True, slots=True)
class StatusPage:
    """A page of HTML and its HTTP status."""

    status: int
    html: str
    headers: tuple[tuple[str, str], ...]


def _press(receipt: Receipt, verify_url: str) -> bytes:
    return documents.render_receipt_pdf(receipt, verify_url=verify_url, template=TEMPLATE)


def printing(tenant: Tenant) -> Printing:
    """Return what printing a receipt of this tenant needs."""
    return Printing(
        profile=wiring.profile(tenant.account),
        press=_press,
        base_url=settings().public_base_url,
        retention_days=settings().retention_days or RETENTION_DAYS,
        now=wiring.now,
        reached=reached,
    )


def _charge_of(code: str) -> tuple[Tenant, Charge] | None:
    known = wiring.directory().find_public_code(code) if is_receipt_code(code) else None
    if known is None:
        return None
    tenant, charge_id = known
    charge = wiring.charges(tenant).find(charge_id)
    return None if charge is None or charge.receipt_code != code else (tenant, charge)


def stored_receipt(code: str) -> tuple[str, StoredObject] | None:
    """Return a receipt's number and where its bytes lie, None for a wrong code or before it is."""
    found = _charge_of(code)
    if found is None or found[1].receipt_number is None:
        return None
    stored = wiring.receipts(found[0]).find_stored(found[1].id)
    return None if stored is None else (found[1].receipt_number, stored)


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
    found = _charge_of(code)
    if found is None or found[1].succeeded_at is None:
        page = documents.render_not_found_page(language, templates=PAGES)
        return StatusPage(404, page.html, page.headers)
    tenant, charge = found
    profile = wiring.profile(tenant.account)
    receipt = Receipt.of(charge, account_name=profile.name, language=language_of(profile.language))
    refunded = _given_back(charge, tenant)
    view = VerifyView(
        number=receipt.number,
        account_name=receipt.account_name,
        money=receipt.money,
        refunded=refunded,
        operator_name=receipt.operator_name,
        paid_at=receipt.paid_at,
        state=_state(charge, refunded),
        livemode=charge.livemode,
    )
    stored = wiring.receipts(tenant).find_stored(charge.id)
    if stored is not None:
        url = f"{settings().public_base_url}/verify/{code}.pdf"
        view = replace(view, sha256=stored.sha256, pdf_url=url)
    page = documents.render_verify_page(view, language, templates=PAGES)
    return StatusPage(200, page.html, page.headers)


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


def _state(charge: Charge, refunded: Money) -> PaymentState:
    if charge.amount_reversed >= charge.money.amount:
        return PaymentState.REVERSED
    if refunded.amount == 0:
        return PaymentState.PAID
    if refunded == charge.money:
        return PaymentState.REFUNDED
    return PaymentState.PARTLY_REFUNDED
