"""The port to a merchant's customers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from shared.domain.events import Event
from shared.domain.merchant_customer import MerchantCustomer
from shared.domain.phone import PhoneNumber
from shared.operations.lists import Page, PageOf
from shared.operations.ports import IdempotencyUse, Replayed, Stored

FindCustomer = Callable[[str], MerchantCustomer | None]
"""Returns a customer, a deleted one too, or None."""


@dataclass(frozen=True, slots=True)
class WantedCustomers:
    """Whom a page shall show; None where it does not matter."""

    phone: PhoneNumber | None = None
    email: str | None = None
    reference: str | None = None


class CustomerStore(Protocol):
    """The customers of one account and mode; each call is one transaction."""

    def create(
        self,
        customer: MerchantCustomer,
        *,
        event: Event,
        idempotency: IdempotencyUse | None,
        response: str,
    ) -> Stored | Replayed:
        """Store all or nothing.

        Raises InProgress, KeyReused and InvalidRequest (`reference_in_use`).
        """

    def find(self, customer_id: str) -> MerchantCustomer | None:
        """Return a customer, a deleted one too, or None."""

    def page(self, page: Page, wanted: WantedCustomers) -> PageOf[MerchantCustomer]:
        """Return a page of those that are not deleted, newest first."""

    def update(
        self,
        customer: MerchantCustomer,
        *,
        event: Event | None,
        idempotency: IdempotencyUse | None,
        response: str,
    ) -> Stored | Replayed | None:
        """Store it in the place of what has the same `change_count`; None where that is gone.

        Raises InProgress, KeyReused and InvalidRequest (`reference_in_use`).
        """

    def delete(self, customer: MerchantCustomer, *, event: Event, response: str) -> bool:
        """Store what is left of it, and `response` for all that was answered about it before.

        False where it is deleted already (nothing changed).
        """
