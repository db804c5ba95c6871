"""Shows how a payment goes that was begun on a merchant's page, to whoever has its address."""

from datetime import datetime, timedelta
from typing import Final

from shared.domain.account import Tenant
from shared.domain.charge import FINAL, Charge, ChargeStatus
from shared.domain.language import text
from shared.domain.payment_page import PaymentPage
from shared.domain.receipt import Language
from shared.runtime import documents, pages, payment_pages, wiring
from shared.runtime.payer_documents import StatusView, render_status_page
from shared.runtime.payer_step import Step
from shared.runtime.settings import settings

# A payer answers in the first minutes or not at all; what nobody knows takes longer.
_REFRESHES: Final = (
    (timedelta(minutes=2), 3),
    (timedelta(minutes=15), 10),
    (timedelta(hours=24), 60),
)


def page_language(
    page: PaymentPage | None, accept_language: str | None, asked: str | None
) -> Language:
    """Choose what is asked for, else what the merchant wants, else the payer's own."""
    wanted = asked if asked in {"fr", "en"} or page is None else page.language
    return documents.page_language(accept_language, wanted)


def show(
    tenant: Tenant,
    charge: Charge,
    *,
    accept_language: str | None,
    asked: str | None,
    has_been_elsewhere: bool = False,
) -> Step:
    """Show how a charge goes; nothing of who pays but her masked number.

    A payer who has not been at the operator's page yet is led there by a page, since browsers let
    no form lead there at once.
    """
    page = None if charge.page is None else payment_pages.store(tenant).find(charge.page)
    now, language = wiring.time_of(tenant), page_language(page, accept_language, asked)
    elsewhere = None if has_been_elsewhere else pages.shown_url(tenant, charge)
    view = StatusView(
        merchant=wiring.profile(tenant.account).name,
        money=charge.money,
        state=_state(charge, elsewhere),
        livemode=charge.livemode,
        operator=charge.operator,
        phone=None if charge.phone is None else charge.phone.masked,
        failure=None if charge.failure_code is None else text(charge.failure_code, language),
        receipt_url=_receipt_url(charge),
        success_url=None if page is None else page.success_url,
        again_url=_again_url(page, charge, now, language),
        elsewhere_url=elsewhere,
        refresh_seconds=_refresh_seconds(charge, now) if elsewhere is None else None,
    )
    return Step.of(render_status_page(view, language))


def _state(charge: Charge, elsewhere: str | None) -> str:
    if charge.status is ChargeStatus.SUCCEEDED:
        return "paid"
    if charge.status in FINAL:
        return "failed"
    return "waiting" if elsewhere is None else "elsewhere"


def _receipt_url(charge: Charge) -> str | None:
    code = charge.receipt_code
    return None if code is None else f"{settings().public_base_url}/verify/{code}"


def _again_url(
    page: PaymentPage | None, charge: Charge, now: datetime, language: Language
) -> str | None:
    if page is None or charge.status not in FINAL - {ChargeStatus.SUCCEEDED}:
        return None
    return f"/pay/{page.id}?language={language}" if page.takes_payment(now) else None


def _refresh_seconds(charge: Charge, now: datetime) -> int | None:
    if charge.status in FINAL:
        return None
    age = now - charge.created_at
    return next((seconds for until, seconds in _REFRESHES if age < until), None)
