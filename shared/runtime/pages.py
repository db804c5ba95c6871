"""Wires the pages on which payers pay: their keys are sealed by a key that few functions have."""

from collections.abc import Sequence

from shared.db.pages import Pages
from shared.domain.account import Tenant
from shared.domain.charge import Charge
from shared.operations.page_ports import Page
from shared.runtime import wiring
from shared.runtime.sealing import Sealer


def store(tenant: Tenant) -> Pages:
    """Return the pages of a tenant's charges."""
    sealer = Sealer(wiring.key_bytes("page_sealing_key"))
    return Pages(wiring.app_database(), tenant, seal=sealer.seal, unseal=sealer.open)


def of_charge(charge: Charge) -> Sequence[Page]:
    """Return the pages that were made for a charge."""
    return store(Tenant(charge.account, charge.livemode)).pages(charge.id)
