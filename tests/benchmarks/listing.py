"""Measures a page of a hundred charges out of a million, beside the bare SELECT of its rows."""

import statistics
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

import urllib3

from knative.local.postgres import Postgres, connect
from shared.domain.account import Tenant
from tests.benchmarks.figures import Figure
from tests.benchmarks.million import ROWS, fill
from tests.benchmarks.rig import Rig, Served, rig

ASKED: Final = 60
_RAW: Final = """
SELECT c.*, r.number, r.code, r.stored_at FROM charges c LEFT JOIN receipts r ON r.charge_id = c.id
WHERE c.id < :before ORDER BY c.id DESC LIMIT 100
"""


def measure(folder: Path, say: Callable[[str], None], rows: int = ROWS) -> list[Figure]:
    """Ask for pages one after another, from the newest on, by the function itself."""
    with rig(folder) as stand:
        tenant, _, _ = fill(stand, rows)
        say(f"{rows} charges are there")
        with stand.serving("read_payments") as served:
            took = _pages(stand, served)
        raw = _raw(stand.postgres, tenant)
    middle, late = (1000 * statistics.quantiles(took, n=100)[n - 1] for n in (50, 95))
    say(f"a page: {middle:.1f} ms, raw {raw:.1f} ms")
    note = f"100 of {rows} charges, {ASKED} pages by GET, one client"
    return [
        Figure("list", "a page of 100 charges, p50", middle, "ms", at_most=15, note=note),
        Figure("list", "a page of 100 charges, p95", late, "ms", note=note),
        Figure("list", "raw bound: SELECT of the rows, p50", raw, "ms", note="by the same driver"),
    ]


def _pages(stand: Rig, served: Served) -> list[float]:
    pool, after, took = urllib3.PoolManager(), "", []
    for _ in range(ASKED):
        began = time.perf_counter()
        answer = pool.request(
            "GET",
            f"http://127.0.0.1:{served.port}/v1/charges?limit=100{after}",
            headers={"Authorization": f"Bearer {stand.secret_key}"},
            timeout=10,
            retries=False,
        )
        took.append(time.perf_counter() - began)
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{answer.status} {answer.data[:500]!r}")
        after = f"&starting_after={answer.json()['data'][-1]['id']}"
    return took


def _raw(postgres: Postgres, tenant: Tenant) -> float:
    before, took = "~", []
    with connect(port=postgres.port, password=postgres.password, database="pay") as admin:
        admin.run(f"SET search_path = {tenant.schema}, pg_catalog")
        for _ in range(ASKED):
            began = time.perf_counter()
            rows = admin.run(_RAW, before=before)
            took.append(time.perf_counter() - began)
            before = rows[-1][0]
    return 1000 * statistics.median(took)
