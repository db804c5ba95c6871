"""A developer looks in the dashboard for what her program asked, and why it was refused."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import Tab
from tests.end_to_end.dashboard import TEST_SECONDS, charge, open_dashboard, owned_merchant
from tests.end_to_end.merchant import Merchant
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem, WholeSystem

PAYS: Final = "670000001"
SOON_MILLISECONDS: Final = 3_000
NARROW: Final = {"locale": "fr-CM", "viewport": {"width": 320, "height": 568}}
DARK: Final = {"locale": "en-CM", "color_scheme": "dark"}

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """An account of the first owner's."""
    with owned_merchant(system, "Atelier Numérique de Bonabéri") as merchant:
        yield merchant


def looks_good(tab: Tab) -> None:
    """Hold a page to what each page is held to, once it shows what it has."""
    expect(tab.page.locator("[aria-busy]")).to_have_count(0)
    assert tab.audit(is_live=True) == []
    assert not tab.overflows()
    assert tab.complaints == []


def refuse(merchant: Merchant, **changes: Any) -> str:
    """Ask for a charge that is refused, as the merchant's program does; the id of the request."""
    body = {
        "amount": 1_500,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": PAYS},
        **changes,
    }
    refused = merchant.call("POST", "/v1/charges", json.dumps(body).encode())
    assert refused.status == 400, refused.data
    found: str = refused.headers["Request-Id"]
    return found


def test_a_refused_request_is_found_with_its_reason(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """Within three seconds, beside what was there and without moving it; by its code alone too."""
    first = refuse(merchant, amount="beaucoup")
    with open_dashboard(system, merchant, chromium, **NARROW) as tab:
        page = tab.page
        page.goto(f"{system.base_url}/dashboard/{merchant.account}/test/developers/requests")
        rows = page.locator("main li a[href*='/requests/req_']")
        expect(rows).to_have_count(1)
        looks_good(tab)

        second = refuse(merchant, currency="eur")
        show = page.get_by_role("button", name="Voir les nouvelles")
        expect(show).to_be_visible(timeout=2 * SOON_MILLISECONDS)
        expect(rows).to_have_count(1)
        show.click()
        expect(rows.first).to_have_attribute(
            "href", f"/dashboard/{merchant.account}/test/developers/requests/{second}"
        )

        page.get_by_label("Code d").fill("amount_not_whole")
        page.get_by_label("Réponse").select_option("Refusée (4xx)")
        page.get_by_role("button", name="Filtrer").click()
        page.wait_for_url("**/requests?status=refused&error_code=*")
        expect(rows).to_have_count(1)
        rows.click()
        page.wait_for_url(f"**/requests/{first}")
        expect(page.get_by_text("amount_not_whole, champ amount")).to_be_visible()
        docs = page.get_by_role("link", name="Ce que cela veut dire, et quoi faire")
        assert (docs.get_attribute("href") or "").endswith("/docs/errors#amount_not_whole")
        looks_good(tab)
        page.locator("main a[href*='/developers/keys/key_']").click()
        page.wait_for_url("**/developers/keys/key_*")


def test_a_request_leads_to_what_it_made(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """From the line of a charge to its events, and to the payment."""
    made = charge(merchant, PAYS)
    log = f"/v1/request_logs?object={made}"
    wait_for("the line is kept", lambda: _lines(merchant, log), seconds=SOON_MILLISECONDS / 1000)
    (line,) = _lines(merchant, log)
    with open_dashboard(system, merchant, chromium, **DARK) as tab:
        page = tab.page
        page.goto(
            f"{system.base_url}/dashboard/{merchant.account}/test/developers/requests/{line['id']}"
        )
        caused = page.locator("main li").filter(has_text="Caused by this request")
        expect(caused).to_contain_text("charge.pending")
        looks_good(tab)
        page.get_by_role("link", name=made).click()
        page.wait_for_url(f"**/payments/{made}")


def _lines(merchant: Merchant, path: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = merchant.read(path)["data"]
    return found
