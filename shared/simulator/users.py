"""Keeps the API users: who may call, with which keys, and which callback host was agreed.

A subscription key belongs to one product: to the first whose token is asked for with it. Hence an
API user belongs to one product too, and a merchant who uses both has two.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.simulator.database import Database, Runner

COLLECTION: Final = "collection"
DISBURSEMENT: Final = "disbursement"


@dataclass(frozen=True, slots=True)
class ApiUser:
    """Who may call: keys as digests; `api_key_digest` None until a key was made."""

    api_user: str
    subscription_digest: str
    callback_host: str
    api_key_digest: str | None


class Users:
    """The register of API users, shared by all products."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, user: ApiUser, now: datetime) -> bool:
        """False when the id was used before."""
        return bool(
            self._database.run(
                "INSERT INTO api_users (api_user, subscription_digest, callback_host,"
                " api_key_digest, created_at) VALUES (:api_user, :subscription, :host, :key, :now)"
                " ON CONFLICT DO NOTHING RETURNING 1",
                api_user=user.api_user,
                subscription=user.subscription_digest,
                host=user.callback_host,
                key=user.api_key_digest,
                now=now,
            )
        )

    def put(self, user: ApiUser, now: datetime) -> None:
        """Make the prepared user what its secret file says."""
        if not self.create(user, now):
            self._database.run(
                "UPDATE api_users SET subscription_digest = :subscription, callback_host = :host,"
                " api_key_digest = :key WHERE api_user = :api_user",
                api_user=user.api_user,
                subscription=user.subscription_digest,
                host=user.callback_host,
                key=user.api_key_digest,
            )

    def set_key(self, api_user: str, api_key_digest: str) -> None:
        """Give the user a key; an earlier one ends."""
        self._database.run(
            "UPDATE api_users SET api_key_digest = :key WHERE api_user = :api_user",
            api_user=api_user,
            key=api_key_digest,
        )

    def find(self, api_user: str) -> ApiUser | None:
        """The user of that id."""
        rows = self._database.run(
            "SELECT api_user, subscription_digest, callback_host, api_key_digest FROM api_users"
            " WHERE api_user = :api_user",
            api_user=api_user,
        )
        return ApiUser(*rows[0]) if rows else None

    def product_of(self, subscription_digest: str, product: str) -> str:
        """The product that a subscription key is for: from now on this one, if it had none."""
        ((known,),) = self._database.run(
            "INSERT INTO subscriptions (subscription_digest, product)"
            " VALUES (:subscription, :product) ON CONFLICT (subscription_digest)"
            " DO UPDATE SET product = subscriptions.product RETURNING product",
            subscription=subscription_digest,
            product=product,
        )
        return str(known)


def make_partners(run: Runner, *, disbursement: str, collection: str) -> None:
    """Two API users are one merchant's: the one may give back what the other was paid."""
    run(
        "INSERT INTO partners (disbursement, collection) VALUES (:disbursement, :collection)"
        " ON CONFLICT (disbursement) DO UPDATE SET collection = excluded.collection",
        disbursement=disbursement,
        collection=collection,
    )


def partner_of(run: Runner, disbursement: str) -> str | None:
    """The collection API user of the same merchant, and the lock on what it holds."""
    rows = run(
        "SELECT api_user FROM api_users JOIN partners ON collection = api_user"
        " WHERE disbursement = :disbursement FOR NO KEY UPDATE OF api_users",
        disbursement=disbursement,
    )
    return str(rows[0][0]) if rows else None
