"""Shows an account, or the platform, its audit entries: one, a page, or the chain as a file."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from shared.domain.audit import Link
from shared.operations.audit_file import csv_text
from shared.operations.lists import CREATED, Page, PageOf, read_filter, refuse_unknown
from shared.operations.people_objects import audit_entry_object
from shared.operations.reads import Read, page_object

LARGEST_FILE: Final = 1000
OF_ACCOUNT: Final = "/v1/audit_entries"
OF_PLATFORM: Final = "/v1/platform/audit_entries"
"""Where the two kinds of chains are found."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of whom or what entries are wanted; None is anything."""

    action: str | None = None
    actor: str | None = None
    object: str | None = None


class AuditStore(Protocol):
    """The audit entries of one chain, to be read."""

    def find(self, entry_id: str) -> Link | None:
        """Return the entry at its place, or None."""

    def page(self, page: Page, wanted: Wanted) -> PageOf[Link]:
        """Return a page of entries, newest first."""

    def next(self, page: Page) -> PageOf[Link]:
        """Return the entries that follow the page's cursor, oldest first."""


@dataclass(frozen=True, slots=True)
class AuditFile:
    """Part of the chain as CSV, and the address of the next part, if there is one."""

    text: str
    next_url: str | None


def list_audit_entries(read: Read, store: AuditStore, *, path: str = OF_ACCOUNT) -> dict[str, Any]:
    """Return a page of entries; filters `action`, `actor` and `object` (ids)."""
    filters = ("action", "actor", "object")
    page = read.page("aud", *filters)
    found = store.page(page, Wanted(*(read_filter(read.query, name) for name in filters)))
    return page_object(path, found, partial(audit_entry_object, livemode=read.livemode))


def read_audit_entry(read: Read, store: AuditStore) -> dict[str, Any]:
    """Return one entry. Raises NotFound."""
    return audit_entry_object(read.one("aud", store.find), livemode=read.livemode)


def export_audit_entries(read: Read, store: AuditStore, *, path: str = OF_ACCOUNT) -> AuditFile:
    """Return up to 1000 entries in the order of the chain, between two seconds.

    There is no filter: a file whose positions follow one another can be verified.
    """
    query = read.query
    refuse_unknown(query, {"limit", "starting_after", *CREATED})
    page = Page.parse(query, "aud", usual=LARGEST_FILE, largest=LARGEST_FILE)
    found = store.next(page)
    next_url = None
    if found.has_more:
        following = urlencode({**query, "starting_after": found.items[-1].entry.id})
        next_url = f"{read.base_url}{path}.csv?{following}"
    return AuditFile(csv_text(found.items), next_url)
