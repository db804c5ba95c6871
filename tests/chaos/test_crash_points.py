"""Kill -9 of each function at each named point while it holds work, and of the parts below.

Afterwards every accepted charge is final exactly once, books balance, each event was delivered and
each paid charge has one receipt. One storm serves all tests of this module.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from knative.catalogue import load_catalogue
from tests import PRINTED_AT_THE_END
from tests.chaos.crash_points import discover
from tests.chaos.evidence import Evidence, dead_letters
from tests.chaos.oracle import INVARIANTS, violations
from tests.chaos.storm import Storm
from tests.end_to_end.merchant import open_merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.system import LocalSystem

# The storm itself takes one minute, or three; its bounds are in storm.py.
pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A storm that is over, and what it left."""

    storm: Storm
    evidence: Evidence


@pytest.fixture(scope="module")
def aftermath(local_system: LocalSystem) -> Iterator[Aftermath]:
    """The one storm, over an account of its own."""
    with open_merchant(local_system, "Quincaillerie de la Tempête") as merchant:
        storm = Storm(local_system, merchant, OperatorControl.of(local_system), discover())
        yield Aftermath(storm, storm.run())


def test_each_crash_point_was_hit(
    aftermath: Aftermath, record_property: Callable[[str, object], None]
) -> None:
    """A point at which nothing ever died proves nothing; the run's end shows them all."""
    storm, hits = aftermath.storm, aftermath.storm.hits()
    times = ", ".join(f"{what} after {at:.0f} s" for what, at in storm.seconds.items())
    lines = [f"{name:<36}{hits[name]:>8}" for name in sorted(storm.points)]
    lines.append(f"{len(storm.points)} points, {len(storm.accepted)} charges; {times}")
    record_property(PRINTED_AT_THE_END, "\n".join([f"{'crash point':<36}kills -9", *lines]))

    missing = storm.points - hits.keys()
    assert not missing, f"{sorted(missing)}\n{_last_words(storm.system, missing)}"


def _last_words(system: LocalSystem, points: Iterable[str]) -> str:
    """The end of the logs of functions whose points were not reached: why work did not come."""
    names = sorted({point.partition(".")[0] for point in points})
    ends = ((system.data_dir / "logs" / f"{name}.log").read_text()[-3000:] for name in names)
    return "\n".join(ends) + system.output.read_text()[-2000:]


def test_each_function_that_holds_work_has_crash_points() -> None:
    """Whoever is pushed to, ticks or publishes can be killed before and after what it does."""
    points = discover()

    for entry in load_catalogue():
        if entry.kind != "operation" and (entry.pubsub or entry.schedule or entry.publishes):
            steps = {name.split(".")[1].split("_")[0] for name in points if entry.name in name}
            assert steps == {"before", "after"}, entry.name


@pytest.mark.parametrize("name", INVARIANTS)
def test_an_invariant_holds_after_the_storm(aftermath: Aftermath, name: str) -> None:
    """What the oracle reads in database, object store, operator and receiver agrees."""
    broken = INVARIANTS[name](aftermath.evidence)
    assert not broken, "\n".join(broken)


def test_the_storm_had_every_kind_of_end(aftermath: Aftermath) -> None:
    """Payments that were paid, declined and refused all went through it."""
    charges = aftermath.evidence.rows("charges")

    assert {row["failure_code"] for row in charges} >= {None, "payer_declined", "payer_not_found"}
    assert len(charges) >= 50


def test_a_dead_letter_is_kept_once(aftermath: Aftermath, local_system: LocalSystem) -> None:
    """The unreadable message is one row although its keeper died twice, and the only one."""
    assert aftermath.evidence.accepted
    (subscription,) = dead_letters(local_system)
    assert subscription.endswith("/keep_dead_letter--charge-created-dead")


def test_each_order_is_answered_as_before(aftermath: Aftermath) -> None:
    """I13: the same key and body give the same bytes, and no charge is made by asking again."""
    merchant = aftermath.storm.merchant

    for accepted in aftermath.storm.accepted:
        order = accepted.order
        answer = merchant.call("POST", "/v1/charges", order.body, order.key)
        assert (answer.status, answer.data) == (200, accepted.body)
        assert answer.headers["Idempotent-Replayed"] == "true"


def _with(evidence: Evidence, table: str, change: Callable[[dict[str, Any]], None]) -> Evidence:
    """Evidence in which the first row of a table is another."""
    first, *rest = evidence.rows(table)
    changed = dict(first)
    change(changed)
    return replace(evidence, tables={**evidence.tables, table: [changed, *rest]})


def _without(evidence: Evidence, table: str) -> Evidence:
    """Evidence in which the first row of a table is gone."""
    return replace(evidence, tables={**evidence.tables, table: evidence.rows(table)[1:]})


def _leased(evidence: Evidence) -> Callable[[dict[str, Any]], None]:
    over = evidence.at - timedelta(seconds=1)
    return lambda row: row.update(done_at=None, lease_until=over)


BROKEN: Final[Mapping[str, Callable[[Evidence], Evidence]]] = {
    "I1 postings sum to zero": lambda e: _with(e, "postings", lambda r: r.update(amount=1)),
    "I2 balances are sums": lambda e: _with(e, "ledger_accounts", lambda r: r.update(balance=1)),
    "I3 floors hold": lambda e: _with(
        e, "ledger_accounts", lambda r: r.update(balance=-r["normal"], floor=0)
    ),
    "I4 answers have rows": lambda e: _without(e, "idempotency_keys"),
    "I5 effects happen once": lambda e: replace(e, effects=[*e.effects, e.effects[0]]),
    "I6 effects equal ledger": lambda e: replace(e, effects=e.effects[1:]),
    "I7 ends are proven": lambda e: replace(
        e,
        tables={
            **e.tables,
            "state_changes": [{**r, "operator_word": None} for r in e.rows("state_changes")],
        },
    ),
    "I8 history is allowed": lambda e: _without(e, "state_changes"),
    "I9 events are delivered": lambda e: replace(e, delivered=dict([*e.delivered.items()][1:])),
    "I9 events match ends": lambda e: _without(e, "events"),
    "I11 receipts are locked": lambda e: replace(e, receipts=e.receipts[1:]),
    "I14 charges have ended": lambda e: _with(e, "charges", lambda r: r.update(status="unknown")),
    "I14 nothing is left": lambda e: _with(e, "due_work", _leased(e)),
    "I18 open work has a date": lambda e: _with(
        e, "charges", lambda r: r.update(status="awaiting_payer")
    ),
}


@pytest.mark.parametrize("name", INVARIANTS)
def test_the_oracle_sees_what_is_broken(aftermath: Aftermath, name: str) -> None:
    """Evidence that was tampered with is found out, else the oracle would prove nothing."""
    assert name in violations(BROKEN[name](aftermath.evidence))
