"""Joins ports to the real parts, each made at its first use and kept for the process."""

import base64
from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from shared.db.audit import AuditEntries
from shared.db.breakers import Breakers
from shared.db.charges import Charges
from shared.db.deliveries import Deliveries
from shared.db.directory import Directory
from shared.db.engine import REPLY_SECONDS, make_engine
from shared.db.holds import Holds
from shared.db.identity import PeopleRows
from shared.db.keys import Keys
from shared.db.late_payments import LatePayments
from shared.db.reading import Reading
from shared.db.receipts import Receipts
from shared.db.scheduling import Schedule
from shared.db.team import Teams
from shared.db.transaction import Database
from shared.domain import account_access
from shared.domain.account import (
    COLLECTING,
    PAGING,
    AccountProfile,
    Caller,
    Limits,
    OperatorAccount,
    Tenant,
)
from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.breaker import ASKING, CLOSED, Circuit, Guarded, Standing
from shared.domain.events import Message
from shared.domain.people import Person
from shared.domain.phone import Operator
from shared.domain.rules import Rules
from shared.messaging.publisher import Publisher, PublishError
from shared.operations.create_charge import Terms
from shared.operations.gate import Gate
from shared.operations.manage_keys import KeyMaker
from shared.operations.read_operators import Offer
from shared.operations.settle_charge import Settlement
from shared.operations.stored_keys import PREFIX
from shared.operations.submit_charge import Submission
from shared.runtime import invitations, logs, metrics
from shared.runtime.authentication import Authenticator, is_token, refuse_contradiction
from shared.runtime.clock import CommonClock, clock
from shared.runtime.crash import reached
from shared.runtime.http import Call
from shared.runtime.key_use import KeyUse
from shared.runtime.lasting_cache import LastingCache, Touches
from shared.runtime.once import once
from shared.runtime.publishing import BackgroundPublisher
from shared.runtime.request_rates import RequestRates
from shared.runtime.settings import REALM, require, secret, settings
from shared.runtime.short_cache import ShortCache

if TYPE_CHECKING:
    from shared.identity.keycloak_server import KeycloakServer
    from shared.runtime.operators import Operators
    from shared.runtime.people import People

KEY_SECONDS: Final = 3
# What the owner does may read a large table whole; a request has 25 s.
OWNER_REPLY_SECONDS: Final = 20.0
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


# --- callers and contracts -----------------------------------------------------------------------


@once
def _authenticator() -> Authenticator:
    known = LastingCache(
        directory().find_key, touches(), account_of=lambda _, known: known.caller.tenant.account
    )
    return Authenticator(
        known,
        lambda: kept_key("api_key_pepper"),
        now=now,
        on_use=key_use().note,
    )


@once
def key_use() -> KeyUse:
    """Return what keeps when keys were used, beside the requests."""
    return KeyUse(directory().note_use)


@once
def _people() -> "People":
    from shared.runtime import people, tokens  # noqa: PLC0415 - 60 ms that only people need

    realm = require(settings().identity_issuer, "KEYCLOAK_URL")
    keys = tokens.KeySet(tokens.fetcher(f"{realm}/protocol/openid-connect/certs"))
    verifier = tokens.Verifier(tokens.people_trust(realm), keys)
    members = ShortCache(directory().find_member, seconds=KEY_SECONDS)
    accesses = ShortCache(directory().find_access, seconds=KEY_SECONDS)
    return people.People(verifier.verify, members, accesses, now=now)


def identify(call: Call) -> Person:
    """Return who signed in, for what is of no account. Raises NotAuthenticated, NotPermitted."""
    return _people().person(call.authorization, call.operation_id)


