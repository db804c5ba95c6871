"""Measures a batch of 10,000 payouts: validated, accepted and its memory, beside bare INSERTs."""

import base64
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import urllib3

from knative.local.postgres import Postgres, connect
from knative.local.secret_files import read_or_make
from shared.db.batches import Batches
from shared.db.engine import make_engine
from shared.db.transaction import Database
from shared.domain.account import Caller, Limits, OperatorAccount, Tenant
from shared.domain.payout_batch import MOST_LINES
from shared.domain.phone import Operator
from shared.domain.rules import Rules
from shared.operations.create_payout import PayoutTerms
from shared.operations.create_payout_batch import CreatePayoutBatch, create_payout_batch
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import group_pss_mb
from tests.benchmarks.rig import Rig, Served, rig

RUNS: Final = 3
_AMOUNT: Final = 100
_LIMITS: Final = Limits(Operator.MTN, 1, 500_000, datetime(2026, 1, 1, tzinfo=UTC), day=750_000)

# The same rows in the same table, by the shortest statement that makes them there.
_RAW: Final = """
INSERT INTO payouts (id, amount, currency, status, operator, operator_account_id, phone, name,
  reference, intent_hmac, balance_transaction, submit_before, created_at, batch_id, batch_line)
SELECT 'po_' || md5(n || clock_timestamp()::text), 100, 'XAF', 'queued', 'mtn', 'opa_x',
  '+2376' || (70000000 + n), 'Awa Njoya', 'raw-' || md5(n || clock_timestamp()::text),
  repeat('0', 64), 'txn_x', now(), now(), 'pb_x', n
FROM generate_series(1, {count}) AS n
"""


def measure(folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Take batches as create_payout does, here and by the function itself; the best counts."""
    with rig(folder) as stand:
        tenant = _funded(stand)
        engine = make_engine(
            stand.postgres.url("pay"),
            secret_file=stand.secrets_dir / "database_app",
            pool_size=1,
        )
        runs = [_take(Batches(Database(engine), tenant), tenant, run) for run in range(RUNS)]
        engine.dispose()
        raw = min(_raw(stand.postgres, tenant) for _ in range(RUNS))
        with stand.serving("create_payout", threads=4) as served:
            asked = min(_ask(stand, served, RUNS + run) for run in range(RUNS))
            memory = group_pss_mb(served.process.pid)
    validated, accepted = (min(times) for times in zip(*runs, strict=True))
    say(f"batch of {MOST_LINES}: {validated:.2f} s, {accepted:.2f} s, raw {raw:.2f} s")
    note = f"{MOST_LINES} lines of a file, best of {RUNS}"
    pss = f"PSS of the process group, after {RUNS} batches"
    return [
        Figure("batch", "a file validated", validated, "s", at_most=3, note=note),
        Figure("batch", "a batch accepted, one transaction", accepted, "s", at_most=5, note=note),
        Figure("batch", "the whole request", asked, "s", at_most=8, note=note),
        Figure("batch", "memory of create_payout", memory, "MB", at_most=150, note=pss),
        Figure("batch", "raw bound: one INSERT of its lines", raw, "s", note=f"best of {RUNS}"),
        Figure("batch", "raw bound against accepted", 100 * raw / accepted, "%"),
    ]


def _funded(stand: Rig) -> Tenant:
    """Give the one account of the rig a wallet to pay from, and enough to pay out."""
    read_or_make(
        stand.secrets_dir / "intent_key",
        lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    )
    postgres = stand.postgres
    with connect(port=postgres.port, password=postgres.password, database="pay") as admin:
        [[account]] = admin.run("SELECT id FROM platform.accounts")
        tenant = Tenant(account, livemode=False)
        admin.run(
            f"UPDATE {tenant.schema}.ledger_accounts SET balance = -1000000000"
            " WHERE code = 'available'"
        )
        admin.run(
            "INSERT INTO platform.operator_accounts (id, owner, operator, product, livemode,"
            " base_url, target_environment, currency, credentials) VALUES ('opa_bench', :owner,"
            " 'mtn', 'disbursement', false, 'http://x', 'x', 'XAF', 'x')",
            owner=account,
        )
    return tenant


def _ask(stand: Rig, served: Served, run: int) -> float:
    """Seconds of one request to the function, from its first byte to its answer."""
    content, began = _file(run), time.perf_counter()
    answer = urllib3.request(
        "POST",
        f"http://127.0.0.1:{served.port}/v1/payout_batches",
        body=content,
        headers={
            "Authorization": f"Bearer {stand.secret_key}",
            "Content-Type": "text/csv",
            "Idempotency-Key": f"bench-{run}",
        },
        timeout=30,
        retries=False,
    )
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"{answer.status} {answer.data[:500]!r}")
    return time.perf_counter() - began


def _file(run: int) -> bytes:
    rows = (
        b"+2376%08d,%d,Awa Njoya,salary-%d-%05d\n" % (70_000_000 + n, _AMOUNT, run, n)
        for n in range(MOST_LINES)
    )
    return b"phone,amount,name,reference\n" + b"".join(rows)


def _take(store: Batches, tenant: Tenant, run: int) -> tuple[float, float]:
    """Seconds of the check and of the rest."""
    content = _file(run)
    began = time.perf_counter()
    command = CreatePayoutBatch.read(content)
    validated = time.perf_counter()
    caller = Caller(
        tenant, "bench", "sk", frozenset({"*"}), "en", charges_enabled=True, suspended=False
    )
    create_payout_batch(
        command,
        caller,
        terms_of=_terms,
        store=store,
        now=datetime.now(UTC),
        request_id="req_bench",
        idempotency_key=f"bench-{run}",
        reached=lambda _: None,
    )
    return validated - began, time.perf_counter() - validated


def _terms(operator: Operator) -> PayoutTerms:
    words: Any = {"base_url": "http://x", "target_environment": "x", "credentials": "x"}
    account = OperatorAccount(
        "opa_x", operator, "disbursement", livemode=False, currency="XAF", **words
    )
    return PayoutTerms(account, _LIMITS, Rules(), b"k" * 32, b"k" * 32, lambda _: {})


def _raw(postgres: Postgres, tenant: Tenant) -> float:
    with connect(port=postgres.port, password=postgres.password, database="pay") as admin:
        admin.run(f"SET search_path = {tenant.schema}, pg_catalog")
        began = time.perf_counter()
        admin.run(_RAW.format(count=MOST_LINES))
        return time.perf_counter() - began
