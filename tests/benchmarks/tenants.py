"""`make bench-tenants`: what 2,000 accounts cost, one schema each, beside what one costs.

A run prints its table. It writes tenants.json when it is of full size, or tenants_e32.json where
the mixed load lasts as long as in experiment E32: `--minutes 30`.
"""

import argparse
import contextlib
import itertools
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

from knative.local.postgres import connect
from shared.db.directory import Directory
from shared.db.engine import make_engine
from shared.db.migrate import check
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.runtime.authentication import Authenticator
from shared.runtime.short_cache import ShortCache
from shared.runtime.wiring import KEY_SECONDS
from tests.benchmarks import load, report
from tests.benchmarks.figures import Figure
from tests.benchmarks.filled import WORKERS, Filled, standing
from tests.benchmarks.processes import unshared_mb
from tests.benchmarks.rig import Served, key
from tests.releases import COLUMN_AND_INDEX, next_release
from tests.traffic import Traffic

ACCOUNTS: Final = 2_000
PER_SECOND: Final = 50.0
READS_PER_SECOND: Final = 20.0
SECONDS: Final = 40.0
TURNS: Final = 6
TURN_SECONDS: Final = 10.0
ONE: Final = "one account"
MANY: Final = "all accounts"
GROWING: Final = "all while one more comes each second"
GROWING_SLOWLY: Final = "all while one more comes in ten seconds"
NEW_PER_SECOND: Final[Mapping[str, float]] = {GROWING: 1.0, GROWING_SLOWLY: 0.1}
# One in ten seconds is three million a year. One a second is shown beside it, and has no bar.
BOUNDED: Final = frozenset({MANY, GROWING_SLOWLY})
CLIENTS: Final = 32
# Once for each connection of a pool, as busy pods come to it within minutes.
PASSES: Final = 9
WARM_REQUESTS: Final = 1_000
BESIDE_MIGRATION_PER_SECOND: Final = 20.0
LOOKS: Final = 50
MOST_MB: Final = 350
SLOWER: Final = 1.2
RESULTS: Final = report.FOLDER / "tenants.json"
RESULTS_E32: Final = report.FOLDER / "tenants_e32.json"
E32_MINUTES: Final = 30
SIZE: Final = text("SELECT pg_database_size(current_database())")
FIRST_QUERY: Final = Statement("SELECT id FROM charges ORDER BY created_at DESC LIMIT 1")


def measure(
    folder: Path, say: Callable[[str], None], *, accounts: int, minutes: float
) -> list[Figure]:
    """One account alone, then many: memory, speed, speed while more come, and a migration."""
    with (
        standing(folder) as full,
        full.stand.serving("create_charge") as creating,
        full.stand.serving("read_payments") as reading,
    ):
        one = (full.stand.secret_key,)
        load.counted(creating.port, _charges(one), clients=PASSES, requests=WARM_REQUESTS)
        alone, _ = _pace(creating, reading, one, seconds=SECONDS)
        say(f"one account: p95 {alone.quantile(0.95):.1f} ms")
        full.fill(accounts)
        shops = tuple(full.shops)
        say(f"{accounts} accounts made in {sum(full.took):.0f} s")
        figures = [*_made(full), *_connections(full), *_key_checks(full)]
        first, _ = _pace(creating, reading, shops, seconds=accounts / PER_SECOND)
        say(f"each for the first time: p95 {first.quantile(0.95):.1f} ms")
        load.counted(creating.port, _charges(shops), clients=PASSES, requests=PASSES * accounts)
        soaked = _pace(creating, reading, shops, seconds=60 * minutes)
        say(f"{minutes:g} minutes of load: p95 {soaked[0].quantile(0.95):.1f} ms")
        figures.append(_memory("after the mixed load", full))
        turns = _by_turns(full, creating, reading, one, shops)
        say(", ".join(f"{name} {run.quantile(0.95):.1f} ms" for name, run in turns.items()))
        figures += [
            _p95("one account, before there are more", alone),
            _p95(f"{accounts} accounts, each for the first time", first),
            _p95(f"{accounts} accounts, mixed load", soaked[0]),
            _figure("GET /v1/charges p95: mixed load", soaked[1].quantile(0.95), "ms"),
            *(_p95(f"by turns, {name}", run) for name, run in turns.items()),
            *(_slower(name, run, turns[ONE]) for name, run in turns.items() if name != ONE),
        ]
        return [*figures, *_migration(full, creating, folder, say)]


