"""Joins what makes rows of lost money out to the real parts."""

from time import monotonic

from shared.db.lost_intents import LostIntentRows
from shared.domain.events import Message
from shared.domain.lost_intent import RECOVERED
from shared.operations.recover_payout import Recovery, recover_payout
from shared.runtime import logs, paying, wiring


def is_recovered(message: Message) -> bool:
    """Make the row of what a message is about, if the journal knew it and the database does not."""
    tenant = wiring.tenant_of(message)
    outcome = recover_payout(
        message,
        store=LostIntentRows(wiring.app_database(), tenant),
        reader_of=paying.operators().reader,
        how=Recovery(
            charge_of=wiring.charges(tenant).find_with_attempt,
            number_key=lambda: wiring.kept_key("number_key"),
            now=wiring.clock_of(tenant),
            monotonic=monotonic,
        ),
    )
    logs.info("payout_recovered", object_id=message.object_id, outcome=outcome)
    return outcome == RECOVERED
