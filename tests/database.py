"""A real PostgreSQL for every test that wants one: started once, migrated once, filled per test."""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from knative.local.postgres import Postgres, connect, prepare_databases, start_postgres
from knative.local.secret_files import make_private_folder, read_or_make
from shared.db.engine import make_engine, refuse_unclean
from shared.db.migrate import migrate
from shared.db.provisioning import PostgresAccountStore
from shared.domain.account import Tenant
from shared.operations.provision_account import (
    ProvisionAccount,
    ProvisionedAccount,
    provision_account,
    simulated_operators,
)
from shared.runtime.sealing import Sealer
from tests.factories import an_origin

SIMULATOR_URL: Final = "http://127.0.0.1:9"
WEBHOOK_URL: Final = "http://127.0.0.1:9/webhooks"
_KEYS: Final = (
    "api_key_pepper",
    "callback_token_key",
    "intent_key",
    "notification_sealing_key",
    "page_sealing_key",
    "number_key",
    "webhook_sealing_key",
)

# Tests press harder than a merchant may; those of the limits give their accounts own rules.
UNHURRIED: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, valid_from, data) VALUES
  ('requests_pressed', 'requests', false, '2020-01-02Z',
   '{"account": 1000000, "key": 1000000, "seconds": 10}')
"""


class MakeAccount(Protocol):
    """Makes another account: in test mode, or in both where a test has to do with live."""

    def __call__(self, *, live: bool = False) -> "Account":
        """A mode costs 20 tables, and each new live one every connection its plans."""


@dataclass(frozen=True, slots=True)
class Database:
    """The migrated databases; `roles` are app, owner, worker, metrics and simulator.

    `operator_account` is the simulator's at MTN, `orange_account` that at Orange.
    """

    postgres: Postgres
    secrets_dir: Path
    operator_account: str
    orange_account: str
    paying_account: str
    web_account: str

    @property
    def url(self) -> str:
        """The address of `pay`, without user."""
        return self.postgres.url("pay")

    @property
    def environment(self) -> dict[str, str]:
        """What a function's process needs to find the databases and secrets."""
        return {
            "DATABASE_URL": self.url,
            "WORKER_DATABASE_URL": self.url,
            "METRICS_DATABASE_URL": self.url,
            "MIGRATION_DATABASE_URL": self.url,
            "SIMULATOR_DATABASE_URL": self.postgres.url("simulator"),
            "SECRETS_DIR": str(self.secrets_dir),
        }

    def engine(self, role: str = "app", pool_size: int = 4) -> Engine:
        """An engine of that login whose pool refuses connections that come back unclean."""
        engine = make_engine(
            self.url, secret_file=self.secrets_dir / f"database_{role}", pool_size=pool_size
        )
        refuse_unclean(engine)
        return engine

    def secret(self, name: str) -> bytes:
        """The 32 bytes of a key file."""
        return base64.b64decode((self.secrets_dir / name).read_text())

    def rule(
        self, account: str, kind: str, data: Mapping[str, object], *, livemode: bool = False
    ) -> None:
        """Give an account a rule of its own, before any process has read what holds for it."""
        self.look(
            "INSERT INTO platform.dated_rules (id, kind, account_id, livemode, valid_from, data)"
            " VALUES (:id, :kind, :account, :livemode, now() - interval '1 hour', :data)",
            id=f"rule_{secrets.token_hex(8)}",
            kind=kind,
            account=account,
            livemode=livemode,
            data=json.dumps(data),
        )

    def look(self, sql: str, tenant: Tenant | None = None, **values: object) -> list[list[Any]]:
        """Run one statement as the superuser, past rights and policies; `:name` takes a value.

        With a tenant, its tables are found by their bare names.
        """
        with connect(
            port=self.postgres.port, password=self.postgres.password, database="pay"
        ) as connection:
            if tenant is not None:
                connection.run(f'SET search_path = "{tenant.schema}"')
            rows: list[list[Any]] | None = connection.run(sql, **values)
            return rows or []