def _charges(shops: Sequence[str]) -> load.MakeRequest:
    """Orders from all in turn."""
    method = {"type": "mobile_money", "phone": "+237677000001"}
    content = json.dumps({"amount": 500, "currency": "xaf", "payment_method": method}).encode()
    return _in_turn(shops, "POST", "/v1/charges", content, {"Content-Type": "application/json"})


def _in_turn(
    shops: Sequence[str], method: str, path: str, content: bytes, headers: Mapping[str, str]
) -> load.MakeRequest:
    turns = itertools.cycle(shops)

    def make() -> bytes:
        authorization = {"Authorization": f"Bearer {next(turns)}"}
        return load.request(method, path, content, {**headers, **authorization})

    return make


def _pace(
    creating: Served, reading: Served, shops: Sequence[str], *, seconds: float
) -> tuple[load.Load, load.Load]:
    """All in turn order, and list their charges, at a steady rate each: orders, then lists.

    A late answer delays no request behind it, and its wait counts.
    """
    lists = _in_turn(shops, "GET", "/v1/charges", b"", {})
    runs = (
        (creating.port, _charges(shops), PER_SECOND),
        (reading.port, lists, READS_PER_SECOND),
    )
    with ThreadPoolExecutor(len(runs)) as both:
        started = [
            both.submit(load.paced, port, make, clients=CLIENTS, per_second=rate, seconds=seconds)
            for port, make, rate in runs
        ]
        orders, listed = (run.result() for run in started)
    return orders, listed


def _by_turns(
    full: Filled, creating: Served, reading: Served, one: Sequence[str], shops: Sequence[str]
) -> Mapping[str, load.Load]:
    """One account, all, and all while more come, by turns, so that each meets the same machine."""
    runs: dict[str, list[load.Load]] = {name: [] for name in (ONE, MANY, GROWING_SLOWLY, GROWING)}
    for _ in range(TURNS):
        for name, found in runs.items():
            at_work = one if name == ONE else shops
            rate = NEW_PER_SECOND.get(name)
            with full.growing(rate) if rate else contextlib.nullcontext():
                found.append(_pace(creating, reading, at_work, seconds=TURN_SECONDS)[0])
    return {
        name: load.Load(
            sum(run.seconds for run in found),
            sorted(itertools.chain.from_iterable(run.milliseconds for run in found)),
        )
        for name, found in runs.items()
    }


def _made(full: Filled) -> list[Figure]:
    count = len(full.took)
    with full.owner.begin() as connection:
        size = connection.execute(SIZE).scalar_one()
    return [
        _figure("an account is made, median", 1000 * statistics.median(full.took), "ms"),
        _figure(
            "an account is made, slowest",
            1000 * max(full.took),
            "ms",
            at_most=1000,
            note=f"{count} accounts with the test mode's schema",
        ),
        _figure("size of an account", size / count / 1e6, "MB"),
    ]


