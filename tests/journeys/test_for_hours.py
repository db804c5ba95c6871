"""The dashboard's home page, open while a busy shop sells: it does not grow."""

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import Browser, CDPSession, expect

from tests.end_to_end.dashboard import TEST_SECONDS, charge, open_dashboard, owned_merchant
from tests.end_to_end.merchant import Merchant
from tests.system import LocalSystem, WholeSystem
from tests.trials import IS_LARGE, Trial

PER_SECOND: Final = 7
"""Payments; each tells three events: asked for, paid, receipt. 20 a second."""
SETTLED_SECONDS: Final = 90.0
"""In the nightly run, until the page has let go of the first 300 payments, and begun again."""
MOST_GROWTH: Final = 6_000_000
"""Bytes, between two moments that both hold up to 300 payments and what was compiled late."""

pytestmark = pytest.mark.timeout(TEST_SECONDS + 900)


@dataclass(frozen=True, slots=True)
class Weight:
    """What a page holds once nothing is left to be let go of."""

    bytes: int
    nodes: int


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """A shop of the first owner's that sells much."""
    with owned_merchant(system, "Boulangerie de la Paix") as merchant:
        yield merchant


def test_a_page_that_is_open_for_hours_does_not_grow(
    system: LocalSystem, merchant: Merchant, chromium: Browser, trial: Trial
) -> None:
    """At 20 events a second its memory and its elements stay what they were."""
    with open_dashboard(system, merchant, chromium, locale="fr-CM") as tab:
        page, inner = tab.page, tab.page.context.new_cdp_session(tab.page)
        expect(page.get_by_text("En direct", exact=False)).to_be_visible()
        first = sell(merchant, SETTLED_SECONDS if IS_LARGE else 4.0)
        before = weigh(inner)
        sold = sell(merchant, trial.size(8, 600))
        expect(page.locator(f"a[href$='/payments/{sold[-1]}']")).to_contain_text("Payé")
        after = weigh(inner)
    grown = after.bytes - before.bytes
    trial.record(
        "a page of the dashboard that is open for long",
        len(first) + len(sold),
        wrong=int(grown > MOST_GROWTH) + int(after.nodes > 2 * before.nodes),
        kB_before=before.bytes // 1000,
        kB_after=after.bytes // 1000,
        nodes_before=before.nodes,
        nodes_after=after.nodes,
    )


def sell(merchant: Merchant, seconds: float) -> list[str]:
    """Make payments at a steady pace, whatever each takes; their ids."""
    began = time.monotonic()
    with ThreadPoolExecutor(PER_SECOND) as threads:
        made = []
        for number in itertools.count():
            due = began + number / PER_SECOND
            if due - began >= seconds:
                break
            time.sleep(max(0.0, due - time.monotonic()))
            made.append(threads.submit(charge, merchant, f"67{number % 10_000:04}001"))
        return [each.result() for each in made]


def weigh(inner: CDPSession) -> Weight:
    """Have the page let go of what it can, and see what is left."""
    for _ in range(3):
        inner.send("HeapProfiler.collectGarbage")
    held = inner.send("Runtime.getHeapUsage")
    counted = inner.send("Memory.getDOMCounters")
    return Weight(int(held["usedSize"]), int(counted["nodes"]))
