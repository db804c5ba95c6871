"""What the reads of a merchant have in common: what is asked for, one object or a page of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from shared.domain.errors import NotFound
from shared.domain.ids import is_id
from shared.operations.lists import PAGE_PARAMS, Page, PageOf, refuse_unknown
from shared.operations.objects import list_object

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read:
    """One read: what the path and query say, and how to show what is found."""

    path_params: Mapping[str, str]
    query: Mapping[str, str]
    base_url: str
    language: str
    livemode: bool
    now: datetime

    def one(self, prefix: str, find: Callable[[str], T | None]) -> T:
        """Return what the path names, where no query is given. Raises NotFound, InvalidRequest."""
        refuse_unknown(self.query)
        return self.found(prefix, find)

    def found(self, prefix: str, find: Callable[[str], T | None]) -> T:
        """Return what the path names. Raises NotFound."""
        asked = self.path_params["id"]
        found = find(asked) if is_id(asked, prefix) else None
        if found is None:
            raise NotFound("resource_missing", "id")
        return found

    def page(self, prefix: str, *filters: str) -> Page:
        """Return the page asked for; no other filters are known. Raises InvalidRequest."""
        refuse_unknown(self.query, PAGE_PARAMS.union(filters))
        return Page.parse(self.query, prefix)


def page_object(url: str, found: PageOf[T], show: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """Return a page with each object as it is shown."""
    return list_object(url, [show(each) for each in found.items], has_more=found.has_more)
