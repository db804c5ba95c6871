"""Each tenant is led to its own connection, where its statements are planned once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from shared.db import own_plans
from shared.db.home_pool import HomePool
from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from shared.domain.account import Tenant
from shared.domain.errors import CutOff, Unavailable
from tests.database import Database, MakeAccount

SIZE: Final = 3
WHO: Final = Statement("""
SELECT pg_backend_pid()::int, current_user::text, count(*)::int FROM charges
""")
PLANS: Final = Statement("""
SELECT name, generic_plans + custom_plans FROM pg_prepared_statements
WHERE position(' ' IN name) > 0
ORDER BY name
""")
ODD: Final = Statement("SELECT 1 / :n::int, count(*)::int FROM charges")


@pytest.fixture
def engine(migrated: Database) -> Iterator[Engine]:
    """A pool of three."""
    engine = migrated.engine("app", pool_size=SIZE)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def tenants(make_account: MakeAccount) -> list[Tenant]:
    """More than there are connections."""
    accounts = [make_account(live=True) for _ in range(4)]
    return [tenant for account in accounts for tenant in account.tenants]


def pid(pool: Pool, tenant: Tenant) -> int:
    """By which server process a tenant is served; and it is served as itself."""
    [[found, user, _]] = pool.once(tenant, WHO).rows
    assert user == tenant.schema
    return int(found)


def test_a_tenant_is_led_to_its_own_connection(engine: Engine, tenants: list[Tenant]) -> None:
    """Each time to the same one, spread over all of them, and never more than the pool has."""
    pool = Pool(engine)
    first = {tenant: pid(pool, tenant) for tenant in tenants}
    again = [{tenant: pid(pool, tenant) for tenant in tenants} for _ in range(3)]

    assert again == [first] * 3
    assert 1 < len(set(first.values())) <= SIZE


def test_whoever_finds_it_at_work_is_served_by_another(
    engine: Engine, tenants: list[Tenant]
) -> None:
    """Nobody waits for her own connection while another is free."""
    pool, tenant = Pool(engine), tenants[0]
    own = pid(pool, tenant)
    with pool.tenant(tenant) as transaction:
        [[held, *_]] = transaction.run(WHO)
        others = {pid(pool, tenant) for _ in range(3)}

    assert held == own
    assert own not in others
    assert pid(pool, tenant) == own


def test_a_full_pool_of_own_connections_serves_all(engine: Engine, tenants: list[Tenant]) -> None:
    """Many threads of many tenants: each as itself, by at most so many connections."""
    pool, seen = Pool(engine), set()
    gate = threading.Barrier(8)

    def work(tenant: Tenant) -> None:
        gate.wait()
        for _ in range(30):
            seen.add(pid(pool, tenant))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, tenants))

    assert len(seen) == SIZE


def plans_of(pool: Pool, tenant: Tenant) -> dict[str, int]:
    """How often each statement was planned on a tenant's connection, by its name."""
    with pool.tenant(tenant) as transaction:
        return dict(transaction.run(PLANS))


def test_a_statement_is_prepared_once_for_each_tenant(
    migrated: Database, tenants: list[Tenant]
) -> None:
    """Under a name for each, on the one connection that there is."""
    engine = migrated.engine("app", pool_size=1)
    pool = Pool(engine)
    for _ in range(4):
        for tenant in tenants[:3]:
            pid(pool, tenant)
    names = plans_of(pool, tenants[0])
    engine.dispose()

    assert {name.partition(" ")[2] for name in names} == {tenant.schema for tenant in tenants[:3]}
    # Of the first call in all the shared one came about.
    assert sorted(names.values()) == [3, 4, 4]


def test_the_least_used_plans_go(
    migrated: Database, tenants: list[Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server forgets them as well, and whoever comes again is served as ever."""
    monkeypatch.setattr(own_plans, "MOST_PLANS", 2)
    engine = migrated.engine("app", pool_size=1)
    pool = Pool(engine)
    for tenant in (tenants[0], *tenants[:4], tenants[3], tenants[0]):
        pid(pool, tenant)
    pid(pool, tenants[0])
    names = {name.partition(" ")[2] for name in plans_of(pool, tenants[0])}
    engine.dispose()

    assert names == {tenants[3].schema, tenants[0].schema}


def test_a_call_that_failed_is_made_again(migrated: Database, tenants: list[Tenant]) -> None:
    """The first of a tenant's own may fail, before or behind its preparation: the next is right."""
    engine = migrated.engine("app", pool_size=1)
    pool = Pool(engine)
    assert pool.once(tenants[0], ODD, n=1).rows == [[1, 0]]
    outcomes: list[object] = []
    for n in (0, 0, 1, 0, 1):
        try:
            outcomes.append(pool.once(tenants[1], ODD, n=n).rows)
        except Exception as failure:  # noqa: BLE001 - whatever the driver makes of it
            outcomes.append(type(failure).__name__)
    engine.dispose()

    assert outcomes == ["DatabaseError", "DatabaseError", [[1, 0]], "DatabaseError", [[1, 0]]]


def test_a_connection_that_was_cut_comes_back_at_its_place(
    engine: Engine, tenants: list[Tenant], migrated: Database
) -> None:
    """A tenant's own is another then, for it and for all who share it."""
    pool, tenant = Pool(engine), tenants[0]
    before = {each: pid(pool, each) for each in tenants}
    migrated.look("SELECT pg_terminate_backend(:pid, 5000)", pid=before[tenant])
    after: dict[Tenant, int] = {}
    for each in tenants:
        try:
            after[each] = pid(pool, each)
        except (Unavailable, CutOff):  # whether the server's last word came before the cut
            after[each] = pid(pool, each)

    assert before[tenant] not in after.values()
    groups = [
        {each for each in tenants if found[each] == number}
        for found in (before, after)
        for number in set(found.values())
    ]
    assert len(groups) == 2 * len({frozenset(group) for group in groups})


def test_a_connection_that_cannot_be_opened_leaves_its_place(
    migrated: Database, tenants: list[Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as the server is there again, so are all of them."""
    engine = migrated.engine("app", pool_size=SIZE)
    pool = Pool(engine)
    create: Callable[[HomePool], Any] = HomePool._create_connection

    def fail(_: HomePool) -> Any:
        raise OSError

    monkeypatch.setattr(HomePool, "_create_connection", fail)
    for tenant in tenants:
        with pytest.raises(Unavailable):
            pid(pool, tenant)
    monkeypatch.setattr(HomePool, "_create_connection", create)
    found = {pid(pool, tenant) for tenant in tenants}
    engine.dispose()

    assert 1 < len(found) <= SIZE
