"""What a merchant says of a customer, read from a body or a query to a well-formed wish."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from shared.domain.errors import InvalidRequest
from shared.domain.mail_address import read_email
from shared.domain.merchant_customer import Locale, MerchantCustomer
from shared.domain.phone import PhoneNumber
from shared.operations.changed_words import joined, read_changes
from shared.operations.create_charge import (
    DESCRIPTION_LENGTH,
    REFERENCE_LENGTH,
    fingerprint,
    read_metadata,
    read_text,
)
from shared.operations.customer_store import WantedCustomers
from shared.operations.lists import read_filter, refuse_unknown

NAME_LENGTH: Final = 200
FILTERS: Final = ("phone", "email", "reference")
_WORDS: Final = ("name", "phone", "email", "description", "reference", "preferred_locale")
_FIELDS: Final = frozenset({*_WORDS, "metadata"})


@dataclass(frozen=True, slots=True)
class CreateCustomer:
    """A well-formed wish for a customer; `words` are all fields of it but metadata."""

    words: Mapping[str, Any]
    metadata: Mapping[str, str]
    fingerprint: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, _FIELDS)
        return cls(_words(body), read_metadata(body.get("metadata")), fingerprint(body))


@dataclass(frozen=True, slots=True)
class UpdateCustomer:
    """What shall be otherwise; what is not named stays, and null takes it away.

    Metadata is joined to what there is, as a charge's.
    """

    words: Mapping[str, Any]
    names_metadata: bool
    metadata: Mapping[str, str | None] | None
    fingerprint: str

    @classmethod
    def parse(cls, body: Mapping[str, Any], customer_id: str) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, _FIELDS)
        return cls(
            _words(body),
            "metadata" in body,
            read_changes(body.get("metadata")),
            fingerprint({**body, "id": customer_id}),
        )

    def applied_to(self, customer: MerchantCustomer) -> MerchantCustomer:
        """Return the customer as this makes it. Raises InvalidRequest `metadata_invalid`."""
        changed = replace(customer, **self.words)
        if not self.names_metadata:
            return changed
        return replace(changed, metadata=joined(customer.metadata, self.metadata))


def read_wanted(query: Mapping[str, str]) -> WantedCustomers:
    """Read the filters of a list. Raises InvalidRequest naming the one at fault."""
    phone, email = read_filter(query, "phone"), query.get("email")
    return WantedCustomers(
        phone=None if phone is None else PhoneNumber.parse(phone, param="phone"),
        email=None if email is None else read_email(email),
        reference=read_filter(query, "reference"),
    )


def _words(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is named of a customer, each as it is kept."""
    return {name: _word(body, name) for name in _WORDS if name in body}


def _word(body: Mapping[str, Any], name: str) -> object:
    value = body[name]
    match name:
        case "name":
            return read_text(body, name, NAME_LENGTH)
        case "phone":
            return _phone(value)
        case "email":
            return None if value is None else read_email(value)
        case "reference":
            return read_text(body, name, REFERENCE_LENGTH, code="reference_invalid")
        case "preferred_locale":
            return _locale(value)
    return read_text(body, name, DESCRIPTION_LENGTH)


def _phone(value: object) -> PhoneNumber | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidRequest("phone_invalid", "phone")
    return PhoneNumber.parse(value, param="phone")


def _locale(value: object) -> Locale | None:
    if value is None:
        return None
    if value not in tuple(Locale):
        raise InvalidRequest("parameter_invalid", "preferred_locale")
    return Locale(str(value))
