"""E27: a full disk under the database and under the object store, on a small disk of their own.

Nothing is acknowledged without its row or its object, what was acknowledged stays readable, and
once there is space everything goes on. The broker's files have tests of their own.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError

from knative.local.postgres import Postgres, connect, prepare_databases, start_postgres
from knative.local.secret_files import make_private_folder
from shared.db.charges import Charges
from shared.db.engine import make_engine
from shared.db.migrate import migrate
from shared.db.provisioning import PostgresAccountStore
from shared.db.transaction import Database as Pool
from shared.domain.account import Tenant
from shared.domain.errors import CutOff, Unavailable
from shared.operations.ports import StoreDownError
from shared.operations.provision_account import ProvisionAccount, provision_account, simulated_mtn
from shared.storage.locked_store import S3LockedStore
from tests import PRINTED_AT_THE_END
from tests.database import SIMULATOR_URL, WEBHOOK_URL
from tests.factories import a_charge, a_message, an_event, an_origin, moment
from tests.object_store import running_object_store
from tests.pubsub_server import wait_for
from tests.small_disk import SmallDisk, may_mount, small_disk
from tests.system import data_folder

REFUSALS: Final = 30
BROKEN: Final = (Unavailable, CutOff, InterfaceError, OSError)


@pytest.fixture
def disk(record_property: Callable[[str, object], None]) -> Iterator[SmallDisk | None]:
    """A small disk; None, and a line at the end of the run, where this user may not mount."""
    if not may_mount():
        record_property(PRINTED_AT_THE_END, "left out, this user may not mount: full disks")
        yield None
        return
    with data_folder() as folder, small_disk(folder, 150) as mounted:
        yield mounted


class Shop:
    """One account on a server of its own."""

    def __init__(self, postgres: Postgres, secrets_dir: Path) -> None:
        prepare_databases(postgres, secrets_dir)
        owner = make_engine(
            postgres.url("pay"), secret_file=secrets_dir / "database_owner", pool_size=1
        )
        assert not migrate(owner).failed
        store, now = PostgresAccountStore(owner), datetime.now(UTC)
        self.operator = store.keep_operator_account(simulated_mtn(SIMULATOR_URL, now=now))
        order = ProvisionAccount.parse(
            "Boutique Pleine", modes=["test"], language="fr", webhook_url=WEBHOOK_URL
        )
        made = provision_account(
            order, store, seal=lambda text, _: text, pepper=os.urandom(32), origin=an_origin(now)
        )
        owner.dispose()
        self.tenant = Tenant(made.id, livemode=False)
        self.engine = make_engine(
            postgres.url("pay"), secret_file=secrets_dir / "database_app", pool_size=2
        )
        self.charges = Charges(Pool(self.engine), self.tenant)
        self.taken: set[str] = set()

    def create(self) -> None:
        """Create a charge of half a kilobyte; it counts once it was acknowledged."""
        charge = a_charge(self.tenant, self.operator, description="x" * 500)
        self.charges.create(
            charge,
            event=an_event(charge),
            message=a_message(charge),
            first_check_at=moment(),
            idempotency=None,
            response="{}",
        )
        self.taken.add(charge.id)

    def is_served(self) -> bool:
        """Whether a charge is taken now."""
        with suppress(*BROKEN):
            self.create()
            return True
        return False


def _stored(postgres: Postgres, tenant: Tenant) -> set[str]:
    with connect(port=postgres.port, password=postgres.password, database="pay") as connection:
        return {row[0] for row in connection.run(f'SELECT id FROM "{tenant.schema}".charges')}


def test_a_full_disk_under_the_database(disk: SmallDisk | None, tmp_path: Path) -> None:
    """Charges are refused as unavailable, also while the log cannot grow; none is lost."""
    if disk is None:
        return
    postgres = start_postgres(disk.folder)
    try:
        shop = Shop(postgres, make_private_folder(tmp_path / "secrets"))
        shop.create()
        disk.fill()
        refused = 0
        while refused < REFUSALS:
            try:
                shop.create()
            except Unavailable:
                refused += 1
        disk.empty()
        wait_for(shop.is_served, "charges are taken again", seconds=20)

        disk.fill()
        # The server cannot go on without room for its log: it stops rather than forget.
        with (
            suppress(DatabaseError, InterfaceError, OSError),
            connect(port=postgres.port, password=postgres.password) as connection,
        ):
            for _ in range(9):
                connection.run("CREATE TEMPORARY TABLE IF NOT EXISTS t AS SELECT 1")
                connection.run("DROP TABLE t")
                connection.run("SELECT pg_switch_wal()")
        wait_for(lambda: not shop.is_served(), "the log is full", seconds=20)
        disk.empty()
        if postgres.process.poll() is not None:
            postgres = start_postgres(disk.folder, port=postgres.port)
        wait_for(shop.is_served, "charges are taken again", seconds=30)
        shop.engine.dispose()

        assert _stored(postgres, shop.tenant) >= shop.taken
    finally:
        postgres.remove()


def test_a_full_disk_under_the_object_store(disk: SmallDisk | None) -> None:
    """No receipt is acknowledged that is not whole; those that were stay readable meanwhile."""
    if disk is None:
        return
    until = datetime.now(UTC) + timedelta(days=1)
    bodies = {f"receipts/{number}.pdf": os.urandom(300_000) for number in range(12)}
    kept: dict[str, str] = {}
    with running_object_store(disk.folder) as running:
        store = S3LockedStore(running.endpoint_url, running.bucket, credentials=running.credentials)

        def is_kept(key: str) -> bool:
            with suppress(StoreDownError):
                kept[key] = store.put(
                    key, bodies[key], content_type="application/pdf", retain_until=until
                ).version_id
            return key in kept

        def are_whole() -> bool:
            return all(store.get(key, version) == bodies[key] for key, version in kept.items())

        first, *others = bodies
        assert is_kept(first)
        disk.fill()
        while_full = [is_kept(key) for key in others]
        assert not all(while_full)
        assert are_whole()
        disk.empty()
        for key in others:
            wait_for(partial(is_kept, key), "the receipt is stored", seconds=30)

        assert are_whole()
        listed = running.client().list_object_versions(Bucket=running.bucket)["Versions"]
        assert {each["Key"]: each["Size"] for each in listed} == dict.fromkeys(bodies, 300_000)
