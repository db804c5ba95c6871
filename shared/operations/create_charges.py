"""Takes several charges of one caller at once, each as if it had come alone and in its turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.account import Caller
from shared.domain.errors import CutOff, Refusal
from shared.operations.create_charge import (
    OPERATION,
    CreateCharge,
    NewCharge,
    Terms,
    prepare_charge,
)
from shared.operations.ports import ChargeStore, IdempotencyUse, Reached, Replayed, Stored

Became = Stored | Replayed | Refusal | CutOff
"""What became of one of several: what `create_charge` returns, or what it raises."""


@dataclass(frozen=True, slots=True)
class Order:
    """One wish, with what its own request would have brought along."""

    command: CreateCharge
    terms: Terms
    now: datetime
    request_id: str
    idempotency_key: str | None
    traceparent: str | None

    @property
    def idempotency(self) -> IdempotencyUse | None:
        """How its key is used, None without one."""
        if self.idempotency_key is None:
            return None
        return IdempotencyUse(OPERATION, self.idempotency_key, self.command.fingerprint)


class ManyChargesStore(ChargeStore, Protocol):
    """The charges of one tenant, several of which can be stored at once."""

    def create_together(self, several: Sequence[NewCharge]) -> "Sequence[Became]":
        """Store each or refuse it, as `create` would one by one; no key or reference comes twice.

        What one meets is returned in its place.
        """


def create_charges(
    orders: Sequence[Order],
    caller: Caller,
    *,
    store: ManyChargesStore,
    base_url: str,
    reached: Reached,
) -> list[Became]:
    """Return what became of each, in their order.

    What has a key or a reference of one that waits to be stored comes after it, so that it finds
    what it would have found.
    """
    became: dict[int, Became] = {}
    waiting: dict[int, NewCharge] = {}
    taken: set[tuple[str, str]] = set()

    def store_waiting() -> None:
        became.update(_stored(waiting, store, reached))
        waiting.clear()
        taken.clear()

    for place, order in enumerate(orders):
        if not taken.isdisjoint(_alone(order)):
            store_waiting()
        try:
            waiting[place] = prepare_charge(
                order.command,
                caller,
                terms=order.terms,
                now=order.now,
                base_url=base_url,
                request_id=order.request_id,
                idempotency=order.idempotency,
                traceparent=order.traceparent,
            )
        except Refusal as refusal:
            became[place] = _earlier(order, store) or refusal
        else:
            taken.update(_alone(order))
    store_waiting()
    return [became[place] for place in range(len(orders))]


def _alone(order: Order) -> list[tuple[str, str]]:
    """Return what no other that is stored with it may have: its key and its reference."""
    found = (("key", order.idempotency_key), ("reference", order.command.reference))
    return [(name, value) for name, value in found if value is not None]


def _stored(
    waiting: dict[int, NewCharge], store: ManyChargesStore, reached: Reached
) -> dict[int, Became]:
    if not waiting:
        return {}
    reached("create_charge.before_commit")
    found = store.create_together(list(waiting.values()))
    reached("create_charge.after_commit")
    return dict(zip(waiting, found, strict=True))


def _earlier(order: Order, store: ManyChargesStore) -> Became | None:
    """Return what a key was answered before: a refusal does not hide it."""
    use = order.idempotency
    try:
        return None if use is None else store.replay(use)
    except (Refusal, CutOff) as failure:
        return failure
