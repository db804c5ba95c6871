"""Joins ports to the real parts, each made at its first use and kept for the process."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from shared.db.audit import AuditEntries
from shared.db.breakers import Breakers
from shared.db.charges import Charges
from shared.db.deliveries import Deliveries
from shared.db.details import Details
from shared.db.directory import Directory
from shared.db.engine import REPLY_SECONDS, make_engine
from shared.db.expansions import Expansions
from shared.db.holds import Holds
from shared.db.identity import PeopleRows
from shared.db.keys import Keys
from shared.db.notification_choices import NotificationChoices
from shared.db.reading import Reading
from shared.db.receipts import Receipts
from shared.db.scheduling import Schedule
from shared.db.team import Teams
from shared.db.transaction import Database
from shared.domain.account import AccountProfile, OperatorAccount, Tenant
from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.breaker import Circuit, Standing
from shared.domain.events import Message
from shared.domain.rules import Rules
from shared.domain.test_clock import STILL, TestClock
from shared.messaging.publisher import Publisher, PublishError
from shared.operations.gate import Gate
from shared.operations.manage_keys import KeyMaker
from shared.operations.stored_keys import PREFIX
from shared.runtime import invitations, logs, metrics
from shared.runtime.clock import CommonClock, clock
from shared.runtime.crash import reached
from shared.runtime.http import Call
from shared.runtime.lasting_cache import LastingCache, Touches
from shared.runtime.once import once
from shared.runtime.publishing import BackgroundPublisher
from shared.runtime.settings import REALM, require, secret, settings
from shared.runtime.short_cache import ShortCache

if TYPE_CHECKING:
    from shared.identity.keycloak_server import KeycloakServer

KEY_SECONDS: Final = 3
# What the owner does may read a large table whole; a request has 25 s.
OWNER_REPLY_SECONDS: Final = 20.0
# A look that takes longer is a fault to be told, and no load to add.
METRICS_REPLY_SECONDS: Final = 3.0
CONTRACT_SECONDS: Final = 60


@once
def _clock() -> CommonClock:
    config = settings()
    machine = clock(config.clock_url, environment=config.environment, function=config.function)
    return CommonClock(machine)


def now() -> datetime:
    """Return the time in UTC, whoever it is for: what a merchant's payments go by is `clock_of`."""
    return _clock().now()


@once
def _test_clocks() -> LastingCache[str, TestClock]:
    return LastingCache(
        directory().find_test_clock,
        touches(),
        account_of=lambda account, _: account,
    )


def test_clock(tenant: Tenant) -> TestClock:
    """Return by how much a tenant's mode is ahead of the time. Raises Unavailable."""
    return STILL if tenant.livemode else _test_clocks().get(tenant.account) or STILL


def clock_of(tenant: Tenant) -> Callable[[], datetime]:
    """Return what tells the time of a tenant's payments, for one call or message.

    By how much a test mode is ahead is looked at now: for whoever asks in the course of one call
    the time does not jump. Raises Unavailable.
    """
    ahead = test_clock(tenant).ahead_at(now())
    return (lambda: now() + ahead) if ahead else now


def time_of(tenant: Tenant) -> datetime:
    """Return what time it is in a tenant's mode. Raises Unavailable."""
    return clock_of(tenant)()


def key_bytes(name: str) -> bytes:
    """Return a secret of 32 bytes, stored as base64."""
    return base64.b64decode(secret(name))


@once
def _kept_keys() -> ShortCache[str, bytes]:
    return ShortCache(key_bytes, seconds=KEY_SECONDS)


def kept_key(name: str) -> bytes:
    """Return the same as it was a moment ago: what each request needs is not looked for on disk."""
    return _kept_keys().get(name) or key_bytes(name)


# --- the database --------------------------------------------------------------------------------


@once
def app_database() -> Database:
    """Return the application's pool; what its transactions wrote to the outbox is published."""
    return Database(_engine("app", require(settings().database_url, "DATABASE_URL")), hand_on)


