"""What a merchant's developer and cashier do in the dashboard: links, keys, webhooks, reports."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Final

import pytest
import urllib3
from playwright.sync_api import Browser, expect

from knative.local.programs import free_port
from knative.local.webhook_receiver import WebhookReceiver
from tests.browser import Tab
from tests.end_to_end.dashboard import (
    PATIENCE_SECONDS,
    TEST_SECONDS,
    charge,
    open_dashboard,
    open_page,
    owned_merchant,
)
from tests.end_to_end.merchant import Merchant
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, LocalSystem, WholeSystem

PAYS: Final = "670000001"
DOUALA: Final = timezone(timedelta(hours=1))
LIGHT: Final = {"locale": "fr-CM", "color_scheme": "light"}
DARK: Final = {"locale": "en-CM", "color_scheme": "dark"}

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """An account of the first owner's."""
    with owned_merchant(system, "Studio Bamiléké du Code") as merchant:
        yield merchant


def looks_good(tab: Tab) -> None:
    """Hold a page to what each page is held to, once it shows what it has."""
    expect(tab.page.locator("[aria-busy]")).to_have_count(0)
    assert tab.audit(is_live=True) == []
    assert not tab.overflows()
    assert tab.complaints == []


def take(receiver: WebhookReceiver, event_type: str, about: str) -> None:
    """Wait for a webhook of a type about an object, each signed as it should be."""
    while True:
        got = receiver.received.get(timeout=PATIENCE_SECONDS)
        assert got.is_verified
        if (got.event_type, got.event["data"]["id"]) == (event_type, about):
            return


def status_with(merchant: Merchant, key: str) -> int:
    """What the API says to a key."""
    answer = urllib3.request(
        "GET",
        f"{merchant.base_url}/v1/balance",
        headers={"Authorization": f"Bearer {key}"},
        retries=False,
    )
    return answer.status


