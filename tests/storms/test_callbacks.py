"""E21, E22: what calls us back is heard in time and believed in nothing, however much it is."""

import hashlib
import json
import os
import random
import secrets
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import pytest

from shared.domain.ids import encode
from tests.chaos import judge
from tests.chaos.callers import Answered, Call, address, beside, call_at_a_rate, our_reference
from tests.chaos.oracle.evidence import Login, connected, under_way
from tests.chaos.shop import Shop, open_shop
from tests.end_to_end.merchant import RefundOrder
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem
from tests.trials import IS_LARGE, Trial

pytestmark = pytest.mark.timeout(7_200 if IS_LARGE else 240)

# Longer than a trial, as far as the simulator goes.
WAITS_SECONDS: Final = 600
APART_SECONDS: Final = 10.0
HONEST_SECONDS: Final = 1.0 if IS_LARGE else 5.0
REFUNDED: Final = 400
OK: Final = 200
UNKNOWN: Final = 404
DOWN: Final = 503
# Regular reads lie an hour ahead, so that all others are the callers' work.
AGED: Final = (
    "UPDATE \"{schema}\".charges SET created_at = created_at - interval '20 minutes'",
    "UPDATE \"{schema}\".refunds SET claimed_at = claimed_at - interval '20 minutes'",
    """UPDATE platform.due_work SET due_at = due_at + interval '1 hour'
    WHERE account_id = '{account}' AND kind <> 'webhook' AND done_at IS NULL""",
)
STATE: Final = """
SELECT json_agg(o ORDER BY o.id)::text FROM (
  SELECT id, status, amount_refunded::text AS extra, failure_code FROM "{schema}".charges
  UNION ALL SELECT id, status, amount::text, failure_code FROM "{schema}".refunds
  UNION ALL SELECT 'changes', count(*)::text, '', '' FROM "{schema}".state_changes
  UNION ALL SELECT 'postings', count(*)::text, sum(amount)::text, '' FROM "{schema}".postings
  UNION ALL SELECT 'balance of ' || code, balance::text, '', '' FROM "{schema}".ledger_accounts
  UNION ALL SELECT 'events', count(*)::text, '', '' FROM "{schema}".events) o"""


@dataclass(frozen=True, slots=True)
class Target:
    """A payment whose address the forger knows: how it stands, and what the operator calls it."""

    stands: str
    payment: str
    path: str
    reference: str
    product: str = "collection"


@pytest.fixture(scope="module")
def login(local_system: LocalSystem) -> Login:
    """The oracle's."""
    return judge.oracle_login(local_system)


@pytest.fixture(scope="module")
def victim(local_system: LocalSystem, login: Login) -> Iterator[Shop]:
    """A merchant whose addresses have leaked."""
    with open_shop(local_system, login, "Quincaillerie des Faussaires", ending="221") as shop:
        yield shop


@pytest.fixture(scope="module")
def neighbour(local_system: LocalSystem, login: Login) -> Iterator[Shop]:
    """Another, who trades meanwhile."""
    with open_shop(local_system, login, "Pharmacie Honnête", ending="222") as shop:
        yield shop


@pytest.fixture(scope="module")
def operator(local_system: LocalSystem) -> OperatorControl:
    """The simulated operator of the running system."""
    return OperatorControl.of(local_system)


@pytest.fixture
def targets(victim: Shop, operator: OperatorControl, trial: Trial) -> list[Target]:
    """Payments of each kind that a forger may want to change, at rest."""
    found: list[Target] = []
    for _ in range(trial.size(2, 8)):
        waits, declined = victim.order(), victim.order(ending="451")
        riddle, paid = victim.order(), victim.order()
        operator.fault(waits.phone, "outcome", status="SUCCESSFUL", seconds=WAITS_SECONDS)
        operator.fault(riddle.phone, "wrong_amount", on="read", times=1_000_000)
        for name, order in {
            "waits": waits,
            "declined": declined,
            "riddle": riddle,
            "paid": paid,
        }.items():
            payment = victim.ask_until_success(order)
            found.append(_target(victim, name, payment))
        charge = next(each.payment for each in reversed(found) if each.stands == "paid")
        victim.merchant.wait_webhook(charge, "receipt.available", seconds=60)
        operator.fault(
            paid.phone, "outcome", on="payout", status="SUCCESSFUL", seconds=WAITS_SECONDS
        )
        refund = victim.ask_until_success(RefundOrder(charge, REFUNDED))
        found.append(_target(victim, "refund waits", refund, product="disbursement"))
    wait_for("all as they should stand", partial(_stand, victim, found), seconds=60)
    with judge.superuser(victim.system) as connection:
        for statement in AGED:
            account, schema = victim.merchant.account, victim.merchant.schema
            connection.run(statement.format(schema=schema, account=account))
    return found


