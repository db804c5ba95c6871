"""Audit entries in PostgreSQL: added in the transaction of their effect, read and never changed.

The table's trigger gives each entry its place and its hash, and holds the chain until the commit:
append last, so that others wait for the commit alone.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.audit import PLATFORM, Actor, ActorKind, AuditEntry, Link
from shared.operations.lists import Page, PageOf
from shared.operations.read_audit_entries import Wanted

_GIVEN: Final = """id, at, actor_kind, actor_id, action, object_type, object_id, before, after,
  remote_address, reason, request_id"""
LINK: Final = f"position, previous_hash, hash, {_GIVEN}"
INSERT: Final = f"""INSERT INTO {{table}} ({_GIVEN})
VALUES (:id, :at, :actor_kind, :actor_id, :action, :object_type, :object_id, :before, :after,
  :remote_address, :reason, :request_id)"""
APPEND: Final = Statement(INSERT.format(table="audit_entries"))

# An entry's id is the cursor; both bounds are always values, so that the primary key serves. What
# names no entry bounds everything away. An entry is as old as the clock of whoever wrote it said:
# times are looked for among the positions of an hour more on each side.
_LAST: Final = 2**63 - 1
_ENTRIES: Final = f"""
SELECT {LINK} FROM audit_entries
WHERE {{place}} > CASE WHEN :above::text IS NULL THEN 0 ELSE COALESCE(
    (SELECT position FROM audit_entries WHERE id = :above::text), {_LAST}) END
  AND {{place}} < CASE WHEN :below::text IS NULL THEN {_LAST} ELSE COALESCE(
    (SELECT position FROM audit_entries WHERE id = :below::text), 0) END
  AND {{place}} > COALESCE((SELECT position FROM audit_entries
    WHERE at < to_timestamp(:created_from::bigint) - interval '1 hour'
    ORDER BY at DESC LIMIT 1), 0)
  AND {{place}} < COALESCE((SELECT position FROM audit_entries
    WHERE at >= to_timestamp(:created_until::bigint) + interval '1 hour'
    ORDER BY at LIMIT 1), {_LAST})
  AND (:created_from::bigint IS NULL OR at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR at < to_timestamp(:created_until::bigint))"""
_FILTERS: Final = {
    "action": "action = :action::text",
    "actor": "actor_id = :actor::text",
    "object": "object_id = :object::text",
}


def _filtered(order: str, place: str = "position") -> Mapping[frozenset[str], Statement]:
    """Return a statement for each set of filters: one that is not given must hide no index."""
    return {
        frozenset(names): Statement(
            " AND ".join(
                [
                    _ENTRIES.format(place=place if names else "position"),
                    *(_FILTERS[name] for name in names),
                ]
            )
            + f" ORDER BY position {order} LIMIT :limit::int"
        )
        for count in range(len(_FILTERS) + 1)
        for names in combinations(_FILTERS, count)
    }


NEWEST: Final = _filtered("DESC")
OLDEST: Final = _filtered("ASC")
# The platform's chain has an index for each filter. A plan for any values takes the bounds for
# narrow and would go by them, through the whole chain where somebody has few entries: hence no
# index knows them where a filter is given.
_UNLED: Final = "position + 0"
NEWEST_OF_PLATFORM: Final = _filtered("DESC", _UNLED)
OLDEST_OF_PLATFORM: Final = _filtered("ASC", _UNLED)
FIND: Final = Statement(f"SELECT {LINK} FROM audit_entries WHERE id = :id::text")


def append(transaction: Transaction, entry: AuditEntry) -> None:
    """Add an entry to the chain of the tenant whose transaction it is, with what it tells of."""
    transaction.run(APPEND, **entry_values(entry))


def entry_values(entry: AuditEntry) -> dict[str, Any]:
    """Return what `INSERT` takes."""
    return {
        "id": entry.id,
        "at": entry.at,
        "actor_kind": entry.actor.kind.value,
        "actor_id": entry.actor.id,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "before": entry.before,
        "after": entry.after,
        "remote_address": entry.remote_address,
        "reason": entry.reason,
        "request_id": entry.request_id,
    }


def link_from_row(row: Sequence[Any], chain: str) -> Link:
    """Read a row of `LINK`'s columns."""
    position, previous_hash, stored_hash, entry_id, at, kind, actor, *others = row
    entry = AuditEntry(entry_id, at, Actor(ActorKind(kind), actor), *others)
    return Link(chain, position, entry, bytes(previous_hash), bytes(stored_hash))


class AuditEntries:
    """AuditStore of one tenant, or of the platform."""

    def __init__(self, database: Database, tenant: Tenant | None) -> None:
        """Bind the store to a tenant; None is the platform, by its owner's login."""
        self._database = database
        self._tenant = tenant
        self._chain = PLATFORM if tenant is None else tenant.schema
        self._newest = NEWEST_OF_PLATFORM if tenant is None else NEWEST
        self._oldest = OLDEST_OF_PLATFORM if tenant is None else OLDEST

    def add(self, entry: AuditEntry) -> None:
        """Add an entry that tells of nothing else in the database. Raises Unavailable."""
        self._database.once(self._tenant, APPEND, **entry_values(entry))

    def find(self, entry_id: str) -> Link | None:
        """Return the entry at its place, or None."""
        rows = self._database.once(self._tenant, FIND, id=entry_id).rows
        return link_from_row(rows[0], self._chain) if rows else None

    def page(self, page: Page, wanted: Wanted) -> PageOf[Link]:
        """Return a page of entries, newest first."""
        above, below = page.ending_before, page.starting_after
        if above is None:
            return self._links(self._newest, page, wanted, above=None, below=below)
        found = self._links(self._oldest, page, wanted, above=above, below=None)
        return PageOf(found.items[::-1], found.has_more)

    def next(self, page: Page) -> PageOf[Link]:
        """Return the entries that follow the page's cursor, oldest first."""
        above = page.starting_after
        return self._links(self._oldest, page, Wanted(), above=above, below=None)

    def _links(
        self,
        statements: Mapping[frozenset[str], Statement],
        page: Page,
        wanted: Wanted,
        *,
        above: str | None,
        below: str | None,
    ) -> PageOf[Link]:
        asked = {name: getattr(wanted, name) for name in _FILTERS}
        given = {name: value for name, value in asked.items() if value is not None}
        rows = self._database.once(
            self._tenant,
            statements[frozenset(given)],
            **given,
            above=above,
            below=below,
            created_from=page.created_from,
            created_until=page.created_until,
            limit=page.limit + 1,
        ).rows
        links = [link_from_row(row, self._chain) for row in rows[: page.limit]]
        return PageOf(tuple(links), len(rows) > page.limit)
