"""A rig whose database holds many accounts, each made exactly as every account comes to be."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from knative.local.postgres import connect
from shared.db.provisioning import PostgresAccountStore
from shared.domain.account import Tenant
from shared.domain.audit import Actor, ActorKind, Origin
from shared.operations.provision_account import ProvisionAccount, provision_account
from shared.runtime.sealing import Sealer
from tests import releases
from tests.benchmarks.rig import Rig, key, rig

WORKERS: Final = 2
PER_CONNECTION: Final = 50


@dataclass(slots=True)
class Filled:
    """`shops` are the secret test keys of the accounts made here, `took` their seconds."""

    stand: Rig
    owner: Engine
    shops: list[str] = field(default_factory=list)
    tenants: list[Tenant] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def add(self, modes: Sequence[str] = ("test",)) -> None:
        """Provision one more account."""
        order = ProvisionAccount.parse(
            "Boutique Mballa", modes=list(modes), language="fr", webhook_url=None
        )
        began = time.monotonic()
        made = provision_account(
            order,
            PostgresAccountStore(self.owner),
            seal=Sealer(key(self.stand.secrets_dir, "webhook_sealing_key")).seal,
            pepper=key(self.stand.secrets_dir, "api_key_pepper"),
            origin=Origin(Actor(ActorKind.PLATFORM, "benchmarks"), datetime.now(UTC)),
        )
        self.took.append(time.monotonic() - began)
        self.shops.append(made.modes[0].secret_key)
        self.tenants.append(Tenant(made.id, livemode=False))

    def fill(self, accounts: int, modes: Sequence[str] = ("test",)) -> None:
        """Provision many, the server not waiting for its disk: nobody counts on it meanwhile.

        A connection keeps plans of each account's triggers and foreign keys and looks through all
        of them at each table that comes to be; a function's lives 15 minutes and sees few accounts.
        """
        with _careless(self.stand):
            for number in range(accounts):
                if number % PER_CONNECTION == 0:
                    self.owner.dispose()
                self.add(modes)

    @contextlib.contextmanager
    def growing(self, per_second: float) -> Iterator[None]:
        """Provision at a steady rate while the block runs."""
        over = threading.Event()

        def grow() -> None:
            due_at = time.monotonic()
            while not over.wait(max(0.0, due_at - time.monotonic())):
                self.add()
                due_at += 1 / per_second

        thread = threading.Thread(target=grow)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def start_migration(self, ini: Path) -> BaseProcess:
        """Begin to migrate to a release in a process of its own; its exit code is 0 when all is."""
        stand = self.stand
        return releases.start_migration(stand.postgres.url("pay"), stand.secrets_dir, ini, WORKERS)


@contextlib.contextmanager
def standing(folder: Path) -> Iterator[Filled]:
    """A rig with its one account, to be filled."""
    with rig(folder) as stand:
        owner = releases.owner_engine(stand.postgres.url("pay"), stand.secrets_dir, WORKERS)
        yield Filled(stand, owner)
        owner.dispose()


@contextlib.contextmanager
def _careless(stand: Rig) -> Iterator[None]:
    with connect(port=stand.postgres.port, password=stand.postgres.password) as admin:
        admin.run("ALTER SYSTEM SET fsync = off")
        admin.run("SELECT pg_reload_conf()")
        yield
        admin.run("ALTER SYSTEM RESET fsync")
        admin.run("SELECT pg_reload_conf()")
        # What was written meanwhile goes to the disk now, and not while something is measured.
        admin.run("CHECKPOINT")
