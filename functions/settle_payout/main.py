"""Reads the operator's word on money that goes out and moves state and money by it.

And does with a late payment what its account's setting says, when its time has come; and has the
lines of batches sent in their turn.
"""

from shared.domain.ids import is_id
from shared.domain.late_payment import PREFIX
from shared.operations.late_payments import decide_late_payment
from shared.operations.settle_payout import UNKNOWN_OBJECT
from shared.operations.settle_payout import settle_payout as settle
from shared.runtime import batches, late_payments, logs, lost_payouts, paying, payouts, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Read, compare, move; of what a restore has lost the row is made first.

    Of a batch, have its next lines sent.
    """
    message = push.message
    if is_id(message.object_id, "pb"):
        outcome = batches.release(message)
        logs.info("payout_batch_released", object_id=message.object_id, outcome=outcome)
        return
    if is_id(message.object_id, PREFIX):
        tenant = wiring.tenant_of(message)
        terms = late_payments.terms(tenant, traceparent=message.traceparent)
        outcome = decide_late_payment(message, terms)
        logs.info("late_payment_decided", object_id=message.object_id, outcome=outcome)
        return
    outcome = _settled(push)
    if outcome == UNKNOWN_OBJECT and lost_payouts.is_recovered(message):
        outcome = _settled(push)
    logs.info("payout_settled", object_id=message.object_id, outcome=outcome)


def _settled(push: Push) -> str:
    message = push.message
    tenant = wiring.tenant_of(message)
    return settle(
        message,
        store=payouts.store_of(tenant, message.object_id),
        reader_of=paying.operators().reader,
        how=paying.settlement(tenant),
    )


settle_payout = push_function("settle_payout", handle)