@dataclass(frozen=True, slots=True)
class Account:
    """An account made for one test, with the credentials that its merchant was shown.

    Unless made in both modes it has none in live mode, and nothing is there.
    """

    provisioned: ProvisionedAccount

    @property
    def id(self) -> str:
        """`acct_…`."""
        return self.provisioned.id

    @property
    def test(self) -> Tenant:
        """Its test mode."""
        return Tenant(self.id, livemode=False)

    @property
    def live(self) -> Tenant:
        """Its live mode."""
        return Tenant(self.id, livemode=True)

    @property
    def tenants(self) -> tuple[Tenant, ...]:
        """The modes that it was made in, test first."""
        return tuple(Tenant(self.id, livemode=mode.livemode) for mode in self.provisioned.modes)

    @property
    def live_key(self) -> str:
        """Its `sk_live_…`; fails where it was made in test mode alone."""
        return self.provisioned.modes[1].secret_key

    @property
    def secret_key(self) -> str:
        """Its `sk_test_…`."""
        return self.provisioned.modes[0].secret_key

    @property
    def webhook_endpoint(self) -> str:
        """Its endpoint in test mode, which points where nothing listens."""
        endpoint = self.provisioned.modes[0].webhook_endpoint
        assert endpoint is not None
        return endpoint


def enter(connection: Connection, tenant: Tenant) -> None:
    """Become a tenant for the rest of the open transaction, as the application does."""
    connection.exec_driver_sql(
        f'SET LOCAL ROLE "{tenant.schema}"; SET LOCAL search_path = "{tenant.schema}", pg_catalog'
    )


def refusal_of(connection: Connection, sql: str) -> str | None:
    """Try a statement and take it back; return the five letters of the error, None without one."""
    attempt = connection.begin_nested()
    try:
        connection.exec_driver_sql(sql)
    except DBAPIError as error:
        return str(error.orig.args[0]["C"]) if error.orig else "?"
    finally:
        attempt.rollback()
    return None


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """An empty PostgreSQL server, gone after the session."""
    postgres = start_postgres(tmp_path_factory.mktemp("postgres"))
    # Tests kill processes, never the machine: waiting for the disk would prove nothing.
    with connect(port=postgres.port, password=postgres.password) as admin:
        admin.run("ALTER SYSTEM SET fsync = off")
        admin.run("SELECT pg_reload_conf()")
    yield postgres
    postgres.remove()


@pytest.fixture(scope="session")
def migrated(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The databases with logins, platform schema and the simulator's operator accounts."""
    secrets_dir = make_private_folder(tmp_path_factory.mktemp("database") / "secrets")
    prepare_databases(cluster, secrets_dir)
    for name in _KEYS:
        read_or_make(secrets_dir / name, lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    owner = make_engine(cluster.url("pay"), secret_file=secrets_dir / "database_owner", pool_size=1)
    assert not migrate(owner).failed
    keep = PostgresAccountStore(owner).keep_operator_account
    ours = [keep(each) for each in simulated_operators(SIMULATOR_URL, now=datetime.now(UTC))]
    database = Database(cluster, secrets_dir, *ours)
    database.look(UNHURRIED)
    yield database
    owner.dispose()


@pytest.fixture(scope="session")
def make_account(migrated: Database) -> Iterator[MakeAccount]:
    """Provision another account, with a webhook endpoint in each of its modes."""
    owner = migrated.engine("owner", pool_size=1)

    def make(*, live: bool = False) -> Account:
        modes = ["test", "live"] if live else ["test"]
        order = ProvisionAccount.parse(
            "Boutique Mballa", modes=modes, language="fr", webhook_url=WEBHOOK_URL
        )
        return Account(
            provision_account(
                order,
                PostgresAccountStore(owner),
                seal=Sealer(migrated.secret("webhook_sealing_key")).seal,
                pepper=migrated.secret("api_key_pepper"),
                origin=an_origin(),
            )
        )

    yield make
    owner.dispose()


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """An account of the test's own, in test mode."""
    return make_account()


@pytest.fixture
def account_in_both_modes(make_account: MakeAccount) -> Account:
    """An account of the test's own, in live mode too."""
    return make_account(live=True)


@pytest.fixture
def app_engine(migrated: Database) -> Iterator[Engine]:
    """An engine of the application's login."""
    engine = migrated.engine("app")
    yield engine
    engine.dispose()


@contextmanager
def spare_database(migrated: Database) -> Iterator[Engine]:
    """An owner's engine on another, empty database of the same server."""
    name = f"spare_{secrets.token_hex(4)}"
    with connect(port=migrated.postgres.port, password=migrated.postgres.password) as admin:
        admin.run(f"CREATE DATABASE {name} OWNER pay_owner")
    engine = make_engine(
        migrated.postgres.url(name),
        secret_file=migrated.secrets_dir / "database_owner",
        pool_size=3,
    )
    yield engine
    engine.dispose()


@pytest.fixture
def spare(migrated: Database) -> Iterator[Engine]:
    """Such a database of the test's own."""
    with spare_database(migrated) as engine:
        yield engine
