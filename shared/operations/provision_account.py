"""Provisions an account: its schemas, ledger accounts, keys and webhook endpoints, all at once.

The secrets are made here and leave only in the returned value; what goes to the store is an HMAC of
each key and a sealed webhook secret.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

from shared.domain.account import OperatorAccount, Tenant
from shared.domain.account_states import AccountState, Standing, opening
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.audit import Actor, ActorKind, AuditEntry, Origin
from shared.domain.errors import InvalidRequest
from shared.domain.ids import new_id
from shared.domain.permissions import EVERYTHING
from shared.domain.phone import Operator
from shared.domain.webhook import WebhookSecret
from shared.operations.stored_keys import PREFIX

MODES: Final = {"test": False, "live": True}
LANGUAGES: Final = ("fr", "en")
LONGEST_NAME: Final = 200
LONGEST_URL: Final = 2048
WEBHOOK_SECRET_BYTES: Final = 32
_MADE_KEYS: Final = (KeyKind.SECRET, KeyKind.PUBLISHABLE)


@dataclass(frozen=True, slots=True)
class ProvisionAccount:
    """The order: who, in which modes (True is live), in which language, called back where."""

    name: str
    livemodes: tuple[bool, ...]
    language: str
    webhook_url: str | None

    @classmethod
    def parse(
        cls, name: str, *, modes: Sequence[str], language: str, webhook_url: str | None
    ) -> Self:
        """Read outside data. Raises InvalidRequest `parameter_invalid` with the field at fault."""
        if not 1 <= len(name.strip()) <= LONGEST_NAME or not name.isprintable():
            raise InvalidRequest("parameter_invalid", "name")
        if not modes or len(set(modes)) != len(modes) or not set(modes) <= MODES.keys():
            raise InvalidRequest("parameter_invalid", "modes")
        if language not in LANGUAGES:
            raise InvalidRequest("parameter_invalid", "language")
        if webhook_url is not None and not _is_url(webhook_url):
            raise InvalidRequest("url_invalid", "webhook_url")
        return cls(
            name.strip(), tuple(sorted(MODES[mode] for mode in modes)), language, webhook_url
        )


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is stored of an API key; `secret_hmac` is 32 bytes."""

    id: str
    kind: KeyKind
    secret_hmac: bytes
    last4: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """What is stored of a webhook endpoint."""

    id: str
    url: str
    secret_sealed: str


@dataclass(frozen=True, slots=True)
class ModeRecord:
    """One mode of a new account: a schema of its own and what goes into it.

    `entry` begins its audit chain.
    """

    tenant: Tenant
    keys: tuple[KeyRecord, ...]
    endpoint: EndpointRecord | None
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Creation:
    """How an account begins: active by the platform's own act, onboarding by an administrator's.

    `key` is an idempotency key of whoever acts, and `sha256` a hash of what came with it.
    """

    is_active: bool = True
    key: str | None = None
    sha256: str | None = None

    @property
    def state(self) -> AccountState:
        """The first state."""
        return AccountState.ACTIVE if self.is_active else AccountState.ONBOARDING


COMMAND: Final = Creation()
"""The platform's own act: whoever can run it has the owner's login and needs no second person."""


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A new account as it is stored; `entry` is for the platform's own audit chain."""

    id: str
    name: str
    language: str
    created_at: datetime
    modes: tuple[ModeRecord, ...]
    entry: AuditEntry
    creation: Creation = COMMAND

    @property
    def standing(self) -> Standing:
        """How it stands at first."""
        return opening(is_active=self.creation.is_active, at=self.created_at)


@dataclass(frozen=True, slots=True)
class ModeCredentials:
    """What the merchant is shown of one mode, once."""

    livemode: bool
    secret_key: str = field(repr=False)
    publishable_key: str
    webhook_endpoint: str | None
    webhook_secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProvisionedAccount:
    """A new account with its credentials per mode, test first.

    Without any, it was made before by the same idempotency key: its secrets were shown then.
    """

    id: str
    modes: tuple[ModeCredentials, ...]


class AccountStore(Protocol):
    """Where accounts come to exist; a call is one transaction unless it says otherwise."""

    def next_id(self) -> str:
        """Return the id of an account to come; nobody else gets it within ten minutes."""

    def create(self, account: AccountRecord) -> str | None:
        """Make everything of this account or nothing: rows, roles, schemas, ledger accounts.

        Where the creation's key made one before, nothing is made and its id returned. Raises
        KeyReused where that was another order, InProgress where it is being made.
        """

    def keep_operator_account(self, account: OperatorAccount) -> str:
        """Store the platform's operator account, or move the one that is there to this address.

        Then every account of its mode whose ledger has no float for it gets one, a hundred in a
        transaction. Returns its id.
        """


