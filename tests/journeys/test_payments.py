"""The dashboard in a real Chromium, on a small phone: an owner watches money arrive."""

import os
import signal
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import pytest
import urllib3
from playwright.sync_api import Browser, expect

from tests.end_to_end.dashboard import (
    PATIENCE_SECONDS,
    TEST_SECONDS,
    charge,
    open_dashboard,
    open_more,
    open_page,
    owned_merchant,
)
from tests.end_to_end.merchant import Merchant
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem, WholeSystem

PAYS: Final = "670000001"
REFUSED: Final = "670000451"
# The amount and the state; of the payer what fits.
IS_SHOWN_WHOLE: Final = """(row) => [...row.children].slice(0, 2).every(
  (each) => each.scrollWidth <= each.clientWidth)"""
COUNT_SHIFTS: Final = """() => {
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
  }).observe({type: "layout-shift"});
}"""

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """A second account of the first owner's; its webhooks are taken."""
    with owned_merchant(system, "Aux Mangues du Mfoundi") as merchant:
        yield merchant


def test_an_owner_watches_money_arrive(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """A payment shows within seconds, ends before her eyes, and nothing else moves for it."""
    reference = f"commande-{uuid4().hex[:12]}"
    looks = {"locale": "fr-CM", "color_scheme": "light"}
    with open_dashboard(system, merchant, chromium, **looks) as tab:
        page = tab.page
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        expect(page.get_by_text("En direct", exact=False)).to_be_visible()
        expect(page.get_by_text("Mode test")).to_be_visible()
        expect(page.locator("[aria-busy]")).to_have_count(0)
        page.evaluate(COUNT_SHIFTS)

        made = charge(merchant, PAYS, reference=reference)
        row = page.locator(f"a[href$='/payments/{made}']")
        expect(row).to_contain_text("250 000 FCFA")
        expect(row).to_contain_text("+2376****01 · MTN MoMo")
        expect(row).to_contain_text("Payé")
        assert page.evaluate("() => window.shifts") == 0
        assert row.evaluate(IS_SHOWN_WHOLE)
        assert not tab.overflows()
        assert tab.audit(is_live=True) == []

        row.click()
        events = page.locator("ol li")
        expect(events.first).to_contain_text("Demandé au payeur")
        expect(events.filter(has_text="Payé")).to_have_count(1)
        expect(page.get_by_role("link", name="Reçu (PDF)")).to_be_visible()
        assert tab.audit(is_live=True) == []


def test_a_list_is_as_its_address_says(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """Filters outlive a reload, which asks for no password; what is new waits to be let in."""
    reference = f"order-{uuid4().hex[:12]}"
    first = charge(merchant, REFUSED, reference=reference)
    looks = {"locale": "en-CM", "color_scheme": "dark"}
    with open_dashboard(system, merchant, chromium, **looks) as tab:
        page, rows = tab.page, tab.page.locator("main li")
        open_page(page, "Payments")
        page.get_by_label("Reference").fill(reference)
        page.get_by_role("button", name="Filter").click()
        page.wait_for_url(f"**/payments?reference={reference}")
        expect(rows).to_have_count(1)
        expect(rows.first).to_contain_text("Failed")

        page.reload()
        expect(rows).to_have_count(1)
        assert page.url.endswith(f"/payments?reference={reference}")
        expect(page.get_by_text("● Live")).to_be_visible()
        let_in = page.get_by_role("button", name="Show 1 new payment")
        # As the stream begins the list is fetched anew, which may bring what comes just then.
        charge(merchant, REFUSED, reference=reference)
        expect(let_in.or_(rows.nth(1))).to_be_visible()
        if let_in.is_visible():
            let_in.click()
        expect(rows).to_have_count(2)
        second = charge(merchant, REFUSED, reference=reference)
        expect(let_in).to_be_visible()
        assert rows.count() == 2
        let_in.click()
        expect(rows).to_have_count(3)
        expect(rows.first.locator(f"a[href$='{second}']")).to_contain_text("Failed")
        expect(rows.last.locator(f"a[href$='{first}']")).to_be_visible()
        assert not tab.overflows()
        assert tab.audit(is_live=True) == []

        open_more(page).get_by_role("button", name="Français").click()
        expect(page.get_by_role("heading", name="Paiements")).to_be_visible()
        expect(rows.first).to_contain_text("Échoué")


def test_what_comes_while_the_stream_is_cut_is_shown_too(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """The server of streams is killed, the phone out of reach: the page goes on where it was."""
    with open_dashboard(system, merchant, chromium, locale="en-CM") as tab:
        page = tab.page
        expect(page.get_by_text("● Live")).to_be_visible()
        os.kill(system.process_id("stream_events"), signal.SIGKILL)
        made = [charge(merchant, PAYS) for _ in range(3)]

        for each in made:
            row = page.locator(f"a[href$='/payments/{each}']")
            expect(row).to_contain_text("Paid")

        page.context.set_offline(True)
        expect(page.get_by_text("● Offline")).to_be_visible()
        missed = charge(merchant, PAYS)
        page.context.set_offline(False)
        row = page.locator(f"a[href$='/payments/{missed}']")
        expect(row).to_contain_text("Paid")
        tab.complaints.clear()  # of what found nobody
    wait_for("readiness", lambda: system.readyz()[0] == 200, seconds=PATIENCE_SECONDS)


def test_who_signs_out_is_out_in_every_tab(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """The session at Keycloak ends too: the way in asks for the name again."""
    with open_dashboard(system, merchant, chromium, locale="en-CM") as tab:
        page = tab.page
        other = page.context.new_page()
        other.goto(page.url)
        expect(other.get_by_text("Latest payments")).to_be_visible()

        open_more(page).get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{system.base_url}/dashboard")
        expect(other.get_by_role("button", name="Sign in")).to_be_visible()
        assert tab.audit(is_live=True) == []
        page.get_by_role("button", name="Sign in").click()
        page.locator("#username").wait_for()
        tab.complaints.clear()


def test_each_page_has_a_policy_of_its_own(system: LocalSystem) -> None:
    """A nonce for each answer, no way in for other pages, and nothing but reading."""
    address = f"{system.base_url}/dashboard"
    first, second = (urllib3.request("GET", address, retries=False) for _ in range(2))
    policies = [answer.headers["Content-Security-Policy"] for answer in (first, second)]

    assert policies[0] != policies[1]
    assert all("frame-ancestors 'none'" in policy for policy in policies)
    assert "unsafe" not in policies[0]
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Powered-By" not in first.headers
    assert "no-store" in first.headers["Cache-Control"]
    assert urllib3.request("POST", address, retries=False).status in {404, 405}
    root = urllib3.request("GET", f"{system.base_url}/", redirect=False, retries=False)
    assert (root.status, root.headers["Location"]) == (302, "/dashboard")