@once
def worker_database() -> Database:
    """Return the workers' pool, which can enter no tenant."""
    url = require(settings().worker_database_url, "WORKER_DATABASE_URL")
    return Database(_engine("worker", url), hand_on)


@once
def metrics_database() -> Database:
    """Return the pool of whoever reads figures, which sees no account and writes nothing."""
    url = require(settings().metrics_database_url, "METRICS_DATABASE_URL")
    return Database(_engine("metrics", url, reply_seconds=METRICS_REPLY_SECONDS))


def _engine(role: str, url: str, *, reply_seconds: float = REPLY_SECONDS) -> Engine:
    return make_engine(
        url,
        secret_file=settings().secrets_dir / f"database_{role}",
        pool_size=settings().pool_size,
        application_name=settings().function or "pay",
        reply_seconds=reply_seconds,
        on_time=_clock().hear,
    )


@once
def owner_engine() -> Engine:
    """Return the connections of the owner of all schemas, for the one function that has them."""
    url = require(settings().migration_database_url, "MIGRATION_DATABASE_URL")
    return _engine("owner", url, reply_seconds=OWNER_REPLY_SECONDS)


@once
def owner_database() -> Database:
    """Return the same connections, for statements; the relay publishes what they leave."""
    return Database(owner_engine())


@once
def directory() -> Directory:
    """Return the platform look-ups."""
    return Directory(app_database() if settings().database_url else owner_database())


@once
def schedule() -> Schedule:
    """Return the workers' view of due work and outbox."""
    return Schedule(worker_database())


@once
def holds() -> Holds:
    """Return the workers' view of money whose hold is over."""
    return Holds(worker_database())


def charges(tenant: Tenant) -> Charges:
    """Return a tenant's charges."""
    return Charges(app_database(), tenant)


def receipts(tenant: Tenant) -> Receipts:
    """Return a tenant's receipts."""
    return Receipts(app_database(), tenant)


def deliveries(tenant: Tenant) -> Deliveries:
    """Return a tenant's webhook deliveries."""
    return Deliveries(app_database(), tenant)


def reading(tenant: Tenant) -> Reading:
    """Return what a tenant may read."""
    return Reading(app_database(), tenant)


def charge_details(tenant: Tenant) -> Details:
    """Return what a tenant says of its charges."""
    return Details(app_database(), tenant)


def expansions(tenant: Tenant) -> Expansions:
    """Return what a tenant may read many of at once."""
    return Expansions(app_database(), tenant)


def keys(tenant: Tenant) -> Keys:
    """Return a tenant's API keys."""
    return Keys(app_database(), tenant)


def key_maker(call: Call) -> KeyMaker:
    """Return what a caller makes keys with."""
    caller = call.authenticated()
    return KeyMaker(caller, keys(caller.tenant), key_bytes("api_key_pepper"), origin(call))


def audit_entries(tenant: Tenant) -> AuditEntries:
    """Return a tenant's audit entries."""
    return AuditEntries(app_database(), tenant)


def platform_audit_entries() -> AuditEntries:
    """Return the audit entries of the platform."""
    return AuditEntries(owner_database(), None)


def origin(call: Call) -> Origin:
    """Return where an act comes from, as its audit entry will say."""
    return Origin(_actor(call), now(), call.remote_address or None, call.request_id)


def _actor(call: Call) -> Actor:
    if call.person is not None:
        return Actor(ActorKind.PERSON, call.person.id)
    caller = call.authenticated()
    if caller.member is not None:
        return Actor(ActorKind.PERSON, caller.member.person)
    return Actor(ActorKind.KEY, PREFIX + caller.key_id)


def team(account: str) -> Teams:
    """Return the team of an account."""
    return Teams(app_database(), directory().find_home(account), notify=invitations.notify)


def notification_choices(account: str) -> NotificationChoices:
    """Return what the members of an account have left out of their mails."""
    return NotificationChoices(app_database(), directory().find_home(account))


