"""Events as every function writes them: rows, a place in the feed, deliveries and messages."""

import base64
import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, Protocol

from knative.local.environment import pubsub_environment
from knative.local.layout import Layout
from shared.db.directory import Directory
from shared.db.engine import make_engine
from shared.db.event_parts import EVENTS_PARTS, TOLD, events_values, messages_of
from shared.db.provisioning import PostgresAccountStore
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.events import Event
from shared.domain.ids import new_id
from shared.messaging.publisher import Publisher
from shared.operations.provision_account import (
    ProvisionAccount,
    ProvisionedAccount,
    provision_account,
)
from shared.runtime.publishing import BackgroundPublisher
from shared.runtime.sealing import Sealer
from tests.system import LocalSystem


class Write(Protocol):
    """Writes an event of a tenant and returns its id once it is committed."""

    def __call__(self, tenant: Tenant, charge: str | None = None) -> str:
        """`charge` is what it tells of, else a new one."""


_TELL: Final = Statement(f"""
WITH gate AS MATERIALIZED (SELECT 1), {EVENTS_PARTS}
SELECT {TOLD}
""")


@contextlib.contextmanager
def writing(running: LocalSystem, *, threads: int) -> Iterator[Write]:
    """What writes events by the application's login and has their messages published."""
    layout = _layout(running)
    engine = make_engine(
        layout.database_url("pay"),
        secret_file=layout.secrets_dir / "database_app",
        pool_size=threads + 1,
    )
    pubsub = pubsub_environment(layout)
    broker = Publisher(pubsub["PUBSUB_PROJECT"], pubsub["PUBSUB_EMULATOR_HOST"])
    broker.warm_up()
    published = BackgroundPublisher(broker.publish, Directory(Database(engine)).mark_published)
    try:
        yield partial(_write, Database(engine, published.enqueue))
    finally:
        published.close()
        broker.close()
        engine.dispose()


def open_accounts(
    running: LocalSystem, webhook_urls: Sequence[str | None]
) -> list[ProvisionedAccount]:
    """Make an account in test mode for each address, or for each None without an endpoint."""
    layout = _layout(running)
    owner = make_engine(
        layout.database_url("pay"), secret_file=layout.secrets_dir / "database_owner", pool_size=1
    )
    made = [
        provision_account(
            ProvisionAccount.parse(
                "Boutique Mballa", modes=["test"], language="fr", webhook_url=url
            ),
            PostgresAccountStore(owner),
            seal=Sealer(_key(layout, "webhook_sealing_key")).seal,
            pepper=_key(layout, "api_key_pepper"),
            origin=Origin(Actor(ActorKind.PLATFORM, "tests"), datetime.now(UTC)),
        )
        for url in webhook_urls
    ]
    owner.dispose()
    return made


def _write(database: Database, tenant: Tenant, charge: str | None = None) -> str:
    now = datetime.now(UTC)
    charge = charge or new_id("ch", int(now.timestamp() * 1000))
    data = f'{{"id":"{charge}","object":"charge","amount":1500,"currency":"xaf"}}'
    event_id = new_id("evt", int(now.timestamp() * 1000))
    event = Event(event_id, "charge.succeeded", charge, data, now)
    values = events_values([event], tenant, None)
    [[told]] = database.once(tenant, _TELL, **values, at=now).rows
    database.hand_on(messages_of(told, tenant, None))
    return event_id


def _key(layout: Layout, name: str) -> bytes:
    return base64.b64decode((layout.secrets_dir / name).read_text(encoding="utf-8"))


def _layout(running: LocalSystem) -> Layout:
    return Layout(running.data_dir, running.ports, "")
