"""Joins ports to the real parts, each made at its first use and kept for the process."""

import base64
from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.deliveries import Deliveries
from shared.db.directory import Directory
from shared.db.engine import make_engine
from shared.db.keys import Keys
from shared.db.reading import Reading
from shared.db.receipts import Receipts
from shared.db.scheduling import Schedule
from shared.db.transaction import Database
from shared.domain.account import AccountProfile, Caller, Limits, OperatorAccount, Tenant
from shared.domain.events import Message
from shared.domain.phone import Operator
from shared.messaging.publisher import Publisher, PublishError
from shared.operations.create_charge import Terms
from shared.operations.manage_keys import KeyMaker
from shared.operations.settle_charge import Settlement
from shared.operations.submit_charge import Submission
from shared.runtime import logs, metrics
from shared.runtime.authentication import Authenticator
from shared.runtime.clock import CommonClock, clock
from shared.runtime.crash import reached
from shared.runtime.http import Call
from shared.runtime.key_use import KeyUse
from shared.runtime.once import once
from shared.runtime.publishing import BackgroundPublisher
from shared.runtime.settings import require, secret, settings
from shared.runtime.short_cache import ShortCache

if TYPE_CHECKING:
    from shared.runtime.operators import Operators

KEY_SECONDS: Final = 3
CONTRACT_SECONDS: Final = 60


@once
def _clock() -> CommonClock:
    config = settings()
    machine = clock(config.clock_url, environment=config.environment, function=config.function)
    return CommonClock(machine)


def now() -> datetime:
    """Return the time in UTC."""
    return _clock().now()


def key_bytes(name: str) -> bytes:
    """Return a secret of 32 bytes, stored as base64."""
    return base64.b64decode(secret(name))


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


def _engine(role: str, url: str) -> Engine:
    return make_engine(
        url,
        secret_file=settings().secrets_dir / f"database_{role}",
        pool_size=settings().pool_size,
        application_name=settings().function or "pay",
        on_time=_clock().hear,
    )


@once
def directory() -> Directory:
    """Return the platform look-ups."""
    return Directory(app_database())


@once
def schedule() -> Schedule:
    """Return the workers' view of due work and outbox."""
    return Schedule(worker_database())


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


def keys(tenant: Tenant) -> Keys:
    """Return a tenant's API keys."""
    return Keys(app_database(), tenant)


def key_maker(caller: Caller) -> KeyMaker:
    """Return what a caller makes keys with."""
    return KeyMaker(caller, keys(caller.tenant), key_bytes("api_key_pepper"), now())


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


# --- callers and contracts -----------------------------------------------------------------------


@once
def _authenticator() -> Authenticator:
    known = ShortCache(directory().find_key, seconds=KEY_SECONDS)
    peppers = ShortCache(key_bytes, seconds=KEY_SECONDS)
    return Authenticator(
        known,
        lambda: peppers.get("api_key_pepper") or key_bytes("api_key_pepper"),
        now=now,
        on_use=key_use().note,
    )


@once
def key_use() -> KeyUse:
    """Return what keeps when keys were used, beside the requests."""
    return KeyUse(directory().note_use)


def authenticate(call: Call) -> Caller:
    """Return who calls. Raises NotAuthenticated or NotPermitted."""
    return _authenticator().caller(
        call.authorization, call.operation_id, address=call.client_address
    )


@once
def _operator_accounts() -> ShortCache[tuple[Operator, Tenant], OperatorAccount]:
    def load(key: tuple[Operator, Tenant]) -> OperatorAccount | None:
        operator, tenant = key
        return directory().find_operator_account(operator, product="collection", tenant=tenant)

    return ShortCache(load, seconds=CONTRACT_SECONDS)


@once
def _limits() -> ShortCache[Operator, Limits]:
    return ShortCache(
        lambda operator: directory().find_limits(operator, now=now()), seconds=CONTRACT_SECONDS
    )


def terms(operator: Operator, tenant: Tenant) -> Terms:
    """Return by which contract and within which bounds a tenant charges at an operator."""
    return Terms(_operator_accounts().get((operator, tenant)), _limits().get(operator))


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
def operators() -> "Operators":
    """Return the adapters to operators."""
    from shared.runtime.operators import Operators  # noqa: PLC0415 - only two functions call out

    contracts = ShortCache(directory().read_operator_account, seconds=CONTRACT_SECONDS)

    def find(operator_account: str) -> OperatorAccount:
        found = contracts.get(operator_account)
        if found is None:
            raise LookupError(operator_account)
        return found

    return Operators(find=find, secret=secret, clock=now, on_exchange=metrics.observe_exchange)


# --- what operations need beside their stores ----------------------------------------------------


def submission(tenant: Tenant) -> Submission:
    """Return what a submission needs."""
    return Submission(
        callback_base_url=require(settings().callback_base_url, "CALLBACK_BASE_URL"),
        callback_token_key=key_bytes("callback_token_key"),
        number_key=key_bytes("number_key"),
        base_url=settings().public_base_url,
        language=profile(tenant.account).language,
        now=now,
        monotonic=monotonic,
        reached=reached,
    )


def settlement(tenant: Tenant) -> Settlement:
    """Return what a settlement needs."""
    return Settlement(
        base_url=settings().public_base_url,
        language=profile(tenant.account).language,
        now=now,
        monotonic=monotonic,
        reached=reached,
    )
