"""Wires checkouts and payment links to the database."""

from shared.db.payment_pages import PageCharges, PaymentPages
from shared.domain.account import Tenant
from shared.domain.phone import Operator
from shared.operations.payment_page_orders import Bounds
from shared.runtime import charging, wiring


def store(tenant: Tenant) -> PaymentPages:
    """Return a tenant's checkouts and payment links."""
    return PaymentPages(wiring.app_database(), tenant)


def charges(tenant: Tenant, page_id: str) -> PageCharges:
    """Return the charges that are begun on a page."""
    return PageCharges(wiring.app_database(), tenant, page_id)


def bounds(tenant: Tenant) -> Bounds:
    """Return the least and the most that any operator takes of a tenant's payers at once."""
    found = [charging.offer(operator, tenant).limits for operator in Operator]
    limits = [each for each in found if each is not None]
    if not limits:
        return Bounds()
    return Bounds(min(each.minimum for each in limits), max(each.maximum for each in limits))
