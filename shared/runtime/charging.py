"""Tells by which contracts and within which bounds operators take charges, and whether now."""

from collections.abc import Sequence

from shared.domain.account import COLLECTING, PAGING, Limits, OperatorAccount, Tenant
from shared.domain.breaker import ASKING, CLOSED, Circuit, Guarded
from shared.domain.phone import Operator
from shared.operations.create_charge import Terms
from shared.operations.read_operators import Offer
from shared.runtime import wiring
from shared.runtime.lasting_cache import LastingCache
from shared.runtime.once import once
from shared.runtime.short_cache import ShortCache


@once
def _operator_accounts() -> LastingCache[tuple[Operator, str, Tenant], OperatorAccount]:
    def load(key: tuple[Operator, str, Tenant]) -> OperatorAccount | None:
        operator, product, tenant = key
        return wiring.directory().find_operator_account(operator, product=product, tenant=tenant)

    return LastingCache(load, wiring.touches(), account_of=lambda key, _: key[2].account)


@once
def _limits() -> ShortCache[Operator, Limits]:
    return ShortCache(
        lambda operator: wiring.directory().find_limits(operator, now=wiring.now()),
        seconds=wiring.CONTRACT_SECONDS,
    )


def terms(operator: Operator, tenant: Tenant, *, on_page: bool) -> Terms:
    """Return by which contract and within which bounds a tenant charges at an operator.

    `on_page` is by the operator's own page, else its payers are prompted.
    """
    products, asked = (PAGING, (Guarded.OPEN_PAGE,)) if on_page else (COLLECTING, ASKING[operator])
    account = _operator_accounts().get((operator, products[operator], tenant))
    wait = None if account is None else _seconds_until_asked(account, asked)
    return Terms(
        account,
        _limits().get(operator),
        wiring.rules(tenant),
        wiring.kept_key("number_key"),
        wait,
        wiring.now(),
    )


def _seconds_until_asked(account: OperatorAccount, asked: Sequence[Guarded]) -> int | None:
    """Return when a payer may be asked again, None where that is now: all of it must be open."""
    for guarded in asked:
        seconds = wiring.gate().seconds_until_open(Circuit.of(account, guarded))
        if seconds is not None:
            return seconds
    return None


def offer(operator: Operator, tenant: Tenant) -> Offer:
    """Return what a tenant may expect of an operator now."""
    account = _operator_accounts().get((operator, COLLECTING[operator], tenant))
    if account is None:
        return Offer(operator)
    asked = [wiring.gate().standing(Circuit.of(account, each)) for each in ASKING[operator]]
    requests = next((standing for standing in asked if standing.is_open), CLOSED)
    reads = wiring.gate().standing(Circuit.of(account, Guarded.READ_PAYMENT))
    return Offer(operator, _limits().get(operator), requests, reads)