def _connections(full: Filled) -> list[Figure]:
    """What one connection holds that has served all, and how long a new one takes to serve one."""
    with full.stand.serving("create_charge", threads=1) as single:
        load.counted(single.port, _charges(full.shops), clients=1, requests=len(full.shops))
        memory = _memory("that served each account once", full)
    took = []
    for tenant in full.tenants[:: max(1, len(full.tenants) // LOOKS)]:
        engine = _application(full)
        began = time.monotonic()
        with Database(engine).tenant(tenant) as transaction:
            transaction.run(FIRST_QUERY)
        took.append(1000 * (time.monotonic() - began))
        engine.dispose()
    note = f"slowest of {len(took)}; median {statistics.median(took):.1f} ms"
    return [memory, _figure("connect and first query", max(took), "ms", at_most=100, note=note)]


def _key_checks(full: Filled) -> list[Figure]:
    """How long each key takes to be proven at first sight, and at once again."""
    engine = _application(full)
    pepper = key(full.stand.secrets_dir, "api_key_pepper")
    guard = Authenticator(
        ShortCache(Directory(Database(engine)).find_key, seconds=KEY_SECONDS),
        lambda: pepper,
        now=lambda: datetime.now(UTC),
        on_use=lambda _: None,
    )
    guard.caller(f"Bearer {full.stand.secret_key}", "read_charge")
    took: list[list[float]] = [[], []]
    for shop in full.shops:
        for times in took:
            began = time.perf_counter()
            guard.caller(f"Bearer {shop}", "read_charge")
            times.append(1000 * (time.perf_counter() - began))
    engine.dispose()
    figures = []
    for name, times, most in zip(("first seen", "seen before"), took, (2.0, 0.3), strict=True):
        note = f"{len(times)} keys; median {statistics.median(times):.3f} ms"
        value = statistics.quantiles(times, n=100)[-1]
        figures.append(_figure(f"check of a key {name}, p99", value, "ms", at_most=most, note=note))
    return figures


def _application(full: Filled) -> Engine:
    """A connection as functions have it."""
    stand = full.stand
    secret = stand.secrets_dir / "database_app"
    return make_engine(stand.postgres.url("pay"), secret_file=secret, pool_size=1)


def _memory(which: str, full: Filled) -> Figure:
    """The largest process of the server that serves create_charge, without what all share."""
    postgres = full.stand.postgres
    with connect(port=postgres.port, password=postgres.password) as admin:
        rows = admin.run(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'create_charge'"
        )
    largest = max(unshared_mb(process) for [process] in rows)
    note = f"largest of {len(rows)}, without what it shares"
    return _figure(f"connection {which}", largest, "MB", at_most=MOST_MB, note=note)


def _migration(
    full: Filled, creating: Served, folder: Path, say: Callable[[str], None]
) -> list[Figure]:
    """A release gives every schema a column and an index, while charges are taken."""
    shops, per_second = full.shops, BESIDE_MIGRATION_PER_SECOND
    began = time.monotonic()
    drifted = check(full.owner, workers=WORKERS)
    look_seconds = time.monotonic() - began
    ini = next_release(folder / "next", COLUMN_AND_INDEX.format(name="shiny"))
    with Traffic(creating.port, shops, per_second=per_second) as traffic:
        began = time.monotonic()
        process = full.start_migration(ini)
        process.join()
        seconds = time.monotonic() - began
    say(f"migrated in {seconds:.1f} s")
    left = len(check(full.owner, ini, workers=WORKERS)) + abs(process.exitcode or 0)
    schemas, asked = len(shops) + 2, f"{len(traffic.answers)} requests"
    return [
        _figure(
            f"{schemas} schemas looked at for drift",
            look_seconds,
            "s",
            note=f"{len(drifted)} differ",
        ),
        _figure(
            f"{schemas} schemas given a column and an index",
            seconds,
            "s",
            at_most=30,
            note=f"{WORKERS} workers, beside {per_second:.0f} charges a second",
        ),
        _figure("schemas not as the revision says afterwards", left, "", at_most=0),
        _figure("requests failed meanwhile", traffic.failed, "", at_most=0, note=asked),
        _figure("p95 meanwhile", traffic.milliseconds(0.95), "ms", note=asked),
        _figure(
            "slowest request meanwhile", traffic.milliseconds(1), "ms", at_most=2000, note=asked
        ),
    ]


def _p95(of: str, run: load.Load) -> Figure:
    return _figure(f"create_charge p95: {of}", run.quantile(0.95), "ms", note=_count(run))


def _count(run: load.Load) -> str:
    return f"open loop, {len(run.milliseconds)} requests in {run.seconds:.0f} s"


def _slower(name: str, run: load.Load, alone: load.Load) -> Figure:
    ratio = run.quantile(0.95) / alone.quantile(0.95)
    at_most = SLOWER if name in BOUNDED else None
    return _figure(f"p95: {name}, against one", ratio, "times", at_most=at_most)


def _figure(
    name: str, value: float, unit: str, *, at_most: float | None = None, note: str = ""
) -> Figure:
    return Figure("tenants", name, value, unit, at_most=at_most, note=note)


def main() -> int:
    """Run it in a folder of its own; 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(prog="make bench-tenants", description=__doc__)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--minutes", type=float, default=1.0, help="of mixed load")
    chosen = parser.parse_args()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="pay-bench-"))
    # The database's user, who is not we when we are root, must get through.
    folder.chmod(0o711)
    try:
        figures = measure(folder, _say, accounts=chosen.accounts, minutes=chosen.minutes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.show(figures)
    if chosen.accounts == ACCOUNTS:
        command = f"make bench-tenants ARGS='--minutes {chosen.minutes:g}'"
        file = RESULTS_E32 if chosen.minutes >= E32_MINUTES else RESULTS
        report.keep(file, figures, command=command, seconds=time.monotonic() - began)
    return 0 if all(figure.holds for figure in figures) else 1


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
