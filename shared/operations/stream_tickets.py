"""Hands out tickets that open one stream each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from shared.domain import stream_ticket
from shared.domain.errors import NotAuthenticated
from shared.domain.stream_ticket import Asker, StreamTicket
from shared.operations.lists import refuse_unknown


class TicketStore(Protocol):
    """Where tickets of a tenant are left."""

    def add(self, ticket: StreamTicket) -> None:
        """Keep a ticket until it is taken."""


@dataclass(frozen=True, slots=True)
class CreateStreamTicket:
    """A well-formed wish for a ticket."""

    origin: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any], *, livemode: bool) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"origin"})
        return cls(stream_ticket.read_origin(body.get("origin"), livemode=livemode))


@dataclass(frozen=True, slots=True)
class MadeTicket:
    """A ticket and its text, which is told once."""

    ticket: StreamTicket
    text: str = field(repr=False)


def create_stream_ticket(
    command: CreateStreamTicket, asker: Asker, store: TicketStore, *, now: datetime
) -> MadeTicket:
    """Make a ticket for who asks; it opens what she may see, and no longer.

    Raises NotAuthenticated `token_expired`.
    """
    if asker.ends_at is not None and asker.ends_at <= now:
        # Tokens are taken a moment longer than they say; a ticket is not.
        raise NotAuthenticated("token_expired")
    text = stream_ticket.new_token()
    ticket = StreamTicket(stream_ticket.token_hash(text), asker, command.origin, now)
    store.add(ticket)
    return MadeTicket(ticket, text)


def made_ticket_object(made: MadeTicket) -> dict[str, Any]:
    """Return a ticket as it is shown, this once."""
    ticket = made.ticket
    return {
        "object": "stream_ticket",
        "ticket": made.text,
        "origin": ticket.origin,
        "created": int(ticket.created_at.timestamp()),
        "expires_at": int(ticket.expires_at.timestamp()),
        "livemode": ticket.asker.tenant.livemode,
    }
