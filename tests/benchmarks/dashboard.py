"""Measures the dashboard in a real Chromium, on a small phone, beside the system that it shows.

By itself: it has Keycloak and the dashboard's own server beside all the rest.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, ViewportSize, sync_playwright

from knative.local.dashboard_build import prepare_dashboard
from knative.local.keycloak_build import prepare_distribution
from knative.local.programs import free_port
from shared.domain.account import Tenant
from tests.benchmarks.figures import Figure
from tests.benchmarks.million import put
from tests.chaos.judge import superuser
from tests.end_to_end.dashboard import charge, owned_merchant, sign_in
from tests.end_to_end.merchant import Merchant
from tests.get_chromium import chromium
from tests.npm_packages import drive
from tests.system import LocalSystem, WholeSystem, start_system

ROWS: Final = 10_000
OPENINGS: Final = 5
PAYMENTS: Final = 40
LIGHTHOUSES: Final = 5
_PHONE: Final = ViewportSize(width=360, height=740)
_PATIENCE_MS: Final = 45_000
_LIGHTHOUSE_SECONDS: Final = 300
_MEASURE: Final = Path(__file__).parents[1] / "lighthouse" / "measure.cjs"
_PAYS: Final = "670000001"
_SCRIPTS: Final = """() => performance.getEntriesByType("resource")
  .filter((entry) => entry.name.endsWith(".js"))
  .map((entry) => entry.encodedBodySize)"""
# The moment at which something on the page first says so, by the machine's clock.
_WHEN_SHOWN: Final = """(id) => new Promise((resolve) => {
  const look = () => document.querySelector(`a[href$="/payments/${id}"]`) !== null
    && (resolve(Date.now()), true);
  look() || new MutationObserver((_, observer) => look() && observer.disconnect())
    .observe(document.body, {childList: true, subtree: true, attributes: true});
})"""


def measure(folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Open pages, watch payments arrive, and have Lighthouse look at the home page."""
    prepare_distribution(say)
    prepare_dashboard(say)
    running = start_system(folder, environment={"PARTS_LEFT_OUT": "", "CRASH_POINTS_DIR": ""})
    try:
        running.wait_ready()
        WholeSystem(running, running.readyz()).with_people()
        with owned_merchant(running, "Aux Mangues du Mfoundi") as merchant:
            with superuser(running) as admin:
                put(admin, Tenant(merchant.account, livemode=False), ROWS)
            return _measure(running, merchant, folder, say)
    finally:
        running.stop()


def _measure(
    running: LocalSystem, merchant: Merchant, folder: Path, say: Callable[[str], None]
) -> list[Figure]:
    port = free_port()
    home = f"{running.base_url}/dashboard/{merchant.account}/test"
    with _signed_in(running, folder, port) as page:
        sizes = _scripts(page, home)
        opened = [_open_list(page, f"{home}/payments") for _ in range(OPENINGS)]
        say(f"list over {ROWS} payments: {statistics.median(opened):.0f} ms")
        page.goto(home)
        page.locator("main li a").first.wait_for()
        shown = sorted(_arrival(page, merchant) for _ in range(PAYMENTS))
        say(f"a payment on the page: {statistics.median(shown):.0f} ms")
        page.goto("about:blank")
        seen = drive(
            _MEASURE, seconds=_LIGHTHOUSE_SECONDS, PAGE=home, PORT=str(port), TIMES=str(LIGHTHOUSES)
        )["runs"]
    say(f"Lighthouse at {seen[0]['at']}, what is below 90: {'; '.join(seen[0]['lacking'])}")
    return [
        Figure(
            "dashboard", "scripts of the home page", sum(sizes) / 1000, "kB", at_most=180,
            note=f"{len(sizes)} files, compressed, as they come",
        ),
        Figure(
            "dashboard", f"list over {ROWS:,} payments", statistics.median(opened), "ms",
            at_most=1500,
            note=f"median of {OPENINGS}; from its address, by way of Keycloak, to rows and filters",
        ),
        Figure(
            "dashboard", "a payment on the page, p50", statistics.median(shown), "ms",
            note=f"{PAYMENTS} payments, from the request to the row",
        ),
        Figure(
            "dashboard", "a payment on the page, the slowest", shown[-1], "ms", at_most=1000,
            note="the same",
        ),
        *(_score(name, [run[name] for run in seen]) for name in ("performance", "accessibility")),
    ]  # fmt: skip


def _score(name: str, scores: list[int]) -> Figure:
    least = {"performance": 90, "accessibility": 100}[name]
    return Figure(
        "dashboard", f"Lighthouse: {name}", statistics.median(scores), "of 100", at_least=least,
        note=f"home page, its phone; median of {', '.join(map(str, scores))}",
    )  # fmt: skip


@contextmanager
def _signed_in(running: LocalSystem, folder: Path, port: int) -> Iterator[Page]:
    """A page of the owner's, in a Chromium that others can steer by a port."""
    found = chromium()
    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            folder / "chromium",
            executable_path=found.program,
            args=["--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"],
            env=dict(found.environment),
            viewport=_PHONE,
            locale="fr-CM",
        )
        context.set_default_timeout(_PATIENCE_MS)
        page = context.new_page()
        page.goto(f"{running.base_url}/")
        page.locator("main button.button").click()
        page.locator("#username").wait_for()
        sign_in(page, running.credentials["dashboard"])
        page.locator("header select").wait_for()
        yield page
        context.close()


def _scripts(page: Page, home: str) -> list[int]:
    """Open the home page by itself; the bytes of each script that it loads, compressed."""
    page.goto(home)
    page.locator("main li a").first.wait_for()
    page.wait_for_load_state("networkidle")
    sizes: list[int] = page.evaluate(_SCRIPTS)
    return sizes


def _open_list(page: Page, address: str) -> float:
    """Milliseconds from the address to rows that can be narrowed."""
    page.goto("about:blank")
    began: float = page.evaluate("() => Date.now()")
    page.goto(address, wait_until="commit")
    page.locator("main li a").first.wait_for()
    ended: Any = page.evaluate("() => Date.now()")
    return float(ended - began)


def _arrival(page: Page, merchant: Merchant) -> float:
    """Milliseconds from the request for a charge until the page that is open shows it."""
    began: float = page.evaluate("() => Date.now()")
    made = charge(merchant, _PAYS)
    shown: float = page.evaluate(_WHEN_SHOWN, made)
    return shown - began
