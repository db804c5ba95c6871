"""The dashboard at its edges: keys alone, hostile words, wrong clocks, answers that are lost."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import pytest
import urllib3
from playwright.sync_api import Browser, Page, Request, Route, ViewportSize, expect

from knative.render.envoy import UPSTREAM_IDLE_TIMEOUT
from tests.browser import open_tab
from tests.end_to_end.dashboard import (
    LIVE,
    TEST_SECONDS,
    charge,
    enter,
    menu,
    open_dashboard,
    open_more,
    open_page,
    owned_merchant,
)
from tests.end_to_end.merchant import Merchant
from tests.end_to_end.money import top_up
from tests.system import LocalSystem, WholeSystem

FUNDS: Final = 100_000
PAYEE: Final = "670000001"
PAYS: Final = "670000001"
WIDE: Final = ViewportSize(width=1280, height=720)
HOSTILE: Final = "<img src=x onerror=alert(1)>".ljust(200, "W")
TURNED: Final = f"\u202e{HOSTILE}"[:200]
SMALL_TARGETS: Final = """(within) => [...within.querySelectorAll("a, button")]
  .filter((each) => each.getBoundingClientRect().height < 44).map((each) => each.textContent)"""
# A telephone whose clock is wrong by so many milliseconds.
WRONG_CLOCK: Final = """(() => {
  const Right = Date;
  globalThis.Date = class extends Right {
    constructor(...given) { given.length ? super(...given) : super(Right.now() + %d); }
    static now() { return Right.now() + %d; }
  };
})()"""
DAY_MS: Final = 86_400_000

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """An account of the first owner's with money and a hostile name."""
    with owned_merchant(system, HOSTILE) as merchant:
        top_up(system, merchant, FUNDS)
        yield merchant


def test_the_menu_goes_by_keys_alone(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """On a phone its rest opens and gives the focus back; in a wide window it can be skipped."""
    with open_dashboard(system, merchant, chromium, locale="en-CM") as tab:
        page = tab.page
        more = menu(page).get_by_role("button", name="More")
        tab.press_tab_to("nav button")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("link", name="Batches")).to_be_visible()
        assert dialog.evaluate(SMALL_TARGETS) == []
        assert tab.audit(is_live=True) == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(more).to_be_focused()
        assert not tab.overflows()

        open_more(page).get_by_role("link", name="Team", exact=True).press("Enter")
        expect(page.get_by_role("heading", level=1, name="Team")).to_be_visible()
        expect(dialog).to_have_count(0)
        expect(more).to_have_attribute("aria-current", "true")

        page.set_viewport_size(WIDE)
        here = menu(page).get_by_role("link", name="Team", exact=True)
        expect(here).to_have_attribute("aria-current", "page")
        expect(page.locator("header [role=status]")).to_have_text(LIVE)
        assert menu(page).evaluate(SMALL_TARGETS) == []
        assert tab.audit(is_live=True) == []
        page.reload()
        here.wait_for()
        tab.press_tab_to("a[href='#content']")
        expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        expect(page.locator("header [role=status]")).to_have_text(LIVE)


