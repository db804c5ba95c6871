"""The operation on tickets of streams, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.db.stream_tickets import StreamTickets
from shared.domain.stream_ticket import Asker
from shared.operations import stream_tickets
from shared.operations.stream_tickets import CreateStreamTicket
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key

# An address has 45 characters at most; of what is none, more is of no use.
LONGEST_ADDRESS: Final = 64


def create(call: Call) -> Answer:
    """POST /v1/stream_tickets. No answer is kept for a second try: it would keep the ticket."""
    read_key(call.idempotency_key)
    caller = call.authenticated()
    command = CreateStreamTicket.parse(call.body_or_nothing(), livemode=caller.tenant.livemode)
    made = stream_tickets.create_stream_ticket(
        command,
        Asker.of(caller, call.remote_address[:LONGEST_ADDRESS]),
        StreamTickets(wiring.app_database(), caller.tenant),
        now=wiring.now(),
    )
    body = stream_tickets.made_ticket_object(made)
    return Answer(body=body, headers={"Cache-Control": "no-store"})


HANDLERS: Final[Mapping[str, Handler]] = {"create_stream_ticket": create}
