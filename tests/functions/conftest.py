"""The environment of a function's process, for this folder's tests alone, and one door each."""

import io
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Final

import pytest
from pg8000.native import Connection

from knative.local.postgres import connect
from knative.local.secret_files import write_private
from shared.runtime import documents, logs, receipts, settings, webhooks, wiring
from tests.database import Account, Database, MakeAccount
from tests.functions.door import Door
from tests.functions.pushes import Issuer
from tests.functions.rows import Rows
from tests.functions.till import CREDENTIALS, Till
from tests.pubsub_server import PROJECT
from tests.scripted_server import ScriptedServer, answer

BASE_URL: Final = "https://api.example.cm"
NOBODY: Final = "127.0.0.1:9"
_CACHING: Final[tuple[ModuleType, ...]] = (documents, receipts, settings, webhooks, wiring)


@pytest.fixture(scope="package")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """Who signs pushes, with its public keys at an address."""
    with Issuer(tmp_path_factory.mktemp("issuer")) as running:
        yield running


@pytest.fixture(scope="package")
def logged() -> io.StringIO:
    """Every log line of the functions, from the first on."""
    return io.StringIO()


@pytest.fixture(scope="package")
def object_store() -> Iterator[ScriptedServer]:
    """An object store that each test tells by `script` what to answer; it forbids everything."""
    with ScriptedServer(lambda _: answer(403)) as server:
        yield server


@pytest.fixture(scope="package")
def process(
    migrated: Database, issuer: Issuer, object_store: ScriptedServer, logged: io.StringIO
) -> Iterator[Mapping[str, str]]:
    """Make this process one of a function: its environment, and no part of it made before.

    No broker listens: what commits stays in the outbox, as while Pub/Sub is away.
    """
    environment = {
        **migrated.environment,
        **issuer.environment,
        "ENVIRONMENT": "local",
        "PUBLIC_BASE_URL": BASE_URL,
        "CALLBACK_BASE_URL": BASE_URL,
        "PUBSUB_PROJECT": PROJECT,
        "PUBSUB_EMULATOR_HOST": NOBODY,
        "S3_ENDPOINT_URL": object_store.url,
        "S3_BUCKET": "receipts",
        "WEBHOOK_ALLOW_LOOPBACK": "true",
    }
    write_private(migrated.secrets_dir / "simulator_credentials", CREDENTIALS)
    write_private(migrated.secrets_dir / "s3_credentials", "access:secret")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        # The publishing thread also writes while no test captures what is written.
        patch.setattr(logs, "sys", SimpleNamespace(stdout=logged))
        _forget()
        yield environment
        wiring.publisher().close()
        wiring.key_use().close()
        wiring.operators().close()
        wiring.app_database()._engine.dispose()
        wiring.worker_database()._engine.dispose()
        _forget()


def _forget() -> None:
    for module in _CACHING:
        for made in vars(module).values():
            if hasattr(made, "cache_clear"):
                made.cache_clear()


@pytest.fixture(scope="package")
def door(process: Mapping[str, str]) -> Callable[[str], Door]:
    """Return the door of a function by its name; each is loaded once."""
    assert process
    return cache(Door)


@pytest.fixture(scope="package")
def create_charge(door: Callable[[str], Door]) -> Door:
    """The door of create_charge."""
    return door("create_charge")


@pytest.fixture(scope="package")
def read_payments(door: Callable[[str], Door]) -> Door:
    """The door of read_payments."""
    return door("read_payments")


@pytest.fixture(scope="package")
def manage_account(door: Callable[[str], Door]) -> Door:
    """The door of manage_account."""
    return door("manage_account")


@pytest.fixture(scope="package")
def superuser(migrated: Database) -> Iterator[Connection]:
    """A connection past all rights, kept open."""
    postgres = migrated.postgres
    with connect(port=postgres.port, password=postgres.password, database="pay") as connection:
        yield connection


@pytest.fixture(scope="module")
def shop(make_account: MakeAccount) -> Account:
    """One account for the tests of a file, which leave each other's charges alone."""
    return make_account()


@pytest.fixture(scope="module")
def rows(superuser: Connection, shop: Account) -> Rows:
    """What is stored of the shop and on the platform."""
    return Rows(superuser, (shop.test, shop.live))


@pytest.fixture(scope="package")
def make_till(
    superuser: Connection, door: Callable[[str], Door], issuer: Issuer
) -> Callable[[Account], Till]:
    """Return a shop whose operator is scripted, to be entered."""
    return lambda account: Till(
        account, rows=Rows(superuser, (account.test,)), door=door, issuer=issuer
    )


@pytest.fixture
def till(make_till: Callable[[Account], Till], account: Account) -> Iterator[Till]:
    """Such a shop of the test's own."""
    with make_till(account) as ready:
        yield ready
