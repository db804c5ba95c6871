"""A kill -9 at each point that no storm feeds, then the oracle: late money, pages, people, papers.

A few in `make chaos`, on the system of all; every one in `make nightly`, on one of its own where
people sign in. What a storm reaches is `test_crash_points.py`.
"""

import json
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import psutil
import pytest

from tests.chaos import judge, rare_ways
from tests.chaos.oracle.evidence import under_way
from tests.chaos.rare_drill import RareDrill, Together
from tests.chaos.rare_town import Town, open_town
from tests.end_to_end.waiting import wait_for
from tests.functions.realm import Realm
from tests.system import ROOT, LocalSystem, running_system
from tests.trials import IS_LARGE, Trial

pytestmark = pytest.mark.timeout(3_600 if IS_LARGE else 300)

WAY_SECONDS: Final = 600.0 if IS_LARGE else 90.0
REST_SECONDS: Final = 300.0
# A system of its own is started beside whatever else the night runs.
BOOT_SECONDS: Final = 900.0
# What `make chaos` has time for: nothing that waits for a lease, the end of a run or a person.
FEW: Final = frozenset({
    "accept_late_payment.after_commit",
    "archive_ledger.after_plan",
    "archive_ledger.after_put",
    "check_float.before_keep",
    "open_page.after_record",
    "read_customer.before_publish",
    "refund_late_payment.after_commit",
    "serve_checkout.after_publish",
})  # fmt: skip
# A charge that ends by reads may move while it is judged; what is wrong stays so.
LOOKS: Final = 4


@pytest.fixture(scope="module")
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    """A merchant of the drill's own; large, on a system where people's tokens are ours."""
    if not IS_LARGE:
        with open_town(request.getfixturevalue("local_system"), None) as found:
            yield found
        return
    with Realm() as realm:
        environment = {"PARTS_LEFT_OUT": "dashboard", **realm.environment}
        started = running_system(environment=environment, seconds=BOOT_SECONDS)
        with started as system, open_town(system, realm) as found:
            yield found


def test_who_dies_on_a_rare_way_leaves_nothing_undone(town: Town, trial: Trial) -> None:
    """E09: killed at each point that no storm feeds; the next one finishes, and I1 to I26 hold."""
    points = rare_ways.POINTS if IS_LARGE else FEW
    lanes = rare_ways.for_the_clock_and_merchants(town)
    if town.realm is not None:
        lanes += rare_ways.for_people(town)
    drill = RareDrill(town.system, WAY_SECONDS)
    drill.run([_along(lane, points) for lane in lanes])
    drill.disarm()
    wait_for("rest", lambda: not under_way(town.login, town.merchant.schema), seconds=REST_SECONDS)
    verdict = _judged(town, drill)

    assert drill.missing == []
    assert not verdict["violations"], json.dumps(verdict["violations"], indent=1)
    assert town.merchant.schema in _verified_archives(town.system)
    trial.record(
        "E09 crash points that no storm feeds",
        len(points),
        wrong=len(drill.not_hit(points)),
        kills=len(drill.deaths),
        charges_made_again=len(town.too_late),
        postings=verdict["looked_at"]["postings"],
        charges=verdict["looked_at"]["charges"],
        payouts=verdict["looked_at"]["payouts"],
    )


def _along(lane: rare_ways.Lane, points: Collection[str]) -> Iterator[Together]:
    """Of a lane the ways on which these points lie."""
    for ways in lane:
        yield [way for way in ways if {*way.points} <= {*points}]


def _judged(town: Town, drill: RareDrill) -> Mapping[str, Any]:
    verdict: Mapping[str, Any] = {}
    for _ in range(LOOKS):
        told = judge.sources(
            town.system, town.merchant, town.accepted, town.login, deaths=drill.deaths
        )
        verdict = judge.judge(told)
        if not verdict["violations"]:
            break
    return verdict


def _verified_archives(system: LocalSystem) -> str:
    """A line for each ledger whose archives are whole and say what the database says."""
    known: dict[str, str] = {}
    for function in ("archive_ledger", "provision_account"):
        known |= psutil.Process(system.process_id(function)).environ()
    done = subprocess.run(
        [sys.executable, "-m", "shared.runtime.verify_archive"],
        cwd=ROOT,
        env={**known, "SECRETS_DIR": str(system.data_dir / "secrets")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout
