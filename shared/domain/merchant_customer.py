"""A merchant's customer: whom it sells to, by its own words; no payer who proved a number."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.domain.phone import PhoneNumber

PREFIX: Final = "cus"


class Locale(StrEnum):
    """The language in which a customer is spoken to."""

    FRENCH = "fr"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class MerchantCustomer:
    """A customer as it is stored. Times are UTC; `change_count` tells one state from the next."""

    id: str
    livemode: bool
    created_at: datetime
    name: str | None = None
    phone: PhoneNumber | None = None
    email: str | None = None
    description: str | None = None
    reference: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    preferred_locale: Locale | None = None
    change_count: int = 0
    deleted_at: datetime | None = None

    @property
    def is_deleted(self) -> bool:
        """Whether it is gone for all but what names it."""
        return self.deleted_at is not None

    def deleted(self, at: datetime) -> "MerchantCustomer":
        """Return what is left of it: whom it was, without a word on the person."""
        return replace(
            self,
            name=None,
            phone=None,
            email=None,
            description=None,
            reference=None,
            metadata={},
            preferred_locale=None,
            deleted_at=at,
        )