def test_a_payment_link_is_made_and_paid(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """Its address and QR lead a payer to the page; what she pays shows on the link as it ends."""
    with open_dashboard(system, merchant, chromium, **LIGHT) as tab:
        page = tab.page
        open_page(page, "Liens")
        looks_good(tab)
        page.get_by_role("link", name="Nouveau lien").click()
        page.get_by_label("Description").fill("Un pagne wax")
        page.get_by_label("Montant en francs CFA").fill("douze")
        page.get_by_role("button", name="Créer le lien").click()
        expect(page.get_by_text("Écrivez un nombre entier")).to_be_visible()
        page.get_by_label("Montant en francs CFA").fill("12 500")
        page.get_by_label("Dernier jour").fill("2020-01-01")
        page.get_by_role("button", name="Créer le lien").click()
        expect(page.get_by_label("Dernier jour")).to_have_attribute("aria-invalid", "true")
        looks_good(tab)
        page.get_by_label("Dernier jour").fill("")
        page.get_by_role("button", name="Créer le lien").click()
        page.wait_for_url("**/links/plink_*")
        expect(page.get_by_role("heading", name="12 500 FCFA")).to_be_visible()
        qr = page.get_by_role("img", name="Code QR")
        expect(qr).to_be_visible()
        page.wait_for_function("() => document.querySelector('main img').naturalWidth > 0")
        looks_good(tab)

        with page.expect_popup() as opened:
            page.get_by_role("link", name="Voir la page du payeur").click()
        payer = opened.value
        assert payer.url == page.locator("main code").inner_text()
        payer.locator("#phone").fill(PAYS)
        payer.locator("#phone").press("Enter")
        payer.wait_for_url("**/pay/ch_*")
        row = page.locator("main li").filter(has_text="12 500 FCFA")
        expect(row).to_contain_text("Payé")
        payer.close()

        page.get_by_role("button", name="Mettre en pause").click()
        expect(page.locator("main h1 + span")).to_contain_text("En pause")
        open_page(page, "Documents")
        expect(page.get_by_role("link", name="PDF de").first).to_be_visible()
        looks_good(tab)


def test_a_key_is_rolled(system: LocalSystem, merchant: Merchant, chromium: Browser) -> None:
    """The new secret shows once and works, the old one no more; a reload shows no secret."""
    with open_dashboard(system, merchant, chromium, **DARK) as tab:
        page, secret = tab.page, tab.page.locator("main code.select-all")
        open_page(page, "API keys")
        looks_good(tab)
        page.get_by_role("link", name="New key").click()
        page.get_by_label("Name").fill("Accounting")
        page.get_by_label("balance:read").check()
        looks_good(tab)
        page.get_by_role("button", name="Make the key").click()
        first = secret.inner_text()
        assert (first[:8], status_with(merchant, first)) == ("rk_test_", 200)
        looks_good(tab)

        page.get_by_role("link", name="API keys").last.click()
        page.get_by_role("link", name="Accounting").click()
        page.get_by_label("The old one still works").select_option("No, not any more")
        looks_good(tab)
        page.get_by_role("button", name="Roll", exact=True).click()
        expect(page.get_by_text("The secret of the new key")).to_be_focused()
        second = secret.inner_text()
        assert second != first
        assert status_with(merchant, second) == 200
        wait_for(
            "the old key's end",  # which servers may remember for five seconds
            lambda: status_with(merchant, first) == 401,
            seconds=PATIENCE_SECONDS,
        )
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy the secret").click()
        expect(page.get_by_text("Copied")).to_be_visible()
        assert page.evaluate("() => navigator.clipboard.readText()") == second
        kept = page.evaluate("() => JSON.stringify([{...sessionStorage}, {...localStorage}])")
        assert first not in kept
        assert second not in kept

        page.reload()
        expect(page.get_by_text("Rolled to")).to_be_visible()
        assert second not in page.content()
        page.get_by_text("Rolled to").locator("..").get_by_role("link").click()
        page.get_by_role("button", name="Revoke the key").click()
        assert tab.audit(is_live=True) == []
        page.get_by_role("button", name="Revoke for good").click()
        expect(page.get_by_text("✕ Revoked")).to_be_visible()
        looks_good(tab)


def make_webhook(tab: Tab, url: str) -> str:
    """Have an endpoint told of charges, after an address that cannot be; its secret."""
    page = tab.page
    open_page(page, "Webhooks")
    page.get_by_role("link", name="Nouveau webhook").click()
    page.get_by_label("Adresse", exact=True).fill("gopher://nulle.part")
    page.get_by_label("Tous, aussi ceux qui viendront").uncheck()
    page.get_by_label("charge.*", exact=True).check()
    page.get_by_role("button", name="Créer le webhook").click()
    expect(page.get_by_label("Adresse", exact=True)).to_have_attribute("aria-invalid", "true")
    looks_good(tab)
    page.get_by_label("Adresse", exact=True).fill(url)
    page.get_by_role("button", name="Créer le webhook").click()
    return page.locator("main code.select-all").inner_text()


def find_delivery(tab: Tab, made: str, url: str) -> None:
    """Go to how a charge's success was told to an address, by the list of events."""
    page = tab.page
    open_page(page, "Événements")
    page.get_by_label("Type").select_option("charge.succeeded")
    page.wait_for_url("**/developers/events?type=charge.succeeded")
    looks_good(tab)
    page.get_by_role("link", name=made).click()
    expect(page.locator("pre")).to_contain_text('"status": "succeeded"')
    looks_good(tab)
    page.get_by_role("link", name=url).click()
    expect(page.locator("main ol li")).to_contain_text("204")


def change_and_delete(tab: Tab, secret: str) -> None:
    """From its page: another description, another secret, off, and gone."""
    page = tab.page
    page.get_by_role("link", name="Modifier").click()
    looks_good(tab)
    page.get_by_label("Description").fill("Le serveur du marché")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Le serveur du marché")).to_be_visible()
    page.get_by_role("button", name="Changer le secret").click()
    assert page.locator("main code.select-all").inner_text() != secret
    page.get_by_role("button", name="Désactiver").click()
    expect(page.get_by_role("button", name="Activer")).to_be_visible()
    page.get_by_role("button", name="Supprimer le webhook").click()
    page.get_by_role("button", name="Supprimer définitivement").click()
    expect(page.get_by_role("heading", name="Webhook supprimé")).to_be_visible()


def test_a_webhook_is_tried_and_replayed(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """A receiver gets the test event, what happens, that one event again, and the last hour."""
    url = f"http://{HOST}:{free_port()}/hooks"
    with open_dashboard(system, merchant, chromium, **LIGHT) as tab:
        page = tab.page
        secret = make_webhook(tab, url)
        with WebhookReceiver(url, secret) as receiver:
            page.get_by_role("link", name="Voir le webhook").click()
            page.get_by_role("button", name="Envoyer un essai").click()
            take(receiver, "webhook_endpoint.test", page.url.rpartition("/")[2])
            expect(page.locator("main li").filter(has_text="Reçu")).to_have_count(1)
            looks_good(tab)

            made = charge(merchant, PAYS)
            take(receiver, "charge.succeeded", made)
            find_delivery(tab, made, url)
            looks_good(tab)
            page.get_by_role("button", name="Renvoyer").click()
            take(receiver, "charge.succeeded", made)
            expect(page.locator("main ol li")).to_have_count(2)

            page.get_by_role("link", name="Voir le webhook").click()
            page.get_by_role("button", name="Rejouer", exact=True).click()
            expect(page.get_by_text("événements renvoyés")).to_be_visible()
            take(receiver, "charge.succeeded", made)
        change_and_delete(tab, secret)


def test_a_report_is_asked_for_and_saved(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """What was paid stands in the day's figures; a report is canceled, another made and saved."""
    made = charge(merchant, PAYS)
    merchant.wait_final(made, seconds=PATIENCE_SECONDS)
    with open_dashboard(system, merchant, chromium, **DARK) as tab:
        page = tab.page
        open_page(page, "Reports")
        expect(page.get_by_role("img", name="What was received each day")).to_be_visible()
        page.get_by_text("See the figures").click()
        expect(page.locator("tbody tr").first).to_contain_text("FCFA")
        looks_good(tab)
        page.get_by_label("First day").fill("")
        page.get_by_role("button", name="Ask").click()
        expect(page.get_by_text("Say the first and the last day")).to_be_visible()
        page.get_by_label("First day").fill("2020-01-01")
        page.get_by_role("button", name="Ask").click()
        expect(page.get_by_label("Last day")).to_have_attribute("aria-invalid", "true")
        page.get_by_label("First day").fill(page.get_by_label("Last day").input_value())
        page.get_by_role("button", name="Ask").click()
        # What has just ended is read a while later, so that nothing is missing in it.
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Canceled")).to_be_visible()
        yesterday = (datetime.now(DOUALA) - timedelta(days=1)).date().isoformat()
        for label in ("First day", "Last day"):
            page.get_by_label(label).fill(yesterday)
        page.get_by_role("button", name="Ask").click()
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download").click()
        assert saved.value.suggested_filename.endswith(".csv")
        assert "," in saved.value.path().read_text("utf-8")
        looks_good(tab)
