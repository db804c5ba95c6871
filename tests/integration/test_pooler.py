"""Transactions through a real PgBouncer that has fewer connections than it has clients."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from pg8000.exceptions import InterfaceError

from shared.db.charges import Charges, key_lock
from shared.db.engine import make_engine, refuse_unclean
from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from shared.domain.errors import InProgress, Unavailable
from shared.operations.ports import IdempotencyUse, Stored
from tests import PRINTED_AT_THE_END
from tests.database import Account, Database
from tests.factories import a_charge, a_message, an_event, moment
from tests.get_pooler import OLDEST, version
from tests.pooler import COMMAND, MISSING, SERVERS, running_pooler

CLIENTS = 12
WHO = Statement("SELECT current_user::text, current_setting('search_path'), :word::text")
ADD = Statement("INSERT INTO consumed_messages (consumer, event_id, at) VALUES ('c', :id, now())")
BACKEND = Statement("SELECT pg_backend_pid()")


@contextmanager
def pool_at(url: str, database: Database, size: int = 2) -> Iterator[Pool]:
    """The application's pool at an address; a connection that comes back unclean fails the test."""
    engine = make_engine(url, secret_file=database.secrets_dir / "database_app", pool_size=size)
    refuse_unclean(engine)
    yield Pool(engine)
    engine.dispose()


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture
def pool(pooler: str, migrated: Database) -> Iterator[Pool]:
    """As many clients as connect at once."""
    with pool_at(pooler, migrated, CLIENTS) as opened:
        yield opened


@pytest.fixture(scope="module")
def one_server(migrated: Database) -> Iterator[str]:
    """A PgBouncer with a single connection, for which a client waits one second."""
    if COMMAND is None:
        pytest.skip(MISSING)
    with running_pooler(migrated, servers=1, wait_seconds=1) as url:
        yield url


def test_which_pooler_is_tried(record_property: Callable[[str, object], None]) -> None:
    """The run says which PgBouncer stood between, or that none did."""
    number = version(COMMAND) if COMMAND else ()
    known = f"PgBouncer {'.'.join(map(str, number))}" if COMMAND else MISSING
    record_property(PRINTED_AT_THE_END, known)

    assert COMMAND is None or number >= OLDEST


def test_many_clients_share_few_connections_and_no_context(
    pool: Pool, account: Account, migrated: Database
) -> None:
    """Whoever asks gets its own answer under its own role, on a connection that others used."""
    modes = (account.test, account.live)
    taken: set[int] = set()

    def visit(client: int) -> None:
        for turn in range(30):
            taken.add(pool.once(None, BACKEND).rows[0][0])
            tenant, word = modes[(client + turn) % 2], f"{client}-{turn}"
            own = [tenant.schema, f'"{tenant.schema}", pg_catalog', word]
            once = pool.once(tenant, WHO, key_lock=client * 100 + turn, word=word)
            assert (once.opened, once.rows) == ("true", [own])
            with pool.tenant(tenant) as transaction:
                transaction.run(ADD, id=word)
                assert transaction.run(WHO, word=word) == [own]
            assert pool.once(None, WHO, word=word).rows == [
                ["pay_app", "platform, pg_catalog", word]
            ]

    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(visit, range(CLIENTS)))

    written = [len(migrated.look("SELECT FROM consumed_messages", mode)) for mode in modes]
    assert len(taken) == SERVERS
    assert written == [15 * CLIENTS] * 2


def test_a_key_in_use_is_in_use_behind_the_pooler_too(
    pool: Pool, account: Account, migrated: Database
) -> None:
    """Another client holds the key until its transaction ends, whichever connection each has."""
    charge = a_charge(account.test, operator_account=migrated.operator_account)
    use = IdempotencyUse("create_charge", "key-1", "f" * 64)
    held = Statement(f"SELECT pg_advisory_xact_lock({key_lock(use, account.test)})")

    def create() -> object:
        return Charges(pool, account.test).create(
            charge,
            event=an_event(charge),
            message=a_message(charge),
            first_check_at=moment(),
            idempotency=use,
            response="{}",
        )

    with pool.tenant(account.test) as transaction:
        transaction.run(held)
        with pytest.raises(InProgress):
            create()
    assert isinstance(create(), Stored)


def test_who_waits_too_long_for_a_connection_may_ask_again(
    one_server: str, account: Account, migrated: Database
) -> None:
    """PgBouncer's refusal is Unavailable after one wait, not a crash, and harms nobody after it."""
    with pool_at(one_server, migrated) as first, pool_at(one_server, migrated) as second:
        for _ in range(2):
            second.once(account.test, WHO, word="")
        for refused in (
            lambda: second.once(account.test, WHO, word=""),
            lambda: second.tenant(account.test).__enter__(),
        ):
            with first.tenant(account.test) as transaction:
                transaction.run(WHO, word="")
                began = time.monotonic()
                with pytest.raises(Unavailable):
                    refused()
                assert time.monotonic() - began < 3
            assert second.once(account.test, WHO, word="next").rows[0][2] == "next"


def test_a_server_connection_that_dies_takes_one_transaction_with_it(
    one_server: str, account: Account, migrated: Database
) -> None:
    """Neither the dead client connection nor its transaction reaches whoever comes next."""

    def lose(pool: Pool) -> None:
        with pool.tenant(account.test) as transaction:
            transaction.run(ADD, id="lost")
            [[pid]] = transaction.run(BACKEND)
            assert migrated.look("SELECT pg_terminate_backend(:pid, 5000)", pid=pid) == [[True]]
            transaction.run(WHO, word="")

    with pool_at(one_server, migrated, 1) as pool:
        with pytest.raises(InterfaceError):
            lose(pool)
        assert pool.once(account.live, WHO, word="next").rows[0][2] == "next"
    assert migrated.look("SELECT FROM consumed_messages", account.test) == []


def test_a_client_that_hangs_up_midway_leaves_no_open_transaction(
    one_server: str, account: Account, migrated: Database
) -> None:
    """What a client began and left is rolled back before another gets the connection."""

    def leave(pool: Pool) -> None:
        with pool.tenant(account.test) as transaction:
            transaction.run(ADD, id="left")
            transaction._connection._usock.shutdown(socket.SHUT_RDWR)

    with pool_at(one_server, migrated, 1) as pool, pytest.raises(InterfaceError):
        leave(pool)
    with pool_at(one_server, migrated, 1) as pool:
        assert pool.once(account.live, WHO, word="next").rows[0][0] == account.live.schema
    assert migrated.look("SELECT FROM consumed_messages", account.test) == []
