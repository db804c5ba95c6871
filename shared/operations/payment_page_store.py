"""The port to a merchant's checkouts and payment links, and what changes them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.events import Event
from shared.domain.payment_page import PageKind, PaymentPage
from shared.operations.lists import Page, PageOf
from shared.operations.ports import IdempotencyUse, Replayed, Stored


@dataclass(frozen=True, slots=True)
class Changed:
    """A page as it shall be, what is told of it, and when a checkout is to be looked at again."""

    page: PaymentPage
    event: Event | None = None
    look_at: datetime | None = None


class PaymentPageStore(Protocol):
    """The checkouts and payment links of one account and mode; each call is one transaction."""

    def add(
        self, page: PaymentPage, *, idempotency: IdempotencyUse | None, response: str
    ) -> Stored | Replayed:
        """Store a new page, findable by its id alone. Raises KeyReused, InProgress."""

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        """Return what a key was answered before, or None. Raises KeyReused."""

    def find(self, page_id: str) -> PaymentPage | None:
        """Return a page, or None."""

    def page(self, kind: PageKind, page: Page) -> PageOf[PaymentPage]:
        """Return a page of those of a kind, newest first."""

    def change(
        self, page_id: str, decide: Callable[[PaymentPage], Changed], *, at: datetime
    ) -> PaymentPage | None:
        """Hold a page, keep what `decide` makes of it, and tell of it; None where there is none.

        What `decide` raises changes nothing.
        """
