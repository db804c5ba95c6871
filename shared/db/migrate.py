"""Brings the platform schema, then every tenant schema, to the newest revision.

One transaction per schema holds all its revisions and the note of where it stands, so a run that
dies anywhere is simply run again. Then due rows that are missing are written, in batches of their
own. Exit code 0: everything is at the newest revision and is what that revision says; 1: some
schema is not, and the lines on standard error say which and why.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from alembic.util import CommandError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError

from shared.db.backfill import add_missing_releases, with_pending
from shared.db.drift import (
    DriftError,
    Standing,
    Watch,
    find_drift,
    has_platform,
    refuse_platform_drift,
    standings,
)
from shared.db.engine import SecretFileError, make_engine, reason_of
from shared.db.progress import Progress
from shared.db.revisions import INI, TENANT, NewerSchemaError, load
from shared.db.upgrade import TRANSACTION_TIMEOUT, migrate_platform, migrate_tenant
from shared.domain.account import Tenant

TRIES: Final = 10
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 2.0
# No lock, a deadlock, and on servers before 17 too long a statement.
_IN_THE_WAY: Final = {"55P03", "40P01", "57014"}
# The server ends the connection of a transaction that takes too long, and its word is lost.
_CUT_OFF: Final = f"cut off: longer than {TRANSACTION_TIMEOUT}, or the connection broke"
_SHARE_OF_CONNECTIONS: Final = 4
# What ends in one line; anything else is a mistake of ours and shows its traceback. The driver
# passes OSError on where a server does not answer in time.
_SAID: Final = (
    SQLAlchemyError,
    OSError,
    SecretFileError,
    ValueError,
    DriftError,
    NewerSchemaError,
)

# Each login may see how many there are, whoever they belong to.
FREE_CONNECTIONS: Final = text("""
SELECT current_setting('max_connections')::int
  - current_setting('superuser_reserved_connections')::int
  - (SELECT sum(numbackends) FROM pg_stat_database)""")


_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The schemas brought forward, and for each that is not as it should be the reason.

    `added` counts due rows of holds that were missing.
    """

    migrated: tuple[str, ...]
    failed: Mapping[str, str]
    added: int


@dataclass(slots=True)
class _Run:
    """What has come of each tenant so far; `tries` counts those that found a lock in the way."""

    migrated: set[Tenant] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    tries: dict[Tenant, int] = field(default_factory=dict)
    added: int = 0

    def note(self, tenant: Tenant, error: BaseException | None) -> None:
        """Keep what came of one try."""
        if error is None:
            self.migrated.add(tenant)
            return
        tries = self.tries[tenant] = self.tries.get(tenant, 0) + 1
        if not _is_in_the_way(error):
            self.failed[tenant.schema] = _why(error)
        elif tries == TRIES:
            self.failed[tenant.schema] = f"{_why(error)}, {TRIES} times"


def migrate(
    engine: Engine, ini: Path = INI, *, workers: int = 1, watch: Watch = lambda *_: None
) -> Outcome:
    """Migrate all schemas; one that fails leaves the others to go on. `engine` is pay_owner's.

    A schema that is not what its revision says is left alone, and named. What stands in the way of
    the platform schema ends the run: raises DriftError, NewerSchemaError or SQLAlchemyError.
    `workers` schemas at a time, each with a connection. `watch` hears of the progress.
    """
    run = _Run()
    was_there = _patiently(lambda: has_platform(engine))
    if was_there:
        _patiently(lambda: refuse_platform_drift(engine, ini))
        run.failed |= _patiently(lambda: find_drift(engine, ini, workers=workers, watch=watch))
    if _patiently(lambda: _platform(engine, ini)) and was_there:
        _patiently(lambda: refuse_platform_drift(engine, ini))
    pause = FIRST_PAUSE_SECONDS
    # Asked again until nothing is left: an account may be provisioned by older code meanwhile.
    while behind := _patiently(lambda: _behind(engine, ini, run)):
        before = len(run.migrated)
        with ThreadPoolExecutor(workers) as threads:
            tries = {threads.submit(_tenant, engine, tenant, ini): tenant for tenant in behind}
            _follow(run, tries, watch)
        if len(run.migrated) == before:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    if run.migrated:
        run.failed |= _patiently(
            lambda: find_drift(engine, ini, only=run.migrated, workers=workers, watch=watch)
        )
    _backfill(engine, ini, run, workers, watch)
    migrated = sorted(tenant.schema for tenant in run.migrated)
    return Outcome(tuple(migrated), run.failed, run.added)


def check(engine: Engine, ini: Path = INI, *, workers: int = 1) -> Mapping[str, str]:
    """Return what is not as its revision says, by schema, and change nothing."""
    if not _patiently(lambda: has_platform(engine)):
        return {}
    _patiently(lambda: refuse_platform_drift(engine, ini))
    return _patiently(lambda: find_drift(engine, ini, workers=workers))


