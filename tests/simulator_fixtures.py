"""Fixtures of a running simulator, as a pytest plugin.

A test module asks for it by `pytest_plugins = ("tests.simulator_fixtures",)` and imports nothing
from here. The server is the one of all tests (`cluster` of tests/database.py); database, login and
secret files are the simulator's own, so that no other test's can be confused with them.
"""

import secrets
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pg8000.native import identifier, literal

from knative.local.postgres import Postgres, connect
from knative.local.secret_files import make_private_folder, make_secrets, write_private
from tests.simulator_process import (
    CallbackReceiver,
    MtnCustomer,
    OrangeCustomer,
    SimulatorProcess,
)

LOGIN: Final = "simulator_in_tests"


@pytest.fixture(scope="session")
def simulator_secrets(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Secret files as the runner makes them, with a login that owns nothing yet."""
    folder = make_private_folder(tmp_path_factory.mktemp("simulator") / "secrets")
    make_secrets(folder)
    password = secrets.token_urlsafe(24)
    with connect(port=cluster.port, password=cluster.password) as admin:
        admin.run(f"CREATE ROLE {identifier(LOGIN)} LOGIN PASSWORD {literal(password)}")
    write_private(folder / "database_simulator", f"{LOGIN}:{password}\n")
    return folder


@pytest.fixture(scope="session")
def simulator_database_url(cluster: Postgres, simulator_secrets: Path) -> str:
    """A database for the running simulator, without a user in its address."""
    del simulator_secrets
    return _new_database(cluster)


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
    cluster: Postgres, simulator_secrets: Path, tmp_path: Path
) -> Iterator[SimulatorProcess]:
    """A simulate_provider with a database of its own, not started yet; for killing."""
    url = _new_database(cluster)
    process = SimulatorProcess(url, simulator_secrets, tmp_path / "simulator.log")
    yield process
    process.kill()


@pytest.fixture
def customer(simulator: SimulatorProcess) -> MtnCustomer:
    """A fresh API user."""
    return MtnCustomer.register(simulator)


@pytest.fixture
def payer(customer: MtnCustomer) -> MtnCustomer:
    """The same merchant's API user for disbursement, with a float of 100,000 francs."""
    return customer.partner()


@pytest.fixture
def channel(simulator: SimulatorProcess) -> OrangeCustomer:
    """A fresh contract with Orange."""
    return OrangeCustomer.register(simulator)


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


def _new_database(cluster: Postgres) -> str:
    name = f"simulator_{secrets.token_hex(4)}"
    with connect(port=cluster.port, password=cluster.password) as admin:
        admin.run(f"CREATE DATABASE {identifier(name)} OWNER {identifier(LOGIN)}")
    return cluster.url(name)
