"""Wires automatic settlement: its rules, whose number is sealed, and the payouts it makes."""

from shared.db.settlements import Settlements
from shared.domain.account import Caller, Tenant
from shared.domain.people import Duty
from shared.domain.permissions import PERSON
from shared.domain.settlement import SettlementRule
from shared.operations.create_settlement import Settling
from shared.runtime import notice_secrets, payouts, wiring
from shared.runtime.crash import reached


def store(tenant: Tenant) -> Settlements:
    """Return a tenant's settlement rule."""
    return Settlements(
        wiring.app_database(),
        tenant,
        seal=notice_secrets.seal,
        unseal=notice_secrets.open_sealed,
    )


def _owner(rule: SettlementRule) -> Caller | None:
    """Return who set a rule as she would call now; None once she is no owner any more."""
    tenant = Tenant(rule.account, rule.livemode)
    known = wiring.directory().find_member((rule.set_by, tenant))
    if known is None or known.member.duty is not Duty.OWNER:
        return None
    return Caller(
        tenant=tenant,
        key_id="",
        kind=PERSON,
        scopes=frozenset(),
        language=known.language,
        charges_enabled=known.charges_enabled,
        suspended=known.suspended,
        active=known.active,
        member=known.member,
        payouts_enabled=known.payouts_enabled,
    )


def settling(tenant: Tenant) -> Settling:
    """Return what a settlement needs."""
    return Settling(
        payouts=payouts.payouts(tenant),
        balances=wiring.reading(tenant).balances,
        terms_of=lambda operator: payouts.payout_terms(operator, tenant),
        owner_of=_owner,
        now=wiring.clock_of(tenant),
        reached=reached,
    )