def main(environment: Mapping[str, str], arguments: Sequence[str] = ()) -> int:
    """Run with MIGRATION_DATABASE_URL and SECRETS_DIR; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m shared.db.migrate")
    parser.add_argument("--workers", type=int, help="schemas at a time; as many as cores")
    parser.add_argument("--check", action="store_true", help="look for drift, change nothing")
    options = parser.parse_args(arguments)
    url = environment.get("MIGRATION_DATABASE_URL")
    if not url:
        return _fail("MIGRATION_DATABASE_URL is not set")
    wanted = max(1, options.workers or os.cpu_count() or 1)
    try:
        engine = make_engine(
            url,
            secret_file=Path(environment.get("SECRETS_DIR", "/etc/pay/secrets"), "database_owner"),
            pool_size=wanted,
            application_name="migrate",
            reply_seconds=None,
        )
        try:
            workers = min(wanted, _most_workers(engine))
            return _check(engine, workers) if options.check else _migrate(engine, workers)
        finally:
            engine.dispose()
    except _SAID as error:
        return _fail(f"platform: {_why(error)}")
    except CommandError as error:
        return _fail(f"the revisions are no line: {error}")


def _migrate(engine: Engine, workers: int) -> int:
    progress = Progress(sys.stderr)
    try:
        outcome = migrate(engine, workers=workers, watch=progress)
    finally:
        progress.end()
    counted = f"{len(outcome.migrated)} tenant schemas migrated, {len(outcome.failed)} failed"
    if outcome.added:
        counted += f", {outcome.added} missing releases of holds written"
    if not _journal_is_read(engine):
        _fail("no money goes out: it may have been put back; read the journal in (read_journal)")
    return _tell(outcome.failed, counted)


def _journal_is_read(engine: Engine) -> bool:
    """Tell whether money goes out here; whoever migrates what was put back is told in any case."""
    with engine.begin() as connection:
        return bool(connection.scalar(text("SELECT platform.journal_is_read()")))


def _check(engine: Engine, workers: int) -> int:
    wrong = check(engine, workers=workers)
    return _tell(wrong, f"{len(wrong)} tenant schemas are not what their revision says")


def _tell(wrong: Mapping[str, str], counted: str) -> int:
    for schema, reason in sorted(wrong.items()):
        _fail(f"{schema}: {reason}")
    sys.stdout.write(f"{counted}\n")
    return 1 if wrong else 0


def _platform(engine: Engine, ini: Path) -> bool:
    with engine.begin() as connection:
        return migrate_platform(connection, ini)


def _tenant(engine: Engine, tenant: Tenant, ini: Path) -> None:
    with engine.begin() as connection:
        migrate_tenant(connection, tenant, ini=ini)


def _follow(run: _Run, tries: Mapping[Future[None], Tenant], watch: Watch) -> None:
    """Wait for all tries; where this run is told to stop, what has not begun never begins."""
    try:
        for done, future in enumerate(as_completed(tries), start=1):
            error = future.exception()
            if error is not None and not isinstance(error, _SAID):
                raise error
            run.note(tries[future], error)
            watch("migrated", done, len(tries))
    finally:
        for future in tries:
            future.cancel()


def _backfill(engine: Engine, ini: Path, run: _Run, workers: int, watch: Watch) -> None:
    """Write what is missing in the schemas that are as they should be, also of runs before."""
    newest = load(TENANT, ini).newest
    ready = [
        row.tenant
        for row in _patiently(lambda: _standings(engine))
        if row.revision == newest and row.tenant.schema not in run.failed
    ]
    pending = with_pending(engine, ready, patiently=_patiently)
    with ThreadPoolExecutor(workers) as threads:
        fills = {
            threads.submit(add_missing_releases, engine, tenant, patiently=_patiently): tenant
            for tenant in pending
        }
        try:
            for done, future in enumerate(as_completed(fills), start=1):
                error = future.exception()
                if error is None:
                    run.added += future.result()
                elif isinstance(error, _SAID):
                    run.failed[fills[future].schema] = f"holds: {_why(error)}"
                else:
                    raise error
                watch("looked at for missing releases of holds", done, len(fills))
        finally:
            for future in fills:
                future.cancel()


def _behind(engine: Engine, ini: Path, run: _Run) -> list[Tenant]:
    newest = load(TENANT, ini).newest
    return [
        row.tenant
        for row in _standings(engine)
        if row.revision != newest
        and row.tenant not in run.migrated
        and row.tenant.schema not in run.failed
    ]


def _standings(engine: Engine) -> list[Standing]:
    with engine.begin() as connection:
        return standings(connection)


def _patiently(act: Callable[[], _Result]) -> _Result:
    """Do it, and again while something is in the way, TRIES times at most."""
    pause = FIRST_PAUSE_SECONDS
    for _ in range(TRIES - 1):
        try:
            return act()
        except (DBAPIError, OSError) as error:
            if not _is_in_the_way(error):
                raise
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    return act()


def _is_in_the_way(error: BaseException) -> bool:
    """Whether time may heal it: somebody held a lock, or the work was cut off."""
    if isinstance(error, (InterfaceError, OSError)):
        return True
    words = error.orig.args if isinstance(error, DBAPIError) and error.orig else ()
    return bool(words and isinstance(words[0], dict) and words[0].get("C") in _IN_THE_WAY)


def _most_workers(engine: Engine) -> int:
    """Leave most of the free connections to those who serve requests."""
    with engine.begin() as connection:
        free = int(connection.execute(FREE_CONNECTIONS).scalar_one())
    return max(1, free // _SHARE_OF_CONNECTIONS)


def _why(error: BaseException) -> str:
    if isinstance(error, (DriftError, NewerSchemaError)):
        return str(error)
    is_cut_off = isinstance(error, InterfaceError) and error.connection_invalidated
    return _CUT_OFF if is_cut_off else reason_of(error)


def _fail(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.argv[1:]))
