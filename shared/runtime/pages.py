"""Wires the pages on which payers pay: their keys are sealed by a key that few functions have."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.db.pages import Pages
from shared.domain.account import Tenant
from shared.domain.charge import Charge, ChargeStatus
from shared.operations.page_ports import Page
from shared.runtime import wiring

if TYPE_CHECKING:
    from shared.runtime.sealing import Sealer


def store(tenant: Tenant) -> Pages:
    """Return the pages of a tenant's charges."""
    return Pages(
        wiring.app_database(),
        tenant,
        seal=lambda text, row_id: _sealer().seal(text, row_id),
        unseal=lambda text, row_id: _sealer().open(text, row_id),
    )


def of_charge(charge: Charge) -> Sequence[Page]:
    """Return the pages that were made for a charge."""
    return store(Tenant(charge.account, charge.livemode)).pages(charge.id)


def shown_url(tenant: Tenant, charge: Charge) -> str | None:
    """Return the operator's page that a charge waits on, None where it waits on none."""
    if charge.status is not ChargeStatus.REQUIRES_ACTION:
        return None
    shown = [page for page in store(tenant).pages(charge.id) if page.is_shown]
    return shown[-1].keys.url if shown else None


def _sealer() -> "Sealer":
    from shared.runtime.sealing import Sealer  # noqa: PLC0415 - a prompt's first sending needs none

    return Sealer(wiring.key_bytes("page_sealing_key"))
