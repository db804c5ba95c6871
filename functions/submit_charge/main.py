"""Asks the payer's operator for the money of one charge."""

from shared.operations.submit_charge import submit_charge as submit
from shared.runtime import logs, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Claim, ask, record."""
    message = push.message
    tenant = wiring.tenant_of(message)
    outcome = submit(
        message,
        store=wiring.charges(tenant),
        requester_of=wiring.operators().requester,
        opener_of=wiring.operators().opener,
        how=wiring.submission(tenant),
    )
    logs.info("charge_submitted", charge_id=message.object_id, outcome=outcome)


submit_charge = push_function("submit_charge", handle)
