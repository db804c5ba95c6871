"""Reads a charge that names a customer: who it is must be known before the operator is."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.domain.errors import InvalidRequest
from shared.domain.ids import is_id
from shared.domain.merchant_customer import PREFIX
from shared.operations.create_charge import OPERATION, CreateCharge, fingerprint
from shared.operations.customer_store import FindCustomer
from shared.operations.ports import IdempotencyUse, Replayed

Replay = Callable[[IdempotencyUse], Replayed | None]
"""Returns what a key was answered before, or None. Raises KeyReused."""


def read_charge_order(
    body: Mapping[str, Any],
    *,
    find_customer: FindCustomer,
    replay: Replay,
    idempotency_key: str | None,
) -> CreateCharge | Replayed:
    """Read a JSON body; nothing is looked up where it names no customer.

    What refuses it may be younger than the answer that its key had: the customer was deleted since,
    or has no number any more. Raises InvalidRequest, KeyReused.
    """
    customer_id = body.get("customer")
    if customer_id is None:
        return CreateCharge.parse(body)
    is_one = isinstance(customer_id, str) and is_id(customer_id, PREFIX)
    found = find_customer(customer_id) if is_one else None
    try:
        return CreateCharge.parse(body, found)
    except InvalidRequest:
        if found is None or idempotency_key is None:
            raise
        use = IdempotencyUse(OPERATION, idempotency_key, fingerprint(body))
        earlier = replay(use)
        if earlier is None:
            raise
        return earlier
