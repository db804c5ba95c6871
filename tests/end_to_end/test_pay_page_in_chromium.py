"""Merchants' pages in a real Chromium, as small as a cheap phone's, on the whole local system."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import Tab, open_tab
from tests.end_to_end.merchant import Merchant, open_merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.get_chromium import FETCH_SECONDS
from tests.npm_packages import INSTALL_SECONDS
from tests.system import LocalSystem

PATIENCE_SECONDS: Final = 45.0
LARGEST_PAGE_BYTES: Final = 60_000
# It waits, so that what a payer reads meanwhile can be read, until the operator ends it.
WAITS: Final = "453"
REFUSED: Final = "451"
SHOP: Final = (
    "Établissements Ngo Bassong & Filles, Marché-de-Mokolo-Boutique-Numéro-Cinquante-et-Un"
)
SUCCESS_URL: Final = "https://shop.example/merci"
ASKED: Final = {
    "amount": 12_500,
    "currency": "xaf",
    "description": "Un pagne wax, 6 yards",
    "success_url": SUCCESS_URL,
    "cancel_url": "https://shop.example/panier",
}
LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "fr": {"locale": "fr-CM", "color_scheme": "light"},
    "en": {"locale": "en-CM", "color_scheme": "dark"},
}

pytestmark = pytest.mark.timeout(FETCH_SECONDS + INSTALL_SECONDS + 4 * PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account with a name that hardly fits."""
    with open_merchant(local_system, SHOP) as merchant:
        yield merchant


def make(merchant: Merchant, kind: str = "checkouts", **changes: Any) -> str:
    """The address of a new page."""
    made = merchant.call("POST", f"/v1/{kind}", json.dumps(ASKED | changes).encode())
    assert made.status == 200, made.data
    url: str = made.json()["url"]
    return url


def approve(operator: OperatorControl, phone: str) -> None:
    """Have the payer say yes, once the operator has the question."""
    payer = operator.payer(f"+237{phone}")

    def asked() -> str | None:
        rows = operator.payments()
        return next((row["reference"] for row in rows if payer in row.values()), None)

    operator.settle(wait_for("a question", asked, seconds=PATIENCE_SECONDS), "SUCCESSFUL")


@pytest.mark.parametrize(
    ("name", "phone", "language", "dialled", "paid", "has_scripts"),
    [
        ("mtn", f"670051{WAITS}", "fr", "*126#", "Payé", True),
        ("mtn", f"670052{WAITS}", "en", "*126#", "Paid", False),
        ("orange", f"690051{WAITS}", "en", "#150*50#", "Paid", True),
        ("orange", f"690052{WAITS}", "fr", "#150*50#", "Payé", False),
    ],
)
def test_a_payer_pays_by_keys_alone(
    local_system: LocalSystem,
    merchant: Merchant,
    chromium: Browser,
    *,
    name: str,
    phone: str,
    language: str,
    dialled: str,
    paid: str,
    has_scripts: bool,
) -> None:
    """Number, question, its end and the receipt, with and without scripts; nothing is touched."""
    operator = OperatorControl.of(local_system, name)
    with open_tab(chromium, has_scripts=has_scripts, **LOOKS[language]) as tab:
        page, state = tab.page, tab.page.locator(".state strong")
        tab.open(make(merchant))
        tab.press_tab_to("#phone")
        page.keyboard.type(phone)
        page.keyboard.press("Enter")
        page.wait_for_url("**/pay/ch_*")
        steps = page.locator(".steps li")
        expect(steps).to_have_count(3)
        expect(steps.first).to_contain_text(f"+2376****{phone[-2:]}")
        expect(steps.last).to_contain_text(dialled)

        approve(operator, phone)
        expect(state).to_have_text(paid)
        tab.press_tab_to(f"a[href='{SUCCESS_URL}']")
        tab.press_tab_to("a[href*='/verify/']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/verify/*")

        expect(page.locator(".state strong")).to_have_text(paid)
        assert tab.complaints == []


def walk(tab: Tab, merchant: Merchant, language: str) -> Iterator[tuple[str, int]]:
    """Stand on each of the pages in turn: what it is, and how heavy where it was opened."""
    page = tab.page
    yield "form", tab.open(make(merchant))
    page.locator("#phone").fill(f"6700{53 if language == 'fr' else 54}{WAITS}")
    page.locator("#phone").press("Enter")
    page.wait_for_url("**/pay/ch_*")
    yield "waiting", tab.open(page.url)
    link = make(merchant, "payment_links", amount=None, amount_min=100, cancel_url=None)
    yield "free amount", tab.open(link)
    page.locator("#amount").fill("50")
    page.locator("#phone").fill("12")
    page.locator("#phone").press("Enter")
    page.locator("#fault").wait_for()
    yield "at fault", 0
    page.locator("summary").click()
    page.locator("#amount").fill("500")
    page.locator("#phone").fill(f"670055{REFUSED}")
    page.locator("#phone").press("Enter")
    page.locator(".state.failed").wait_for()
    yield "failed", tab.open(page.url)
    yield "unknown", tab.open(f"{merchant.base_url}/pay/cs_test_unknown")


@pytest.mark.parametrize("language", list(LOOKS))
def test_each_page_fits_a_small_phone_and_everybody(
    merchant: Merchant, chromium: Browser, *, language: str
) -> None:
    """320 pixels wide, light and dark: nothing sideways, nothing against WCAG, all seen by Tab."""
    with open_tab(chromium, **LOOKS[language]) as tab:
        for name, weight in walk(tab, merchant, language):
            assert tab.page.locator("html").get_attribute("lang") == language, name
            assert tab.audit() == [], name
            assert not tab.overflows(), name
            assert weight < LARGEST_PAGE_BYTES, name
        assert tab.complaints == []


def test_tab_leads_through_the_form_in_its_order(merchant: Merchant, chromium: Browser) -> None:
    """To all that can be used and nothing else, each with an outline and where it can be seen."""
    with open_tab(chromium, **LOOKS["fr"]) as tab:
        tab.open(make(merchant, "payment_links", amount=None, amount_min=100))
        closed = tab.stops()
        tab.press_tab_to("summary")
        tab.page.keyboard.press("Enter")
        opened = tab.stops()

    names = [
        "?language=en",
        "amount",
        "phone",
        "summary",
        "operator",
        "prompt",
        "redirect",
        ASKED["cancel_url"],
    ]
    assert [stop.name for stop in closed] == [name for name in names if name != "operator"]
    assert [stop.name for stop in opened] == names[4:]
    assert all(stop.outline >= 2 and stop.is_in_view for stop in closed + opened)


def test_the_script_asks_no_more_than_it_shows(merchant: Merchant, chromium: Browser) -> None:
    """A page that waits is loaded anew once it says something else, and not before."""
    with open_tab(chromium, **LOOKS["fr"]) as tab:
        tab.open(make(merchant))
        tab.page.locator("#phone").fill(f"670056{WAITS}")
        tab.page.locator("#phone").press("Enter")
        tab.page.wait_for_url("**/pay/ch_*")
        tab.page.evaluate("() => { window.isTheSame = true; }")
        asked: list[bool] = []
        tab.page.on("request", lambda request: asked.append(request.is_navigation_request()))

        wait_for("a look", lambda: has_asked(tab, asked), seconds=PATIENCE_SECONDS)
        assert asked == [False]
        assert tab.page.evaluate("() => window.isTheSame")


def has_asked(tab: Tab, asked: list[bool]) -> bool:
    """Let the page live for a moment; whether it has asked for anything."""
    tab.page.wait_for_timeout(100)
    return bool(asked)
