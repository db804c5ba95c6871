"""Joins what late payments need to the real parts."""

from shared.db.late_payments import LatePayments
from shared.domain.account import Tenant
from shared.operations.late_payments import LateTerms
from shared.runtime import payouts, wiring
from shared.runtime.crash import reached
from shared.runtime.settings import settings


def terms(
    tenant: Tenant,
    *,
    language: str | None = None,
    request_id: str | None = None,
    traceparent: str | None = None,
) -> LateTerms:
    """Return what deciding about a tenant's late payments needs."""
    return LateTerms(
        store=LatePayments(wiring.app_database(), tenant),
        charges_of=wiring.charges(tenant),
        paying_of=lambda charge: payouts.paying_of(charge, tenant),
        rules=wiring.rules(tenant),
        base_url=settings().public_base_url,
        language=language or wiring.profile(tenant.account).language,
        now=wiring.time_of(tenant),
        reached=reached,
        request_id=request_id,
        traceparent=traceparent,
    )
