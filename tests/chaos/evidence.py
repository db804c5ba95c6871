"""Reads everything one account left behind, past the code under test and without changing it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import boto3
from botocore.config import Config

from knative.local.object_store import BUCKET
from knative.local.postgres import connect
from tests.end_to_end.merchant import Accepted, Merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.system import HOST, LocalSystem

Row = Mapping[str, Any]
Rows = Sequence[Row]

_TENANT: Final = {
    "charges": "id",
    "provider_attempts": "id",
    "state_changes": "id",
    "receipts": "id",
    "ledger_accounts": "code",
    "ledger_transactions": "id",
    "postings": "transaction_id, position",
    "idempotency_keys": "key",
    "events": "id",
    "webhook_deliveries": "event_id",
}
_PLATFORM: Final = {
    "outbox": "id",
    "due_work": "object_id",
    "cases": "id",
    "dead_letters": "id",
}


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """One version of an object in the store, as the store itself describes it."""

    key: str
    version_id: str
    sha256: str
    lock_mode: str
    retain_until: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """One moment of one account: its rows by table, and the truth of the world around it.

    `effects` is the money that moved at the operator; `delivered` counts arrivals by event id;
    `accepted` is what the API said yes to; `old_transactions` are open for more than a minute.
    """

    at: datetime
    tables: Mapping[str, Rows]
    effects: Rows
    receipts: Sequence[StoredReceipt]
    delivered: Mapping[str, int]
    accepted: Sequence[Accepted]
    old_transactions: int

    def rows(self, table: str) -> Rows:
        """The rows of a table."""
        return self.tables[table]


def gather(
    system: LocalSystem,
    merchant: Merchant,
    operator: OperatorControl,
    accepted: Iterable[Accepted],
) -> Evidence:
    """Read it all, once."""
    tables, at, old_transactions = _database(system, merchant)
    ids = {row["id"] for row in tables["charges"]}
    return Evidence(
        at=at,
        tables=tables,
        effects=[row for row in operator.effects() if row["external_id"] in ids],
        receipts=_stored_receipts(system, merchant),
        delivered=merchant.receiver.counts(),
        accepted=list(accepted),
        old_transactions=old_transactions,
    )


def is_at_rest(system: LocalSystem, merchant: Merchant) -> bool:
    """Whether no charge, delivery, receipt or message of the account is under way.

    A charge that was sent twice is waiting for proofs that take minutes.
    """
    schema = f'"{merchant.schema}"'
    with _superuser(system) as connection:
        [[waiting]] = connection.run(
            f"SELECT (SELECT count(*) FROM {schema}.charges c"
            "  WHERE status NOT IN ('succeeded', 'failed', 'expired', 'canceled')"
            f"   AND (SELECT count(*) FROM {schema}.state_changes"
            "        WHERE object_id = c.id AND cause = 'claimed') < 2)"
            f" + (SELECT count(*) FROM {schema}.webhook_deliveries WHERE status = 'pending')"
            f" + (SELECT count(*) FROM {schema}.receipts WHERE stored_at IS NULL)"
            " + (SELECT count(*) FROM platform.outbox WHERE published_at IS NULL)"
        )
    return bool(waiting == 0)


def dead_letters(system: LocalSystem) -> Sequence[str]:
    """The subscription from which each dead letter of any account came."""
    with _superuser(system) as connection:
        rows = connection.run("SELECT subscription FROM platform.dead_letters")
    return [row[0] for row in rows]


def _superuser(system: LocalSystem) -> AbstractContextManager[Any]:
    password = (system.data_dir / "postgres_superuser").read_text(encoding="utf-8").strip()
    return connect(port=system.ports["postgres"], password=password, database="pay")


def _database(system: LocalSystem, merchant: Merchant) -> tuple[dict[str, Rows], datetime, int]:
    with _superuser(system) as connection:
        # One snapshot for all tables, and a server that refuses to write.
        connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

        def select(table: str, order: str, where: str = "true") -> Rows:
            found = connection.run(
                f"SELECT * FROM {table} WHERE {where} ORDER BY {order}",
                **({"account": merchant.account} if ":account" in where else {}),
            )
            names = [column["name"] for column in connection.columns]
            return [dict(zip(names, row, strict=True)) for row in found]

        tables = {
            name: select(f'"{merchant.schema}".{name}', order) for name, order in _TENANT.items()
        }
        tables |= {
            name: select(f"platform.{name}", order, "account_id = :account")
            for name, order in _PLATFORM.items()
        }
        [[at, old]] = connection.run(
            "SELECT now(), count(*) FILTER (WHERE xact_start < now() - interval '60 s')"
            " FROM pg_stat_activity"
        )
    return tables, at, old


def _stored_receipts(system: LocalSystem, merchant: Merchant) -> list[StoredReceipt]:
    access, _, secret = (
        (system.data_dir / "secrets" / "s3_credentials").read_text(encoding="utf-8").strip()
    ).partition(":")
    store: Any = boto3.session.Session().client(
        "s3",
        endpoint_url=f"http://{HOST}:{system.ports['object_store']}",
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    found = []
    pages = store.get_paginator("list_object_versions").paginate(
        Bucket=BUCKET, Prefix=f"receipts/{merchant.account}/"
    )
    for page in pages:
        assert not page.get("DeleteMarkers")
        for version in page.get("Versions", []):
            where = {"Key": version["Key"], "VersionId": version["VersionId"]}
            answer = store.get_object(Bucket=BUCKET, **where)
            found.append(
                StoredReceipt(
                    key=version["Key"],
                    version_id=version["VersionId"],
                    sha256=hashlib.sha256(answer["Body"].read()).hexdigest(),
                    lock_mode=answer["ObjectLockMode"],
                    retain_until=answer["ObjectLockRetainUntilDate"],
                )
            )
    store.close()
    return found