def test_no_forged_callback_changes_anything(
    victim: Shop,
    neighbour: Shop,
    operator: OperatorControl,
    targets: list[Target],
    trial: Trial,
) -> None:
    """E22: no state from a body, one read of a payment in 10 s, and honest ones are heard."""
    foreign = _target(neighbour, "of another", neighbour.charge())
    forge = _forger(targets, foreign, trial.chance)
    before = _state(victim)
    honest: list[str] = []
    began = time.time()
    with beside(lambda: honest.append(neighbour.charge()), every=0.5):
        answers = call_at_a_rate(
            victim.system,
            forge,
            count=trial.size(1_500, 100_000),
            per_second=trial.size(60, 500),
        )
    seconds = time.time() - began
    wait_for("rest", lambda: not under_way(neighbour.login, neighbour.merchant.schema), seconds=90)
    told = Counter(each.status for each in answers)
    strange = [a for a in answers if a.status != (OK if a.call.is_known else UNKNOWN)]
    reads = {one.payment: len(_reads(operator, one, began)) for one in targets}
    # One more for the first moment, and one for a read that was under way before.
    most = seconds / APART_SECONDS + 2
    too_often = [(one.stands, reads[one.payment]) for one in targets if reads[one.payment] > most]
    waits = [each for charge in honest for each in _waits(operator, neighbour, charge)]
    p99 = statistics.quantiles(waits, n=100)[-1]

    assert _state(victim) == before
    assert not strange, told
    assert not too_often, (most, too_often)
    assert all(reads[one.payment] for one in targets if one.stands != "paid")
    assert p99 <= HONEST_SECONDS
    assert all(neighbour.merchant.read(f"/v1/charges/{each}")["paid"] for each in honest)
    trial.record(
        "E22 forged callbacks",
        len(answers),
        wrong=0,
        a_second=round(len(answers) / seconds),
        payments=len(targets),
        reads_of_them=sum(reads.values()),
        reads_of_one_at_most=max(reads.values()),
        honest=len(waits),
        ms_of_an_honest_one_at_p99=round(1000 * p99),
        ms_of_a_forged_one_at_p99=round(statistics.quantiles([a.ms for a in answers], n=100)[-1]),
    )


def test_a_callback_is_answered_in_time_and_never_in_vain(
    local_system: LocalSystem, victim: Shop, operator: OperatorControl, trial: Trial
) -> None:
    """E21: 200 only where the visit is stored, 503 without a database, and soon otherwise."""
    paths = [_waiting(victim, operator) for _ in range(trial.size(4, 40))]
    # Twice as often as the experiment asks for, and so in a quarter of an hour.
    count, per_second = trial.size(400, 90_000), trial.size(20, 100)
    turn = iter(range(count))

    def call() -> Call:
        body = json.dumps({"status": "SUCCESSFUL", "at": f"{next(turn)} {secrets.token_hex(8)}"})
        return Call(trial.chance.choice(paths), body.encode())

    strikes: list[float] = []
    plan = {0.2: ("receive_callback", signal.SIGKILL), 0.5: ("postgres", signal.SIGINT)}
    timers = [
        threading.Timer(count / per_second * at, _strike, (local_system, *how, strikes))
        for at, how in plan.items()
    ]
    for timer in timers:
        timer.start()
    answers = call_at_a_rate(local_system, call, count=count, per_second=per_second)
    for timer in timers:
        timer.join()
    local_system.wait_ready()
    acknowledged = [each for each in answers if each.status == OK]
    lost = _not_stored(victim, acknowledged)
    told = Counter(each.status for each in answers)
    outages = _outages(strikes, answers)
    calm = [
        a.ms
        for a in acknowledged
        if not any(a.ended >= begins and a.began <= ends for begins, ends in outages)
    ]
    p99 = statistics.quantiles(calm, n=100)[-1]

    assert len(strikes) == len(plan)
    assert not lost, lost[:5]
    # What was in hand of the process that was killed was answered by nobody, or by the gateway.
    assert told.keys() <= {OK, DOWN, 0}, told
    assert told[DOWN] > 0
    assert len(calm) >= count / 4
    assert max(calm) <= (2_000 if IS_LARGE else 5_000)
    assert p99 <= (500 if IS_LARGE else 2_000)
    trial.record(
        "E21 callbacks acknowledged",
        len(acknowledged),
        wrong=0,
        asked=count,
        answered_503=told[DOWN],
        not_answered=told[0],
        ms_at_p50=round(statistics.median(calm)),
        ms_at_p99=round(p99),
        ms_at_most=round(max(calm)),
    )


def _target(shop: Shop, stands: str, payment: str, *, product: str = "collection") -> Target:
    reference = our_reference(shop, payment)
    return Target(stands, payment, address(shop.system, reference), reference, product)


