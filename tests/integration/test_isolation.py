"""E26: tenants that share connections never meet, whatever fails, with and without PgBouncer."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError
from sqlalchemy import Engine, event, exc

from knative.local.postgres import connect
from shared.db.engine import context_fault, make_engine
from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from shared.domain.errors import CutOff, Unavailable
from tests.database import Database
from tests.surgeon import FAULTS, Fault, LeftError, StoppedError, Surgeon
from tests.trials import Trial
from tests.village import Villager, village

TENANTS: Final = 200
CLIENTS: Final = 12
FAILING: Final = 0.05
CONTROLS: Final = 300

READ: Final = Statement("SELECT canary FROM notes")
QUEUE: Final = Statement("SELECT object_id FROM platform.due_work WHERE kind = 'webhook'")
ADD: Final = Statement("INSERT INTO notes (id, canary) VALUES (:id::text, :canary::text)")
WHO: Final = Statement("SELECT current_user::text, current_setting('search_path')")
# Set for the session, as careless code does: the next borrower gets it. The role alone, because a
# PgBouncer that hears of search_path from the server (18 tells it) sets it again for each client.
CARELESS: Final = 'SET ROLE "{schema}"'


EXPECTED: Final = (
    LeftError,
    StoppedError,
    DatabaseError,
    InterfaceError,
    OSError,
    CutOff,
    Unavailable,
    exc.SQLAlchemyError,
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One planned transaction: whose, of one statement or several, and where what fails."""

    number: int
    villager: Villager
    is_single: bool
    fault: Fault | None
    step: int


@dataclass(slots=True)
class Judge:
    """What was seen that must not be, and what was met on the way."""

    wrong: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)

    def see(self, villager: Villager, rows: list[list[Any]]) -> None:
        """Hold what was read to the reader's own canary."""
        self.met["reads"] += 1
        foreign = {word for [word] in rows} - {villager.canary}
        if foreign or not rows:
            self.wrong.append(f"{villager.tenant.schema} read {foreign or 'nothing'}")

    def watch(self, engine: Engine) -> Engine:
        """Look at each connection that comes back."""

        def check(connection: Any, _record: object) -> None:
            if connection is not None:
                self.met["checkins"] += 1
                if fault := context_fault(connection):
                    self.wrong.append(fault)

        event.listen(engine, "checkin", check)
        return engine


def plan(chance: random.Random, villagers: list[Villager], size: int) -> list[Visit]:
    """Choose who comes, how, and what happens to one in twenty."""
    faults = itertools.cycle(FAULTS)
    return [
        Visit(
            number=number,
            villager=chance.choice(villagers),
            is_single=not (fails := chance.random() < FAILING) and chance.random() < 0.5,
            fault=next(faults) if fails else None,
            step=chance.randrange(4),
        )
        for number in range(size)
    ]


def visit(pool: Pool, order: Visit, judge: Judge, surgeon: Surgeon) -> None:
    """Do what was planned; whoever is not meant to fail may do so by what befell a neighbour."""
    name = order.fault.__name__ if order.fault else "neighbours_fault"
    try:
        (_read_once if order.is_single else _take_steps)(pool, order, judge, surgeon)
    except EXPECTED:
        judge.met[name] += 1
    else:
        if order.fault:
            judge.wrong.append(f"{name} did not strike")


def _read_once(pool: Pool, order: Visit, judge: Judge, _surgeon: Surgeon) -> None:
    who = order.villager
    judge.see(who, pool.once(who.tenant, READ, key_lock=order.number).rows)
    own = ["pay_app", "platform, pg_catalog"]
    if pool.once(None, WHO).rows != [own]:
        judge.wrong.append("outside a tenant a context was left")


