"""Joins the ports of charges under way to the real parts: how they are sent and settled."""

from time import monotonic

from shared.db.late_payments import LatePayments
from shared.domain.account import Tenant
from shared.operations.settle_charge import Settlement
from shared.operations.submit_charge import Submission
from shared.runtime import metrics, pages, wiring
from shared.runtime.crash import reached
from shared.runtime.once import once
from shared.runtime.operators import Operators
from shared.runtime.settings import require, secret, settings


@once
def operators() -> Operators:
    """Return the adapters to operators."""
    return Operators(
        find=wiring.contract,
        secret=secret,
        clock=wiring.now,
        on_exchange=metrics.observe_exchange,
        gate=wiring.gate(),
        pages_of=pages.of_charge,
    )


def submission(tenant: Tenant) -> Submission:
    """Return what a submission needs."""
    return Submission(
        callback_base_url=require(settings().callback_base_url, "CALLBACK_BASE_URL"),
        callback_token_key=wiring.key_bytes("callback_token_key"),
        number_key=wiring.key_bytes("number_key"),
        base_url=settings().public_base_url,
        language=wiring.profile(tenant.account).language,
        now=wiring.clock_of(tenant),
        monotonic=monotonic,
        reached=reached,
        takes_turn=operators().takes_turn,
    )


def settlement(tenant: Tenant) -> Settlement:
    """Return what a settlement needs."""
    return Settlement(
        base_url=settings().public_base_url,
        language=wiring.profile(tenant.account).language,
        now=wiring.clock_of(tenant),
        monotonic=monotonic,
        reached=reached,
        late=LatePayments(wiring.app_database(), tenant),
        late_rule=lambda: wiring.rules(tenant).late,
    )
