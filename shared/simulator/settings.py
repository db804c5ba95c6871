"""Reads what the simulator is told from outside, so that no other module knows files or names."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

_DEFAULT_SECRETS_DIR: Final = "/etc/pay/secrets"
_DEFAULT_POOL_SIZE: Final = 8
_LARGEST_POOL_SIZE: Final = 64
_UUID4: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)


class SettingsError(Exception):
    """An address or a secret file is missing or malformed; the message names it alone."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where the simulator's own PostgreSQL database is, and who enters it."""

    host: str
    port: int
    name: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """An API user that stands ready for our own adapter, as MTN's partner portal would make it.

    One product's: the other has a subscription key, an API user and a balance of its own.
    """

    subscription_key: str
    api_user: str
    api_key: str


@dataclass(frozen=True, slots=True, repr=False)
class OwnChannel:
    """Orange's contract that stands ready for our own adapter, as its letter would say it."""

    consumer_key: str
    consumer_secret: str
    api_user: str
    api_password: str
    channel_msisdn: str
    pin: str


@dataclass(frozen=True, slots=True, repr=False)
class OwnWebContract:
    """Orange's contract of Web Payment that stands ready for our own adapter."""

    client_id: str
    client_secret: str
    merchant_key: str
    api_user: str


_Contract = TypeVar("_Contract", OwnChannel, OwnWebContract)


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses are read once; secret files whenever they are asked for, so a change is seen."""

    database_url: str
    secrets_dir: Path
    callback_host: str
    pool_size: int = _DEFAULT_POOL_SIZE
    public_url: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises SettingsError without `SIMULATOR_DATABASE_URL` or with a bad `POOL`."""
        url = environment.get("SIMULATOR_DATABASE_URL", "")
        if not url:
            raise SettingsError("SIMULATOR_DATABASE_URL is not set")
        callback_base = urlsplit(environment.get("CALLBACK_BASE_URL", ""))
        return cls(
            database_url=url,
            secrets_dir=Path(environment.get("SECRETS_DIR", _DEFAULT_SECRETS_DIR)),
            callback_host=(callback_base.hostname or "127.0.0.1").lower(),
            pool_size=_pool_size(environment.get("POOL", str(_DEFAULT_POOL_SIZE))),
            public_url=environment.get("PUBLIC_BASE_URL", "").rstrip("/"),
        )

    def database(self) -> DatabaseAddress:
        """Raises SettingsError when the address or `database_simulator` cannot be used."""
        parts = urlsplit(self.database_url)
        name = parts.path.lstrip("/")
        if not parts.hostname or not name:
            raise SettingsError("SIMULATOR_DATABASE_URL names no host or no database")
        user, separator, password = self._secret("database_simulator").partition(":")
        if not separator:
            raise SettingsError("secret database_simulator is not user:password")
        return DatabaseAddress(parts.hostname, parts.port or 5432, unquote(name), user, password)

    def control_token(self) -> str | None:
        """The bearer token of `/_control`; None, and so no control at all, without its file."""
        return self._secret_if_present("simulator_control_token")

    def own_account(self) -> OwnAccount | None:
        """The API user prepared for collection; None without its file.

        Raises SettingsError when malformed.
        """
        return self._own_account("simulator_credentials")

    def own_disbursement(self) -> OwnAccount | None:
        """The one prepared for disbursement; as `own_account`."""
        return self._own_account("simulator_disbursement_credentials")

    def own_channel(self) -> OwnChannel | None:
        """Orange's prepared contract; None without its file. Raises SettingsError if malformed."""
        return self._own_contract("simulator_orange_credentials", OwnChannel)

    def own_web_contract(self) -> OwnWebContract | None:
        """The one prepared for Web Payment; as `own_channel`."""
        return self._own_contract("simulator_orange_web_credentials", OwnWebContract)

    def _own_contract(self, name: str, shape: type[_Contract]) -> _Contract | None:
        text = self._secret_if_present(name)
        if text is None:
            return None
        try:
            made = shape(**{key: str(value) for key, value in json.loads(text).items()})
        except (ValueError, AttributeError, TypeError) as error:
            raise SettingsError(f"secret {name} is malformed") from error
        if not _UUID4.fullmatch(made.api_user):
            raise SettingsError(f"secret {name}: api_user is not a UUIDv4")
        return made

    def _own_account(self, name: str) -> OwnAccount | None:
        text = self._secret_if_present(name)
        if text is None:
            return None
        try:
            fields = json.loads(text)
            account = OwnAccount(
                str(fields["subscription_key"]), str(fields["api_user"]), str(fields["api_key"])
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"secret {name} is malformed") from error
        if not _UUID4.fullmatch(account.api_user):
            raise SettingsError(f"secret {name}: api_user is not a UUIDv4")
        return account

    def _secret(self, name: str) -> str:
        text = self._secret_if_present(name)
        if text is None:
            raise SettingsError(f"secret {name} is missing")
        return text

    def _secret_if_present(self, name: str) -> str | None:
        try:
            return (self.secrets_dir / name).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None


def _pool_size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:5]) <= _LARGEST_POOL_SIZE:
        raise SettingsError(f"POOL must be a number between 1 and {_LARGEST_POOL_SIZE}")
    return int(text)
