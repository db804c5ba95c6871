"""Joins the ports of money that goes out to the real parts, each made at its first use."""

from time import monotonic, sleep

from shared.db.refunds import Refunds
from shared.domain.account import OperatorAccount, Tenant
from shared.domain.charge import Charge
from shared.domain.receipt import RETENTION_DAYS
from shared.operations.create_refund import RefundTerms
from shared.operations.settle_payout import PayoutSettlement
from shared.operations.submit_payout import PayoutSubmission
from shared.runtime import metrics, wiring
from shared.runtime.crash import reached
from shared.runtime.lasting_cache import LastingCache
from shared.runtime.once import once
from shared.runtime.payout_operators import PAYING_PRODUCT, PayoutOperators
from shared.runtime.settings import require, secret, settings
from shared.runtime.short_cache import ShortCache


def refunds(tenant: Tenant) -> Refunds:
    """Return a tenant's refunds."""
    return Refunds(wiring.app_database(), tenant)


@once
def _paying() -> LastingCache[tuple[str, str, Tenant], OperatorAccount]:
    def load(key: tuple[str, str, Tenant]) -> OperatorAccount | None:
        return wiring.directory().find_partner(key[0], product=key[1])

    return LastingCache(load, wiring.touches(), account_of=lambda key, _: key[2].account)


def terms(tenant: Tenant) -> RefundTerms:
    """Return by which accounts of operators a tenant's refunds are paid."""

    def paying_of(charge: Charge) -> OperatorAccount | None:
        product = PAYING_PRODUCT.get(charge.operator)
        if product is None:
            return None
        return _paying().get((charge.operator_account, product, tenant))

    return RefundTerms(paying_of, wiring.kept_key("intent_key"))


@once
def operators() -> PayoutOperators:
    """Return the adapters through which money goes out."""
    contracts = ShortCache(
        wiring.directory().read_operator_account, seconds=wiring.CONTRACT_SECONDS
    )

    def find(operator_account: str) -> OperatorAccount:
        found = contracts.get(operator_account)
        if found is None:
            raise LookupError(operator_account)
        return found

    return PayoutOperators(
        find=find,
        secret=secret,
        clock=wiring.now,
        on_exchange=metrics.observe_exchange,
        gate=wiring.gate(),
    )


def submission(tenant: Tenant) -> PayoutSubmission:
    """Return what a submission needs."""
    return PayoutSubmission(
        callback_base_url=require(settings().callback_base_url, "CALLBACK_BASE_URL"),
        callback_token_key=wiring.key_bytes("callback_token_key"),
        number_key=wiring.key_bytes("number_key"),
        language=wiring.profile(tenant.account).language,
        retention_days=settings().retention_days or RETENTION_DAYS,
        now=wiring.now,
        monotonic=monotonic,
        sleep=sleep,
        reached=reached,
    )


def settlement(tenant: Tenant) -> PayoutSettlement:
    """Return what a settlement needs."""
    return PayoutSettlement(
        base_url=settings().public_base_url,
        language=wiring.profile(tenant.account).language,
        charge_of=wiring.charges(tenant).find,
        now=wiring.now,
        monotonic=monotonic,
        reached=reached,
    )
