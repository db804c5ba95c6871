"""E31: migrations that are killed at any moment, while charges are taken and accounts appear."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import TextClause, text

from shared.db.revisions import TENANT, load
from tests.benchmarks.filled import Filled, standing
from tests.releases import COLUMN_AND_INDEX, bare_account, next_release
from tests.traffic import Traffic
from tests.trials import IS_LARGE, Trial

pytestmark = pytest.mark.timeout(7_200 if IS_LARGE else 300)

Release = dict[str, str]
MOST_MILLISECONDS: Final = 2_000
# A schema is as before or as after: its two notes, its column and its index agree.
HALF_WAY: Final = text("""
SELECT schema_name::text FROM platform.account_schemas s
JOIN pg_namespace n ON nspname = schema_name
CROSS JOIN LATERAL (SELECT
  revision = :newest AS is_noted,
  EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = n.oid AND relname = 'charges' AND attname = :name) AS has_column,
  EXISTS (SELECT FROM pg_class c WHERE relnamespace = n.oid AND relname = 'charges_' || :name)
    AS has_index
) seen WHERE NOT (is_noted = has_column AND is_noted = has_index)""")
BEHIND: Final = text("""
SELECT schema_name::text FROM platform.account_schemas WHERE revision <> :newest""")


@pytest.fixture
def full(trial: Trial, tmp_path: Path) -> Iterator[Filled]:
    """A database of many accounts, two schemas each."""
    with standing(tmp_path) as made:
        made.fill(trial.size(10, 500), modes=("test", "live"))
        yield made


def test_killed_migrations_are_completed_by_the_next(
    full: Filled, trial: Trial, tmp_path: Path
) -> None:
    """The last run completes; no schema is ever half-way; no request fails or waits two seconds."""
    runs, kills_of_each = trial.size(1, 20), trial.size(3, 5)
    half_way = unfinished = kills = came = 0
    with full.stand.serving("create_charge") as served:
        for requests in (10, trial.size(20, 600)):
            with Traffic(served.port, full.shops, per_second=20) as calm:
                calm.until(requests)
        with Traffic(served.port, full.shops, per_second=20) as traffic:
            for run in range(runs):
                steps = [COLUMN_AND_INDEX.format(name=f"shiny_{step}") for step in range(run + 1)]
                ini = next_release(tmp_path / f"release_{run}", *steps)
                release = {"newest": load(TENANT, ini).newest, "name": f"shiny_{run}"}
                for _ in range(kills_of_each):
                    left = len(_look(full, BEHIND, release))
                    kills += _kill_in_the_act(full, ini, release, trial.chance.randrange(left))
                    # By the code of today, which knows nothing of the release.
                    bare_account(full.owner, livemodes=(False, True))
                    came += 1
                    half_way += len(_look(full, HALF_WAY, release))
                process = full.start_migration(ini)
                process.join()
                unfinished += abs(process.exitcode or 0) + len(_look(full, BEHIND, release))
                half_way += len(_look(full, HALF_WAY, release))
    late = sum(1000 * answer.seconds > MOST_MILLISECONDS for answer in traffic.answers)
    trial.record(
        "E31 schemas migrated by killed runs",
        runs * 2 * trial.size(10, 500),
        wrong=half_way + unfinished + traffic.failed + late,
        kills=kills,
        accounts_came=came,
        requests=len(traffic.answers),
        ms_the_slowest=round(traffic.milliseconds(1)),
        ms_at_p95=round(traffic.milliseconds(0.95)),
        ms_at_p95_in_calm=round(calm.milliseconds(0.95)),
    )


def _kill_in_the_act(full: Filled, ini: Path, release: Release, done: int) -> bool:
    """Kill a run when it has brought so many forward; false when it was over before."""
    before = len(_look(full, BEHIND, release))
    process = full.start_migration(ini)
    while process.is_alive() and before - len(_look(full, BEHIND, release)) < done:
        process.join(0.002)
    was_running = process.is_alive()
    process.kill()
    process.join()
    return was_running


def _look(full: Filled, query: TextClause, release: Release) -> list[Any]:
    with full.owner.begin() as connection:
        return list(connection.execute(query, release).scalars())
