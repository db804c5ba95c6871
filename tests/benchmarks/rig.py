"""What create_charge is compared on: PostgreSQL that waits for its disk, our Pub/Sub server."""

import base64
import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import urllib3

from knative.catalogue import load_catalogue, topics
from knative.local.postgres import Postgres, connect, prepare_databases, start_postgres
from knative.local.programs import Program, free_port, spawn, stop
from knative.local.secret_files import make_private_folder, read_or_make
from shared.db.engine import make_engine
from shared.db.migrate import migrate
from shared.db.provisioning import PostgresAccountStore
from shared.domain.audit import Actor, ActorKind, Origin
from shared.operations.provision_account import (
    ProvisionAccount,
    provision_account,
    simulated_mtn,
)
from shared.runtime.sealing import Sealer
from tests import pubsub_server
from tests.database import UNHURRIED

ROOT: Final = Path(__file__).resolve().parent.parent.parent
BARE: Final = ("bare_insert", "bare_autocommit")
_NOBODY: Final = "http://127.0.0.1:9"
_KEYS: Final = ("api_key_pepper", "callback_token_key", "number_key", "webhook_sealing_key")
_START_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Served:
    """One function in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int


@dataclass(frozen=True, slots=True)
class Rig:
    """What create_charge needs, and nothing that would compete with it for the processor."""

    postgres: Postgres
    pubsub: pubsub_server.Server
    secrets_dir: Path
    secret_key: str
    logs: Path

    @contextlib.contextmanager
    def serving(self, function: str, *, threads: int = 8) -> Iterator[Served]:
        """Serve a function, or a bare one, as production does, for the length of a block."""
        source = "tests/benchmarks/bare" if function in BARE else f"functions/{function}"
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "ENVIRONMENT": "local",
            "PORT": str(port),
            "METRICS_PORT": str(free_port()),
            "K_SERVICE": function.replace("_", "-"),
            "K_REVISION": f"{function.replace('_', '-')}-00001",
            "K_CONFIGURATION": function.replace("_", "-"),
            "FUNCTION_TARGET": function,
            "FUNCTION_SOURCE": f"{source}/main.py",
            "THREADS": str(threads),
            "POOL": str(threads + 1),
            "SECRETS_DIR": str(self.secrets_dir),
            "DATABASE_URL": self.postgres.url("pay"),
            "PUBLIC_BASE_URL": "https://api.example.cm",
            "PUBSUB_PROJECT": pubsub_server.PROJECT,
            "PUBSUB_EMULATOR_HOST": self.pubsub.address,
        }
        program = Program(
            name=function,
            argv=(sys.executable, "-m", "shared.runtime.serve"),
            log=self.logs / f"{function}.log",
            folder=ROOT,
            environment=environment,
        )
        process = spawn(program)
        try:
            await_answer(port, process)
            yield Served(process, port)
        finally:
            stop(process, program)


@contextlib.contextmanager
def rig(folder: Path) -> Iterator[Rig]:
    """Start database and Pub/Sub, migrate, make topics and an account; all gone afterwards."""
    postgres = start_postgres(folder / "postgres")
    try:
        secrets_dir = make_private_folder(folder / "secrets")
        secret_key = _fill(postgres, secrets_dir)
        with pubsub_server.started(folder / "pubsub") as pubsub:
            make_topics(pubsub)
            yield Rig(postgres, pubsub, secrets_dir, secret_key, folder)
    finally:
        postgres.remove()


def _fill(postgres: Postgres, secrets_dir: Path) -> str:
    """Migrate, add the bare table and one account with a webhook endpoint; its secret key."""
    prepare_databases(postgres, secrets_dir)
    for name in _KEYS:
        read_or_make(secrets_dir / name, lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    owner = make_engine(
        postgres.url("pay"), secret_file=secrets_dir / "database_owner", pool_size=1
    )
    if migrate(owner).failed:
        raise RuntimeError("the migration failed")
    now = datetime.now(UTC)
    store = PostgresAccountStore(owner)
    store.keep_operator_account(simulated_mtn(_NOBODY, now=now))
    made = provision_account(
        ProvisionAccount.parse(
            "Boutique Mballa", modes=["test", "live"], language="fr", webhook_url=_NOBODY
        ),
        store,
        seal=Sealer(key(secrets_dir, "webhook_sealing_key")).seal,
        pepper=key(secrets_dir, "api_key_pepper"),
        origin=Origin(Actor(ActorKind.PLATFORM, "benchmarks"), now),
    )
    owner.dispose()
    with connect(port=postgres.port, password=postgres.password, database="pay") as admin:
        admin.run("CREATE SCHEMA bench")
        admin.run("CREATE TABLE bench.bare (id text PRIMARY KEY, body text NOT NULL)")
        admin.run("GRANT USAGE ON SCHEMA bench TO pay_app")
        admin.run("GRANT INSERT ON bench.bare TO pay_app")
        admin.run(UNHURRIED)
    return made.modes[0].secret_key


def key(secrets_dir: Path, name: str) -> bytes:
    """Read one of our keys."""
    return base64.b64decode((secrets_dir / name).read_text(encoding="utf-8"))


def make_topics(pubsub: pubsub_server.Server) -> None:
    """Each topic with a pull subscription, so that a publish is kept on disk before its answer."""
    publisher, subscriber = pubsub.publisher(), pubsub.subscriber()
    for name in topics(load_catalogue()):
        topic = f"projects/{pubsub_server.PROJECT}/topics/{name}"
        publisher.create_topic(request={"name": topic}, timeout=10)
        subscription = f"projects/{pubsub_server.PROJECT}/subscriptions/{name}"
        subscriber.create_subscription(request={"name": subscription, "topic": topic}, timeout=10)


def await_answer(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process answers whatever it is asked for. Raises RuntimeError."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            urllib3.request("GET", f"http://127.0.0.1:{port}/", timeout=2, retries=False)
            return
        time.sleep(0.02)
    raise RuntimeError(f"the function on port {port} gave no answer")
