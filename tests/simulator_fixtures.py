"""Fixtures of a running simulator, as a pytest plugin.

A test module asks for it by `pytest_plugins = ("tests.simulator_fixtures",)` and imports nothing
from here. Where a conftest offers a PostgreSQL server for all tests it may redefine
`simulator_postgres`.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pg8000.native
import pytest

from knative.local.postgres import Postgres, connect, prepare_databases, start_postgres
from knative.local.secret_files import make_secrets
from tests.simulator_process import CallbackReceiver, MtnCustomer, SimulatorProcess


@pytest.fixture(scope="session")
def simulator_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server for the simulator's database."""
    postgres = start_postgres(tmp_path_factory.mktemp("simulator-postgres"))
    yield postgres
    postgres.remove()


@pytest.fixture(scope="session")
def simulator_secrets(
    simulator_postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Secret files as the runner makes them; the login roles and databases exist."""
    folder = tmp_path_factory.mktemp("simulator") / "secrets"
    prepare_databases(simulator_postgres, folder)
    make_secrets(folder)
    return folder


@pytest.fixture(scope="session")
def simulator_database_url(simulator_postgres: Postgres, simulator_secrets: Path) -> str:
    """The simulator's own database, without a user."""
    del simulator_secrets
    return simulator_postgres.url("simulator")


@pytest.fixture(scope="session")
def simulator(simulator_database_url: str, simulator_secrets: Path) -> Iterator[SimulatorProcess]:
    """One running simulate_provider; tests keep apart by API user."""
    log = simulator_secrets.parent / "simulate_provider.log"
    process = SimulatorProcess(simulator_database_url, simulator_secrets, log)
    try:
        process.start()
        yield process
    finally:
        process.kill()


@pytest.fixture
def lonely_simulator(
    simulator_postgres: Postgres, simulator_secrets: Path, tmp_path: Path
) -> Iterator[SimulatorProcess]:
    """A simulate_provider with a database of its own, not started yet; for killing."""
    name = f"simulator_{uuid.uuid4().hex[:12]}"
    with connect(
        port=simulator_postgres.port, user=simulator_postgres.user,
        password=simulator_postgres.password,
    ) as connection:  # fmt: skip
        owner = pg8000.native.identifier("pay_simulator")
        connection.run(f"CREATE DATABASE {pg8000.native.identifier(name)} OWNER {owner}")
    url = simulator_postgres.url(name)
    process = SimulatorProcess(url, simulator_secrets, tmp_path / "simulator.log")
    yield process
    process.kill()


@pytest.fixture
def customer(simulator: SimulatorProcess) -> MtnCustomer:
    """A fresh API user."""
    return MtnCustomer.register(simulator)


@pytest.fixture(scope="session")
def receiver() -> Iterator[CallbackReceiver]:
    """Where callbacks go."""
    server = CallbackReceiver()
    yield server
    server.close()


@pytest.fixture
def reference() -> str:
    """A new reference id."""
    return str(uuid.uuid4())
