"""Measures a ledger post, over many accounts and on a hot one, beside what pgbench makes of it."""

import multiprocessing
import os
import re
import secrets
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from knative.local.postgres import Postgres, connect
from shared.db.engine import make_engine
from shared.db.ledger import LEDGER_PARTS, WHOLE, posting_values
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.ledger import Posting, Transaction
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import rig

ACCOUNTS: Final = 50
PROCESSES: Final = 2
THREADS: Final = 4
SECONDS: Final = 6.0
_WARM_TRANSFERS: Final = 50
_ID_START: Final = "txn_bench"

POST: Final = Statement(f"""
WITH gate AS MATERIALIZED (SELECT :object_id::text AS id),
{LEDGER_PARTS}
SELECT {WHOLE}
""")

# The same rows by the shortest statement there is, from a client in C, as a user without walls.
_RAW: Final = """
\\set a {first}
\\set b (:a + random(1, {accounts} - 1)) % {accounts}
\\set amount random(1, 10000)
WITH booked AS (
    INSERT INTO ledger_transactions (id, kind, object_id, created_at)
    SELECT '{start}' || gen_random_uuid(), 'bench', gen_random_uuid()::text, now()
    RETURNING id
),
lines AS (
    INSERT INTO postings (transaction_id, position, code, amount)
    SELECT id, p.position, 'bench_' || p.account, p.amount
    FROM booked, (
        VALUES (1, :a::int, :amount::bigint), (2, :b::int, -:amount::bigint)
    ) AS p(position, account, amount)
)
UPDATE ledger_accounts a SET balance = a.balance + d.delta
FROM (VALUES (:a::int, :amount::bigint), (:b::int, -:amount::bigint)) AS d(account, delta)
WHERE a.code = 'bench_' || d.account;
"""


@dataclass(frozen=True, slots=True)
class _Books:
    """Where a process finds the ledger, and which account it always takes, if any."""

    url: str
    secret_file: Path
    tenant: Tenant
    hot: int | None


def measure(folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Post by two processes of four threads, then let pgbench do the same with eight clients."""
    found: list[Figure] = []
    with ExitStack() as stack:
        stand = stack.enter_context(rig(folder))
        tenant = _open_books(stand.postgres)
        secret_file = stand.secrets_dir / "database_app"
        for name, hot, bar in (
            (f"over {ACCOUNTS} accounts", None, 1_000),
            ("on one hot account", 0, 800),
        ):
            books = _Books(stand.postgres.url("pay"), secret_file, tenant, hot)
            ours = _ours(books)
            raw = _raw(stand.postgres, tenant, hot, folder)
            say(f"ledger {name}: {ours:.0f}/s, pgbench {raw:.0f}/s")
            how = f"{PROCESSES} processes of {THREADS} threads; {_count(ours)}"
            found += [
                Figure("ledger", f"posts {name}", ours, "/s", at_least=bar, note=how),
                Figure(
                    "ledger",
                    f"raw bound: pgbench {name}",
                    raw,
                    "/s",
                    note=f"8 clients, 2 jobs; {_count(raw)}",
                ),
                Figure("ledger", f"posts {name} against pgbench", 100 * ours / raw, "%"),
            ]
        _check(stand.postgres, tenant)
    return found


def _count(per_second: float) -> str:
    return f"{per_second * SECONDS:.0f} posts in {SECONDS:.0f} s"


def _open_books(postgres: Postgres) -> Tenant:
    """Give the one account of the rig fifty floats to move money between."""
    with connect(port=postgres.port, password=postgres.password, database="pay") as admin:
        [[account]] = admin.run("SELECT id FROM platform.accounts")
        tenant = Tenant(account, livemode=False)
        admin.run(
            f"INSERT INTO {tenant.schema}.ledger_accounts (code, normal, currency)"
            f" SELECT 'bench_' || n, 1, 'XAF' FROM generate_series(0, {ACCOUNTS - 1}) AS n"
        )
    return tenant


def _ours(books: _Books) -> float:
    """Transactions per second over all processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        return sum(pool.map(_post_for_a_while, [books] * PROCESSES, chunksize=1))


def _post_for_a_while(books: _Books) -> float:
    engine = make_engine(books.url, secret_file=books.secret_file, pool_size=THREADS)
    database = Database(engine)
    counts: list[int] = []
    ready = threading.Barrier(THREADS)

    def post_on() -> None:
        random = Random(secrets.randbits(64))  # noqa: S311 - picks accounts, keeps no secret
        for _ in range(_WARM_TRANSFERS):
            _post(database, books, random)
        ready.wait()
        count, ends_at = 0, time.monotonic() + SECONDS
        while time.monotonic() < ends_at:
            _post(database, books, random)
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=post_on) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    if len(counts) < THREADS:
        raise RuntimeError("a poster failed; its error stands above")
    return sum(counts) / SECONDS


def _post(database: Database, books: _Books, random: Random) -> None:
    first = random.randrange(ACCOUNTS) if books.hot is None else books.hot
    second = (first + random.randrange(1, ACCOUNTS)) % ACCOUNTS
    amount, name = random.randrange(1, 10_000), secrets.token_hex(12)
    transfer = Transaction(
        f"{_ID_START}{name}",
        "bench",
        name,
        (Posting(f"bench_{first}", amount), Posting(f"bench_{second}", -amount)),
    )
    database.once(
        books.tenant,
        POST,
        object_id=transfer.object_id,
        account=books.tenant.account,
        at=datetime.now(UTC),
        **posting_values(transfer),
    )


def _raw(postgres: Postgres, tenant: Tenant, hot: int | None, folder: Path) -> float:
    first = f"random(0, {ACCOUNTS} - 1)" if hot is None else str(hot)
    script = folder / "ledger.sql"
    script.write_text(_RAW.format(first=first, accounts=ACCOUNTS, start=_ID_START))
    load = ["-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", f"{SECONDS:.0f}", "-f", str(script)]
    # Two updates of one statement may meet in the other order; pgbench then tries again.
    where = ["-h", "127.0.0.1", "-p", str(postgres.port), "-U", postgres.user, "pay"]
    done = subprocess.run(  # noqa: S603 - every word is our own
        [postgres.cluster.binaries / "pgbench", "--max-tries=100", *load, *where],
        env=os.environ
        | {
            "PGPASSWORD": postgres.password,
            "PGOPTIONS": f"-c search_path={tenant.schema},pg_catalog",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS * 4,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    [rate] = re.findall(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    return float(rate)


def _check(postgres: Postgres, tenant: Tenant) -> None:
    """Speed that loses a franc is none: every balance is the sum of its postings."""
    with connect(port=postgres.port, password=postgres.password, database="pay") as admin:
        [[wrong]] = admin.run(
            f"SELECT count(*) FROM {tenant.schema}.ledger_accounts a WHERE balance <>"
            f" (SELECT COALESCE(sum(amount), 0) FROM {tenant.schema}.postings"
            "   WHERE code = a.code)"
        )
    if wrong:
        raise RuntimeError(f"{wrong} balances are not the sums of their postings")