def authenticate(call: Call) -> Caller:
    """Return which key, member or administrator calls.

    Raises NotAuthenticated, NotPermitted, InvalidRequest where headers name another account or mode
    than the key's, and for people NotFound.
    """
    if is_token(call.authorization):
        return _people().caller(
            call.authorization, call.operation_id, account=call.account, mode=call.mode
        )
    caller = _authenticator().caller(
        call.authorization, call.operation_id, address=call.client_address
    )
    refuse_contradiction(caller.tenant, account=call.account, mode=call.mode)
    return caller


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
def _request_rates() -> RequestRates:
    return RequestRates(lambda tenant: rules(tenant).requests, directory().take_requests, now=now)


def admit(call: Call) -> None:
    """Count the request of a known caller, and tell the account of one made by an access.

    What cannot be told is not answered. Raises TooManyRequests `rate_limited`, Unavailable.
    """
    caller = call.authenticated()
    _request_rates().admit(caller, call.answer_headers)
    if caller.access is not None:
        entry = account_access.used(
            caller.access,
            call.operation_id,
            call.path_params,
            at=now(),
            request_id=call.request_id,
        )
        audit_entries(caller.tenant).add(entry)


@once
def _operator_accounts() -> LastingCache[tuple[Operator, str, Tenant], OperatorAccount]:
    def load(key: tuple[Operator, str, Tenant]) -> OperatorAccount | None:
        operator, product, tenant = key
        return directory().find_operator_account(operator, product=product, tenant=tenant)

    return LastingCache(load, touches(), account_of=lambda key, _: key[2].account)


@once
def _limits() -> ShortCache[Operator, Limits]:
    return ShortCache(
        lambda operator: directory().find_limits(operator, now=now()), seconds=CONTRACT_SECONDS
    )


def terms(operator: Operator, tenant: Tenant, *, on_page: bool) -> Terms:
    """Return by which contract and within which bounds a tenant charges at an operator.

    `on_page` is by the operator's own page, else its payers are prompted.
    """
    products, asked = (PAGING, (Guarded.OPEN_PAGE,)) if on_page else (COLLECTING, ASKING[operator])
    account = _operator_accounts().get((operator, products[operator], tenant))
    wait = None if account is None else _seconds_until_asked(account, asked)
    return Terms(account, _limits().get(operator), rules(tenant), kept_key("number_key"), wait)


def _seconds_until_asked(account: OperatorAccount, asked: Sequence[Guarded]) -> int | None:
    """Return when a payer may be asked again, None where that is now: all of it must be open."""
    for guarded in asked:
        seconds = gate().seconds_until_open(Circuit.of(account, guarded))
        if seconds is not None:
            return seconds
    return None


def offer(operator: Operator, tenant: Tenant) -> Offer:
    """Return what a tenant may expect of an operator now."""
    account = _operator_accounts().get((operator, COLLECTING[operator], tenant))
    if account is None:
        return Offer(operator)
    asked = [gate().standing(Circuit.of(account, each)) for each in ASKING[operator]]
    requests = next((standing for standing in asked if standing.is_open), CLOSED)
    reads = gate().standing(Circuit.of(account, Guarded.READ_PAYMENT))
    return Offer(operator, _limits().get(operator), requests, reads)


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

    return Gate(
        Breakers(app_database()), threads=settings().threads, monotonic=monotonic, on_change=tell
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
def operators() -> "Operators":
    """Return the adapters to operators."""
    from shared.runtime import pages  # noqa: PLC0415 - it is wired by this module itself
    from shared.runtime.operators import Operators  # noqa: PLC0415 - only two functions call out

    contracts = ShortCache(directory().read_operator_account, seconds=CONTRACT_SECONDS)

    def find(operator_account: str) -> OperatorAccount:
        found = contracts.get(operator_account)
        if found is None:
            raise LookupError(operator_account)
        return found

    return Operators(
        find=find,
        secret=secret,
        clock=now,
        on_exchange=metrics.observe_exchange,
        gate=gate(),
        pages_of=pages.of_charge,
    )


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
        late=LatePayments(app_database(), tenant),
        late_rule=lambda: rules(tenant).late,
    )