def _stand(shop: Shop, targets: Sequence[Target]) -> bool:
    """Whether each stands as its name says."""
    with connected(shop.login) as connection:
        schema = shop.merchant.schema
        rows = connection.run(
            f"""SELECT id, status, EXISTS (SELECT FROM platform.cases WHERE object_id = c.id)
            FROM "{schema}".charges c UNION ALL SELECT id, status, false FROM "{schema}".refunds"""
        )
    found = {row[0]: (row[1], row[2]) for row in rows}
    wanted = {
        "waits": ("awaiting_payer", False),
        "declined": ("failed", False),
        "riddle": ("awaiting_payer", True),
        "paid": ("succeeded", False),
        "refund waits": ("in_transit", False),
    }
    return all(found.get(each.payment) == wanted[each.stands] for each in targets)


def _state(shop: Shop) -> str:
    with connected(shop.login) as connection:
        [[state]] = connection.run(STATE.format(schema=shop.merchant.schema))
    return str(state)


def _forger(
    targets: Sequence[Target], foreign: Target, chance: random.Random
) -> Callable[[], Call]:
    """Calls that a forger would make, one after the other, as chance has it."""
    by_name: dict[str, list[Target]] = {}
    for each in targets:
        by_name.setdefault(each.stands, []).append(each)

    def says(status: str, about: Target, amount: str = "1000") -> bytes:
        fields: Mapping[str, Any] = {
            "financialTransactionId": str(chance.randrange(10**9)),
            "externalId": about.payment,
            "referenceId": about.reference,
            "amount": amount,
            "currency": "XAF",
            "status": status,
        }
        return json.dumps(fields).encode()

    def random_token() -> Call:
        token = encode(chance.getrandbits(160), 32)
        return Call(f"/callbacks/mtn/{token}", says("SUCCESSFUL", foreign), is_known=False)

    def wrong_operator() -> Call:
        one = chance.choice(targets)
        path = one.path.replace("/mtn/", "/orange/")
        return Call(path, says("SUCCESSFUL", one), is_known=False)

    def lie(stands: str, status: str, amount: str = "1000") -> Call:
        one = chance.choice(by_name[stands])
        return Call(one.path, says(status, one, amount))

    def about_another() -> Call:
        return Call(chance.choice(targets).path, says("FAILED", foreign))

    ways = (
        random_token,
        wrong_operator,
        about_another,
        lambda: lie("waits", "SUCCESSFUL"),
        lambda: lie("waits", "SUCCESSFUL", "999999"),
        lambda: lie("waits", "FAILED"),
        lambda: lie("declined", "SUCCESSFUL"),
        lambda: lie("paid", "FAILED"),
        lambda: lie("riddle", "SUCCESSFUL"),
        lambda: lie("refund waits", "FAILED"),
    )

    def forge() -> Call:
        return chance.choice(ways)()

    return forge


def _reads(operator: OperatorControl, target: Target, since: float) -> list[float]:
    """When the operator was asked about a payment, by its own log."""
    rows = operator.requests(target.reference, product=target.product)
    times = [datetime.fromisoformat(r["received_at"]).timestamp() for r in rows]
    methods = [row["method"] for row in rows]
    return [at for at, method in zip(times, methods, strict=True) if method == "GET" and at > since]


def _waits(operator: OperatorControl, shop: Shop, charge: str) -> list[float]:
    """How long the operator's own callbacks of a charge waited for their answers, in seconds."""
    return [
        (
            datetime.fromisoformat(row["sent_at"]) - datetime.fromisoformat(row["due_at"])
        ).total_seconds()
        for row in operator.callbacks(our_reference(shop, charge))
        if row["response_status"] == OK
    ]


def _waiting(shop: Shop, operator: OperatorControl) -> str:
    order = shop.order()
    operator.fault(order.phone, "outcome", status="SUCCESSFUL", seconds=WAITS_SECONDS)
    return address(shop.system, our_reference(shop, shop.ask_until_success(order)))


def _strike(system: LocalSystem, name: str, how: signal.Signals, strikes: list[float]) -> None:
    strikes.append(time.time())
    os.kill(system.process_id(name), how)


def _outages(strikes: Sequence[float], answers: Sequence[Answered]) -> list[tuple[float, float]]:
    """From each strike until the first answer to a later call, and half a second more."""
    heard = sorted((a.began, a.ended) for a in answers if a.status == OK)
    later = [[ended for began, ended in heard if began > at + 0.5] for at in strikes]
    return [(at, min(each, default=at) + 0.5) for at, each in zip(strikes, later, strict=True)]


def _not_stored(shop: Shop, acknowledged: Sequence[Answered]) -> list[str]:
    hashes = {hashlib.sha256(each.call.body).hexdigest() for each in acknowledged}
    with connected(shop.login) as connection:
        # Half an hour's visits are looked through, and no caller waits for it.
        connection.run("SET statement_timeout = 0")
        rows = connection.run(
            "SELECT body_sha256 FROM platform.callback_inbox WHERE body_sha256 = ANY(:hashes)",
            hashes=list(hashes),
        )
    return sorted(hashes - {row[0] for row in rows})
