"""Searches charges by a query, page by page, in the manner of Stripe."""

import base64
import binascii
from typing import Any, Final, Protocol

from shared.domain.charge import PUBLIC_STATUS, Charge
from shared.domain.errors import InvalidRequest
from shared.domain.ids import is_id
from shared.domain.money import XAF
from shared.domain.phone import PhoneNumber
from shared.operations.lists import Page, PageOf, read_limit, refuse_unknown
from shared.operations.objects import charge_object
from shared.operations.reads import Read
from shared.operations.search_query import PARAM, Between, Sought, read_query
from shared.operations.wanted_payments import WantedPayments

URL: Final = "/v1/charges/search"
LONGEST_PLACE: Final = 100


class SearchStore(Protocol):
    """The charges of a tenant, to be searched."""

    def search_charges(
        self, page: Page, wanted: WantedPayments, *, amount: Between, metadata: dict[str, str]
    ) -> PageOf[Charge]:
        """Return a page of charges, newest first."""


def search_charges(read: Read, store: SearchStore) -> dict[str, Any]:
    """Return what a query finds; `next_page` is where the next call goes on, null at the end.

    Raises InvalidRequest `search_query_invalid`, `cursor_invalid` and what lists raise.
    """
    refuse_unknown(read.query, {PARAM, "limit", "page"})
    sought, after = read_query(read.query.get(PARAM)), _place(read.query.get("page"))
    page = Page(read_limit(read.query), after, None, sought.created.least, sought.created.below)
    found = store.search_charges(
        page, _wanted(sought), amount=sought.amount, metadata=dict(sought.metadata)
    )
    return {
        "object": "search_result",
        "url": URL,
        "has_more": found.has_more,
        "next_page": _shown_place(found.items[-1].id) if found.has_more else None,
        "data": [
            charge_object(each, base_url=read.base_url, language=read.language)
            for each in found.items
        ],
    }


def _wanted(sought: Sought) -> WantedPayments:
    words, statuses = sought.words, None
    if "status" in words:
        statuses = [inner.value for inner, word in PUBLIC_STATUS.items() if word == words["status"]]
    if words.get("currency", XAF).upper() != XAF:
        statuses = []  # There are no others.
    return WantedPayments(
        statuses=statuses,
        customer=words.get("customer"),
        reference=words.get("reference"),
        phone=PhoneNumber.parse(words["phone"], param=PARAM) if "phone" in words else None,
    )


def _place(text: str | None) -> str | None:
    """Return the id behind which a page begins. Raises InvalidRequest `cursor_invalid`."""
    if text is None:
        return None
    try:
        place = base64.b64decode(text[:LONGEST_PLACE], altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        place = ""
    if not is_id(place, "ch"):
        raise InvalidRequest("cursor_invalid", "page")
    return place


def _shown_place(charge_id: str) -> str:
    return base64.urlsafe_b64encode(charge_id.encode()).decode()
