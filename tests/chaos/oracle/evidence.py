"""Reads everything one account left behind, past the code under test and without changing it."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import boto3
import pg8000.native
import urllib3
from botocore.config import Config

from tests.chaos.oracle import foreign

Row = Mapping[str, Any]
Rows = Sequence[Row]

_TENANT: Final = {
    "charges": "id",
    "refunds": "id",
    "payouts": "id",
    "adjustments": "id",
    "payout_batches": "id",
    "provider_attempts": "id",
    "state_changes": "id",
    "receipts": "id",
    "ledger_accounts": "code",
    "ledger_transactions": "id",
    "postings": "transaction_id, position",
    "idempotency_keys": "key",
    "consumed_messages": "event_id, consumer",
    "events": "id",
    "webhook_deliveries": "event_id",
    "audit_entries": "position",
    "files": "id",
    "payment_pages": "id",
    "reports": "id",
}
# Of these also what another account may have written about an object of ours.
_PLATFORM: Final = {
    "outbox": "id",
    "due_work": "object_id",
    "event_feed": "id",
    "payment_index": "object_id",
    "cases": "id",
    "dead_letters": "id",
}
# A whole number of a payer, with the country's code or without; a key of a merchant, a secret of a
# webhook.
_FORBIDDEN: Final = re.compile(
    rb"(?:(?<![0-9A-Za-z])|(?<=%2B))2376[0-9]{8}(?![0-9A-Za-z])|(?<![\w.-])6[5-9][0-9]{7}(?![\w.-])"
    rb"|[sr]k_(test|live)_\w{30}|whsec_\w{20}"
)
# Orange knows an order by the last letters and digits of our id.
_ORDER_LENGTH: Final = 20
# Of a page the order is the id without its line, and the number of the page.
_PAGE_STEM: Final = 26
_PAGE: Final = 10_000
_READERS: Final = 8
_UNAUTHORIZED: Final = 401
_SECRET: Final = re.compile(rb"[\w+/=-]{20,}")


@dataclass(frozen=True, slots=True)
class Login:
    """A login of the database that may read everything and write nothing."""

    host: str
    port: int
    database: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the truth lies, as plain data, and what the merchant's side saw of it.

    `accepted` holds id, key and body of each success; `arrivals` event id and charge of each
    webhook that came, `sent` its text; `secrets` is a folder of files whose contents no log may
    hold; `api` is how the merchant reads; `foreign` are words and charges of others; `deaths` says
    who was killed, and when, in seconds since 1970.
    """

    login: Login
    store: Mapping[str, str]
    operator: Mapping[str, str]
    account: str
    schema: str
    logs: str
    secrets: str
    accepted: Sequence[Mapping[str, str]]
    arrivals: Sequence[tuple[str, str]]
    sent: Sequence[str]
    api: Mapping[str, str]
    foreign: Sequence[str]
    deaths: Sequence[tuple[str, float]] = ()

    @classmethod
    def from_json(cls, text: str) -> "Sources":
        """As written by `json.dumps(dataclasses.asdict(…))`."""
        content = json.loads(text)
        return cls(**{**content, "login": Login(**content["login"])})


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """One version of an object in the store, as the store itself describes it."""

    key: str
    version_id: str
    body: bytes
    lock_mode: str
    retain_until: datetime

    @property
    def sha256(self) -> str:
        """The hash of its bytes."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One moment of one account: its rows by table, and the truth of the world around it.

    `effects` is the money that came in at the operator, `payouts` what went out; `intents` are what
    was kept before; `delivered` counts arrivals by event id,
    `told` says which charge an event was about; `accepted` is what the API said yes to;
    `old_transactions` are open for more than a minute; `leaks` are lines of logs; `strays` are
    words of others in what is the account's, of which `words` were looked for; `deaths` as in
    Sources; `swallowed` are references of money out that MTN wrote down and did not take;
    `invoices` are their prints.
    """

    at: datetime
    account: str
    schema: str
    tables: Mapping[str, Rows]
    effects: Rows
    payouts: Rows
    receipts: Sequence[StoredReceipt]
    intents: Sequence[StoredReceipt]
    delivered: Mapping[str, int]
    told: Mapping[str, str]
    accepted: Sequence[Mapping[str, str]]
    old_transactions: int
    leaks: Sequence[str]
    strays: Sequence[str]
    words: int
    deaths: Sequence[tuple[str, float]] = ()
    swallowed: frozenset[str] = frozenset()
    invoices: Sequence[StoredReceipt] = ()

    def rows(self, table: str) -> Rows:
        """The rows of a table."""
        return self.tables[table]

    def sizes(self) -> dict[str, int]:
        """How many of each thing were looked at: the n beside every zero."""
        found = {name: len(rows) for name, rows in self.tables.items()}
        return found | {
            "operator's effects": len(self.effects),
            "operator's payouts": len(self.payouts),
            "kept intents": len(self.intents),
            "stored receipts": len(self.receipts),
            "webhooks received": sum(self.delivered.values()),
            "successes answered": len(self.accepted),
            "words of others": self.words,
        }


