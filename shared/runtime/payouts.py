"""Joins the ports of money that goes out to the real parts, each made at its first use."""

from collections.abc import Mapping

from shared.db.details import PayoutDetails, RefundDetails
from shared.db.outgoing import OutgoingRows
from shared.db.payouts import Payouts
from shared.db.refunds import Refunds
from shared.domain.account import PAYING, Limits, OperatorAccount, Outlet, Tenant
from shared.domain.charge import Charge
from shared.domain.fees import Levied
from shared.domain.ids import is_id
from shared.domain.ledger import owed
from shared.domain.money import Money
from shared.domain.outgoing import Outgoing
from shared.domain.payout import Payout
from shared.domain.payout_batch import PayoutBatch
from shared.domain.phone import Operator
from shared.domain.receipt import RETENTION_DAYS
from shared.domain.refund import Refund
from shared.operations.create_payout import PayoutTerms
from shared.operations.create_refund import RefundTerms
from shared.operations.taken_back import TakenBack
from shared.runtime import locked, wiring
from shared.runtime.lasting_cache import LastingCache
from shared.runtime.once import once
from shared.runtime.settings import settings
from shared.runtime.short_cache import ShortCache


def refunds(tenant: Tenant) -> Refunds:
    """Return a tenant's refunds."""
    return Refunds(wiring.app_database(), tenant)


def payouts(tenant: Tenant) -> Payouts:
    """Return a tenant's payouts."""
    return Payouts(wiring.app_database(), tenant)


def refund_details(tenant: Tenant) -> RefundDetails:
    """Return what a tenant says of its refunds."""
    return RefundDetails(wiring.app_database(), tenant)


def payout_details(tenant: Tenant) -> PayoutDetails:
    """Return what a tenant says of its payouts."""
    return PayoutDetails(wiring.app_database(), tenant)


def store_of(tenant: Tenant, object_id: str) -> OutgoingRows[Refund] | OutgoingRows[Payout]:
    """Return the store in which an object of this id can be."""
    return payouts(tenant) if is_id(object_id, "po") else refunds(tenant)


@once
def _paying() -> LastingCache[tuple[str, str, Tenant], OperatorAccount]:
    def load(key: tuple[str, str, Tenant]) -> OperatorAccount | None:
        return wiring.directory().find_partner(key[0], product=key[1])

    return LastingCache(load, wiring.touches(), account_of=lambda key, _: key[2].account)


def terms(tenant: Tenant) -> RefundTerms:
    """Return by which accounts of operators a tenant's refunds are paid, and at what cost."""
    return RefundTerms(
        lambda charge: paying_of(charge, tenant),
        wiring.kept_key("intent_key"),
        wiring.rules(tenant),
    )


def paying_of(charge: Charge, tenant: Tenant) -> OperatorAccount | None:
    """Return the account of an operator that pays a charge back, if any does."""
    return _paying().get((charge.operator_account, PAYING[charge.operator], tenant))


@once
def _wallets() -> LastingCache[tuple[Operator, Tenant], OperatorAccount]:
    def load(key: tuple[Operator, Tenant]) -> OperatorAccount | None:
        operator, tenant = key
        product = PAYING[operator]
        return wiring.directory().find_operator_account(operator, product=product, tenant=tenant)

    return LastingCache(load, wiring.touches(), account_of=lambda key, _: key[1].account)


def wallet(operator: Operator, tenant: Tenant) -> OperatorAccount | None:
    """Return the contract by which a tenant pays out at an operator, or None."""
    return _wallets().get((operator, tenant))


@once
def _limits() -> ShortCache[Operator, Limits]:
    def load(operator: Operator) -> Limits | None:
        return wiring.directory().find_limits(operator, now=wiring.now(), kind="limits_payout")

    return ShortCache(load, seconds=wiring.CONTRACT_SECONDS)


def payout_terms(operator: Operator, tenant: Tenant) -> PayoutTerms:
    """Return by which contract, within which bounds and at what cost a tenant pays out."""
    rules = wiring.rules(tenant)

    def fees_of(money: Money) -> Mapping[str, int]:
        return owed(rules.fees.lines(Levied.PAYOUT, operator, money))

    return PayoutTerms(
        operator_account=wallet(operator, tenant),
        limits=_limits().get(operator),
        rules=rules,
        number_key=wiring.kept_key("number_key"),
        intent_secret=wiring.kept_key("intent_key"),
        fees_of=fees_of,
        counted_at=wiring.now(),
    )


@once
def _outlets() -> LastingCache[str, Outlet]:
    return LastingCache(
        wiring.directory().find_outlet, wiring.touches(), account_of=lambda account, _: account
    )


def may_go_out(outgoing: Outgoing | PayoutBatch) -> bool:
    """Tell whether the account is as it must be; live payouts need their switch as well."""
    outlet = _outlets().get(outgoing.account)
    if outlet is None or outlet.suspended:
        return False
    return outlet.payouts_enabled or not (outgoing.livemode and not isinstance(outgoing, Refund))


def taken_back() -> TakenBack:
    """Return where it is kept that a merchant took something back."""
    return TakenBack(locked.store(), settings().retention_days or RETENTION_DAYS)
