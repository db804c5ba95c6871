"""Makes money available that was held for as long as its charge says."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from shared.domain.account import Tenant
from shared.domain.errors import LedgerRefused
from shared.domain.ids import first_id, new_id
from shared.domain.test_clock import TestClock
from shared.operations.ports import Reached

BATCH: Final = 50
"""Charges in one transaction: few enough that nobody who is paid meanwhile waits for it."""

SEALED_AFTER: Final = timedelta(minutes=5)
"""How old a ledger transaction is when it is sealed: nobody can still be about to commit it."""

MOST_SEALED: Final = 1000


class HoldStore(Protocol):
    """Money of all tenants whose hold is over; each call is one transaction."""

    def due(self) -> Sequence[tuple[Tenant, TestClock]]:
        """Return whose money waits longest to become available, several at once, and its clock."""

    def release(self, tenant: Tenant, ids: Sequence[str], *, at: datetime) -> int | None:
        """Move what is due, of at most as many charges as there are ids for its transactions.

        Returns how many rows of due work that ends: 0 where none of them has a charge any more,
        None where others were faster. Raises LedgerRefused; then nothing moved.
        """

    def seal(self, tenant: Tenant, *, below: str, most: int, at: datetime) -> int:
        """Seal up to so many transactions below an id, if some time has passed; return how many."""

    def postpone(self, tenant: Tenant, most: int, *, at: datetime) -> None:
        """Leave so many rows of a tenant alone for a minute, those that are due first."""


def release_holds(store: HoldStore, *, now: Callable[[], datetime], reached: Reached) -> int:
    """Release one batch of every tenant that has something due; return how many rows that ended.

    Where nothing of a batch can be released, it leaves the way free for what lies behind it. Who
    has something released is at work, so its ledger is sealed on the same visit.
    """
    total = 0
    for tenant, clock in store.due():
        machine = now()
        at = clock.time(machine)
        ids = [new_id("txn", int(at.timestamp() * 1000)) for _ in range(BATCH)]
        reached("start_due_work.before_release")
        released, asked = _release(store, tenant, ids, at)
        reached("start_due_work.after_release")
        if released == 0:
            store.postpone(tenant, asked, at=at)
        _seal(store, tenant, clock, machine)
        total += released or 0
    return total


def _release(
    store: HoldStore, tenant: Tenant, ids: Sequence[str], at: datetime
) -> tuple[int | None, int]:
    """Release a batch, or of one that the books refuse the first alone; return of how many it was.

    Else one charge that can never be released would keep all those that are due with it.
    """
    for asked in (ids, ids[:1]):
        try:
            return store.release(tenant, asked, at=at), len(asked)
        except LedgerRefused:
            continue
    return 0, 1


def sealed_below(clock: TestClock, machine: datetime) -> str | None:
    """Return the id below which nobody can still be about to commit; None just after a move.

    Who began before a clock moved commits under an id from before it.
    """
    since = machine - SEALED_AFTER
    if clock.moves_at > since:
        return None
    return first_id("txn", int(clock.time(since).timestamp() * 1000))


def _seal(store: HoldStore, tenant: Tenant, clock: TestClock, machine: datetime) -> None:
    below = sealed_below(clock, machine)
    if below is not None:
        store.seal(tenant, below=below, most=MOST_SEALED, at=clock.time(machine))