def gather(sources: Sources) -> Evidence:
    """Read it all, once."""
    lost = _lost_effects(sources)
    lost_out = _lost_payouts(sources)
    tables, at, old_transactions = _database(sources)
    ours = _by_order(row["id"] for row in tables["charges"])
    going_out = _by_order(row["id"] for table in ("refunds", "payouts") for row in tables[table])
    open_ones = {
        row["id"]
        for table in ("refunds", "payouts")
        for row in tables[table]
        if row["status"] not in {"succeeded", "failed", "canceled", "rejected", "expired"}
    }
    unheard = [r["reference"] for r in tables["provider_attempts"] if r["charge_id"] in open_ones]
    receipts = _stored_objects(sources, "receipts")
    return Evidence(
        at=at,
        account=sources.account,
        schema=sources.schema,
        tables=tables,
        effects=[*_of(ours, _effects(sources.operator)), *lost],
        payouts=[
            *_of(going_out, _payouts(sources.operator)),
            *lost_out,
        ],
        receipts=receipts,
        intents=_stored_objects(sources, "intents"),
        delivered=Counter(event for event, _ in sources.arrivals),
        told=dict(sources.arrivals),
        accepted=sources.accepted,
        old_transactions=old_transactions,
        leaks=list(leaks(Path(sources.logs), _secrets(Path(sources.secrets)))),
        strays=_strays(sources, receipts) if sources.foreign else [],
        words=len(sources.foreign),
        deaths=sources.deaths,
        swallowed=frozenset(_swallowed(sources.operator, unheard)),
        invoices=_stored_objects(sources, "invoices"),
    )


def _strays(sources: Sources, receipts: Iterable[StoredReceipt]) -> list[str]:
    places = [("a webhook", text) for text in sources.sent]
    places += [("an answer", each["body"]) for each in sources.accepted]
    places += [("a receipt", f"{each.key} {foreign.text_of(each.body)}") for each in receipts]
    places += foreign.readable(sources.api, sources.foreign)
    with connected(sources.login) as connection:
        places += foreign.stored(connection, sources.schema, sources.account)
    return foreign.strays(sources.foreign, places)


