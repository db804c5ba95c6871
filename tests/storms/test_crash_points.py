"""A storm of kills -9: each function at each named point while it holds work, all at random too.

Afterwards every accepted charge is final exactly once, books balance, each event was delivered and
each paid charge has one receipt. One storm serves all tests of this module; `make chaos` makes
larger ones.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from pg8000.native import DatabaseError

from knative.catalogue import load_catalogue
from tests import PRINTED_AT_THE_END
from tests.chaos import judge
from tests.chaos.crash_points import LEFT_OUT, discover, rare, victim_of
from tests.chaos.oracle.evidence import (
    Evidence,
    Sources,
    connected,
    dead_letters,
    gather,
    leaks,
)
from tests.chaos.oracle.invariants import INVARIANTS, violations
from tests.chaos.storm import Plan, Storm
from tests.end_to_end.merchant import open_merchant
from tests.end_to_end.people import open_household
from tests.scripted_server import Play, ScriptedServer, Seen, answer
from tests.system import LocalSystem

# The storm takes 100 s; on a busy machine its tail up to 300 s more, the way to rest 180 s.
pytestmark = pytest.mark.timeout(900)

BACK_SECONDS: Final = 30.0
LOOKS: Final = 4
PLAN: Final = Plan(seed=1, seconds=100.0, kills=100, hits_per_point=1)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A storm that is over, what it left, and what the oracle's own process says of it."""

    storm: Storm
    told: Sources
    evidence: Evidence
    verdict: Mapping[str, Any]


@pytest.fixture(scope="module")
def aftermath(local_system: LocalSystem) -> Iterator[Aftermath]:
    """The one storm, over an account of its own."""
    with (
        open_merchant(local_system, "Quincaillerie de la Tempête") as merchant,
        open_household(local_system, "Boutique Partie dans la Tempête") as household,
    ):
        storm = Storm(local_system, merchant, discover(), PLAN, household)
        storm.run()
        # A charge that ends by reads may move while it is judged; what is wrong stays so.
        for _ in range(LOOKS):
            told = judge.sources(
                local_system,
                merchant,
                storm.clients.accepted,
                storm.login,
                deaths=storm.killer.deaths,
            )
            verdict = judge.judge(told)
            if not verdict["violations"]:
                break
        yield Aftermath(storm, told, gather(told), verdict)


def test_the_storm_was_strong_enough(
    aftermath: Aftermath, record_property: Callable[[str, object], None]
) -> None:
    """Every point and every planned fault struck as often as planned; the run's end shows them."""
    storm = aftermath.storm
    record_property(PRINTED_AT_THE_END, "\n".join([f"storm of seed {PLAN.seed}", *storm.report()]))

    weak = [point for point in storm.points if not storm.killer.hits[point]]
    assert storm.invalid() == [], _last_words(storm.system, weak)


def _last_words(system: LocalSystem, points: Iterable[str]) -> str:
    """The end of the logs of functions whose points were not reached: why work did not come."""
    names = sorted({victim_of(point) for point in points})
    ends = ((system.data_dir / "logs" / f"{name}.log").read_text()[-3000:] for name in names)
    return "\n".join(ends) + system.output.read_text()[-2000:]


def test_what_was_killed_came_back_in_time(aftermath: Aftermath) -> None:
    """Each function answered again soon after its kill, and all was at rest within 180 s.

    The bar of 5 s is held by `make chaos`, which has the machine to itself.
    """
    assert aftermath.storm.broken(recovery_seconds=BACK_SECONDS) == []


def test_the_oracle_on_its_own_finds_nothing(aftermath: Aftermath) -> None:
    """A process that can only read, and knows none of our code, saw every invariant hold."""
    found = aftermath.verdict["violations"]
    assert not found, json.dumps(found, indent=1)
    assert min(aftermath.verdict["looked_at"][name] for name in ("charges", "postings")) > 50


