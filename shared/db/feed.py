"""The feed of events in the order in which it is streamed: by transaction, below the horizon.

Nothing is shown as long as a transaction that began earlier may still commit something before it:
whoever follows these places misses nothing that commits late.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.db.reading import EVENT_COLUMNS
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.event_stream import BEFORE_ALL, Place, Told
from shared.domain.events import Event

# The application hears only where there is news; what it is, the tenant's own role reads.
STIRRED: Final = Statement("""
SELECT unnest(platform.stirred_feeds(
    :accounts::text[], :modes::boolean[], :xids::text[], :ids::text[]))
""")
_MINE: Final = """platform.event_feed f
WHERE f.account_id = :account::text AND f.livemode = :livemode::boolean
  AND f.xid < pg_snapshot_xmin(pg_current_snapshot())"""
NEWEST: Final = Statement(f"""
SELECT f.xid::text, f.id FROM {_MINE} ORDER BY f.xid DESC, f.id DESC LIMIT 1
""")
PLACE: Final = Statement("""
SELECT f.xid::text FROM platform.event_feed f
WHERE f.id = :id::text AND f.account_id = :account::text AND f.livemode = :livemode::boolean
""")
AFTER: Final = Statement(f"""
SELECT p.place, {", ".join(f"e.{column}" for column in EVENT_COLUMNS)}
FROM (
    SELECT f.xid, f.xid::text AS place, f.id FROM {_MINE}
      AND (f.xid, f.id) > (:xid::text::xid8, :id::text)
    ORDER BY f.xid, f.id LIMIT :most::int
) p JOIN events e ON e.id = p.id
ORDER BY p.xid, p.id
""")


class Feed:
    """What readers of all tenants follow."""

    def __init__(self, database: Database) -> None:
        """Keep the application's pool; opens nothing yet."""
        self._database = database

    def stirred(self, heads: Mapping[Tenant, Place]) -> Sequence[Tenant]:
        """Return the tenants of which there is news beyond a place, by one query for all."""
        tenants = list(heads)
        rows = self._database.once(
            None,
            STIRRED,
            accounts=[tenant.account for tenant in tenants],
            modes=[str(tenant.livemode).lower() for tenant in tenants],
            xids=[str(heads[tenant][0]) for tenant in tenants],
            ids=[heads[tenant][1] for tenant in tenants],
        ).rows
        return [tenants[number - 1] for [number] in rows]

    def newest(self, tenant: Tenant) -> Place:
        """Return the place of a tenant's newest event, `BEFORE_ALL` where there is none."""
        rows = self._database.once(
            tenant, NEWEST, account=tenant.account, livemode=tenant.livemode
        ).rows
        return (int(rows[0][0]), rows[0][1]) if rows else BEFORE_ALL

    def place_of(self, tenant: Tenant, event_id: str) -> Place | None:
        """Return where an event of the tenant's lies, or None where it has no such event."""
        rows = self._database.once(
            tenant, PLACE, account=tenant.account, livemode=tenant.livemode, id=event_id
        ).rows
        return (int(rows[0][0]), event_id) if rows else None

    def after(self, tenant: Tenant, place: Place, *, most: int) -> Sequence[Told]:
        """Return up to so many events beyond a place, in order; fewer mean that there are no more.

        At the moment, that is, and below the horizon.
        """
        rows = self._database.once(
            tenant,
            AFTER,
            account=tenant.account,
            livemode=tenant.livemode,
            xid=str(place[0]),
            id=place[1],
            most=most,
        ).rows
        return [Told((int(row[0]), row[1]), Event(*row[1:])) for row in rows]
