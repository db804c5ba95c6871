"""Tickets of streams: left by a tenant's role, taken once by the application's login."""

from datetime import datetime
from typing import Final

from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.stream_ticket import Asker, StreamTicket

ADD: Final = Statement("""
INSERT INTO platform.stream_tickets (token_hash, account_id, livemode, key_id, person, by_access,
                                     ends_at, address, origin, created_at, expires_at)
VALUES (:token_hash::text, :account::text, :livemode::boolean, :key_id::text, :person::text,
        :by_access::boolean, :ends_at::timestamptz, :address::text, :origin::text,
        :created_at::timestamptz, :expires_at::timestamptz)
""")

# Of two that come with one ticket the second waits for the first, and then finds it used.
TAKE: Final = Statement("""
UPDATE platform.stream_tickets SET used_at = :now::timestamptz
WHERE token_hash = :token_hash::text AND used_at IS NULL AND expires_at > :now::timestamptz
RETURNING account_id, livemode, key_id, person, by_access, ends_at, address, origin, created_at
""")


class StreamTickets:
    """The tickets of a tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Keep the application's pool; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def add(self, ticket: StreamTicket) -> None:
        """Keep a ticket until it is taken."""
        asker = ticket.asker
        self._database.once(
            self._tenant,
            ADD,
            token_hash=ticket.token_hash,
            account=asker.tenant.account,
            livemode=asker.tenant.livemode,
            key_id=asker.key_id,
            person=asker.person,
            by_access=asker.by_access,
            ends_at=asker.ends_at,
            address=asker.address,
            origin=ticket.origin,
            created_at=ticket.created_at,
            expires_at=ticket.expires_at,
        )


def take(database: Database, token_hash: str, *, now: datetime) -> StreamTicket | None:
    """Return a ticket that nobody has taken and whose time is not over, and have it taken."""
    rows = database.once(None, TAKE, token_hash=token_hash, now=now).rows
    if not rows:
        return None
    account, livemode, key_id, person, by_access, ends_at, address, origin, created_at = rows[0]
    asker = Asker(
        Tenant(account, livemode), key_id, person, address, ends_at=ends_at, by_access=by_access
    )
    return StreamTicket(token_hash, asker, origin, created_at)
