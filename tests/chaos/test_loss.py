"""E16: what is lost between broker and function, or published twice, arrives and works once."""

import json
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import pytest
import urllib3

from knative.catalogue import load_catalogue
from knative.local.layout import PUBSUB_PROJECT
from shared.runtime.crash import DIED
from tests.chaos import judge
from tests.chaos.oracle.evidence import connected, under_way
from tests.chaos.shop import Shop, open_shop
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, LocalSystem
from tests.trials import IS_LARGE, Trial

pytestmark = pytest.mark.timeout(7_200 if IS_LARGE else 180)

LOST: Final = {"share": 0.3, "attempts": 20}
ANSWER_LOST: Final = {"share": 0.1, "attempts": 20}
# Who dies here has published and not said so: the relay publishes again.
DEATHS: Final = tuple(
    f"{name}.after_publish"
    for name in ("create_charge", "submit_charge", "settle_charge", "render_receipt")
)
CLIENTS: Final = 8
# More than this many charges, deliveries and receipts under way only wait for each other.
MOST_UNDER_WAY: Final = 400
REST_SECONDS: Final = 600


def test_what_is_lost_on_the_way_arrives_and_works_once(
    local_system: LocalSystem, trial: Trial
) -> None:
    """E16: a third of pushes and a tenth of answers get lost, publishers die before they mark."""
    wave, wanted = trial.size(8, 100), trial.size(1, 50_000)
    login = judge.oracle_login(local_system)
    with open_shop(local_system, login, "Poste Restante", ending="104") as shop:
        subscriptions = _switch_on(local_system, trial)
        while _messages(shop) < wanted:
            for point in DEATHS:
                (local_system.crash_points / point).touch()
            with ThreadPoolExecutor(CLIENTS) as clients:
                list(clients.map(lambda _: shop.charge(), range(wave)))
            wait_for("room", partial(_is_under_way, shop, MOST_UNDER_WAY), seconds=REST_SECONDS)
        wait_for("rest", partial(_is_under_way, shop, 0), seconds=REST_SECONDS)
        counts = _switch_off(local_system, subscriptions)
        for point in DEATHS:
            (local_system.crash_points / point).unlink(missing_ok=True)
        told = judge.sources(local_system, shop.merchant, shop.accepted, shop.login)
        violations = judge.judge(told)["violations"]
        messages = _messages(shop)
    deaths = sum(len([*local_system.crash_points.glob(f"{p}{DIED}*")]) for p in DEATHS)
    assert not violations, json.dumps(violations, indent=1)
    assert min(counts["drop"], deaths) > 0
    assert counts["lose_ack"] or not IS_LARGE
    trial.record(
        "E16 messages lost, answered in vain and published twice",
        messages,
        wrong=0,
        pushes_lost=counts["drop"],
        answers_lost=counts["lose_ack"],
        publishers_killed=deaths,
        charges=len(shop.accepted),
    )


def _messages(shop: Shop) -> int:
    """How many messages the merchant's charges have made."""
    with connected(shop.login) as connection:
        [[count]] = connection.run(
            "SELECT count(*) FROM platform.outbox WHERE account_id = :account",
            account=shop.merchant.account,
        )
    return int(count)


def _is_under_way(shop: Shop, most: int) -> bool:
    return len(under_way(shop.login, shop.merchant.schema)) <= most


def _switch_on(system: LocalSystem, trial: Trial) -> list[str]:
    """Have the broker lose what it is told to, from every subscription in test mode."""
    names = [
        each.name
        for entry in load_catalogue()
        for each in entry.subscriptions()
        if each.name.endswith("--test")
    ]
    for name in names:
        seed = trial.chance.randrange(2**32)
        _control(system, "PUT", name, {"seed": seed, "drop": LOST, "lose_ack": ANSWER_LOST})
    return names


def _switch_off(system: LocalSystem, names: list[str]) -> Counter[str]:
    """Lose nothing more; how often each fault took effect."""
    counts = Counter[str]()
    for name in names:
        for fault, found in _control(system, "DELETE", name)["counts"].items():
            counts[fault] += found["took_effect"]
    return counts


def _control(
    system: LocalSystem, method: str, name: str, content: Mapping[str, object] | None = None
) -> Any:
    subscription = f"projects/{PUBSUB_PROJECT}/subscriptions/{name}"
    answer = urllib3.request(
        method,
        f"http://{HOST}:{system.ports['pubsub_http']}/faults/{subscription}",
        body=None if content is None else json.dumps(content).encode(),
        timeout=10,
        retries=False,
    )
    assert answer.status == 200, answer.data
    return answer.json()
