"""Money in, in a real Chromium: what the home page weighs, refunds, webhooks, customers."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.chaos.judge import superuser
from tests.end_to_end.dashboard import (
    AMOUNT,
    PATIENCE_SECONDS,
    TEST_SECONDS,
    charge,
    open_dashboard,
    open_page,
    owned_merchant,
)
from tests.end_to_end.merchant import Merchant, open_merchant
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem, WholeSystem

PAYS: Final = "670000001"
ORANGE_PAYS: Final = "690000001"
MOST_JAVASCRIPT: Final = 180_000
WEIGH_SCRIPTS: Final = """() => performance.getEntriesByType("resource")
  .filter((each) => new URL(each.name).pathname.endsWith(".js"))
  .map((each) => [new URL(each.name).pathname.split("/").pop(), each.encodedBodySize])"""
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
    """An account of the first owner's; its webhooks are taken."""
    with owned_merchant(system, "Les Pagnes de Mokolo") as merchant:
        yield merchant


@pytest.fixture(scope="module")
def watched(system: LocalSystem) -> Iterator[Merchant]:
    """An account in which the first owner may only look."""
    with open_merchant(system, "La Caisse des Autres") as merchant:
        with superuser(system) as connection:
            connection.run(
                "INSERT INTO platform.members (account_id, person, email, language, duty)"
                " SELECT :account, person, email, language, 'viewer' FROM platform.members"
                " WHERE account_id = :first AND duty = 'owner'",
                account=merchant.account,
                first=system.credentials["account"],
            )
        yield merchant