@contextmanager
def connected(login: Login) -> Iterator[Any]:
    """A connection whose transactions the server itself holds to reading."""
    connection = pg8000.native.Connection(
        login.user,
        host=login.host,
        port=login.port,
        password=login.password,
        database=login.database,
        timeout=30,
        ssl_context=False,
    )
    try:
        connection.run("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        yield connection
    finally:
        connection.close()


def under_way(login: Login, schema: str, *, with_proofs: bool = False) -> Sequence[str]:
    """Name each charge, delivery, receipt and hold of the account that is not at its end.

    And each message and notification of whomever.

    Of money out what its operator never got waits for a person, and is not named; what is proven
    unsent will be sent, and is.
    A charge that may not be sent any more ends by reads over two minutes, one whose payToken was
    never seen to serve when that ends: unless `with_proofs`, one that waits so is not named. A page
    is asked for as often as it takes, and named until it is paid.
    """
    proven = f"""c.submit_before < now() AND EXISTS (
        SELECT FROM "{schema}".provider_attempts WHERE charge_id = c.id AND not_found_reads > 0)
      OR c.phone IS NOT NULL AND (SELECT count(*) FROM "{schema}".state_changes
          WHERE object_id = c.id AND cause = 'claimed') > 1
      OR c.status = 'awaiting_payer' AND c.operator = 'orange' AND NOT EXISTS (
        SELECT FROM "{schema}".state_changes WHERE object_id = c.id AND cause = 'accepted')"""
    with connected(login) as connection:
        rows = connection.run(
            f"""SELECT 'charge ' || id || ' ' || status FROM "{schema}".charges c
              WHERE status NOT IN ('succeeded', 'failed', 'expired', 'canceled')
                AND NOT ({"false" if with_proofs else proven})
            UNION ALL SELECT 'refund ' || id || ' ' || status FROM "{schema}".refunds r
              WHERE status NOT IN ('succeeded', 'failed') AND NOT EXISTS (
                SELECT FROM "{schema}".provider_attempts
                WHERE charge_id = r.id AND not_found_reads > 0 AND status <> 'not_sent')
            UNION ALL SELECT 'payout ' || id || ' ' || status FROM "{schema}".payouts p
              WHERE status NOT IN ('succeeded', 'failed', 'canceled', 'rejected', 'expired')
              AND NOT EXISTS (
                SELECT FROM "{schema}".provider_attempts
                WHERE charge_id = p.id AND not_found_reads > 0 AND status <> 'not_sent')
            UNION ALL SELECT 'batch ' || id || ' ' || status FROM "{schema}".payout_batches b
              WHERE ended_at IS NULL AND NOT EXISTS (
                SELECT FROM "{schema}".payouts WHERE batch_id = b.id AND ended_at IS NULL)
            UNION ALL SELECT 'delivery of ' || event_id FROM "{schema}".webhook_deliveries
              WHERE status = 'pending'
            UNION ALL SELECT 'receipt ' || id FROM "{schema}".receipts WHERE stored_at IS NULL
            UNION ALL SELECT 'hold of ' || object_id FROM platform.due_work
              WHERE kind = 'hold_release' AND owner_role = '{schema}' AND done_at IS NULL
                AND due_at < now() - interval '5 s'
            UNION ALL SELECT 'message ' || id || ' ' || topic FROM platform.outbox
              WHERE published_at IS NULL
            UNION ALL SELECT 'notification ' || id || ' ' || kind FROM platform.notifications
              WHERE state = 'waiting'"""
        )
    return [name for [name] in rows]


def dead_letters(login: Login) -> Sequence[tuple[str, str]]:
    """Subscription and event of each dead letter of any account."""
    with connected(login) as connection:
        rows = connection.run("SELECT subscription, event_id FROM platform.dead_letters")
    return [(row[0], row[1]) for row in rows]


def _database(sources: Sources) -> tuple[dict[str, Rows], datetime, int]:
    with connected(sources.login) as connection:
        # One snapshot for all tables.
        connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ")

        def select(table: str, order: str, where: str = "", **values: str) -> Rows:
            found = connection.run(f"SELECT * FROM {table} {where} ORDER BY {order}", **values)
            names = [column["name"] for column in connection.columns]
            return [dict(zip(names, row, strict=True)) for row in found]

        schema = f'"{sources.schema}"'
        ours = (
            "WHERE account_id = :account"
            f" OR object_id IN (SELECT id FROM {schema}.charges"
            f" UNION ALL SELECT id FROM {schema}.refunds"
            f" UNION ALL SELECT id FROM {schema}.payouts)"
        )
        tables = {name: select(f"{schema}.{name}", order) for name, order in _TENANT.items()}
        tables |= {
            name: select(f"platform.{name}", order, ours, account=sources.account)
            for name, order in _PLATFORM.items()
        }
        tables["accounts"] = select(
            "(SELECT id AS account_id, refunds_below_zero_limit FROM platform.accounts) AS a",
            "account_id",
            "WHERE account_id = :account",
            account=sources.account,
        )
        tables["invoices"] = select(
            "platform.invoices", "id", "WHERE account_id = :account", account=sources.account
        )
        [[at, old]] = connection.run(
            "SELECT now(), count(*) FILTER (WHERE xact_start < now() - interval '60 s')"
            " FROM pg_stat_activity"
        )
    return tables, at, old


def _lost_effects(sources: Sources) -> list[dict[str, Any]]:
    """Money that moved for a charge which no account has (any more).

    The operators are asked first: a charge is there before its money moves.
    """
    moved = _effects(sources.operator)
    with connected(sources.login) as connection:
        schemas = [
            name for [name] in connection.run("SELECT schema_name FROM platform.account_schemas")
        ]
        known = _by_order(
            charge
            for schema in schemas
            for [charge] in connection.run(f'SELECT id FROM "{schema}".charges')
        )
    return [row for row in moved if row["external_id"] not in known]


def _by_order(charges: Iterable[str]) -> dict[str, str]:
    """Charges by what operators know them as."""
    return {name: charge for charge in charges for name in (charge, charge[-_ORDER_LENGTH:])}


def _of(charges: Mapping[str, str], effects: Rows) -> list[dict[str, Any]]:
    """The effects of these charges, each with the charge's own id."""
    return [
        {**row, "external_id": charges[row["external_id"]]}
        for row in effects
        if row["external_id"] in charges
    ]


def _effects(control: Mapping[str, str]) -> list[dict[str, Any]]:
    """What moved at all operators for anything of ours; payers with the country's code."""
    moved = _pages(control, "operator=mtn")
    rows = [row for row in moved if row["external_id"].startswith("ch_")]
    return rows + _at_orange(control, "in") + _on_pages(control)


def _on_pages(control: Mapping[str, str]) -> list[dict[str, Any]]:
    """What was paid on Orange's page, each as its charge: the number that was typed is unknown."""
    rows = _pages(control, "operator=orange&product=web")
    return [
        {**row, "external_id": f"ch_{order[2:_PAGE_STEM]}", "payer": ""}
        for row in rows
        if (order := str(row["external_id"])).startswith("ch") and len(order) > _PAGE_STEM
    ]


def _at_orange(control: Mapping[str, str], direction: str) -> list[dict[str, Any]]:
    moved = _pages(control, "operator=orange")
    return [{**r, "payer": f"237{r['payer']}"} for r in moved if r["direction"] == direction]


def _pages(control: Mapping[str, str], whose: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        answer = urllib3.request(
            "GET",
            f"{control['url']}/effects?{whose}&limit={_PAGE}&after={len(rows)}",
            headers={"Authorization": f"Bearer {control['token']}"},
            timeout=60,
            retries=False,
        )
        page: list[dict[str, Any]] = answer.json()["effects"]
        rows += page
        if len(page) < _PAGE:
            return rows


def _lost_payouts(sources: Sources) -> list[dict[str, Any]]:
    """Money that went out for what no account has (any more); as `_lost_effects`."""
    moved = _payouts(sources.operator)
    with connected(sources.login) as connection:
        schemas = connection.run("SELECT schema_name FROM platform.account_schemas")
        known = _by_order(
            found
            for [schema] in schemas
            for table in ("refunds", "payouts")
            for [found] in connection.run(f'SELECT id FROM "{schema}".{table}')
        )
    return [row for row in moved if row["external_id"] not in known]


def _payouts(control: Mapping[str, str]) -> list[dict[str, Any]]:
    """What went out at all operators for any refund or payout of ours; as `_effects`."""
    moved = _pages(control, "product=disbursement")
    rows = [row for row in moved if str(row["external_id"]).startswith(("rf_", "po_"))]
    return rows + _at_orange(control, "out")


def _swallowed(control: Mapping[str, str], references: Iterable[str]) -> Iterator[str]:
    """Which of these MTN was asked to pay, by its own log, and a fault of it ate.

    Whoever was turned away at its gate is asked to come again, and has no excuse.
    """
    for reference in references:
        answer = urllib3.request(
            "GET",
            f"{control['url']}/requests?product=disbursement&limit={_PAGE}&reference={reference}",
            headers={"Authorization": f"Bearer {control['token']}"},
            timeout=60,
            retries=False,
        )
        for row in answer.json()["requests"]:
            is_fault = str(row["detail"]).startswith("fault ") and row["status"] != _UNAUTHORIZED
            if row["method"] == "POST" and is_fault:
                yield reference


def _stored_objects(sources: Sources, kind: str) -> list[StoredReceipt]:
    """The account's locked objects of a kind: `receipts`, `invoices` or `intents`."""
    where = sources.store
    store: Any = boto3.session.Session().client(
        "s3",
        endpoint_url=where["endpoint_url"],
        aws_access_key_id=where["access"],
        aws_secret_access_key=where["secret"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    pages = store.get_paginator("list_object_versions").paginate(
        Bucket=where["bucket"], Prefix=f"{kind}/{sources.account}/"
    )
    versions: list[Mapping[str, Any]] = []
    for page in pages:
        assert not page.get("DeleteMarkers"), "somebody tried to delete what is locked"
        versions += page.get("Versions", [])

    def read(version: Mapping[str, Any]) -> StoredReceipt:
        which = {"Key": version["Key"], "VersionId": version["VersionId"]}
        answer = store.get_object(Bucket=where["bucket"], **which)
        return StoredReceipt(
            key=version["Key"],
            version_id=version["VersionId"],
            body=answer["Body"].read(),
            lock_mode=answer["ObjectLockMode"],
            retain_until=answer["ObjectLockRetainUntilDate"],
        )

    with ThreadPoolExecutor(_READERS) as readers:
        found = list(readers.map(read, versions))
    store.close()
    return found


def _secrets(folder: Path) -> Iterable[bytes]:
    """Every long word that stands in the secret files."""
    for file in folder.iterdir():
        if file.is_file():
            yield from _SECRET.findall(file.read_bytes())


def leaks(logs: Path, secrets: Iterable[bytes]) -> Iterator[str]:
    """Name each line of a log that holds a payer's number, a key or one of `secrets`."""
    canaries = list(secrets)
    for log in sorted(logs.glob("*.log*")):
        with log.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if _FORBIDDEN.search(line) or any(canary in line for canary in canaries):
                    yield f"{log.name} line {number}"
