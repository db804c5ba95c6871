"""Provisions an account: its schemas, ledger accounts, keys and webhook endpoints, all at once.

The secrets are made here and leave only in the returned value; what goes to the store is an HMAC of
each key and a sealed webhook secret.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

from shared.domain.account import OperatorAccount, Tenant
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.errors import InvalidRequest
from shared.domain.ids import new_account_id, new_id
from shared.domain.permissions import EVERYTHING
from shared.domain.phone import Operator
from shared.domain.webhook import WebhookSecret

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
            raise InvalidRequest("parameter_invalid", "webhook_url")
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
    """One mode of a new account: a schema of its own and what goes into it."""

    tenant: Tenant
    keys: tuple[KeyRecord, ...]
    endpoint: EndpointRecord | None


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A new account as it is stored."""

    id: str
    name: str
    language: str
    created_at: datetime
    modes: tuple[ModeRecord, ...]


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
    """A new account with its credentials per mode, test first."""

    id: str
    modes: tuple[ModeCredentials, ...]


class AccountStore(Protocol):
    """Where accounts come to exist; each call is one transaction."""

    def create(self, account: AccountRecord) -> None:
        """Make everything of this account or nothing: rows, roles, schemas, ledger accounts."""

    def keep_operator_account(self, account: OperatorAccount) -> str:
        """Store the platform's operator account, or move the one that is there to this address.

        A new one gets a float in the ledger of every account of its mode. Returns its id.
        """


def provision_account(
    order: ProvisionAccount,
    store: AccountStore,
    *,
    seal: Callable[[str, str], str],
    pepper: bytes,
    now: datetime,
) -> ProvisionedAccount:
    """Make a new account, never the same twice; `seal` takes a secret and its row's id."""
    account_id = new_account_id()
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
        records.append(
            ModeRecord(
                Tenant(account_id, livemode=livemode),
                tuple(_record(key, pepper) for key in keys),
                endpoint,
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
    store.create(AccountRecord(account_id, order.name, order.language, now, tuple(records)))
    return ProvisionedAccount(account_id, tuple(shown))


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


def new_webhook_secret() -> str:
    """Return `whsec_` and base64 of 32 random bytes, as Standard Webhooks wants it."""
    return WebhookSecret(secrets.token_bytes(WEBHOOK_SECRET_BYTES)).shown


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
