"""Lets whoever shows a ticket follow a stream, as long as who asked for it might."""

from collections.abc import Callable
from contextlib import suppress

from shared.db import stream_tickets
from shared.domain import stream_ticket
from shared.domain.account import Caller
from shared.domain.errors import InvalidRequest, NotAuthenticated
from shared.domain.stream_ticket import Asker
from shared.runtime import wiring
from shared.runtime.authentication import refuse_contradiction
from shared.runtime.http import Call
from shared.runtime.settings import settings

Standing = Callable[[Asker, str], Caller]


def shown(call: Call) -> str | None:
    """Return the ticket of a call that shows nothing else, or None."""
    if call.authorization is not None:
        return None
    with suppress(InvalidRequest):
        return call.query().get("ticket")
    return None


def redeem(call: Call, token: str, standing: Standing) -> Callable[[], Caller]:
    """Take a ticket, whatever comes of it; return what tells who asked for it, each time anew.

    A page that may show it is told so in the answer's headers. Raises NotAuthenticated
    `ticket_invalid`, NotPermitted `origin_not_allowed`, InvalidRequest where headers name another
    account or mode.
    """
    ticket = None
    if stream_ticket.is_token(token):
        hashed = stream_ticket.token_hash(token)
        ticket = stream_tickets.take(wiring.app_database(), hashed, now=wiring.now())
    if ticket is None:
        raise NotAuthenticated("ticket_invalid")
    ours = stream_ticket.origin_of(settings().public_base_url)
    stream_ticket.refuse_origin(call.origin, bound=ticket.origin, ours=ours)
    refuse_contradiction(ticket.asker.tenant, account=call.account, mode=call.mode)
    if ticket.origin is not None:
        call.answer_headers["Access-Control-Allow-Origin"] = ticket.origin
        call.answer_headers["Vary"] = "Origin"
    return lambda: standing(ticket.asker, call.operation_id)
