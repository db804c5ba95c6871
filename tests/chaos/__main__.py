"""`make chaos MINUTES=n SEED=s`: a storm over a system of its own, then the oracle.

It ends with 1 when an invariant or a bar is broken, with 2 when the run was too weak to prove
anything. A seed that broke something is added to `seeds.jsonl`, which is committed with the cure.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.report import machine
from tests.chaos import judge
from tests.chaos.crash_points import discover
from tests.chaos.storm import Plan, Storm
from tests.end_to_end.merchant import open_merchant
from tests.end_to_end.people import open_household
from tests.system import ROOT, running_system

SEEDS: Final = Path(__file__).with_name("seeds.jsonl")
HITS_PER_POINT: Final = 3
# What two busy cores can kill and start again in a minute.
KILLS_PER_MINUTE: Final = 40


def main() -> int:
    """Run one storm and say everything about it."""
    plan = _plan()
    began = datetime.now(UTC)
    with (
        running_system() as system,
        open_merchant(system, "Quincaillerie de la Tempête") as merchant,
        open_household(system, "Boutique Partie dans la Tempête") as household,
    ):
        storm = Storm(system, merchant, discover(), plan, household)
        _say([f"seed {plan.seed}, commit {_commit()}, {began:%Y-%m-%d %H:%M} UTC, {machine()}"])
        try:
            storm.run()
            storm.await_proofs()
        finally:
            _say([*storm.report(), f"load average at the end: {os.getloadavg()}"])
        told = judge.sources(
            system, merchant, storm.clients.accepted, storm.login, deaths=storm.killer.deaths
        )
        verdict = judge.judge(told)
    invalid, broken = storm.invalid(), storm.broken()
    why_invalid = [f"invalid: {why}" for why in invalid]
    _say(["", *_findings(verdict), *broken, *why_invalid])
    if verdict["violations"]:
        _keep(plan, list(verdict["violations"]), began)
    if verdict["violations"] or broken:
        return 1
    return 2 if invalid else 0


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    words = parser.parse_args()
    return Plan(
        seed=words.seed,
        seconds=words.minutes * 60,
        kills=int(words.minutes * KILLS_PER_MINUTE),
        hits_per_point=HITS_PER_POINT,
    )


def _findings(verdict: Mapping[str, Any]) -> list[str]:
    """Each invariant with what it found, and how much it looked at: a zero needs its n."""
    found = verdict["violations"]
    lines = [f"{name:<28}{len(found.get(name, []))} violations" for name in verdict["invariants"]]
    lines += [f"looked at: {verdict['looked_at']}"]
    return lines + [f"{name}: {what}" for name, each in found.items() for what in each]


def _keep(plan: Plan, broken: Sequence[str], began: datetime) -> None:
    line = {
        "seed": plan.seed,
        "minutes": plan.seconds / 60,
        "commit": _commit(),
        "date": f"{began:%Y-%m-%d}",
        "broken": list(broken),
    }
    with SEEDS.open("a", encoding="utf-8") as seeds:
        seeds.write(json.dumps(line) + "\n")


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - the developer's own git
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _say(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