def _take_steps(pool: Pool, order: Visit, judge: Judge, surgeon: Surgeon) -> None:
    who = order.villager
    with pool.tenant(who.tenant) as transaction:
        steps: list[Callable[[], object]] = [
            lambda: judge.see(who, transaction.run(READ)),
            lambda: transaction.run(ADD, id=str(order.number), canary=who.canary),
            lambda: judge.see(who, transaction.run(QUEUE)),
            lambda: judge.see(who, transaction.run(READ)),
        ]
        for number, step in enumerate(steps):
            if order.fault and number == order.step:
                order.fault(transaction, surgeon)
            step()
    judge.added[who.canary] += 1


@pytest.fixture(scope="module")
def villagers(migrated: Database) -> Iterator[list[Villager]]:
    """The tenants of all tests here."""
    owner = migrated.engine("owner", pool_size=1)
    with village(owner, TENANTS) as made:
        yield made
    owner.dispose()


@pytest.fixture(params=["direct", "pooled"])
def way(request: pytest.FixtureRequest, migrated: Database) -> tuple[str, int]:
    """The database's address and how many connections a process opens to it."""
    if request.param == "direct":
        return migrated.url, 4
    return str(request.getfixturevalue("pooler")), CLIENTS


def _engine(migrated: Database, way: tuple[str, int]) -> Engine:
    secret_file = migrated.secrets_dir / "database_app"
    return make_engine(way[0], secret_file=secret_file, pool_size=way[1])


def test_tenants_that_share_connections_never_meet(
    migrated: Database, way: tuple[str, int], villagers: list[Villager], trial: Trial
) -> None:
    """E26: no foreign row, nothing left at a check-in, nothing kept of what failed."""
    judge, size = Judge(), trial.size(1_000, 50_000)
    engine = judge.watch(_engine(migrated, way))
    orders = plan(trial.chance, villagers, size)
    before = _notes(migrated, villagers)
    postgres = migrated.postgres
    with connect(port=postgres.port, password=postgres.password) as admin:
        pool, surgeon = Pool(engine), Surgeon(admin, CLIENTS)
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(lambda order: visit(pool, order, judge, surgeon), orders))
        surgeon.finish()
    engine.dispose()
    stored = _notes(migrated, villagers)
    if stored != before + judge.added:
        judge.wrong.append("what is stored is not what was committed")

    assert all(judge.met[fault.__name__] for fault in FAULTS)
    assert judge.met["neighbours_fault"] < size // 50
    name = f"E26 transactions of {TENANTS} tenants"
    try:
        trial.record(name, size, wrong=len(judge.wrong), **judge.met)
    finally:
        assert judge.wrong[:5] == []


def test_the_harness_sees_what_autocommit_does(
    migrated: Database, way: tuple[str, int], villagers: list[Villager]
) -> None:
    """The control: with AUTOCOMMIT and a context of the session's, the same judge finds faults."""
    judge = Judge()
    engine = judge.watch(_engine(migrated, way)).execution_options(isolation_level="AUTOCOMMIT")

    def careless(number: int) -> None:
        who = villagers[number % TENANTS]
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(CARELESS.format(schema=who.tenant.schema))
                judge.see(who, [list(row) for row in connection.exec_driver_sql(QUEUE.text)])
        except EXPECTED:
            judge.met["refused"] += 1

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(careless, range(CONTROLS)))
    engine.dispose()
    left = sum("role is still set" in word for word in judge.wrong)
    foreign = sum(" read " in word for word in judge.wrong)

    assert left > CONTROLS // 2
    # A process that lends a connection to one borrower at a time sets the role anew for each.
    assert (foreign > 0) is (way[0] != migrated.url)


def _notes(migrated: Database, villagers: list[Villager]) -> Counter[str]:
    """Count the rows of each by its canary, over all these tables."""
    everything = " UNION ALL ".join(
        f'SELECT canary FROM "{each.tenant.schema}".notes' for each in villagers
    )
    rows = migrated.look(f"SELECT canary, count(*) FROM ({everything}) AS notes GROUP BY canary")
    return Counter(dict(rows))
