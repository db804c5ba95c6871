"""E23: an operator that half answers, then not at all, is left alone, tried, and taken back."""

import json
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import pytest

from shared.operations.gate import BUSY, OPEN
from tests.chaos import judge
from tests.chaos.oracle.evidence import connected, under_way
from tests.chaos.shop import Shop, open_shop
from tests.chaos.twin import side_by_side, twin
from tests.end_to_end.merchant import Order
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem
from tests.trials import IS_LARGE, Trial

pytestmark = pytest.mark.timeout(1_800 if IS_LARGE else 240)

CLIENTS: Final = 4
PAUSE_SECONDS: Final = 0.2
OPENS_SECONDS: Final = 30.0
CLOSES_SECONDS: Final = 60.0
TRIAL_SECONDS: Final = 10.0
# What was sent before it opened may be awaited so long; only what comes later was a trial.
UNDER_WAY_SECONDS: Final = 11.0
REFUSED_MS: Final = 300.0
REST_SECONDS: Final = 420.0
LOOKS: Final = 4
# How nobody answers: the connection breaks; silence; silence after the payment was taken.
WAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "dropped": {"kind": "drop_before"},
    "silent": {"kind": "hold_before", "seconds": 30},
    "slow": {"kind": "hold_after", "seconds": 12},
}
SENT: Final = ("accepted", "went_silent")
# What was silent and may be sent once more, and could not leave: nobody was asked for it again.
KEPT_IN: Final = (OPEN, BUSY)


@dataclass(slots=True)
class Crowd:
    """Clients that order once each and do not insist; how long each refusal took, in ms."""

    shop: Shop
    refused_ms: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def ordering(self) -> Iterator[None]:
        """Order while the block lasts."""
        self.stop.clear()
        threads = [threading.Thread(target=self._live, daemon=True) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(30)

    def _live(self) -> None:
        while not self.stop.wait(PAUSE_SECONDS):
            self._ask(self.shop.order())

    def _ask(self, order: Order) -> None:
        began, before = time.monotonic(), len(self.shop.accepted)
        self.shop.ask(order)
        if len(self.shop.accepted) == before:
            self.refused_ms.append(1000 * (time.monotonic() - began))


@pytest.mark.parametrize("way", WAYS if IS_LARGE else ["dropped"])
def test_a_brown_out_is_left_alone(local_system: LocalSystem, trial: Trial, way: str) -> None:
    """Opens by half as well, answers at once, one trial in 10 s of two processes, closes by itself.

    What was sent before is settled meanwhile, and nothing is lost, doubled or out of balance.
    """
    login, operator = judge.oracle_login(local_system), OperatorControl.of(local_system)
    with (
        side_by_side(twin(local_system, "submit_charge")),
        open_shop(local_system, login, "Épicerie du Brouillard", ending="105") as shop,
    ):
        crowd = Crowd(shop)
        sent_before = shop.charge()
        operator.fault_everybody("drop_before", every=2)
        with crowd.ordering():
            opening = _seconds_until(shop, "unavailable", OPENS_SECONDS)
        operator.heal()
        operator.fault_everybody(**WAYS[way])
        opened = time.monotonic()
        with crowd.ordering():
            crowd.stop.wait(trial.size(22, 300))
            settled = _status(shop, sent_before)
            trials = _sent_since(shop, time.monotonic() - opened - UNDER_WAY_SECONDS)
            lasted = time.monotonic() - opened - UNDER_WAY_SECONDS
            operator.heal()
            closing = _seconds_until(shop, "available", CLOSES_SECONDS)
        refusals = statistics.quantiles(crowd.refused_ms, n=20)[-1]
        # A charge that ends by reads may move while it is judged; what is wrong stays so.
        for _ in range(LOOKS):
            wait_for("rest", partial(_is_at_rest, shop), seconds=REST_SECONDS)
            told = judge.sources(local_system, shop.merchant, shop.accepted, login)
            violations = judge.judge(told)["violations"]
            if not violations:
                break
    assert not violations, json.dumps(violations, indent=1)
    assert settled == "succeeded"
    assert len(trials) <= lasted / TRIAL_SECONDS + 1, "\n".join(map(str, trials))
    assert refusals <= REFUSED_MS
    trial.record(
        f"E23 brown-out, then {way}",
        len(crowd.refused_ms),
        wrong=0,
        charges_taken=len(shop.accepted),
        seconds_until_open=round(opening),
        trials=len(trials),
        seconds_until_closed=round(closing),
        ms_of_a_refusal_at_p95=round(refusals),
    )


def _seconds_until(shop: Shop, status: str, most: float) -> float:
    began = time.monotonic()

    def is_so() -> bool:
        answer = shop.merchant.call("GET", "/v1/operators").json()
        mtn = next(each for each in answer["data"] if each["id"] == "mtn")
        return bool(mtn["charges"]["status"] == status)

    wait_for(f"charges {status}", is_so, seconds=most)
    return time.monotonic() - began


def _status(shop: Shop, charge: str) -> str:
    return str(shop.merchant.call("GET", f"/v1/charges/{charge}").json()["status"])


def _sent_since(shop: Shop, seconds: float) -> list[tuple[str, str, float]]:
    """Which charges the operator was asked for, by the answers that came or did not, and when.

    Whoever was called back before the answer is not known to have gone silent, and was confirmed.
    As (charge, cause, second within a thousand), in their order.
    """
    changes = f'"{shop.merchant.schema}".state_changes'
    with connected(shop.login) as connection:
        rows = connection.run(
            f"SELECT object_id, cause, extract(epoch FROM at) FROM {changes} c"
            " WHERE (cause = ANY(:causes) OR cause = 'confirmed' AND NOT EXISTS"
            f" (SELECT FROM {changes} WHERE object_id = c.object_id AND cause = ANY(:causes)))"
            " AND at > now() - make_interval(secs => :seconds)"
            " AND (operator_word IS NULL OR operator_word <> ALL (:kept_in)) ORDER BY at",
            causes=list(SENT),
            kept_in=list(KEPT_IN),
            seconds=seconds,
        )
    return [(row[0], row[1], round(float(row[2]) % 1000, 1)) for row in rows]


def _is_at_rest(shop: Shop) -> bool:
    return not under_way(shop.login, shop.merchant.schema)
