"""Joins the ports of batches of payouts to the real parts."""

from shared.db.batch_reading import BatchReading
from shared.db.batches import Batches
from shared.domain.account import Tenant
from shared.domain.events import Message
from shared.operations.release_batch import release_batch
from shared.runtime import payouts, wiring
from shared.runtime.crash import reached


def batches(tenant: Tenant) -> Batches:
    """Return a tenant's batches of payouts."""
    return Batches(wiring.app_database(), tenant)


def batch_reading(tenant: Tenant) -> BatchReading:
    """Return what a tenant may read of them."""
    return BatchReading(wiring.app_database(), tenant)


def release(message: Message) -> str:
    """Have a batch's next lines sent, or end it; return a word for the log."""
    tenant = wiring.tenant_of(message)
    return release_batch(
        message,
        store=batches(tenant),
        may_go_out=payouts.may_go_out,
        now=wiring.clock_of(tenant),
        reached=reached,
    )