def test_the_oracle_cannot_write(aftermath: Aftermath) -> None:
    """Its login may read every row of every account, and change none."""
    with connected(aftermath.storm.login) as connection:
        connection.run("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        with pytest.raises(DatabaseError, match="permission denied"):
            connection.run("DELETE FROM platform.outbox")


def test_each_function_that_holds_work_has_crash_points() -> None:
    """Whoever is pushed to, ticks or publishes can be killed before and after what it does."""
    points = discover() | rare()

    for entry in load_catalogue():
        holds_work = entry.pubsub or entry.schedule or entry.publishes
        if entry.kind != "operation" and holds_work and entry.name not in LEFT_OUT:
            steps = {name.split(".")[1].split("_")[0] for name in points if entry.name in name}
            assert steps == {"before", "after"}, entry.name


def test_the_storm_had_every_kind_of_end(aftermath: Aftermath) -> None:
    """Payments, refunds and payouts that were paid, declined and refused all went through it."""
    charges = aftermath.evidence.rows("charges")

    for operator in ("mtn", "orange"):
        codes = {row["failure_code"] for row in charges if row["operator"] == operator}
        assert codes >= {None, "payer_declined", "payer_not_found"}
    on_pages = {(r["status"], r["failure_code"]) for r in charges if r["phone"] is None}
    assert on_pages >= {("succeeded", None), ("failed", "operator_error")}
    refunds = aftermath.evidence.rows("refunds")
    assert {row["failure_code"] for row in refunds} >= {None, "payee_not_found"}
    assert {row["status"] for row in refunds} >= {"succeeded", "failed"}
    payouts = aftermath.evidence.rows("payouts")
    assert {row["status"] for row in payouts} >= {"succeeded", "failed", "canceled"}
    assert any(row["scheduled_at"] for row in payouts)
    batches = aftermath.evidence.rows("payout_batches")
    assert {row["status"] for row in batches} >= {"completed", "canceled"}
    assert aftermath.storm.clients.refused


def test_a_dead_letter_is_kept_once(aftermath: Aftermath) -> None:
    """Each unreadable message is one row although its keeper died over it, and none else came."""
    kept = dead_letters(aftermath.storm.login)

    assert sorted(event for _, event in kept) == sorted(aftermath.storm.letters)
    assert {name.rpartition("/")[2] for name, _ in kept} == {
        "keep_dead_letter--charge-created-dead"
    }


def test_each_order_is_answered_as_before(aftermath: Aftermath) -> None:
    """I13: the same key and body give the same bytes, and no charge is made by asking again."""
    merchant = aftermath.storm.merchant

    for accepted in aftermath.storm.clients.accepted:
        order = accepted.order
        again = merchant.call("POST", order.path, order.body, order.key)
        assert (again.status, again.data) == (200, accepted.body)
        assert again.headers["Idempotent-Replayed"] == "true"


def _with(evidence: Evidence, table: str, change: Callable[[dict[str, Any]], None]) -> Evidence:
    """Evidence in which the first row of a table is another."""
    first, *rest = evidence.rows(table)
    changed = dict(first)
    change(changed)
    return replace(evidence, tables={**evidence.tables, table: [changed, *rest]})


def _each(evidence: Evidence, table: str, change: Callable[[dict[str, Any]], None]) -> Evidence:
    """Evidence in which every row of a table is another."""
    rows = [dict(row) for row in evidence.rows(table)]
    for row in rows:
        change(row)
    return replace(evidence, tables={**evidence.tables, table: rows})


def _without(evidence: Evidence, table: str) -> Evidence:
    """Evidence in which the first row of a table is gone."""
    return replace(evidence, tables={**evidence.tables, table: evidence.rows(table)[1:]})


def _leased(evidence: Evidence) -> Callable[[dict[str, Any]], None]:
    over = evidence.at - timedelta(seconds=1)
    return lambda row: row.update(done_at=None, lease_until=over)


def _as_if_unreleased(row: dict[str, Any]) -> None:
    if row["kind"] == "hold_released":
        row.update(kind="another")


BROKEN: Final[Mapping[str, Callable[[Evidence], Evidence]]] = {
    "I1 postings sum to zero": lambda e: _with(e, "postings", lambda r: r.update(amount=1)),
    "I2 balances are sums": lambda e: _with(e, "ledger_accounts", lambda r: r.update(balance=1)),
    "I3 floors hold": lambda e: _with(
        e, "ledger_accounts", lambda r: r.update(balance=-r["normal"], floor=0)
    ),
    "I4 answers have rows": lambda e: _without(e, "idempotency_keys"),
    "I5 effects happen once": lambda e: replace(e, effects=[*e.effects, e.effects[0]]),
    "I5 effects were announced": lambda e: replace(
        e, effects=[{**e.effects[0], "reference": "another"}, *e.effects[1:]]
    ),
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
    "I10 messages work once": lambda e: _without(e, "consumed_messages"),
    "I11 receipts are locked": lambda e: replace(e, receipts=e.receipts[1:]),
    "I12 rows are ours": lambda e: _with(
        e, "event_feed", lambda r: r.update(account_id="acct_another")
    ),
    "I12 nothing is of others": lambda e: replace(e, strays=["a webhook holds another's word"]),
    "I13 keys have one answer": lambda e: replace(
        e, accepted=[*e.accepted, {**e.accepted[0], "body": "{}"}]
    ),
    "I14 charges have ended": lambda e: _with(e, "charges", lambda r: r.update(status="unknown")),
    "I14 nothing is left": lambda e: _with(e, "due_work", _leased(e)),
    "I15 parts make the whole": lambda e: _each(
        e, "postings", lambda r: r.update(amount=r["amount"] + 1)
    ),
    "I16 audit entries are chained": lambda e: _with(
        e, "audit_entries", lambda r: r.update(reason="invented")
    ),
    "I17 logs keep secrets": lambda e: replace(e, leaks=["some.log line 1"]),
    "I18 open work has a date": lambda e: _with(
        e, "charges", lambda r: r.update(status="awaiting_payer")
    ),
    "I5 payouts happen once": lambda e: replace(e, payouts=[*e.payouts, e.payouts[0]]),
    "I6 payouts equal ledger": lambda e: replace(e, payouts=e.payouts[1:]),
    "I14 money out has ended": lambda e: _each(e, "payouts", lambda r: r.update(status="unknown")),
    "I20 refunds stay within what was paid": lambda e: _each(
        e, "charges", lambda r: r.update(amount_refunded=r["amount_refunded"] + 1)
    ),
    "I21 held is explained": lambda e: _each(e, "payouts", lambda r: r.update(status="in_transit")),
    "I22 failures give back": lambda e: _each(
        e, "postings", lambda r: r.update(amount=r["amount"] + 1)
    ),
    "I23 intents are kept": lambda e: replace(e, intents=e.intents[1:]),
    "I26 batches end with their lines": lambda e: _each(
        e, "payout_batches", lambda r: r.update(progress={})
    ),
    "I24 pending is explained": lambda e: _each(
        e, "refunds", lambda r: r.update(from_pending=r["from_pending"] + 1, status="succeeded")
    ),
    "I24 available is explained": lambda e: _each(
        e, "refunds", lambda r: r.update(amount=r["amount"] + 1, status="succeeded")
    ),
    "I24 debts are lent": lambda e: _each(e, "ledger_accounts", lambda r: r.update(balance=10**9)),
    "I25 pending has a date": lambda e: _each(
        replace(e, tables={**e.tables, "due_work": []}), "ledger_transactions", _as_if_unreleased
    ),
    "I26 suspense is explained": lambda e: _with(
        e, "ledger_accounts", lambda r: r.update(code="suspense", balance=-1)
    ),
    "I26 floats are explained": lambda e: _each(
        e, "charges", lambda r: r.update(amount=r["amount"] + 1)
    ),
    "I26 adjustments are booked": lambda e: _each(
        e, "ledger_transactions", lambda r: r.update(object_id="adj_nowhere")
    ),
    "I25 nothing is released early": lambda e: _each(
        e, "charges", lambda r: r.update(hold_seconds=r["hold_seconds"] + 3600)
    ),
}


@pytest.mark.parametrize("name", INVARIANTS)
def test_the_oracle_sees_what_is_broken(aftermath: Aftermath, name: str) -> None:
    """Evidence that was tampered with is found out, else the oracle would prove nothing."""
    assert name in violations(BROKEN[name](aftermath.evidence))


def test_the_oracle_sees_money_of_a_charge_that_nobody_has(aftermath: Aftermath) -> None:
    """Money that moved for a lost row is not taken for another account's."""
    moved = {"external_id": "ch_lost", "amount": "500", "currency": "XAF", "payer": "237680000001"}
    moved |= {"direction": "in"}
    too = {**moved, "external_id": "lost", "payer": "690000001"}
    order = "chpage" + "2" * 20
    typed = {**moved, "external_id": f"{order}1", "payer": "690000002"}

    def say(seen: Seen) -> Play:
        is_orange = "operator=orange" in seen.path
        row = typed if "product=web" in seen.path else too if is_orange else moved
        return answer(200, json.dumps({"effects": [row], "requests": []}))

    with ScriptedServer(say) as operator:
        told = replace(aftermath.told, operator={"url": operator.url, "token": "any"})
        assert gather(told).effects == [
            moved,
            {**too, "payer": "237690000001"},
            # Whose number is typed on a page nobody but Orange knows.
            {**typed, "external_id": f"ch_{order[2:]}", "payer": ""},
        ]


@pytest.mark.parametrize(
    "line", [b'"payer": "237680000001"', b"to 680000001 again", b"sk_test_" + b"a" * 30]
)
def test_the_oracle_finds_a_payer_or_a_key_in_a_log(tmp_path: Path, line: bytes) -> None:
    """With the country's code or without."""
    log = tmp_path / "logs" / "some.log"
    log.parent.mkdir()
    log.write_bytes(b"fine: 1764080000, 0.680000001, req-680000001-a\n" + line + b"\n")
    assert [*leaks(log.parent, [])] == ["some.log line 2"]