def test_the_home_page_is_light_and_says_how_today_goes(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """At most 180 kB of scripts; today by operator and who takes payments, and nothing moves."""
    charge(merchant, ORANGE_PAYS, amount=7_000)
    with open_dashboard(system, merchant, chromium, locale="en-CM") as tab:
        page = tab.page
        orange = page.get_by_role("listitem").filter(
            has=page.get_by_role("heading", name="Orange Money")
        )
        expect(orange).to_contain_text("Available")
        expect(orange).to_contain_text("7 000 FCFA 1 payment")
        decisions = page.get_by_role("region", name="To decide")
        expect(decisions).to_contain_text("Payouts to approveNothing")

        # As whoever comes back loads it: by way of Keycloak, with all of its scripts.
        page.reload()
        expect(decisions).to_contain_text("Payouts to approveNothing")
        page.wait_for_load_state("networkidle")
        scripts = dict(page.evaluate(WEIGH_SCRIPTS))
        total = sum(scripts.values())
        assert 0 < total <= MOST_JAVASCRIPT, scripts
        tab.complaints.clear()  # of Keycloak's pages
        page.evaluate(COUNT_SHIFTS)

        charge(merchant, ORANGE_PAYS, amount=5_000)
        expect(orange).to_contain_text("12 000 FCFA 2 payments")
        assert page.evaluate("() => window.shifts") == 0
        assert not tab.overflows()
        assert tab.audit(is_live=True) == []

        decisions.get_by_role("link", name="Money that came too late").click()
        expect(page.get_by_text("Nothing to decide.")).to_be_visible()
        assert not tab.overflows()
        assert tab.audit(is_live=True) == []


def test_an_owner_gives_a_part_back_once(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """Two clicks make one refund, which ends before her eyes; what is wrong stands at its field."""
    paid = _paid(merchant)
    looks = {"locale": "fr-CM", "color_scheme": "dark"}
    with open_dashboard(system, merchant, chromium, **looks) as tab:
        page = tab.page
        page.locator(f"a[href$='/payments/{paid}']").click()
        page.get_by_text("Lire ce paiement").click()
        expect(page.locator("pre")).to_have_text(
            f"curl -s '{system.base_url}/v1/charges/{paid}' \\\n"
            '  -H "Authorization: Bearer $PAY_API_KEY"'
        )
        page.get_by_role("button", name="Rembourser").click()
        dialog = page.get_by_role("dialog")
        amount = dialog.get_by_label("Montant en FCFA")
        expect(amount).to_have_value(str(AMOUNT))
        for wrong, why in (("300 000", "ne peut dépasser"), ("12,5", "nombre entier")):
            amount.fill(wrong)
            dialog.locator("button[type=submit]").click()
            expect(dialog.get_by_role("alert").filter(has_text=why)).to_be_visible()
            expect(amount).to_have_attribute("aria-invalid", "true")
        assert tab.audit(is_live=True) == []
        assert not tab.overflows()

        amount.fill("100 000")
        dialog.get_by_label("Motif").fill("un pagne de trop")
        dialog.get_by_role("button", name="Rembourser 100 000 FCFA").dblclick()
        expect(dialog).to_have_count(0)
        refunds = page.get_by_role("region", name="Remboursements").get_by_role("listitem")
        expect(refunds).to_have_count(1)
        expect(refunds).to_contain_text("100 000 FCFA")
        expect(refunds).to_contain_text("un pagne de trop")
        expect(refunds).to_contain_text("✓ Remboursé")
        made = merchant.read(f"/v1/refunds?charge={paid}")["data"]
        assert [(each["amount"], each["status"]) for each in made] == [(100_000, "succeeded")]

        page.get_by_role("button", name="Rembourser").click()
        expect(amount).to_have_value(str(AMOUNT - 100_000))
        page.keyboard.press("Escape")
        assert tab.audit(is_live=True) == []
        assert not tab.overflows()


def test_a_viewer_is_told_why_she_gives_nothing_back(
    system: LocalSystem, watched: Merchant, chromium: Browser
) -> None:
    """The API refuses in words, and no refund is made; what is not paid has no way to one."""
    paid = _paid(watched)
    pending = charge(watched, "670000453")
    with open_dashboard(system, watched, chromium, locale="en-CM") as tab:
        page = tab.page
        page.locator(f"a[href$='/payments/{pending}']").click()
        expect(page.get_by_text("Asked of the payer")).to_be_visible()
        expect(page.get_by_role("button", name="Refund")).to_have_count(0)
        page.get_by_role("link", name="All payments").click()
        page.locator(f"a[href$='/payments/{paid}']").click()
        page.get_by_role("button", name="Refund").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Refund 250 000 FCFA").click()
        refusal = dialog.get_by_role("alert").filter(has_text="the duty of this person")
        expect(refusal).to_be_visible()
        assert watched.read(f"/v1/refunds?charge={paid}")["data"] == []


def test_a_webhook_is_sent_again(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """The page says how each event was told; a button tells it once more."""
    paid = _paid(merchant)
    told = merchant.wait_webhook(paid, "charge.succeeded", seconds=PATIENCE_SECONDS)
    with open_dashboard(system, merchant, chromium, locale="en-CM") as tab:
        page = tab.page
        page.locator(f"a[href$='/payments/{paid}']").click()
        event = page.locator("ol > li").filter(has_text="Paid")
        expect(event).to_contain_text("✓ Webhook taken")
        expect(event).to_contain_text("1 attempt · HTTP 204")
        before = merchant.receiver.counts()[told.event_id]
        event.get_by_role("button", name="Resend the webhook").click()

        wait_for(
            "the webhook again",
            lambda: merchant.receiver.counts()[told.event_id] > before,
            seconds=PATIENCE_SECONDS,
        )
        expect(event).to_contain_text("✓ Webhook taken")
        assert tab.audit(is_live=True) == []
        assert not tab.overflows()


def test_a_customer_is_made_and_changed(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """What is wrong stands at its field; a payment shows as it comes, what is left out stays."""
    reference = f"cli-{uuid4().hex[:12]}"
    with open_dashboard(system, merchant, chromium, locale="fr-CM") as tab:
        page = tab.page
        open_page(page, "Clients")
        page.get_by_role("button", name="Nouveau client").click()
        dialog = page.get_by_role("dialog")
        _fill(dialog, {"Nom": "Awa Njoya", "Numéro": "670 00 00 01", "Référence": reference})
        _fill(dialog, {"Adresse e-mail": "awa"})
        dialog.get_by_role("button", name="Créer le client").click()
        email = dialog.get_by_label("Adresse e-mail")
        expect(email).to_have_attribute("aria-invalid", "true")
        assert tab.audit(is_live=True) == []
        email.fill("awa@shop.example")
        dialog.get_by_role("button", name="Créer le client").click()
        expect(page.get_by_role("heading", name="Awa Njoya")).to_be_visible()
        expect(page.get_by_text("awa@shop.example")).to_be_visible()
        made = _customer(merchant, reference)

        paid = charge(merchant, PAYS, customer=made["id"])
        expect(page.locator(f"a[href$='/payments/{paid}']")).to_contain_text("Payé")
        page.get_by_role("button", name="Modifier").click()
        _fill(dialog, {"Nom": "Awa Njoya Mbarga", "Adresse e-mail": ""})
        dialog.get_by_role("button", name="Enregistrer").click()
        expect(page.get_by_role("heading", name="Awa Njoya Mbarga")).to_be_visible()
        assert not tab.overflows()
        assert tab.audit(is_live=True) == []
        changed = _customer(merchant, reference)
        assert changed == made | {"name": "Awa Njoya Mbarga", "email": None}

        page.get_by_role("link", name="Tous les clients").click()
        page.get_by_role("searchbox").fill("+237 670 00 00 01")
        page.get_by_role("button", name="Chercher").click()
        page.wait_for_url("**/customers?q=*")
        expect(page.get_by_role("link", name="Awa Njoya Mbarga")).to_be_visible()
        assert not tab.overflows()
        assert tab.audit(is_live=True) == []


def _paid(merchant: Merchant) -> str:
    """A payment that has succeeded; its id."""
    made = charge(merchant, PAYS)
    assert merchant.wait_final(made, seconds=PATIENCE_SECONDS)["status"] == "succeeded"
    return made


def _fill(form: Locator, words: dict[str, str]) -> None:
    for label, typed in words.items():
        form.get_by_label(label, exact=True).fill(typed)


def _customer(merchant: Merchant, reference: str) -> dict[str, Any]:
    """The one customer of a reference, as the API has it."""
    (found,) = merchant.read(f"/v1/customers?reference={quote(reference)}")["data"]
    kept: dict[str, Any] = found
    return kept