def people_rows(at: datetime) -> PeopleRows:
    """Return what is stored of people, as of a moment."""
    return PeopleRows(worker_database(), now=at)


def identity_server() -> "KeycloakServer":
    """Return Keycloak's administration, for one thread and one message."""
    from shared.identity.keycloak_server import (  # noqa: PLC0415 - 350 ms that one function needs
        KeycloakServer,
    )

    url = require(settings().keycloak_url, "KEYCLOAK_URL")
    return KeycloakServer(url, REALM, login=secret("keycloak_administration"))


def tenant_of(message: Message) -> Tenant:
    """Return the tenant that a message names. Raises ValueError for what is no account id."""
    return Tenant(message.account, message.livemode)


# --- messages ------------------------------------------------------------------------------------


@once
def broker() -> Publisher:
    """Return the way to Pub/Sub; its client is imported at the first publish."""
    require(settings().pubsub_project, "PUBSUB_PROJECT")
    return Publisher.from_environment()


@once
def publisher() -> BackgroundPublisher:
    """Return the thread that publishes after commit and marks what the broker took."""
    mark = directory().mark_published if settings().database_url else schedule().mark_published
    send, function = broker().publish, settings().function

    def publish(messages: Sequence[Message]) -> None:
        reached(f"{function}.before_publish")
        send(messages)
        reached(f"{function}.after_publish")

    return BackgroundPublisher(publish, mark)


def is_published(messages: Sequence[Message]) -> bool:
    """Publish now; False where the broker did not answer for all of them."""
    try:
        broker().publish(messages)
    except PublishError as failure:
        logs.warning("publish_failed", error=str(failure), count=len(messages))
        return False
    return True


def hand_on(messages: Sequence[Message]) -> None:
    """Publish in the background what a commit put into the outbox."""
    publisher().enqueue(messages)


# --- accounts and operators -----------------------------------------------------------------------


@once
def touches() -> Touches:
    """Return what this process knows of accounts that changed."""
    return Touches(directory().touched)


@once
def _rules() -> LastingCache[Tenant, Rules]:
    return LastingCache(
        lambda tenant: directory().find_rules(tenant, now=now()),
        touches(),
        account_of=lambda tenant, _: tenant.account,
    )


def rules(tenant: Tenant) -> Rules:
    """Return the bounds that hold for a tenant, as of a few seconds ago at most."""
    return _rules().get(tenant) or Rules()


@once
def gate() -> Gate:
    """Return the gate before all operators."""

    def tell(circuit: Circuit, standing: Standing) -> None:
        word = "breaker_opened" if standing.is_open else "breaker_closed"
        logs.warning(
            word,
            operator=circuit.operator.value,
            host=circuit.host,
            operation=circuit.operation.value,
        )
        metrics.count_breaker(circuit.operator.value, circuit.operation.value, word)

    def tell_bound(circuit: Circuit, operator_account: str) -> None:
        logs.warning(
            "sends_at_their_rate",
            operator=circuit.operator.value,
            operator_account=operator_account,
        )

    return Gate(
        Breakers(app_database()),
        threads=settings().threads,
        monotonic=monotonic,
        on_change=tell,
        on_bound=tell_bound,
    )


@once
def _profiles() -> ShortCache[str, AccountProfile]:
    return ShortCache(directory().find_account, seconds=CONTRACT_SECONDS)


def profile(account: str) -> AccountProfile:
    """Return a merchant's name and language. Raises LookupError."""
    found = _profiles().get(account)
    if found is None:
        raise LookupError(account)
    return found


@once
def _contracts() -> ShortCache[str, OperatorAccount]:
    return ShortCache(directory().read_operator_account, seconds=CONTRACT_SECONDS)


def contract(operator_account: str) -> OperatorAccount:
    """Return an account at an operator, live or not. Raises LookupError."""
    found = _contracts().get(operator_account)
    if found is None:
        raise LookupError(operator_account)
    return found
