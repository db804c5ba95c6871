"""Joins what pays at operators to the real parts: its senders, its readers, its settlement.

Apart from `payouts`, so that who only takes orders has nothing in its process that sends money.
"""

from time import monotonic, sleep
from typing import Final

from shared.db.adjustments import Corrections
from shared.db.endings import AllowedEndings
from shared.domain.account import Tenant
from shared.domain.receipt import RETENTION_DAYS
from shared.operations.settle_payout import PayoutSettlement
from shared.operations.submit_payout import PayoutSubmission
from shared.runtime import floats, metrics, payouts, wiring
from shared.runtime.crash import reached
from shared.runtime.once import once
from shared.runtime.payout_operators import PayoutOperators
from shared.runtime.settings import require, secret, settings
from shared.runtime.short_cache import ShortCache

JOURNAL_SECONDS: Final = 3


@once
def _journal_readings() -> ShortCache[str, bool]:
    return ShortCache(
        lambda _: wiring.directory().journal_is_read() or None, seconds=JOURNAL_SECONDS
    )


def _journal_is_read() -> bool:
    """Tell early what each claim asks again: a database that was put back sends nothing."""
    return _journal_readings().get("") is not None


@once
def operators() -> PayoutOperators:
    """Return the adapters through which money goes out."""
    return PayoutOperators(
        find=wiring.contract,
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
        may_go_out=payouts.may_go_out,
        journal_is_read=_journal_is_read,
        is_away=operators().is_away,
        takes_float=floats.takes,
        takes_turn=operators().takes_turn,
        now=wiring.clock_of(tenant),
        monotonic=monotonic,
        sleep=sleep,
        reached=reached,
    )


def _may_give_up(object_id: str) -> bool:
    return AllowedEndings(wiring.app_database()).allows(object_id, now=wiring.now())


def settlement(tenant: Tenant) -> PayoutSettlement:
    """Return what a settlement needs."""
    return PayoutSettlement(
        base_url=settings().public_base_url,
        language=wiring.profile(tenant.account).language,
        charge_of=wiring.charges(tenant).find,
        may_give_up=_may_give_up,
        corrections=Corrections(wiring.app_database(), tenant),
        now=wiring.clock_of(tenant),
        monotonic=monotonic,
        reached=reached,
    )
