"""Circuit breakers in PostgreSQL: when they open, who may try, and who may not move them."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pg8000.exceptions import DatabaseError
from sqlalchemy.exc import DBAPIError

from shared.db.breakers import Breakers
from shared.db.transaction import Database as Pool
from shared.db.transaction import Once
from shared.domain.account import Tenant
from shared.domain.breaker import CLOSED, Circuit, Guarded, Tally
from shared.domain.errors import CutOff, Unavailable
from shared.domain.phone import Operator
from tests.database import Account, Database, enter, refusal_of
from tests.simulator_process import wait_until

_hosts = itertools.count()
ANSWERED, FAILED = Tally(1, 0, 0), Tally(0, 1, 1)


@pytest.fixture(scope="module")
def breakers(migrated: Database) -> Iterator[Breakers]:
    """The breakers, as the functions' login moves them."""
    engine = migrated.engine(pool_size=8)
    yield Breakers(Pool(engine))
    engine.dispose()


@pytest.fixture
def circuit() -> Circuit:
    """One that nobody else looks at."""
    return Circuit(Operator.MTN, f"host-{next(_hosts)}.example", Guarded.REQUEST_PAYMENT)


def told(breakers: Breakers, circuit: Circuit, *tallies: Tally) -> list[bool]:
    """Whether it was open after each of these."""
    return [breakers.note(circuit, tally, is_trial=False).is_open for tally in tallies]


def is_time(migrated: Database, circuit: Circuit) -> None:
    """Let the ten seconds be over."""
    migrated.look(
        "UPDATE platform.breakers SET next_trial_at = now() - interval '1 second'"
        " WHERE host = :host",
        host=circuit.host,
    )


def test_it_opens_at_five_in_a_row(breakers: Breakers, circuit: Circuit) -> None:
    """With little traffic; an answer in between begins anew, and a process tells its last calls."""
    assert told(breakers, circuit, *[FAILED] * 4, ANSWERED, *[FAILED] * 4) == [False] * 9
    assert told(breakers, circuit, Tally(3, 2, 1)) == [False]
    assert told(breakers, circuit, Tally(0, 4, 4)) == [True]

    standing = breakers.standing(circuit)
    assert standing.opened_at is not None
    assert 9 < (standing.trial_in or 0) <= 10


def test_it_opens_at_half_of_twenty(breakers: Breakers, circuit: Circuit) -> None:
    """One failure fewer leaves it closed, and so do five in a row among many answers."""
    assert told(breakers, circuit, Tally(15, 0, 0), Tally(0, 5, 5), Tally(0, 9, 9)) == [False] * 3
    assert told(breakers, circuit, FAILED) == [True]


def test_what_is_older_than_half_a_minute_is_forgotten(
    migrated: Database, breakers: Breakers, circuit: Circuit
) -> None:
    """An outage of the morning opens nothing in the afternoon."""
    assert told(breakers, circuit, Tally(11, 9, 0)) == [False]
    migrated.look(
        "UPDATE platform.breakers SET slot = slot - 2 WHERE host = :host", host=circuit.host
    )

    assert told(breakers, circuit, Tally(0, 2, 2), Tally(10, 7, 0)) == [False, False]


def test_one_tries_in_ten_seconds(migrated: Database, breakers: Breakers, circuit: Circuit) -> None:
    """However many processes ask at once; while it is closed nobody does."""
    told(breakers, circuit, ANSWERED)
    assert not breakers.take_trial(circuit)
    told(breakers, circuit, *[FAILED] * 5)
    assert not breakers.take_trial(circuit)
    is_time(migrated, circuit)

    with ThreadPoolExecutor(8) as clients:
        taken = list(clients.map(lambda _: breakers.take_trial(circuit), range(24)))

    assert taken.count(True) == 1
    assert (breakers.standing(circuit).trial_in or 0) > 9


def test_only_a_trial_closes_it(breakers: Breakers, circuit: Circuit) -> None:
    """An answer to what was sent before it opened proves nothing of now."""
    told(breakers, circuit, *[FAILED] * 5)

    assert told(breakers, circuit, ANSWERED) == [True]
    assert breakers.note(circuit, FAILED, is_trial=True).is_open
    assert breakers.note(circuit, ANSWERED, is_trial=True) == CLOSED
    assert breakers.standing(circuit) == CLOSED
    assert told(breakers, circuit, *[FAILED] * 4) == [False] * 4


def test_a_breaker_is_of_one_host_and_operation(breakers: Breakers, circuit: Circuit) -> None:
    """Live and test have other hosts; reads go on while nothing new is sent."""
    reads = Circuit(circuit.operator, circuit.host, Guarded.READ_PAYMENT)
    elsewhere = Circuit(circuit.operator, f"other-{circuit.host}", circuit.operation)
    told(breakers, circuit, *[FAILED] * 5)

    assert [breakers.standing(each).is_open for each in (circuit, reads, elsewhere)] == [
        True, False, False,
    ]  # fmt: skip


def test_a_connection_cut_under_a_count_costs_no_answer(
    migrated: Database, circuit: Circuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a database that is away, no more: whoever counts has the operator's word in hand."""
    # However slow this machine is, nobody looks before it speaks.
    monkeypatch.setattr("shared.db.engine.BUSY_SECONDS", 60)
    monkeypatch.setattr("shared.db.engine.IDLE_SECONDS", 60)
    engine = migrated.engine(pool_size=1)
    breakers = Breakers(Pool(engine))
    told(breakers, circuit, ANSWERED)
    with engine.connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    migrated.look("SELECT pg_terminate_backend(:pid)", pid=pid)
    alive = "SELECT 1 FROM pg_stat_activity WHERE pid = :pid"
    wait_until(lambda: not migrated.look(alive, pid=pid), what="the cut")

    with pytest.raises(Unavailable):
        breakers.note(circuit, FAILED, is_trial=False)

    assert told(breakers, circuit, ANSWERED) == [False]
    engine.dispose()


@pytest.mark.parametrize("error", [CutOff("cut"), DatabaseError({})])
def test_whatever_goes_wrong_is_a_database_that_is_away(
    migrated: Database, circuit: Circuit, error: Exception
) -> None:
    """The gate lets calls go on without a count then, and passes their answers on."""

    class Cut(Pool):
        def once(self, *_: object, **__: object) -> Once:
            raise error

    engine = migrated.engine(pool_size=1)
    with pytest.raises(Unavailable):
        Breakers(Cut(engine)).standing(circuit)
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE platform.breakers SET opened_at = now()",
        "DELETE FROM platform.breakers",
        "INSERT INTO platform.breakers (operator, host, operation) VALUES ('mtn', 'a', 'b')",
    ],
)
def test_no_function_moves_one_by_hand(migrated: Database, statement: str) -> None:
    """Neither shut off nor opened, but by what calls came to."""
    engine = migrated.engine(pool_size=1)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT opened_at FROM platform.breakers",
        "SELECT platform.take_operator_trial('mtn', 'a', 'b')",
        "SELECT platform.note_operator_calls('mtn', 'a', 'b', 0, 9, 9, false)",
    ],
)
def test_no_merchant_reaches_one(migrated: Database, account: Account, statement: str) -> None:
    """A tenant's role neither reads nor counts."""
    engine = migrated.engine(pool_size=1)
    with engine.connect() as connection:
        enter(connection, Tenant(account.id, livemode=False))
        assert refusal_of(connection, statement) == "42501"
    engine.dispose()