def provision_account(
    order: ProvisionAccount,
    store: AccountStore,
    *,
    seal: Callable[[str, str], str],
    pepper: bytes,
    origin: Origin,
    creation: Creation = COMMAND,
) -> ProvisionedAccount:
    """Make a new account, never the same twice; `seal` takes a secret and its row's id.

    Raises what the store does.
    """
    account_id, now = store.next_id(), origin.at
    ours = platform_origin(origin)
    records: list[ModeRecord] = []
    shown: list[ModeCredentials] = []
    for livemode in order.livemodes:
        keys = [ApiKey.generate(kind, livemode=livemode) for kind in _MADE_KEYS]
        endpoint = webhook_secret = None
        if order.webhook_url is not None:
            webhook_secret = new_webhook_secret()
            endpoint_id = new_id("we", int(now.timestamp() * 1000))
            endpoint = EndpointRecord(
                endpoint_id, order.webhook_url, seal(webhook_secret, endpoint_id)
            )
        made = tuple(_record(key, pepper) for key in keys)
        records.append(
            ModeRecord(
                Tenant(account_id, livemode=livemode),
                made,
                endpoint,
                _entry(ours, account_id, _facts(order) | _mode_facts(made, endpoint)),
            )
        )
        shown.append(
            ModeCredentials(
                livemode,
                secret_key=keys[0].text,
                publishable_key=keys[1].text,
                webhook_endpoint=endpoint.id if endpoint else None,
                webhook_secret=webhook_secret,
            )
        )
    facts = {**_facts(order), "livemodes": order.livemodes, "state": creation.state.value}
    entry = _entry(origin, account_id, facts)
    record = AccountRecord(
        account_id, order.name, order.language, now, tuple(records), entry, creation
    )
    earlier = store.create(record)
    if earlier is not None:
        return ProvisionedAccount(earlier, ())
    return ProvisionedAccount(account_id, tuple(shown))


SIMULATED_STATEMENTS: Final = "statement.v1"
"""The form of the simulator's statements."""


def simulated_operators(simulator_url: str, *, now: datetime) -> tuple[OperatorAccount, ...]:
    """Return the platform's operator accounts in test mode, all at the simulator."""
    made = (simulated_mtn, simulated_orange, simulated_mtn_disbursement, simulated_orange_web)
    return tuple(simulated(simulator_url, now=now) for simulated in made)


def simulated_mtn(simulator_url: str, *, now: datetime) -> OperatorAccount:
    """Return the platform's MTN collection account in test mode: the simulator, over the wire."""
    return OperatorAccount(
        id=new_id("opa", int(now.timestamp() * 1000)),
        operator=Operator.MTN,
        product="collection",
        livemode=False,
        base_url=simulator_url.rstrip("/") + "/mtn",
        target_environment="mtncameroon",
        currency="XAF",
        credentials="simulator_credentials",
    )


def simulated_orange(simulator_url: str, *, now: datetime) -> OperatorAccount:
    """Return the platform's Orange core account in test mode; its API names no environment."""
    return OperatorAccount(
        id=new_id("opa", int(now.timestamp() * 1000)),
        operator=Operator.ORANGE,
        product="core",
        livemode=False,
        base_url=simulator_url.rstrip("/") + "/orange",
        target_environment="",
        currency="XAF",
        credentials="simulator_orange_credentials",
    )


def simulated_mtn_disbursement(simulator_url: str, *, now: datetime) -> OperatorAccount:
    """Return the platform's MTN disbursement account in test mode, with a balance of its own."""
    return replace(
        simulated_mtn(simulator_url, now=now),
        product="disbursement",
        credentials="simulator_disbursement_credentials",
    )


def simulated_orange_web(simulator_url: str, *, now: datetime) -> OperatorAccount:
    """Return the platform's Orange Web Payment account in test mode, as of Cameroon."""
    return replace(
        simulated_orange(simulator_url, now=now),
        product="web",
        target_environment="cm",
        credentials="simulator_orange_web_credentials",
    )


def new_webhook_secret() -> str:
    """Return `whsec_` and base64 of 32 random bytes, as Standard Webhooks wants it."""
    return WebhookSecret(secrets.token_bytes(WEBHOOK_SECRET_BYTES)).shown


def platform_origin(origin: Origin) -> Origin:
    """Return whom an account's own chain names where an administrator acted: the platform."""
    actor = Actor(ActorKind.PLATFORM, "provision_account")
    return replace(origin, actor=actor, remote_address=None, reason=None)


def live_mode(account_id: str, name: str, origin: Origin) -> ModeRecord:
    """Return the live mode of an account that is activated: no keys, its owner makes them."""
    facts = {"name": name, "api_keys": []}
    tenant = Tenant(account_id, livemode=True)
    return ModeRecord(tenant, (), None, _entry(platform_origin(origin), account_id, facts))


def _entry(origin: Origin, account_id: str, after: Mapping[str, object]) -> AuditEntry:
    return origin.entry("account.provisioned", "account", account_id, after=after)


def _facts(order: ProvisionAccount) -> dict[str, object]:
    return {"name": order.name, "language": order.language}


def _mode_facts(keys: Sequence[KeyRecord], endpoint: EndpointRecord | None) -> dict[str, object]:
    return {
        "api_keys": [PREFIX + key.id for key in keys],
        "webhook_endpoint": endpoint and endpoint.id,
        "webhook_url": endpoint and endpoint.url,
    }


def _record(key: ApiKey, pepper: bytes) -> KeyRecord:
    return KeyRecord(key.id, key.kind, key.hmac(pepper), key.last4, (EVERYTHING,))


def _is_url(text: str) -> bool:
    """Form only: whether it may be called is decided at each call, by what it resolves to."""
    try:
        parts = urlsplit(text)
        return (
            len(text) <= LONGEST_URL
            and text.isascii()
            and text.isprintable()
            and parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.username is None
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        return False
