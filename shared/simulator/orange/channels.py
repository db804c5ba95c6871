"""Keeps Orange's contracts: whose channel it is, by which keys it is entered, and its bearer token.

A contract comes by letter, not over the wire: `/_control/channels` stands for that letter.
"""

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.simulator.database import Database
from shared.simulator.settings import OwnChannel
from shared.simulator.tokens import digest

LIFETIME: Final = timedelta(seconds=3600)
_DIGITS: Final = "0123456789"


@dataclass(frozen=True, slots=True)
class Channel:
    """Who may call: secrets as digests. `api_user` is the operator account that the books name."""

    api_user: str
    api_password_digest: str
    consumer_key: str
    consumer_secret_digest: str
    channel_msisdn: str
    pin_digest: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """The token that a channel has now, and until when it is said to live."""

    token: str
    said_until: datetime


_COLUMNS: Final = (
    "api_user, api_password_digest, consumer_key, consumer_secret_digest, channel_msisdn,"
    " pin_digest"
)

_PUT: Final = f"""
INSERT INTO channels ({_COLUMNS}, created_at)
VALUES (:api_user, :api_password_digest, :consumer_key, :consumer_secret_digest, :channel_msisdn,
  :pin_digest, :now)
ON CONFLICT (api_user) DO UPDATE SET api_password_digest = excluded.api_password_digest,
  consumer_key = excluded.consumer_key, consumer_secret_digest = excluded.consumer_secret_digest,
  channel_msisdn = excluded.channel_msisdn, pin_digest = excluded.pin_digest
"""  # noqa: S608 - no outside text is in it


class Channels:
    """The register of contracts. `secret` keys the digest of a PIN, which is short enough to guess,
    and makes bearer tokens, so that all processes hand out the same one.
    """

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._key = hmac.digest(secret.encode(), b"simulator channels", "sha256")

    def make(self, now: datetime) -> OwnChannel:
        """A new contract; its secrets are shown this once."""
        made = OwnChannel(
            consumer_key=secrets.token_urlsafe(21),
            consumer_secret=secrets.token_urlsafe(21),
            api_user=str(uuid.uuid4()),
            api_password=secrets.token_urlsafe(16),
            channel_msisdn="69" + _digits(7),
            pin=_digits(4),
        )
        self.put(made, now)
        return made

    def put(self, account: OwnChannel, now: datetime) -> None:
        """Make a contract what its letter says."""
        self._database.run(
            _PUT,
            api_user=account.api_user.lower(),
            api_password_digest=digest(account.api_password),
            consumer_key=account.consumer_key,
            consumer_secret_digest=digest(account.consumer_secret),
            channel_msisdn=account.channel_msisdn,
            pin_digest=self.pin_digest(account.pin),
            now=now,
        )

    def pin_digest(self, pin: str) -> str:
        """What is kept of a PIN."""
        return hmac.digest(self._key, f"pin:{pin}".encode(errors="replace"), "sha256").hex()

    def by_consumer(self, consumer_key: str) -> Channel | None:
        """The contract of that consumer key."""
        rows = self._database.run(
            f"SELECT {_COLUMNS} FROM channels WHERE consumer_key = :consumer_key",  # noqa: S608 - column names are constants
            consumer_key=consumer_key,
        )
        return Channel(*rows[0]) if rows else None

    def by_token(self, token: str, now: datetime) -> Channel | None:
        """The contract whose bearer token this is, while it lives."""
        rows = self._database.run(
            f"SELECT {_COLUMNS} FROM channels JOIN bearer_tokens USING (api_user)"  # noqa: S608 - column names are constants
            " WHERE token_digest = :token_digest AND expires_at > :now",
            token_digest=digest(token),
            now=now,
        )
        return Channel(*rows[0]) if rows else None

    def bearer(self, channel: Channel, now: datetime, *, lifetime: timedelta | None) -> Bearer:
        """The token that the channel has, else a new one.

        With a `lifetime` a new one in any case, which ends after that, whatever it says.
        """
        with self._database.transaction() as run:
            run(
                "SELECT 1 FROM channels WHERE api_user = :api_user FOR UPDATE",
                api_user=channel.api_user,
            )
            rows = run(
                "SELECT seed, said_until FROM bearer_tokens WHERE api_user = :api_user"
                " AND expires_at > :now ORDER BY expires_at DESC LIMIT 1",
                api_user=channel.api_user,
                now=now,
            )
            if rows and lifetime is None:
                return Bearer(self._token(channel, rows[0][0]), rows[0][1])
            run("DELETE FROM bearer_tokens WHERE api_user = :api_user", api_user=channel.api_user)
            seed, said_until = secrets.token_hex(16), now + LIFETIME
            token = self._token(channel, seed)
            run(
                "INSERT INTO bearer_tokens (token_digest, api_user, seed, expires_at, said_until)"
                " VALUES (:token_digest, :api_user, :seed, :expires_at, :said_until)",
                token_digest=digest(token),
                api_user=channel.api_user,
                seed=seed,
                expires_at=said_until if lifetime is None else now + lifetime,
                said_until=said_until,
            )
        return Bearer(token, said_until)

    def end_bearer(self, api_user: str) -> None:
        """Let the channel's token count no more."""
        self._database.run("DELETE FROM bearer_tokens WHERE api_user = :user", user=api_user)

    def _token(self, channel: Channel, seed: str) -> str:
        """Opaque and in the form of a UUID, as recorded."""
        made = hmac.digest(self._key, f"{channel.api_user}:{seed}".encode(), "sha256")
        return str(uuid.UUID(bytes=made[:16], version=3))


def _digits(count: int) -> str:
    return "".join(secrets.choice(_DIGITS) for _ in range(count))
