"""Makes, shows, changes and deletes a merchant's customers, and tells of it.

A deleted customer stays as a row without a word on the person, so that its charges go on naming
it, and never comes back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.domain.account import Caller
from shared.domain.errors import NotFound, NotPermitted, Unavailable
from shared.domain.events import Event
from shared.domain.ids import is_id, new_id
from shared.domain.merchant_customer import PREFIX, MerchantCustomer
from shared.operations.changed_words import TRIES
from shared.operations.customer_objects import customer_object, told_customer, whole_object
from shared.operations.customer_orders import CreateCustomer, UpdateCustomer
from shared.operations.customer_store import CustomerStore, FindCustomer, WantedCustomers
from shared.operations.lists import Page, PageOf
from shared.operations.objects import to_json
from shared.operations.ports import IdempotencyUse, Replayed, Stored

CREATE: Final = "create_customer"
UPDATE: Final = "update_customer"


@dataclass(frozen=True, slots=True)
class CustomerHand:
    """Who changes customers, when and in which request, and where they are kept."""

    caller: Caller
    store: CustomerStore
    now: datetime
    request_id: str
    idempotency_key: str | None = None

    def use(self, operation: str, fingerprint: str) -> IdempotencyUse | None:
        """Return how its key is used, None without one."""
        key = self.idempotency_key
        return None if key is None else IdempotencyUse(operation, key, fingerprint)

    def event(self, fact: str, customer: MerchantCustomer) -> Event:
        """Return what is told of a customer."""
        return Event(
            id=new_id("evt", int(self.now.timestamp() * 1000)),
            type=f"customer.{fact}",
            object_id=customer.id,
            data=to_json(told_customer(customer)),
            created_at=self.now,
            request_id=self.request_id,
            idempotency_key=self.idempotency_key,
        )


def create_customer(command: CreateCustomer, hand: CustomerHand) -> Stored | Replayed:
    """Store a customer and tell of it.

    A key that was answered before gets that answer. Raises NotPermitted `account_suspended`,
    InvalidRequest `reference_in_use`, KeyReused, InProgress; then nothing changed.
    """
    _refuse_suspended(hand.caller)
    customer = MerchantCustomer(
        id=new_id(PREFIX, int(hand.now.timestamp() * 1000)),
        livemode=hand.caller.tenant.livemode,
        created_at=hand.now,
        metadata=command.metadata,
        **command.words,
    )
    use = hand.use(CREATE, command.fingerprint)
    event, response = hand.event("created", customer), to_json(customer_object(customer))
    return hand.store.create(customer, event=event, idempotency=use, response=response)


def update_customer(
    customer_id: str, command: UpdateCustomer, hand: CustomerHand
) -> Stored | Replayed:
    """Store new words of a customer; where nothing is otherwise no event tells.

    A key that was answered before gets that answer. Raises NotPermitted `account_suspended`,
    NotFound, InvalidRequest, KeyReused, InProgress, and Unavailable where others change it as fast.
    """
    _refuse_suspended(hand.caller)
    use = hand.use(UPDATE, command.fingerprint)
    for _ in range(TRIES):
        before = _found(customer_id, hand.store.find)
        if before.is_deleted:
            raise NotFound("resource_missing", "id")
        changed = command.applied_to(before)
        event = None if changed == before else hand.event("updated", changed)
        response = to_json(customer_object(changed))
        stored = hand.store.update(changed, event=event, idempotency=use, response=response)
        if stored is not None:
            return stored
    raise Unavailable("temporarily_unavailable")


def delete_customer(customer_id: str, hand: CustomerHand) -> dict[str, Any]:
    """Forget what is said of a customer; the same call again changes nothing.

    Its charges stay and name it. Raises NotPermitted `account_suspended`, NotFound.
    """
    _refuse_suspended(hand.caller)
    left = _found(customer_id, hand.store.find)
    if not left.is_deleted:
        left = left.deleted(hand.now)
        answer = to_json(whole_object(left))
        hand.store.delete(left, event=hand.event("deleted", left), response=answer)
    return customer_object(left)


def read_customer(customer_id: str, find: FindCustomer) -> dict[str, Any]:
    """Return a customer, or what is left of a deleted one. Raises NotFound."""
    return customer_object(_found(customer_id, find))


def list_customers(
    page: Page, wanted: WantedCustomers, store: CustomerStore
) -> PageOf[MerchantCustomer]:
    """Return a page of customers, newest first."""
    return store.page(page, wanted)


def _found(customer_id: str, find: FindCustomer) -> MerchantCustomer:
    found = find(customer_id) if is_id(customer_id, PREFIX) else None
    if found is None:
        raise NotFound("resource_missing", "id")
    return found


def _refuse_suspended(caller: Caller) -> None:
    if caller.suspended:
        raise NotPermitted("account_suspended")
