"""The public form of a merchant's customers, in answers and in events."""

from typing import Any, Final

from shared.domain.merchant_customer import MerchantCustomer
from shared.operations.objects import unix_seconds

OBJECT: Final = "customer"


def customer_object(customer: MerchantCustomer) -> dict[str, Any]:
    """Return a customer in Stripe's manner, or what is left to say of a deleted one."""
    if customer.is_deleted:
        return {"id": customer.id, "object": OBJECT, "deleted": True}
    return whole_object(customer)


def whole_object(customer: MerchantCustomer) -> dict[str, Any]:
    """Return the same with all its fields, whatever is left in them."""
    return {
        "id": customer.id,
        "object": OBJECT,
        "name": customer.name,
        "phone": None if customer.phone is None else customer.phone.masked,
        "email": customer.email,
        "description": customer.description,
        "reference": customer.reference,
        "metadata": dict(customer.metadata),
        "preferred_locale": customer.preferred_locale,
        "created": unix_seconds(customer.created_at),
        "livemode": customer.livemode,
    }


def told_customer(customer: MerchantCustomer) -> dict[str, Any]:
    """Return what events tell: which customer it is, and no word on the person.

    Events stay when a customer is deleted; whoever may read customers asks for the rest.
    """
    told = {
        "id": customer.id,
        "object": OBJECT,
        "created": unix_seconds(customer.created_at),
        "livemode": customer.livemode,
    }
    return {**told, "deleted": True} if customer.is_deleted else told
