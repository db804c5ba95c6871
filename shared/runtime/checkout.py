"""Wires the door for payers who are sent to an operator's page: ids are all they show."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.domain.account import Tenant
from shared.domain.charge import Charge, ChargeStatus
from shared.domain.receipt import Language
from shared.runtime import documents, pages, wiring
from shared.runtime.documents import CheckoutView

PAGES: Final = Path(__file__).parents[2] / "functions" / "serve_checkout" / "templates"
_UNSHOWN: Final = frozenset({ChargeStatus.CREATED, ChargeStatus.SUBMITTING})
# An address that leads on is nobody else's to keep.
_ON: Final = (("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"))


@dataclass(frozen=True, slots=True)
class Step:
    """What a payer gets: a page of ours, or an empty one that leads on."""

    status: int
    html: str
    headers: tuple[tuple[str, str], ...]


def enter(charge_id: str, *, accept_language: str | None, asked: str | None) -> Step:
    """Lead to the operator's page while the charge waits for it, else say how it ended."""
    language = documents.page_language(accept_language, asked)
    found = _find(charge_id)
    if found is None:
        return _unknown(language)
    tenant, charge = found
    if charge.status is ChargeStatus.REQUIRES_ACTION:
        shown = [page for page in pages.store(tenant).pages(charge.id) if page.is_shown]
        if shown:
            return _to(shown[-1].keys.url)
    profile = wiring.profile(tenant.account)
    view = CheckoutView(
        merchant=profile.name,
        money=charge.money,
        is_paid=charge.status is ChargeStatus.SUCCEEDED,
        return_url=charge.return_url,
        livemode=charge.livemode,
    )
    page = documents.render_checkout_page(view, language, templates=PAGES)
    return Step(200, page.html, page.headers)


def leave(charge_id: str, *, accept_language: str | None) -> Step:
    """Lead back to the merchant; what became of the payment is told by events."""
    found = _find(charge_id)
    if found is None or found[1].return_url is None:
        return _unknown(documents.page_language(accept_language))
    return _to(found[1].return_url)


def _find(charge_id: str) -> tuple[Tenant, Charge] | None:
    """Return a charge whose page was shown to its payer; ids of others are unknown here."""
    known = wiring.directory().find_public_code(charge_id)
    if known is None:
        return None
    tenant, object_id = known
    charge = wiring.charges(tenant).find(object_id)
    if charge is None or charge.id != charge_id or charge.status in _UNSHOWN:
        return None
    return (tenant, charge) if charge.pays_on_page else None


def _unknown(language: Language) -> Step:
    page = documents.render_not_found_page(language, templates=PAGES)
    return Step(404, page.html, page.headers)


def _to(url: str) -> Step:
    return Step(302, "", (("Location", url), *_ON))
