"""Wires a tenant's customers."""

from shared.db.merchant_customers import MerchantCustomers
from shared.domain.account import Tenant
from shared.runtime import wiring


def store(tenant: Tenant) -> MerchantCustomers:
    """Return a tenant's customers."""
    return MerchantCustomers(wiring.app_database(), tenant)
