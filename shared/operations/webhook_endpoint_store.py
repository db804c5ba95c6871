"""The port to a merchant's webhook endpoints, and what changes them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from shared.domain.audit import AuditEntry
from shared.domain.webhook_endpoint import Signing, WebhookEndpoint
from shared.operations.lists import Page, PageOf

Seal = Callable[[str, str], str]
"""Seals a text for the row of an id."""


@dataclass(frozen=True, slots=True)
class MadeSecret:
    """A new secret; of a pair the public half is there to be shown, and the text never is."""

    text: str = field(repr=False)
    public_key: str | None = None

    @property
    def shown(self) -> str | None:
        """What the merchant is given, once."""
        return self.text if self.public_key is None else None


MakeSecret = Callable[[Signing], MadeSecret]


@dataclass(frozen=True, slots=True)
class MadeEndpoint:
    """An endpoint with its new secret, to be shown this once."""

    endpoint: WebhookEndpoint
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Changed:
    """An endpoint as it shall be, and what is told of it; without an entry nothing is written."""

    endpoint: WebhookEndpoint
    entry: AuditEntry | None


class WebhookEndpointStore(Protocol):
    """The endpoints of one account and mode; each call is one transaction."""

    def add(self, endpoint: WebhookEndpoint, *, most: int, entry: AuditEntry) -> bool:
        """Store a new endpoint; False where there are so many already."""

    def find(self, endpoint_id: str) -> WebhookEndpoint | None:
        """Return an endpoint, a deleted one too, or None."""

    def page(self, page: Page) -> PageOf[WebhookEndpoint]:
        """Return a page of those that are not deleted, newest first."""

    def change(
        self, endpoint_id: str, decide: Callable[[WebhookEndpoint], Changed]
    ) -> WebhookEndpoint | None:
        """Hold an endpoint, keep what `decide` makes of it, and have its deliveries follow.

        Enabled again it is due at once; deleted, nothing of it is pending any more. None where it
        never was. What `decide` raises changes nothing.
        """