def test_going_back_sends_nothing_again(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """After two clicks, back, forward and a reload there is one payout, and the form is empty."""
    reference = f"salaire-{uuid4().hex[:12]}"
    with open_dashboard(system, merchant, chromium, locale="fr-CM") as tab:
        page, sent = tab.page, _sent(tab.page)
        _fill(page, reference, "12 500")
        page.get_by_role("dialog").get_by_role("button", name="Verser 12").dblclick()
        page.wait_for_url("**/payouts/po_*")
        page.go_back()
        expect(page.get_by_label("Référence")).to_have_value("")
        expect(page.get_by_label("Montant (FCFA)")).to_have_value("")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.go_forward()
        page.wait_for_url("**/payouts/po_*")
        page.reload()
        expect(page.locator("main [role=status]").first).to_contain_text("Versé")

        assert (len(sent), len(_payouts(merchant, reference))) == (1, 1)
        expect(page.locator("header [role=status]")).to_have_text(LIVE)


def test_who_changes_the_amount_after_silence_is_told_first(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """The first went, though its answer was lost: she looks, sends it again, and one is made."""
    reference = f"loyer-{uuid4().hex[:12]}"
    with open_dashboard(system, merchant, chromium, locale="fr-CM") as tab:
        page, sent = tab.page, _sent(tab.page)
        page.route("**/v1/payouts", _lose_answer, times=1)
        _fill(page, reference, "12 500")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Verser 12").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Pas de réponse")
        dialog.get_by_role("button", name="Fermer").click()
        _check(page, "13 500")
        dialog.get_by_role("button", name="Verser 13").dblclick()
        expect(dialog.get_by_role("alert")).to_contain_text("12 500 FCFA")
        expect(dialog.get_by_role("button", name="quand même")).to_be_visible()
        assert tab.audit(is_live=True) == []
        assert not tab.overflows()
        assert len(sent) == 1

        dialog.get_by_role("link", name="Regarder").click()
        page.wait_for_url("**/payouts?phone=*")
        expect(page.locator("main li a").filter(has_text="12 500 FCFA").first).to_be_visible()
        page.go_back()
        expect(page.get_by_label("Montant (FCFA)")).to_have_value("13 500")
        _check(page, "12 500")
        dialog.get_by_role("button", name="Verser 12").click()
        page.wait_for_url("**/payouts/po_*")

        [made] = _payouts(merchant, reference)
        assert (made["amount"], len(sent)) == (12_500, 2)
        tab.complaints.clear()  # of the answer that was lost


def test_hostile_words_change_nothing(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """Names of 200 signs, with a tag and a mark that turns the line, are words and fit."""
    body = {"name": TURNED, "phone": f"+237{PAYEE}", "reference": TURNED[:40]}
    _make(merchant, "/v1/customers", body)
    destination = {"type": "mobile_money", "phone": f"+237{PAYEE}", "name": TURNED[:90]}
    order = {"amount": 700, "currency": "xaf", "destination": destination}
    _make(merchant, "/v1/payouts", order)
    with open_dashboard(system, merchant, chromium, locale="fr-CM", color_scheme="dark") as tab:
        page = tab.page
        alerts: list[str] = []
        page.on("dialog", lambda dialog: alerts.append(dialog.message))
        expect(page).to_have_title(f"[Test] {HOSTILE} · Pay")
        for name in ("Clients", "Versements", "Réglages"):
            open_page(page, name)
            expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
            expect(page.locator("main [aria-busy]")).to_have_count(0)
            expect(page.locator("main").get_by_text("<img src=x").first).to_be_visible()
            assert not tab.overflows()
            assert tab.audit(is_live=True) == []
        open_page(page, "Versements")
        row = page.locator("main li a").filter(has_text="700 FCFA")
        expect(row).to_contain_text("+2376****01")
        assert "\u202e" not in row.inner_text()
        open_page(page, "Clients")
        page.locator("main a[href*='/customers/']").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x")
        assert not tab.overflows()
        assert (page.locator("img").count(), alerts) == (0, [])


def test_a_page_whose_script_is_lost_is_asked_for_once_more(
    system: LocalSystem, chromium: Browser
) -> None:
    """A bad line does not leave her at a page that only ever loads; nor does it turn for ever."""
    with open_tab(chromium, locale="en-CM") as tab:
        opened: list[str] = []
        tab.page.on("request", lambda sent: opened.append(sent.resource_type))
        scripts = "**/dashboard/_next/**/*.js"
        tab.page.route(scripts, lambda route: route.fulfill(status=503), times=1)
        tab.page.goto(f"{system.base_url}/dashboard")
        expect(tab.page.get_by_role("button", name="Sign in")).to_be_visible()
        assert opened.count("document") == 2

        tab.page.route(scripts, lambda route: route.abort())
        tab.page.reload()
        tab.page.wait_for_load_state("networkidle")
        assert opened.count("document") == 3


def test_whoever_is_signed_in_waits_for_no_script_to_leave_for_keycloak(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """A page loaded anew is on its way to Keycloak, and back, before any script of it has come."""
    with open_dashboard(system, merchant, chromium, locale="fr-CM") as tab:
        page, arrivals = tab.page, f"{system.base_url}/dashboard/signed-in"
        address = f"{page.url}/payments?status=succeeded"

        def hold_until_back(route: Route) -> None:
            if page.url.startswith(arrivals):
                route.continue_()
            # Else it never comes.

        page.route("**/_next/static/chunks/*.js", hold_until_back)
        page.goto(address, wait_until="commit")
        page.wait_for_url(address)
        expect(page.locator("header [role=status]")).to_have_text(LIVE)
        tab.complaints.clear()


def test_the_gateway_ends_idle_connections_and_not_the_dashboard(system: LocalSystem) -> None:
    """A connection that both would end can be ended under a request, which is then lost."""
    url = f"http://127.0.0.1:{system.ports['dashboard']}/dashboard"
    kept = urllib3.request("GET", url).headers["Keep-Alive"]

    assert int(kept.removeprefix("timeout=")) > int(UPSTREAM_IDLE_TIMEOUT.removesuffix("s"))


@pytest.mark.parametrize("days", [-1, 1])
def test_a_wrong_clock_moves_no_day(
    system: LocalSystem, merchant: Merchant, chromium: Browser, days: int
) -> None:
    """A phone that is a day behind or ahead signs in, and today is the server's."""
    with open_tab(chromium, locale="fr-CM") as tab:
        page = tab.page
        page.context.add_init_script(WRONG_CLOCK % (days * DAY_MS, days * DAY_MS))
        enter(tab, system.credentials["dashboard"], system, merchant)
        wanted = f"{_received(page) + 1_100:,} FCFA".replace(",", " ")
        made = charge(merchant, PAYS, amount=1_100)
        expect(page.locator(f"a[href$='/payments/{made}']")).to_contain_text("Payé")
        today = page.locator("[aria-labelledby=today]")
        expect(today).to_contain_text(wanted)
        page.reload()
        expect(today).to_contain_text(wanted)
        expect(page.locator("header [role=status]")).to_have_text(LIVE)
        assert tab.complaints == []


def _received(page: Page) -> int:
    """What came in today, as the home page says."""
    shown = page.locator("[aria-labelledby=today]").locator("dd").first
    expect(shown).to_contain_text("FCFA")
    return int("".join(sign for sign in shown.inner_text() if sign.isdigit()))


def _fill(page: Page, reference: str, amount: str) -> None:
    open_page(page, "Versements")
    page.get_by_role("link", name="Payer un numéro").click()
    page.get_by_label("Numéro", exact=True).fill(PAYEE)
    page.get_by_label("Référence").fill(reference)
    _check(page, amount)


def _check(page: Page, amount: str) -> None:
    page.get_by_label("Montant (FCFA)").fill(amount)
    page.get_by_role("button", name="Vérifier le titulaire").click()


def _sent(page: Page) -> list[str]:
    """The payouts that a page asks for from now on."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/v1/payouts"):
            sent.append(request.url)

    page.on("request", note)
    return sent


def _lose_answer(route: Route) -> None:
    """Let a request come through, and nothing come back."""
    route.fetch()
    route.abort()


def _payouts(merchant: Merchant, reference: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = merchant.read(f"/v1/payouts?reference={reference}")["data"]
    return found


def _make(merchant: Merchant, path: str, body: dict[str, Any]) -> None:
    made = merchant.call("POST", path, json.dumps(body).encode(), str(uuid4()))
    assert made.status == HTTPStatus.OK, made.data
