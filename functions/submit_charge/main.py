"""Asks the payer's operator for the money of one charge."""

from functools import partial

from shared.operations.open_page import open_page
from shared.operations.submit_charge import submit_charge as submit
from shared.runtime import charges, logs, pages, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Claim, ask, record."""
    message = push.message
    tenant = wiring.tenant_of(message)
    store, how = wiring.charges(tenant), charges.submission(tenant)
    outcome = submit(
        message,
        store=store,
        requester_of=charges.operators().requester,
        opener_of=charges.operators().opener,
        on_page=partial(
            open_page,
            store=store,
            pages=pages.store(tenant),
            opener_of=charges.operators().page_opener,
            how=how,
        ),
        how=how,
    )
    logs.info("charge_submitted", charge_id=message.object_id, outcome=outcome)


submit_charge = push_function("submit_charge", handle)
