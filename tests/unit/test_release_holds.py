"""One look at the holds that are over: every tenant in turn, and none that blocks the others."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shared.domain.account import Tenant
from shared.domain.errors import LedgerRefused
from shared.domain.ids import milliseconds_of, new_account_id, new_id
from shared.domain.test_clock import STILL, TestClock
from shared.operations.release_holds import BATCH, release_holds
from tests.factories import moment

MINUTE_MS = 60_000
FIRST, SECOND, THIRD = (Tenant(new_account_id(), livemode=False) for _ in range(3))


class Store:
    """Answers as it is told; remembers what it was asked."""

    def __init__(
        self, answers: Mapping[Tenant, int | LedgerRefused | None], clock: TestClock = STILL
    ) -> None:
        self.answers = answers
        self.clock = clock
        self.ids: list[Sequence[str]] = []
        self.postponed: list[tuple[Tenant, int]] = []
        self.sealed: list[tuple[Tenant, str]] = []

    def due(self) -> Sequence[tuple[Tenant, TestClock]]:
        """All of them."""
        return [(tenant, self.clock) for tenant in self.answers]

    def release(self, tenant: Tenant, ids: Sequence[str], *, at: datetime) -> int | None:
        """What was told."""
        assert at.tzinfo is not None
        self.ids.append(ids)
        answer = self.answers[tenant]
        if isinstance(answer, LedgerRefused):
            raise answer
        return answer

    def seal(self, tenant: Tenant, *, below: str, most: int, at: datetime) -> int:
        """Remember."""
        assert most > 0
        assert new_id("txn", int((at - timedelta(minutes=5)).timestamp() * 1000) - 1) < below
        self.sealed.append((tenant, below))
        return 0

    def postpone(self, tenant: Tenant, most: int, *, at: datetime) -> None:
        """Remember."""
        assert at.tzinfo is not None
        self.postponed.append((tenant, most))


def test_each_tenant_has_a_batch_of_its_own() -> None:
    """What ended is added up; each transaction gets ids that nobody else has."""
    store = Store({FIRST: 3, SECOND: 4})

    assert release_holds(store, now=moment, reached=lambda _: None) == 7

    assert [len(ids) for ids in store.ids] == [BATCH, BATCH]
    assert len({each for ids in store.ids for each in ids}) == 2 * BATCH
    assert store.postponed == []


def test_what_cannot_be_released_waits_behind_the_others() -> None:
    """Refused by the books, or without a charge: postponed. Others were faster: tried again."""
    store = Store({FIRST: LedgerRefused("hold_released"), SECOND: 0, THIRD: None})

    assert release_holds(store, now=moment, reached=lambda _: None) == 0

    assert store.postponed == [(FIRST, 1), (SECOND, BATCH)]
    assert [len(ids) for ids in store.ids] == [BATCH, 1, BATCH, BATCH]


def test_whoever_is_visited_has_its_ledger_sealed() -> None:
    """Up to what is five minutes old: nobody can still be about to commit it."""
    store = Store({FIRST: 1, SECOND: None})

    release_holds(store, now=moment, reached=lambda _: None)

    assert [tenant for tenant, _ in store.sealed] == [FIRST, SECOND]
    assert all(below < new_id("txn", int(moment().timestamp() * 1000)) for _, below in store.sealed)


def test_a_run_can_be_killed_before_and_after_each_batch() -> None:
    """Both points are reached for every tenant."""
    points: list[str] = []

    release_holds(Store({FIRST: 1, SECOND: 1}), now=moment, reached=points.append)

    assert points == ["start_due_work.before_release", "start_due_work.after_release"] * 2


def test_a_ledger_whose_clock_has_just_moved_is_not_sealed() -> None:
    """Who began before it commits under an earlier id; five minutes later nobody can any more."""
    day = timedelta(days=1)
    for minutes, seals in ((4, []), (6, [FIRST])):
        clock = TestClock(timedelta(), day, moment() - timedelta(minutes=minutes))
        store = Store({FIRST: 1}, clock)

        release_holds(store, now=moment, reached=lambda _: None)

        assert [tenant for tenant, _ in store.sealed] == seals
        ahead = int((moment() + day).timestamp() * 1000)
        assert all(0 <= ahead - milliseconds_of(ids[0]) < MINUTE_MS for ids in store.ids)
