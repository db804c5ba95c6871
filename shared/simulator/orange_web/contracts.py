"""Keeps the contracts of Web Payment: who may call, by which merchant key, and bearer tokens.

A contract comes by letter, not over the wire: `/_control/web_contracts` stands for that letter.
"""

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.simulator.database import Database
from shared.simulator.settings import OwnWebContract
from shared.simulator.tokens import digest

_PUT: Final = """
INSERT INTO web_contracts (api_user, client_id, client_secret_digest, merchant_key_digest,
  created_at)
VALUES (:api_user, :client_id, :client_secret_digest, :merchant_key_digest, :now)
ON CONFLICT (api_user) DO UPDATE SET client_id = excluded.client_id,
  client_secret_digest = excluded.client_secret_digest,
  merchant_key_digest = excluded.merchant_key_digest
"""


@dataclass(frozen=True, slots=True)
class Contract:
    """Who may call: secrets as digests. `api_user` is the operator account that the books name."""

    api_user: str
    client_secret_digest: str
    merchant_key_digest: str

    def has_secret(self, given: str) -> bool:
        """Is it the client's secret?"""
        return hmac.compare_digest(self.client_secret_digest, digest(given))

    def has_key(self, given: str) -> bool:
        """Is it the merchant's key?"""
        return hmac.compare_digest(self.merchant_key_digest, digest(given))


class Contracts:
    """The register of contracts. Earlier tokens stay valid beside a new one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, now: datetime) -> OwnWebContract:
        """A new contract; its secrets are shown this once."""
        made = OwnWebContract(
            client_id=secrets.token_urlsafe(21),
            client_secret=secrets.token_urlsafe(21),
            merchant_key=secrets.token_hex(16),
            api_user=str(uuid.uuid4()),
        )
        self.put(made, now)
        return made

    def put(self, contract: OwnWebContract, now: datetime) -> None:
        """Make a contract what its letter says."""
        self._database.run(
            _PUT,
            api_user=contract.api_user.lower(),
            client_id=contract.client_id,
            client_secret_digest=digest(contract.client_secret),
            merchant_key_digest=digest(contract.merchant_key),
            now=now,
        )

    def by_client(self, client_id: str) -> Contract | None:
        """The contract of that client id."""
        rows = self._database.run(
            "SELECT api_user, client_secret_digest, merchant_key_digest FROM web_contracts"
            " WHERE client_id = :client_id",
            client_id=client_id,
        )
        return Contract(*rows[0]) if rows else None

    def by_token(self, token: str, now: datetime) -> Contract | None:
        """The contract whose bearer token this is, while it lives."""
        rows = self._database.run(
            "SELECT api_user, client_secret_digest, merchant_key_digest"
            " FROM web_contracts JOIN web_tokens USING (api_user)"
            " WHERE token_digest = :token_digest AND expires_at > :now",
            token_digest=digest(token),
            now=now,
        )
        return Contract(*rows[0]) if rows else None

    def issue(self, contract: Contract, now: datetime, *, lifetime: timedelta) -> str:
        """A new bearer token; what has ended long since is forgotten."""
        token = secrets.token_urlsafe(24)
        self._database.run(
            "WITH old AS (DELETE FROM web_tokens"
            "  WHERE api_user = :api_user AND expires_at < :now)"
            " INSERT INTO web_tokens (token_digest, api_user, expires_at)"
            " VALUES (:token_digest, :api_user, :expires_at)",
            token_digest=digest(token),
            api_user=contract.api_user,
            now=now,
            expires_at=now + lifetime,
        )
        return token

    def end_tokens(self, api_user: str) -> None:
        """Let none of the contract's tokens count any more."""
        self._database.run("DELETE FROM web_tokens WHERE api_user = :user", user=api_user)
