"""Wires the door for payers: to a merchant's page, to the operator's, and back from there."""

from typing import Final

from shared.domain.account import Tenant
from shared.domain.charge import Charge, ChargeStatus
from shared.domain.ids import is_id
from shared.runtime import documents, pages, payer_pages, payer_status, wiring
from shared.runtime.documents import CheckoutView
from shared.runtime.payer_step import PAGES, Step

_UNSHOWN: Final = frozenset({ChargeStatus.CREATED, ChargeStatus.SUBMITTING})


def enter(asked_id: str, *, accept_language: str | None, asked: str | None) -> Step:
    """Show a merchant's page, or how a charge goes; lead to the operator's page while it waits."""
    if not is_id(asked_id, "ch"):
        return payer_pages.show(asked_id, accept_language=accept_language, asked=asked)
    language = documents.page_language(accept_language, asked)
    found = _find(asked_id)
    if found is None:
        return Step.unknown(language)
    tenant, charge = found
    if charge.page is not None:
        return payer_status.show(tenant, charge, accept_language=accept_language, asked=asked)
    url = pages.shown_url(tenant, charge)
    if url is not None:
        return Step.to(url)
    profile = wiring.profile(tenant.account)
    view = CheckoutView(
        merchant=profile.name,
        money=charge.money,
        is_paid=charge.status is ChargeStatus.SUCCEEDED,
        return_url=charge.return_url,
        livemode=charge.livemode,
    )
    return Step.of(documents.render_checkout_page(view, language, templates=PAGES))


def leave(charge_id: str, *, accept_language: str | None) -> Step:
    """Lead back to the merchant; what became of the payment is told by events.

    Whoever began it on a page of ours is shown there how it goes.
    """
    found = _find(charge_id)
    if found is not None and found[1].page is not None:
        return payer_status.show(
            *found, accept_language=accept_language, asked=None, has_been_elsewhere=True
        )
    if found is None or found[1].return_url is None:
        return Step.unknown(documents.page_language(accept_language))
    return Step.to(found[1].return_url)


def _find(charge_id: str) -> tuple[Tenant, Charge] | None:
    """Return a charge whose page was shown to its payer; ids of others are unknown here."""
    known = wiring.directory().find_public_code(charge_id)
    if known is None:
        return None
    tenant, object_id = known
    charge = wiring.charges(tenant).find(object_id)
    if charge is None or charge.id != charge_id:
        return None
    if charge.page is not None:
        return tenant, charge
    return (tenant, charge) if charge.pays_on_page and charge.status not in _UNSHOWN else None
